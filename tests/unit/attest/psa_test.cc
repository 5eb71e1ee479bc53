// SPDX-License-Identifier: Apache-2.0
// The test matrix of PSA evidence, made at run time: everything that can be swapped, spoilt or left out.
#include "attest/psa.h"

#include <functional>

#include "codec/cbor.h"
#include "crypto/ecdsa_signature.h"
#include "support/inputs.h"
#include "unit/attest/token_support.h"

namespace birthmark::attest {
namespace {

using namespace testing;

struct PsaEvidence : ::testing::Test {
  Question question;
  TokenDevice device;
  TokenVerifier verifier;

  PsaEvidence() { verifier.know(device); }
  [[nodiscard]] psa::Claims good() const { return device.psa_claims(question); }
  [[nodiscard]] std::string failed(BytesView token) const { return failed_at(verifier.psa(token, question)); }
  [[nodiscard]] std::string failed(const psa::Claims& claims) const { return failed(device.token(claims)); }
};

TEST_F(PsaEvidence, good) {
  const auto appraisal = verifier.psa(device.token(good()), question);
  EXPECT_EQ(failed_at(appraisal), "");
  ASSERT_TRUE(appraisal.claims);
  const auto& claims = *appraisal.claims;
  EXPECT_EQ(claims.kind, EvidenceKind::psa);
  EXPECT_EQ(claims.key, question.device_key.public_key());
  EXPECT_EQ(claims.binding, KeyBinding::freshness);
  EXPECT_EQ(claims.freshness, question.freshness);
  EXPECT_EQ(claims.lifecycle, SecurityLifecycle::secured);
  EXPECT_FALSE(claims.debug || claims.origin) << "a token says nothing of them";
  EXPECT_TRUE(equal(claims.hardware.public_identity, device.iak.public_key().spki()));
  EXPECT_EQ(claims.hardware.listed_as, device.iak.public_key().spki_sha256());
  EXPECT_EQ(claims.hardware.vendor, "acme");
  EXPECT_EQ(claims.hardware.anchor_class, AnchorClass::genuine);
  EXPECT_EQ(claims.hardware.model, to_hex(implementation_id()));
  EXPECT_EQ(claims.hardware.serial, to_hex(device.instance_id));
  ASSERT_EQ(claims.measurements->size(), 2u);
  EXPECT_EQ(claims.measurements->at(1),
            (Measurement{.component = "PRoT", .digest = Bytes(32, 2), .version = "1.2", .signer = Bytes(32, 9)}));
}

// --- bytes ---

TEST_F(PsaEvidence, each_damage_is_refused) {
  const auto whole = device.token(good());
  test::each_damage(whole, [&](const Bytes& damaged) {
    if (damaged != whole) {
      EXPECT_NE(failed(damaged), "") << to_hex(damaged);
    }
  });
}

TEST_F(PsaEvidence, each_truncation_and_what_is_appended_is_refused) {
  const auto whole = device.token(good());
  test::each_truncation(whole, [&](const Bytes& cut) { EXPECT_EQ(failed(cut), "psa.structure"); });
  for (const int octet : {0x00, 0xA0, 0xF6, 0xFF}) {
    auto longer = whole;
    longer.push_back(static_cast<std::uint8_t>(octet));
    EXPECT_EQ(failed(longer), "psa.structure");
  }
}

TEST_F(PsaEvidence, oversize_is_refused) {
  auto claims = good();
  EXPECT_EQ(failed(device.sign(Bytes(70000, 0))), "psa.structure");
  claims.components.resize(65, claims.components[0]);
  EXPECT_EQ(failed(claims), "psa.claims");
}

// --- what surrounds the claims ---

/// A token put together by hand, with a signature that holds over whatever the header says.
Bytes assembled(const TokenDevice& device, BytesView protected_header, BytesView unprotected, BytesView payload) {
  cbor::Writer to_be_signed;
  to_be_signed.array(4).text("Signature1").bytes(protected_header).bytes({}).bytes(payload);
  const auto der = device.iak.sign(to_be_signed.finish()).value();
  const auto raw = crypto::ecdsa_der_to_raw(device.iak.public_key().type(), der).value();
  cbor::Writer out;
  out.tag(18).array(4).bytes(protected_header).raw(unprotected).bytes(payload).bytes(raw);
  return out.finish();
}

TEST_F(PsaEvidence, the_algorithm_is_the_keys_and_protected) {
  const auto payload = psa::write(good());
  const auto at = [&](const char* protected_header, const char* unprotected = "a0") {
    return failed(assembled(device, test::hex(protected_header), test::hex(unprotected), payload));
  };
  EXPECT_EQ(at("a10126"), "");
  EXPECT_EQ(at("", "a10126"), "psa.algorithm") << "unprotected only";
  EXPECT_EQ(at(""), "psa.algorithm") << "none";
  EXPECT_EQ(at("a10100"), "psa.algorithm") << "0";
  EXPECT_EQ(at("a101646e6f6e65"), "psa.algorithm") << "the text none";
  EXPECT_EQ(at("a10105"), "psa.algorithm") << "HMAC with the id of a public key";
  EXPECT_EQ(at("a10127"), "psa.algorithm") << "EdDSA is not of the profile";
  EXPECT_EQ(at("a1013822"), "psa.signature") << "ES384 with a P-256 key";
  EXPECT_EQ(at("a2012601 26"), "psa.structure") << "twice";
  EXPECT_EQ(at("a10126", "a10126"), "psa.structure") << "in both headers";
  EXPECT_EQ(at("a201260281 1863", "a0"), "psa.structure") << "crit names what nobody knows";
}

TEST_F(PsaEvidence, only_tag_18) {
  const auto whole = device.token(good());
  const BytesView inside = BytesView{whole}.subspan(1);
  const auto tagged = [&](const char* tags) {
    auto out = test::hex(tags);
    append(out, inside);
    return out;
  };
  EXPECT_EQ(failed(tagged("")), "psa.structure");
  EXPECT_EQ(failed(tagged("d1")), "psa.structure") << "a COSE_Mac0";
  EXPECT_EQ(failed(tagged("d83dd2")), "psa.structure") << "in a CWT";
  EXPECT_EQ(failed(tagged("d862")), "psa.structure") << "a COSE_Sign";
  const auto appraisal = verifier.psa(tagged("d1"), question);
  EXPECT_NE(appraisal.findings.front().detail.find("COSE_Mac0"), std::string::npos);
}

TEST_F(PsaEvidence, es384_and_es512) {
  for (const auto type : {crypto::KeyType::p384, crypto::KeyType::p521}) {
    TokenDevice other{.iak = new_key(type)};
    TokenVerifier knows;
    knows.know(other);
    const auto token = other.token(other.psa_claims(question));
    EXPECT_EQ(failed_at(knows.psa(token, question)), "");
    auto damaged = token;
    damaged.back() ^= 1;
    EXPECT_EQ(failed_at(knows.psa(damaged, question)), "psa.signature");
  }
}

TEST_F(PsaEvidence, an_ed25519_key_signs_no_psa_token) {
  TokenDevice other{.iak = new_key(crypto::KeyType::ed25519)};
  TokenVerifier knows;
  knows.know(other);
  EXPECT_EQ(failed_at(knows.psa(other.token(other.psa_claims(question)), question)), "psa.algorithm");
}

TEST_F(PsaEvidence, another_kind_of_token_is_none) {
  EXPECT_EQ(failed(device.token(device.eat_claims(question))), "psa.claims");
  EXPECT_EQ(failed(device.sign({0xA0})), "psa.claims");
  EXPECT_EQ(failed(device.sign({})), "psa.claims");
}

TEST_F(PsaEvidence, repeated_claims_are_refused_with_a_good_signature) {
  auto payload = psa::write(good());
  payload[0] = static_cast<std::uint8_t>(payload[0] + 1);
  append(payload, test::hex("19095b 193000"));
  EXPECT_EQ(failed(device.sign(payload)), "psa.claims");
}

TEST_F(PsaEvidence, older_profiles_only_where_they_are_asked_for) {
  auto claims = good();
  claims.profile = psa::Profile::iot_1;
  const auto token = device.token(claims);
  EXPECT_EQ(failed(token), "psa.claims");
  EXPECT_EQ(failed_at(appraise_psa(token, question.challenge(), verifier.policy, verifier.roots(),
                                   psa::Profiles::legacy_too)),
            "");
}

// --- freshness and keys ---

TEST_F(PsaEvidence, the_nonce_is_this_sessions_and_whole) {
  auto claims = good();
  claims.nonce = to_bytes(crypto::sha256(as_bytes("another session")).get());
  EXPECT_EQ(failed(claims), "psa.nonce");
  claims.nonce = to_bytes(question.freshness.get());
  claims.nonce.resize(48);
  EXPECT_EQ(failed(claims), "psa.nonce");
}

// Replay: a token that was good for its own session, and is for no other.
TEST_F(PsaEvidence, an_old_token_is_for_its_own_session) {
  const auto token = device.token(good());
  EXPECT_EQ(failed(token), "");
  Question next;
  next.freshness = crypto::sha256(as_bytes("next"));
  EXPECT_EQ(failed_at(verifier.psa(token, next)), "psa.nonce");
}

// The fresh value names the key, so that a token for one key is none for another (AC-02).
TEST_F(PsaEvidence, another_key_needs_another_fresh_value) {
  const auto token = device.token(good());
  Question spliced;
  spliced.freshness = crypto::sha256(spliced.device_key.public_key().spki());
  EXPECT_EQ(failed_at(verifier.psa(token, spliced)), "psa.nonce");
}

TEST_F(PsaEvidence, the_requested_key_must_be_one) {
  auto challenge = question.challenge();
  challenge.requested_spki = as_bytes("no key");
  const auto appraisal = appraise_psa(device.token(good()), challenge, verifier.policy, verifier.roots());
  EXPECT_EQ(failed_at(appraisal), "psa.requested_key");
  EXPECT_EQ(code_of(appraisal), Code::key_not_attested);
}

TEST_F(PsaEvidence, of_another_device) {
  TokenDevice other;
  other.instance_id[1] = 0x99;
  EXPECT_EQ(failed(other.token(other.psa_claims(question))), "psa.key") << "nobody delivered it";
  EXPECT_EQ(failed(other.token(good())), "psa.signature") << "with this device's instance id";
  verifier.know(other);
  EXPECT_EQ(failed(other.token(other.psa_claims(question))), "");
  EXPECT_EQ(failed(device.token(other.psa_claims(question))), "psa.signature");
}

TEST_F(PsaEvidence, a_denied_key) {
  const auto token = device.token(good());
  verifier.instances.deny(device.iak.public_key().spki_sha256());
  EXPECT_EQ(failed(token), "psa.key");
}

TEST(TokenTrustTest, one_id_one_key) {
  TokenTrust trust;
  const auto one = new_key(), other = new_key();
  const Bytes id(33, 1), other_id(33, 2);
  const auto add = [&](const Bytes& instance, const crypto::PrivateKey& key) {
    return trust.add(instance, {key.public_key(), "v", AnchorClass::genuine});
  };
  EXPECT_TRUE(add(id, one));
  EXPECT_TRUE(add(id, one)) << "the same again";
  EXPECT_EQ(add(id, other).error().code, Code::key_reuse);
  EXPECT_EQ(add(other_id, one).error().code, Code::key_reuse);
  EXPECT_TRUE(add(other_id, other));
  EXPECT_EQ(add(id, other).error().code, Code::key_reuse);
  EXPECT_EQ(add(Bytes(6, 1), new_key()).error().code, Code::bad_request);
  EXPECT_EQ(add(Bytes(34, 1), new_key()).error().code, Code::bad_request);
  EXPECT_EQ(trust.find(id)->key, one.public_key());
  EXPECT_EQ(trust.find(Bytes(33, 3)), nullptr);
}

// --- certificates ---

struct PsaChain : ::testing::Test {
  Question question;
  TokenDevice device;
  TokenVerifier verifier;
  Parts parts = attestation_parts(device.iak.public_key());

