// SPDX-License-Identifier: Apache-2.0
#include "attest/corim.h"

#include "codec/pem.h"
#include "crypto/cose_signature.h"
#include "support/diagnostic.h"
#include "support/inputs.h"
#include "unit/attest/support.h"

namespace birthmark::attest {
namespace {

using testing::at;
using testing::later;
using testing::new_key;

Bytes bytes_of(const std::string& text) {
  auto bytes = test::from_diagnostic(text);
  EXPECT_TRUE(bytes) << text;
  return bytes.value_or(Bytes{});
}
std::string quoted(const Bytes& bytes) {
  return "h'" + to_hex(bytes) + "'";
}
const std::string kId = "560(" + quoted(Bytes(32, 7)) + ")";
const std::string kDigest = quoted(Bytes(32, 1));

/// Reference triples of one environment.
std::string reference(const std::string& measurements, const std::string& environment = "{0: {0: " + kId + "}}") {
  return "0: [[" + environment + ", [" + measurements + "]]]";
}
std::string comid(const std::string& triples, const std::string& id = "tag", int version = 1) {
  return "506(<<{1: {0: \"" + id + "\", 1: " + std::to_string(version) + "}, 4: {" + triples + "}}>>)";
}
Bytes rim(const std::string& comids, const std::string& more = "") {
  return bytes_of("501({0: \"rim\", 1: [" + comids + "]" + more + "})");
}
RimContent content(const std::string& triples) {
  const auto read = corim::read_rim(rim(comid(triples)));
  EXPECT_TRUE(read) << triples;
  return content_of(*read).value();
}

TEST(RimContentTest, a_component_of_a_psa_implementation) {
  const auto out =
      content(reference("{0: \"psa.software-component\", 1: {2: [[1, " + kDigest + "], [7, h'00']], 11: \"BL\"}}"));
  ASSERT_EQ(out.values.size(), 1u);
  EXPECT_EQ(out.values[0].environment, Bytes(32, 7));
  EXPECT_EQ(out.values[0].component, "BL");
  EXPECT_EQ(out.values[0].digests, std::vector<Bytes>{Bytes(32, 1)});
  EXPECT_FALSE(out.values[0].svn_min);
  EXPECT_EQ(out.left_out, 0u);
}

TEST(RimContentTest, a_layer_of_a_model) {
  const auto out = content(reference("{1: {1: 552(3), 2: [[\"sha-256\", " + kDigest + "]]}}",
                                     "{0: {0: 37(h'00112233445566778899aabbccddeeff'), 1: \"ACME\", 2: \"X\", 3: 2}}"));
  ASSERT_EQ(out.values.size(), 1u);
  EXPECT_EQ(to_hex(out.values[0].environment), "826441434d456158");
  EXPECT_EQ(out.values[0].component, "layer 2");
  EXPECT_EQ(out.values[0].svn_min, 3u);
}

// Two values for one component are alternatives.
TEST(RimContentTest, alternatives) {
  const auto other = quoted(Bytes(32, 2));
  const auto out = content(reference("{0: \"k\", 1: {1: 2, 2: [[1, " + kDigest + "]]}}, {0: \"k\", 1: {1: 1, 2: [[1, " +
                                     other + "]]}}, {0: \"k\", 1: {1: 5}}"));
  ASSERT_EQ(out.values.size(), 2u);
  EXPECT_EQ(out.values[0].digests.size(), 2u);
  EXPECT_EQ(out.values[0].svn_min, 1u);
  EXPECT_EQ(out.values[1].svn_min, 5u);
}

// Nothing that narrows a value may be lost on the way: then the value is.
TEST(RimContentTest, what_cannot_be_compared_is_left_out) {
  const std::string good = "{0: \"k\", 1: {2: [[1, " + kDigest + "]]}}";
  EXPECT_EQ(content(reference(good)).left_out, 0u);
  for (const auto& triple :
       {reference(good, "{0: {0: " + kId + "}, 1: 550(h'01')}"),
        reference(good, "{0: {0: " + kId + "}, 2: 560(h'01')}"), reference(good, "{0: {0: " + kId + ", 4: 1}}"),
        reference(good, "{0: {0: 111(h'5502')}}"), reference(good, "{0: {1: \"ACME\"}}"),
        reference("{1: {2: [[1, " + kDigest + "]]}}"), reference("{0: \"k\", 1: {2: [[6, h'abcd']], 1: 1}}"),
        reference("{0: \"k\", 1: {2: [[1, h'abcd']]}}"), reference("{0: \"k\", 1: {4: 560(h'00'), 1: 1}}"),
        reference("{0: \"k\", 1: {0: {0: \"1.0\"}}}"), reference("{0: \"k\", 1: {1: 1, 3: {3: false}}}"),
        reference("{0: \"k\", 1: {1: 1}, 2: [554(\"x\")]}")}) {
    const auto out = content(triple);
    EXPECT_TRUE(out.values.empty()) << triple;
    EXPECT_EQ(out.left_out, 1u) << triple;
  }
}

TEST(RimContentTest, endorsed_keys_of_instances) {
  const auto key = new_key();
  const auto pem = pem::write("PUBLIC KEY", key.public_key().spki());
  const auto triple = [&](const std::string& keys, const std::string& more = "") {
    return "3: [[{0: {0: " + kId + "}, 1: 550(h'01aabbccddeeff')}, [" + keys + "]" + more + "]]";
  };
  const auto out = content(triple("554(\"" + pem + "\")"));
  ASSERT_EQ(out.instances.size(), 1u);
  EXPECT_EQ(out.instances[0].key, key.public_key());
  EXPECT_EQ(to_hex(out.instances[0].instance_id), "01aabbccddeeff");
  for (const auto& other : {triple("554(\"" + pem + "\"), 554(\"" + pem + "\")"), triple("554(\"x\")"),
                            triple("557([1, h'00'])"), triple("554(\"" + pem + "\")", ", {0: 1}")}) {
    EXPECT_TRUE(content(other).instances.empty()) << other;
    EXPECT_EQ(content(other).left_out, 1u) << other;
  }
}

// --- import ---

struct RimImport : ::testing::Test {
  crypto::PrivateKey key = new_key();
  std::vector<RimSigner> signers{{"nobody", new_key().public_key()}, {"acme", key.public_key()}};
  std::string validity = "1: {0: 1(1700000000), 1: 1(1900000000)}";

