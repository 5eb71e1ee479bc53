// SPDX-License-Identifier: Apache-2.0
// The test matrix of EAT evidence, where it differs from that of PSA tokens: tags, claims, parts.
#include "attest/eat.h"

#include "support/inputs.h"
#include "unit/attest/token_support.h"

namespace birthmark::attest {
namespace {

using namespace testing;

struct EatEvidence : ::testing::Test {
  Question question;
  TokenDevice device;
  TokenVerifier verifier;

  EatEvidence() { verifier.know(device); }
  [[nodiscard]] eat::Claims good() const { return device.eat_claims(question); }
  [[nodiscard]] Appraisal appraise(const eat::Claims& claims) const {
    return verifier.eat(device.token(claims), question);
  }
  [[nodiscard]] std::string failed(BytesView token) const { return failed_at(verifier.eat(token, question)); }
  [[nodiscard]] std::string failed(const eat::Claims& claims) const { return failed_at(appraise(claims)); }
};

TEST_F(EatEvidence, good) {
  auto said = good();
  said.hardware_version = "3.1";
  const auto appraisal = appraise(said);
  EXPECT_EQ(failed_at(appraisal), "");
  ASSERT_TRUE(appraisal.claims);
  const auto& claims = *appraisal.claims;
  EXPECT_EQ(claims.kind, EvidenceKind::eat);
  EXPECT_EQ(claims.key, question.device_key.public_key());
  EXPECT_EQ(claims.binding, KeyBinding::freshness);
  EXPECT_EQ(claims.freshness, question.freshness);
  EXPECT_EQ(claims.debug, DebugState::disabled_permanently);
  EXPECT_FALSE(claims.lifecycle || claims.origin);
  EXPECT_EQ(claims.hardware.model, to_hex(hardware_model()));
  EXPECT_EQ(claims.hardware.version, "3.1");
  ASSERT_EQ(claims.measurements->size(), 1u);
  EXPECT_EQ(claims.measurements->at(0).component, "measurements[0]");
  EXPECT_EQ(claims.measurements->at(0).digest, to_bytes(crypto::sha256(Bytes(8, 6)).get()));
}

TEST_F(EatEvidence, each_damage_and_truncation_is_refused) {
  const auto whole = device.token(good());
  test::each_damage(whole, [&](const Bytes& damaged) {
    if (damaged != whole) {
      EXPECT_NE(failed(damaged), "") << to_hex(damaged);
    }
  });
  test::each_truncation(whole, [&](const Bytes& cut) { EXPECT_EQ(failed(cut), "eat.structure"); });
  auto longer = whole;
  longer.push_back(0);
  EXPECT_EQ(failed(longer), "eat.structure");
  EXPECT_EQ(failed(device.sign(Bytes(70000, 0))), "eat.structure");
}

TEST_F(EatEvidence, tags) {
  const auto whole = device.token(good());
  const auto tagged = [&](const char* tags, std::size_t from) {
    auto out = test::hex(tags);
    append(out, BytesView{whole}.subspan(from));
    return failed(out);
  };
  EXPECT_EQ(tagged("d83d", 0), "") << "a CWT";
  EXPECT_EQ(tagged("", 1), "eat.structure");
  EXPECT_EQ(tagged("d1", 1), "eat.structure");
  EXPECT_EQ(tagged("d83dd1", 1), "eat.structure") << "a COSE_Mac0 in a CWT";
  EXPECT_EQ(tagged("d83dd83d", 0), "eat.structure");
}

TEST_F(EatEvidence, keys_of_every_allowed_type) {
  for (const auto type : {crypto::KeyType::p384, crypto::KeyType::p521, crypto::KeyType::ed25519}) {
    TokenDevice other{.iak = new_key(type)};
    TokenVerifier knows;
    knows.know(other);
    EXPECT_EQ(failed_at(knows.eat(other.token(other.eat_claims(question)), question)), "");
  }
}

TEST_F(EatEvidence, of_another_device_key_or_session) {
  TokenDevice other;
  other.instance_id[1] = 0x99;
  EXPECT_EQ(failed(other.token(other.eat_claims(question))), "eat.key");
  EXPECT_EQ(failed(other.token(good())), "eat.signature");
  Question next;
  next.freshness = crypto::sha256(as_bytes("next"));
  EXPECT_EQ(failed_at(verifier.eat(device.token(good()), next)), "eat.nonce");
  auto claims = good();
  claims.nonces.push_back(Bytes(32, 0));
  EXPECT_EQ(failed(claims), "eat.nonce") << "one nonce, alone";
  claims.nonces = {Bytes(8, 0)};
  EXPECT_EQ(failed(claims), "eat.nonce");
  claims.nonces.clear();
  EXPECT_EQ(failed(claims), "eat.nonce");
}

TEST_F(EatEvidence, certificates) {
  TokenVerifier by_chain;
  by_chain.certificates = trust_in(vendor());
  EXPECT_EQ(failed_at(by_chain.eat(device.token(good()), question)), "eat.key");
  device.x5chain = {issued(attestation_parts(device.iak.public_key()))};
  EXPECT_EQ(failed_at(by_chain.eat(device.token(good()), question)), "");
  by_chain.certificates.deny(crypto::sha256(device.x5chain[0]));
  EXPECT_EQ(failed_at(by_chain.eat(device.token(good()), question)), "eat.key");
}

TEST_F(EatEvidence, no_ueid_no_device) {
  auto claims = good();
  claims.ueid.reset();
  EXPECT_EQ(failed(claims), "eat.claims");
}

// Judged as an EAT it would be judged by less: nobody would look at the caller and the lifecycle.
TEST_F(EatEvidence, a_psa_token_is_for_its_own_list) {
  EXPECT_EQ(failed(device.token(device.psa_claims(question))), "eat.claims");
  auto claims = good();
  claims.profile = std::string{psa::name(psa::Profile::rfc9783)};
  EXPECT_EQ(failed(claims), "eat.claims");
}

TEST_F(EatEvidence, outside_its_own_validity) {
  auto claims = good();
  claims.expires = question.now + std::chrono::seconds{1};
  claims.not_before = question.now;
  EXPECT_EQ(failed(claims), "");
  claims.expires = question.now;
  EXPECT_EQ(failed(claims), "eat.validity");
  claims = good();
  claims.not_before = question.now + std::chrono::seconds{1};
  EXPECT_EQ(failed(claims), "eat.validity");
}

TEST_F(EatEvidence, only_models_whose_keys_the_policy_knows_to_be_safe) {
  auto claims = good();
  claims.hardware_model.reset();
  EXPECT_EQ(failed(claims), "eat.secure_keys");
  claims.hardware_model = Bytes(16, 0x45);
  EXPECT_EQ(failed(claims), "eat.secure_keys");
  verifier.policy.secure_keys[1].caller = TokenCaller::secure_world;
  EXPECT_EQ(failed(good()), "eat.secure_keys") << "an EAT does not say who asked";
}

TEST_F(EatEvidence, what_the_device_found_wrong_itself) {
  auto claims = good();
  claims.results = {{"tee", "all", eat::Comparison::success}, {"os", "all", eat::Comparison::not_run}};
  EXPECT_EQ(failed(claims), "");
  eat::Claims part;
  part.results = {{"os", "x", eat::Comparison::fail}};
  claims.submodules.push_back({"os", part});
  EXPECT_EQ(failed(claims), "eat.results");
}

/// A part that says how far it is closed.
eat::Claims reporting(int debug) {
  eat::Claims out;
  out.oemid = std::int64_t{64242};
  out.debug = static_cast<std::uint8_t>(debug);
  return out;
}

// RFC 9711 §4.2.9: no part speaks for another one, and silence is no closed port.
TEST_F(EatEvidence, debug_states) {
  const auto top = [&](std::optional<std::uint8_t> debug) {
    auto claims = good();
    claims.debug = debug;
    return claims;
  };
  for (const int state : {0, 1, 2}) {
    EXPECT_EQ(failed(top(static_cast<std::uint8_t>(state))), "eat.debug") << state;
  }
  EXPECT_EQ(failed(top(4)), "");
  EXPECT_EQ(failed(top(std::nullopt)), "eat.debug");
  EXPECT_EQ(code_of(appraise(top(std::nullopt))), Code::not_sealed);
  auto claims = top(4);
  claims.submodules.push_back({"os", eat::Claims{}});
  EXPECT_EQ(failed(claims), "") << "the policy does not name it, and it says nothing";
  verifier.policy.submodules = {"os"};
  EXPECT_EQ(failed(claims), "eat.debug") << "named, and it says nothing";
  claims.submodules[0].content = reporting(3);
  EXPECT_EQ(failed(claims), "");
  claims.submodules[0].content = reporting(2);
  EXPECT_EQ(failed(claims), "eat.debug");
  claims.submodules[0].content = eat::NestedToken{Bytes{0xD2}};
  EXPECT_EQ(failed(claims), "eat.debug") << "a nested token is not believed";
  claims.submodules[0].content = eat::DetachedDigest{std::int64_t{-16}, Bytes(32, 0)};
  EXPECT_EQ(failed(claims), "eat.debug");
  claims.submodules.clear();
  EXPECT_EQ(failed(claims), "eat.debug") << "named, and not there";
}

TEST_F(EatEvidence, who_may_reopen_a_port_has_a_name) {
  auto claims = good();
  claims.oemid.reset();
  EXPECT_EQ(failed(claims), "eat.claims");
  claims.debug = std::uint8_t{4};
  EXPECT_EQ(failed(claims), "");
  auto part = reporting(3);
  part.oemid.reset();
  claims.submodules.push_back({"os", part});
  EXPECT_EQ(failed(claims), "eat.claims") << "nothing is inherited";
}

TEST_F(EatEvidence, an_open_part_opens_the_device) {
  auto claims = good();
  claims.submodules.push_back({"os", reporting(3)});
  std::get<eat::Claims>(claims.submodules[0].content).submodules.push_back({"app", reporting(0)});
  EXPECT_EQ(failed(claims), "eat.debug") << "whether the policy names it or not";
  verifier.policy.debug = DebugGate::not_judged;
  const auto appraisal = appraise(claims);
  EXPECT_EQ(failed_at(appraisal), "");
  EXPECT_EQ(appraisal.claims->debug, DebugState::enabled) << "and shows";
}

TEST_F(EatEvidence, measurements_of_parts) {
  auto claims = good();
  eat::Claims part;
  part.measurements = {{.content_format = 258, .document = Bytes(4, 1)}};
  claims.submodules.push_back({"tee", eat::DetachedDigest{std::int64_t{-16}, Bytes(32, 7)}});
  claims.submodules.push_back({"odd", eat::DetachedDigest{std::int64_t{-16}, Bytes(31, 7)}});
  claims.submodules.push_back({"os", part});
  const auto appraisal = appraise(claims);
  ASSERT_TRUE(appraisal.claims);
  std::vector<std::string> names;
  for (const auto& measurement : *appraisal.claims->measurements) {
    names.push_back(measurement.component);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"measurements[0]", "os/measurements[0]", "tee"}));
  verifier.policy.reference_values = {{.environment = hardware_model(), .component = "tee", .digests = {Bytes(32, 7)}}};
  EXPECT_EQ(failed(claims), "");
  verifier.policy.reference_values[0].digests = {Bytes(32, 8)};
  EXPECT_EQ(failed(claims), "eat.measurements");
  verifier.policy.reference_values = {{.component = "tee", .svn_min = 1}};
  EXPECT_EQ(failed(claims), "eat.versions");
  verifier.policy.reference_values.clear();
  verifier.policy.vendors = {"other"};
  EXPECT_EQ(failed(claims), "eat.hardware");
}

TEST_F(EatEvidence, the_requested_key_must_be_one) {
  auto challenge = question.challenge();
  challenge.requested_spki = {};
  const auto appraisal = appraise_eat(device.token(good()), challenge, verifier.policy, verifier.roots());
  EXPECT_EQ(failed_at(appraisal), "eat.requested_key");
}

}  // namespace
}  // namespace birthmark::attest