  PsaChain() { verifier.certificates = trust_in(vendor()); }
  [[nodiscard]] Appraisal appraise(std::vector<Bytes> chain) {
    device.x5chain = std::move(chain);
    return verifier.psa(device.token(device.psa_claims(question)), question);
  }
  [[nodiscard]] std::string failed(std::vector<Bytes> chain) { return failed_at(appraise(std::move(chain))); }
};

TEST_F(PsaChain, to_a_pinned_root) {
  const auto appraisal = appraise({issued(parts)});
  EXPECT_EQ(failed_at(appraisal), "");
  ASSERT_TRUE(appraisal.claims);
  EXPECT_EQ(appraisal.claims->hardware.vendor, "test vendor");
  EXPECT_EQ(appraisal.claims->hardware.anchor_class, AnchorClass::simulated);
  verifier.certificates = trust_in(vendor(), Pin::root_only);
  EXPECT_EQ(failed({issued(parts)}), "psa.key");
  EXPECT_EQ(failed({issued(parts), vendor().intermediate()}), "");
}

TEST_F(PsaChain, each_damage_is_refused) {
  device.x5chain = {issued(parts)};
  const auto whole = device.token(device.psa_claims(question));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] ^= 0x01;
    EXPECT_NE(failed_at(verifier.psa(damaged, question)), "") << at;
  }
}