  [[nodiscard]] Bytes signed_by(const crypto::PrivateKey& who, Bytes payload,
                                std::string type = "application/rim+cbor") const {
    const auto meta = bytes_of("<<{0: {0: \"ACME signing\"}, " + validity + "}>>");
    return crypto::sign(who, {.content_type = std::move(type), .more = {{8, meta}}, .payload = std::move(payload)})
        .value();
  }
  [[nodiscard]] static std::string good(int version = 1, const std::string& digest = kDigest) {
    return comid(reference("{0: \"k\", 1: {2: [[1, " + digest + "]]}}"), "tag", version);
  }
  [[nodiscard]] std::string failed(const Bytes& manifest, const KnownComids& known = {}, Instant now = later()) const {
    const auto imported = import_rim(manifest, signers, known, now);
    return imported ? "" : imported.error().check;
  }
};

TEST_F(RimImport, from_an_allowed_signer) {
  const auto imported = import_rim(signed_by(key, rim(good(4))), signers, {}, later());
  ASSERT_TRUE(imported) << imported.error().detail;
  EXPECT_EQ(imported->id, "rim");
  EXPECT_EQ(imported->signer, "acme");
  ASSERT_EQ(imported->comids.size(), 1u);
  EXPECT_EQ(imported->comids.at("tag").version, 4u);
  EXPECT_EQ(imported->content.values.size(), 1u);
}

TEST_F(RimImport, from_nobody_else) {
  EXPECT_EQ(failed(signed_by(new_key(), rim(good()))), "corim.signature");
  EXPECT_EQ(failed(rim(good())), "corim.structure") << "unsigned";
  EXPECT_EQ(failed(signed_by(key, rim(good()), "application/rim+json")), "corim.structure");
  EXPECT_EQ(failed(signed_by(key, bytes_of("{}"))), "corim.structure");
  auto damaged = signed_by(key, rim(good()));
  damaged[damaged.size() / 2] ^= 1;
  EXPECT_NE(failed(damaged), "");
  damaged = signed_by(key, rim(good()));
  damaged.back() ^= 1;
  EXPECT_EQ(failed(damaged), "corim.signature");
  signers.clear();
  EXPECT_EQ(failed(signed_by(key, rim(good()))), "corim.signature");
}

TEST_F(RimImport, each_damaged_byte_is_refused) {
  const auto whole = signed_by(key, rim(good()));
  for (std::size_t place = 0; place < whole.size(); ++place) {
    auto damaged = whole;
    damaged[place] ^= 0x01;
    EXPECT_NE(failed(damaged), "") << place;
  }
  test::each_truncation(whole, [&](const Bytes& cut) { EXPECT_EQ(failed(cut), "corim.structure"); });
}

TEST_F(RimImport, only_while_it_is_valid) {
  const auto manifest = signed_by(key, rim(good()));
  EXPECT_EQ(failed(manifest, {}, at("2023-11-01T00:00:00Z")), "corim.validity");
  EXPECT_EQ(failed(manifest, {}, at("2030-11-01T00:00:00Z")), "corim.validity");
  EXPECT_EQ(failed(signed_by(key, rim(good(), ", 4: {1: 1(1750000000)}"))), "corim.validity") << "the manifest's own";
}

TEST_F(RimImport, never_an_older_one) {
  const auto second = import_rim(signed_by(key, rim(good(2))), signers, {}, later()).value();
  EXPECT_EQ(failed(signed_by(key, rim(good(2))), second.comids), "") << "the same again";
  EXPECT_EQ(failed(signed_by(key, rim(good(3))), second.comids), "");
  EXPECT_EQ(failed(signed_by(key, rim(good(1))), second.comids), "corim.version");
  EXPECT_EQ(failed(signed_by(key, rim(good(2, quoted(Bytes(32, 9))))), second.comids), "corim.version")
      << "another text of one version";
  EXPECT_EQ(failed(signed_by(key, rim(good(1) + ", " + good(2)))), "corim.version") << "twice in one";
  EXPECT_EQ(import_rim(signed_by(key, rim(good(1))), signers, second.comids, later()).error().code, Code::conflict);
}

TEST_F(RimImport, the_profile_of_psa_tokens_holds) {
  const std::string profile = ", 3: 32(\"tag:arm.com,2025:psa#1.0.0\")";
  EXPECT_EQ(failed(signed_by(key, rim(good(), profile))), "");
  const auto short_id = comid(reference("{0: \"k\", 1: {1: 1}}", "{0: {0: 560(h'00')}}"));
  EXPECT_EQ(failed(signed_by(key, rim(short_id, profile))), "corim.profile");
}

}  // namespace
}  // namespace birthmark::attest
