// SPDX-License-Identifier: Apache-2.0
// Malformed CBOR and COSE as evidence. Whoever holds a device's key can sign what he likes, so that everything here
// that can bear a good signature has one: it is refused for what it says.
#include <gtest/gtest.h>
#include <unistd.h>

#include "attest/eat.h"
#include "attest/psa.h"
#include "codec/cbor.h"
#include "codec/eat.h"
#include "codec/psa_token.h"
#include "crypto/cose_signature.h"
#include "crypto/ecdsa_signature.h"
#include "support/inputs.h"
#include "support/process_facts.h"

namespace birthmark::test {
namespace {

struct MalformedEvidence {
  std::string name;
  Bytes token;
};

class AC21 : public testing::Test {
 protected:
  AC21() {
    instance_.fill(0x22);
    instance_[0] = 0x01;
    EXPECT_TRUE(instances_.add(instance_, {key_.public_key(), "acme", attest::AnchorClass::genuine}));
  }

  [[nodiscard]] Bytes claims() const {
    psa::Claims out;
    out.nonce = to_bytes(challenge_.freshness.get());
    out.instance_id = instance_;
    out.client_id = 1;
    out.lifecycle = 0x3000;
    out.components = {{.measurement = Bytes(32, 1), .signer_id = Bytes(32, 2)}};
    return psa::write(out);
  }
  /// The claims with one more pair, whose encoding is given.
  [[nodiscard]] Bytes with(std::string_view pair) const {
    auto out = claims();
    out[0] = static_cast<std::uint8_t>(out[0] + 1);
    append(out, hex(pair));
    return out;
  }
  /// Signed by the device, whatever the headers say.
  [[nodiscard]] Bytes token(BytesView protected_header, BytesView payload, std::string_view unprotected = "a0") const {
    const auto to_be_signed =
        cbor::Writer{}.array(4).text("Signature1").bytes(protected_header).bytes({}).bytes(payload).finish();
    const auto signature = crypto::ecdsa_der_to_raw(crypto::KeyType::p256, key_.sign(to_be_signed).value()).value();
    auto out = hex("d284");
    append(out, cbor::Writer{}.bytes(protected_header).finish());
    append(out, hex(unprotected));
    append(out, cbor::Writer{}.bytes(payload).finish());
    append(out, cbor::Writer{}.bytes(signature).finish());
    return out;
  }
  [[nodiscard]] Bytes token(BytesView payload) const { return token(hex("a10126"), payload); }

  [[nodiscard]] attest::Appraisal psa_of(BytesView bytes) const {
    return attest::appraise_psa(bytes, challenge_, policy_, {instances_, certificates_});
  }
  [[nodiscard]] attest::Appraisal eat_of(BytesView bytes) const {
    return attest::appraise_eat(bytes, challenge_, policy_, {instances_, certificates_});
  }