TEST_F(PsaChain, to_nobody) {
  EXPECT_EQ(failed({}), "psa.key");
  verifier.certificates = {};
  EXPECT_EQ(failed({issued(parts), vendor().intermediate(), vendor().root()}), "psa.key");
  const Vendor other;
  verifier.certificates = trust_in(other);
  EXPECT_EQ(failed({issued(parts)}), "psa.key");
}

TEST_F(PsaChain, of_another_device) {
  const TokenDevice other;
  EXPECT_EQ(failed({issued(attestation_parts(other.iak.public_key()))}), "psa.signature");
}

TEST_F(PsaChain, outside_its_validity) {
  parts.not_after = later() - std::chrono::seconds{1};
  EXPECT_EQ(failed({issued(parts)}), "psa.key");
  parts = attestation_parts(device.iak.public_key());
  parts.not_before = later() + std::chrono::seconds{1};
  EXPECT_EQ(failed({issued(parts)}), "psa.key");
}

TEST_F(PsaChain, revoked_or_denied) {
  const auto certificate = issued(parts);
  EXPECT_EQ(failed({certificate}), "");
  verifier.certificates.set_crl_rule(CrlRule::fresh_required);
  EXPECT_EQ(failed({certificate}), "psa.key") << "no CRL";
  ASSERT_TRUE(verifier.certificates.add_crl(signed_crl(vendor(), crl_of(vendor()))));
  EXPECT_EQ(failed({certificate}), "");
  auto serial = parts.serial;
  if (serial.front() >= 0x80) {
    serial.insert(serial.begin(), 0);
  }
  ASSERT_TRUE(verifier.certificates.add_crl(signed_crl(vendor(), crl_of(vendor(), {serial}))));
  EXPECT_EQ(failed({certificate}), "psa.key");
  verifier.certificates = trust_in(vendor());
  verifier.certificates.deny(crypto::sha256(certificate));
  EXPECT_EQ(failed({certificate}), "psa.key");
  verifier.certificates = trust_in(vendor());
  verifier.instances.deny(device.iak.public_key().spki_sha256());
  EXPECT_EQ(failed({certificate}), "psa.key");
}

