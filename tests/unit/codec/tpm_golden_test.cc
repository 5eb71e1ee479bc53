// SPDX-License-Identifier: Apache-2.0
// Structures that TPMs made: two software TPMs, the public areas of real commands, and what birthmark refuses.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>

#include "codec/base64.h"
#include "codec/json.h"
#include "codec/tpm.h"
#include "support/inputs.h"

namespace birthmark::tpm {
namespace {

using test::file;
using test::vectors;

Bytes sha256(BytesView data) {
  Bytes out(32);
  EXPECT_EQ(EVP_Digest(data.data(), data.size(), out.data(), nullptr, EVP_sha256(), nullptr), 1);
  return out;
}

class Golden : public testing::TestWithParam<const char*> {
 protected:
  Bytes bytes(const std::string& name) const { return file(vectors("tpm2-golden") / GetParam() / name); }
  Public key(const std::string& name) const {
    const auto read = read_public(bytes(name + ".tpmt_public"));
    EXPECT_TRUE(read) << name;
    return read.value_or(Public{});
  }
  Attest attest(const std::string& name) const {
    const auto read = read_attest(bytes(name + ".tpms_attest"));
    EXPECT_TRUE(read) << name;
    return read.value_or(Attest{});
  }
  static Bytes name_of_key(const Public& key) {
    Bytes out{0x00, 0x0B};
    append(out, sha256(write(key)));
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(Tpms, Golden, testing::Values("tpmA", "tpmB"));

/// Calls the reader of a file's extension; gives what it writes again.
std::optional<Bytes> round_trip(const std::filesystem::path& path, const Bytes& whole) {
  if (path.extension() == ".tpmt_public") {
    const auto read = read_public(whole);
    return read ? std::optional{write(*read)} : std::nullopt;
  }
  if (path.extension() == ".tpms_attest") {
    const auto read = read_attest(whole);
    return read ? std::optional{write(*read)} : std::nullopt;
  }
  if (path.extension() == ".tpmt_signature") {
    const auto read = read_signature(whole);
    return read ? std::optional{write(*read)} : std::nullopt;
  }
  const auto read = read_creation_data(whole);
  return read ? std::optional{write(*read)} : std::nullopt;
}

bool is_structure(const std::filesystem::path& path) {
  return path.extension().string().starts_with(".tpm");
}

TEST_P(Golden, every_structure_is_read_and_written_again) {
  BM_NEEDS_VECTORS("tpm2-golden");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{vectors("tpm2-golden") / GetParam()}) {
    if (!is_structure(entry.path())) {
      continue;
    }
    ++files;
    const auto whole = file(entry.path());
    EXPECT_EQ(round_trip(entry.path(), whole), whole) << entry.path();
    test::each_truncation(whole, [&](const Bytes& cut) { EXPECT_FALSE(round_trip(entry.path(), cut)); });
    auto longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(round_trip(entry.path(), longer)) << entry.path();
    test::each_damage(whole, [&](const Bytes& damaged) {
      const auto again = round_trip(entry.path(), damaged);
      EXPECT_TRUE(!again || *again == damaged) << entry.path();
    });
  }
  EXPECT_GT(files, 20u);
}

TEST_P(Golden, keys_are_of_the_templates_they_were_made_of) {
  BM_NEEDS_VECTORS("tpm2-golden");
  EXPECT_EQ(template_of(key("ek")), Template::ek_p256_low);
  EXPECT_EQ(template_of(key("iak")), Template::iak_birthmark);
  EXPECT_EQ(template_of(key("idevid")), Template::idevid_birthmark);
  EXPECT_EQ(template_of(key("h2-iak")), Template::iak_h2);
  EXPECT_EQ(template_of(key("h2-idevid")), Template::idevid_h2);
  EXPECT_EQ(template_of(key("bad-key-duplicable")), std::nullopt);
  EXPECT_EQ(template_of(key("bad-key-sign-and-decrypt")), std::nullopt);
  // Only what it signed is wrong: as a key it is an IDevID, never an IAK.
  EXPECT_EQ(template_of(key("bad-ak-unrestricted")), Template::idevid_birthmark);
}

TEST_P(Golden, names_are_those_of_the_bytes_we_write) {
  BM_NEEDS_VECTORS("tpm2-golden");
  EXPECT_EQ(name_of_key(key("iak")), bytes("iak.name"));
  const auto statement = attest("idevid");
  ASSERT_NE(statement.certify(), nullptr);
  EXPECT_EQ(statement.certify()->name, name_of_key(key("idevid")));
  EXPECT_EQ(statement.qualified_signer, bytes("iak.qualified_name"));
  EXPECT_EQ(statement.extra_data, bytes("nonce.bin"));
}

TEST_P(Golden, creation_data_hash_to_the_statement) {
  BM_NEEDS_VECTORS("tpm2-golden");
  for (const std::string name : {"iak", "h2-iak", "h2-idevid"}) {
    const auto statement = attest(name + "-creation");
    ASSERT_NE(statement.creation(), nullptr) << name;
    const auto data = bytes(name + ".tpms_creation_data");
    EXPECT_EQ(statement.creation()->creation_hash, sha256(data)) << name;
    EXPECT_EQ(statement.creation()->object_name, name_of_key(key(name))) << name;
    EXPECT_EQ(to_hex(read_creation_data(data)->parent_name), "4000000b");
  }
}

TEST_P(Golden, a_quote_selects_what_was_asked) {
  BM_NEEDS_VECTORS("tpm2-golden");
  const auto statement = attest("quote");
  ASSERT_NE(statement.quote(), nullptr);
  EXPECT_EQ(statement.quote()->selection, (PcrSelection{{Hash::sha256, 0x8F}}));
  EXPECT_EQ(statement.quote()->pcr_digest, sha256(bytes("quote.pcrs_0_1_2_3_7.bin")));
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

bool verifies(const Public& key, const Bytes& message, const Bytes& tpmt_signature) {
  const auto point = uncompressed_point(*key.ecc());
  const auto signature = read_signature(tpmt_signature);
  const auto der = to_der(std::get<EcdsaSignature>(*signature), key.ecc()->curve);
  // SubjectPublicKeyInfo of a P-256 point (RFC 5480 §2): the fixed head, then the point.
  auto spki = test::hex("3059301306072a8648ce3d020106082a8648ce3d030107034200");
  append(spki, *point);
  const auto* cursor = spki.data();
  const std::unique_ptr<EVP_PKEY, FreeKey> pkey{d2i_PUBKEY(nullptr, &cursor, static_cast<long>(spki.size()))};
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  return pkey && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(context.get(), der->data(), der->size(), message.data(), message.size()) == 1;
}

TEST_P(Golden, signatures_as_der_verify) {
  BM_NEEDS_VECTORS("tpm2-golden");
  const auto iak = key("iak");
  for (const std::string name : {"idevid", "iak-creation", "h2-iak-creation", "quote", "bad-nonce-other"}) {
    const auto message = bytes(name + ".tpms_attest");
    const auto signature = bytes(name + ".tpmt_signature");
    EXPECT_TRUE(verifies(iak, message, signature)) << name;
    EXPECT_FALSE(verifies(key("idevid"), message, signature)) << name;
  }
  EXPECT_TRUE(verifies(key("idevid"), to_bytes(as_bytes("proof of possession")), bytes("idevid-pop.tpmt_signature")));
}

/// Public areas of TPM commands: those with names by SHA-1, or of sizes and curves that are not ours, are refused.
TEST(TpmVectors, recipients_of_credentials) {
  BM_NEEDS_VECTORS("tpm2-crypto/ecc_labeled_encaps.json");
  std::size_t taken = 0;
  for (const auto* name : {"ecc_labeled_encaps.json", "rsa_labeled_encaps.json"}) {
    const auto cases = json::read(file(vectors("tpm2-crypto") / name), {.bytes_max = 1U << 20});
    ASSERT_TRUE(cases) << cases.error().detail;
    for (const auto& entry : cases->as_array()) {
      const auto whole = test::hex(std::string_view{entry.at("PublicKey").as_string()});
      const auto key = read_public(whole);
      const bool sha1 = whole.at(2) == 0 && whole.at(3) == 4;
      EXPECT_TRUE(!key || !sha1) << entry.at("Name");
      if (!key) {
        continue;
      }
      ++taken;
      EXPECT_EQ(write(*key), whole);
      const auto secret = test::hex(std::string_view{entry.at("Ciphertext").as_string()});
      if (const auto* ecc = key->ecc()) {
        const auto point = read_ecc_secret(secret, ecc->curve);
        ASSERT_TRUE(point) << entry.at("Name");
        EXPECT_EQ(write(*point), secret);
        EXPECT_TRUE(uncompressed_point(*ecc));
      } else {
        EXPECT_TRUE(rsa_modulus(*key->rsa())) << entry.at("Name");
      }
    }
  }
  EXPECT_GT(taken, 4u);
}

/// A machine's TPM of 2018: its key signs with SHA-1 and is refused; what it made at creation has the form we read.
TEST(TpmVectors, a_dump_of_a_machine_with_sha1) {
  BM_NEEDS_VECTORS("tpm/go-attestation/windows_gcp_shielded_vm.json");
  const auto dump = json::read(file(vectors("tpm/go-attestation/windows_gcp_shielded_vm.json")),
                               {.bytes_max = 1U << 20, .string_max = 1U << 20});
  ASSERT_TRUE(dump) << dump.error().detail;
  const auto member = [](const boost::json::value& part, const char* name) {
    return base64::decode(std::string_view{part.at(name).as_string()}, 4096).value_or(Bytes{});
  };
  const auto& ak = dump->at("AK");
  EXPECT_FALSE(read_public(member(ak, "Public")));
  EXPECT_FALSE(read_signature(member(ak, "CreateSignature")));
  EXPECT_FALSE(read_attest(member(dump->at("Quote"), "Quote")));
  const auto data = member(ak, "CreateData");
  const auto created = read_creation_data(data);
  ASSERT_TRUE(created) << created.error().detail;
  EXPECT_EQ(write(*created), data);
}

/// A quote over SHA-1 PCRs, signed with SHA-1: neither half is taken.
TEST(TpmVectors, a_quote_over_sha1_is_refused) {
  BM_NEEDS_VECTORS("tpm2-attest/test-quote.txt");
  const auto content = file(vectors("tpm2-attest/test-quote.txt"));
  const auto text = as_text(content);
  const auto first = text.find(':');
  const auto second = text.find(':', first + 1);
  ASSERT_NE(second, std::string_view::npos);
  const auto statement = base64::decode(text.substr(1, first - 1), 4096);
  const auto signature = base64::decode(text.substr(first + 1, second - first - 1), 4096);
  ASSERT_TRUE(statement && signature);
  EXPECT_FALSE(read_attest(*statement));
  EXPECT_FALSE(read_signature(*signature));
}

}  // namespace
}  // namespace birthmark::tpm