  [[nodiscard]] std::vector<MalformedEvidence> headers() const {
    const auto payload = claims();
    auto trailing = token(payload);
    trailing.push_back(0);
    return {{"algorithm unprotected only", token({}, payload, "a10126")},
            {"algorithm in both headers", token(hex("a10126"), payload, "a10126")},
            {"algorithm twice", token(hex("a201260126"), payload)},
            {"algorithm none", token(hex("a101646e6f6e65"), payload)},
            {"algorithm 0", token(hex("a10100"), payload)},
            {"no algorithm", token({}, payload)},
            {"HMAC", token(hex("a10105"), payload)},
            {"another curve's algorithm", token(hex("a1013822"), payload)},
            {"algorithm as float", token(hex("a101f9c700"), payload)},
            {"header with trailing bytes", token(hex("a1012600"), payload)},
            {"indefinite header", token(hex("bf0126ff"), payload)},
            {"unknown crit", token(hex("a20126028118c8"), payload)},
            {"trailing bytes", trailing},
            {"nothing", {}},
            {"claimed array of 2^63", hex("d29b8000000000000000")},
            {"claimed string of 2^63", hex("d2845b8000000000000000")}};
  }
  [[nodiscard]] std::vector<MalformedEvidence> payloads() const {
    std::vector<MalformedEvidence> out;
    const auto add = [&](std::string name, Bytes payload) { out.push_back({std::move(name), token(payload)}); };
    add("duplicate key", with("19095b 193000"));
    add("duplicate key in a longer head", with("1a0000095b 193000"));
    add("duplicate of an unknown key", with("1863 a2 01 00 01 00"));
    add("indefinite map", with("1863 bf0102ff"));
    add("indefinite string", with("1863 5f4100ff"));
    add("claimed string of 2^63", with("1863 5b8000000000000000"));
    add("claimed array of 2^63", with("1863 9b8000000000000000"));
    add("claimed map of 2^63", with("1863 bb8000000000000000"));
    auto deep = with("1863");
    deep.resize(deep.size() + 2000, 0x81);
    deep.push_back(0);
    add("2,000 levels", deep);
    auto many = with("1863 990fff");
    many.resize(many.size() + 4095, 0x00);
    add("too many items", many);
    add("lifecycle as float", [&] {
      auto floats = claims();
      const auto key = hex("19095b193000");
      const auto place = std::ranges::search(floats, key).begin();
      *(place + 3) = 0xF9;
      return floats;
    }());
    auto trailing = claims();
    trailing.push_back(0);
    add("trailing bytes", trailing);
    add("no map", hex("80"));
    add("reserved head", hex("a1 1c"));
    return out;
  }

  crypto::PrivateKey key_ = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  Octets<33> instance_{};
  attest::TokenTrust instances_;
  attest::VendorTrust certificates_;
  attest::EvidencePolicy policy_{.secure_keys = {{.environment = Bytes(32, 0)}}};
  attest::Challenge challenge_{
      .freshness = Digest{Octets<32>{1}}, .requested_spki = key_.public_key().spki(), .now = from_ms(0)};
};

TEST_F(AC21, each_form_is_refused_and_a_good_token_is_taken_before_and_afterwards) {
  const auto good = token(claims());
  ASSERT_TRUE(psa_of(good).claims);
  for (const auto& list : {headers(), payloads()}) {
    for (const auto& [name, evidence] : list) {
      for (const auto& appraisal : {psa_of(evidence), eat_of(evidence)}) {
        const auto outcome = attest::verdict(appraisal.findings);
        ASSERT_FALSE(outcome) << name;
        EXPECT_EQ(outcome.error().code, Code::bad_evidence) << name;
        EXPECT_FALSE(outcome.error().check.empty()) << name;
        EXPECT_FALSE(appraisal.claims) << name;
      }
    }
  }
  for (const auto& [name, evidence] : payloads()) {
    EXPECT_EQ(attest::verdict(psa_of(evidence).findings).error().check, "psa.claims")
        << name << ": and for nothing else";
  }
  EXPECT_TRUE(psa_of(good).claims);
}

// Sizes that are claimed cost nothing, and the largest that are there little.
TEST_F(AC21, memory_is_bounded) {
  auto keys = hex("b90f00");
  for (unsigned i = 0; i < 0x0F00; ++i) {
    append(keys, cbor::Writer{}.unsigned_int(0xFFFF - i).finish());
    keys.push_back(0);
  }
  std::vector<MalformedEvidence> list = payloads();
  list.push_back({"3,840 keys", token(keys)});
  list.push_back({"64 KiB", token(Bytes(65000, 0x80))});
  ASSERT_TRUE(psa_of(token(claims())).claims);
  const auto before = resident_kib(getpid());
  ASSERT_TRUE(forget_most_resident(getpid()));
  for (const auto& [name, evidence] : list) {
    EXPECT_FALSE(psa_of(evidence).claims || eat_of(evidence).claims) << name;
  }
  EXPECT_LE(most_resident_kib(getpid()), before + 16 * 1024);
}

}  // namespace
}  // namespace birthmark::test