TEST_F(PsaChain, a_leaf_that_may_not_sign) {
  auto other = parts;
  other[oids::key_usage].value = bits_value(1U << 4);
  EXPECT_EQ(failed({issued(other)}), "psa.key");
  other = parts;
  other.extensions.push_back({to_bytes(oids::tcg_model), true, test::hex("0500")});
  EXPECT_EQ(failed({issued(other)}), "psa.key") << "unknown and critical";
  EXPECT_EQ(failed({vendor().intermediate()}), "psa.key") << "a CA";
  EXPECT_EQ(failed({Bytes{0x30, 0x00}}), "psa.key");
}

TEST_F(PsaChain, x5t_names_the_first_certificate) {
  const auto certificate = issued(parts);
  device.x5chain = {certificate};
  const auto claims = psa::write(device.psa_claims(question));
  const auto with_hash = [&](const Digest& hash) {
    const auto x5t = cbor::Writer{}.array(2).integer(-16).bytes(hash.get()).finish();
    const auto token =
        crypto::sign(device.iak, {.x5chain = device.x5chain, .more = {{34, x5t}}, .payload = claims}).value();
    return failed_at(verifier.psa(token, question));
  };
  EXPECT_EQ(with_hash(crypto::sha256(certificate)), "");
  EXPECT_EQ(with_hash(crypto::sha256(vendor().intermediate())), "psa.key");
}

// Whoever delivered a key decides; a chain beside it does not.
TEST_F(PsaChain, beside_a_delivered_key_is_not_looked_at) {
  verifier.know(TokenDevice{});
  EXPECT_EQ(failed({issued(parts)}), "psa.signature");
}

// --- claims and policy ---

TEST_F(PsaEvidence, only_devices_whose_keys_the_policy_knows_to_be_safe) {
  auto appraisal = verifier.psa(device.token(good()), question);
  verifier.policy.secure_keys.clear();
  appraisal = verifier.psa(device.token(good()), question);
  EXPECT_EQ(failed_at(appraisal), "psa.client");
  EXPECT_EQ(code_of(appraisal), Code::policy);
  verifier.policy.secure_keys = {{.environment = {}}};
  EXPECT_EQ(failed(good()), "psa.client") << "an empty environment names nobody";
  verifier.policy.secure_keys = {{.environment = Bytes(32, 0x34)}};
  EXPECT_EQ(failed(good()), "psa.client");
}

TEST_F(PsaEvidence, the_non_secure_world_vouches_for_no_key) {
  auto claims = good();
  claims.client_id = -7;
  EXPECT_EQ(failed(claims), "psa.client");
  verifier.policy.secure_keys[0].caller = TokenCaller::any;
  EXPECT_EQ(failed(claims), "");
}

TEST_F(PsaEvidence, lifecycles) {
  const auto at = [&](int lifecycle) {
    auto claims = good();
    claims.lifecycle = static_cast<std::uint16_t>(lifecycle);
    return failed(claims);
  };
  EXPECT_EQ(at(0x30FF), "");
  for (const int lifecycle : {0x0000, 0x1000, 0x2000, 0x5000, 0x6000}) {
    EXPECT_EQ(at(lifecycle), "psa.lifecycle") << lifecycle;
  }
  EXPECT_EQ(at(0x4000), "psa.debug");
  EXPECT_EQ(at(0x3100), "psa.claims");
  // In the field a level that falls is not refused here, but shows.
  verifier.policy.debug = DebugGate::not_judged;
  auto claims = good();
  claims.lifecycle = 0x4001;
  const auto appraisal = verifier.psa(device.token(claims), question);
  EXPECT_EQ(failed_at(appraisal), "");
  EXPECT_EQ(appraisal.claims->lifecycle, SecurityLifecycle::non_rot_debug);
}

TEST_F(PsaEvidence, vendor_and_model) {
  verifier.policy.vendors = {"other"};
  EXPECT_EQ(failed(good()), "psa.hardware");
  verifier.policy.vendors = {"acme"};
  verifier.policy.models = {to_hex(implementation_id())};
  EXPECT_EQ(failed(good()), "");
  verifier.policy.models = {std::string(64, '0')};
  EXPECT_EQ(failed(good()), "psa.hardware");
}

TEST_F(PsaEvidence, reference_values_of_the_implementation) {
  verifier.policy.reference_values = {
      {.environment = to_bytes(implementation_id()), .component = "PRoT", .digests = {Bytes(32, 2), Bytes(32, 3)}}};
  EXPECT_EQ(failed(good()), "");
  auto claims = good();
  claims.components[1].measurement = Bytes(32, 4);
  EXPECT_EQ(failed(claims), "psa.measurements");
  claims = good();
  claims.components.pop_back();
  EXPECT_EQ(failed(claims), "psa.measurements") << "not measured";
  claims = good();
  claims.components.push_back(claims.components[1]);
  EXPECT_EQ(failed(claims), "");
  claims.components[2].measurement = Bytes(32, 4);
  EXPECT_EQ(failed(claims), "psa.measurements") << "a second one of that name";
  verifier.policy.reference_values[0].environment = Bytes(32, 0x34);
  EXPECT_EQ(failed(claims), "") << "of another implementation";
  verifier.policy.measurements = MeasurementRule::all_must_be_listed;
  EXPECT_EQ(failed(good()), "psa.measurements");
  verifier.policy.measurements = MeasurementRule::listed_must_agree;
  verifier.policy.reference_values = {{.component = "BL", .svn_min = 1}};
  EXPECT_EQ(failed(good()), "psa.versions") << "a PSA token says no security version";
}

}  // namespace
}  // namespace birthmark::attest
