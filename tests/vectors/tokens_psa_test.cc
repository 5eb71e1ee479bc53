// SPDX-License-Identifier: Apache-2.0
// The examples of RFC 9783, and the tokens and claims of another verifier for the profiles before it.
#include "attest/psa.h"
#include "attest/step.h"
#include "codec/pem.h"
#include "codec/psa_token.h"
#include "crypto/cose_signature.h"
#include "vectors/tokens.h"

namespace birthmark {
namespace {

using test::Disagreement;
using test::judge;
using test::VectorTally;
using test::Verdict;

Result<psa::Claims> verify(BytesView token, const crypto::PublicKey& key, psa::Profiles profiles) {
  BM_TRY(const auto message, cose::read_sign1(token));
  if (!crypto::verify(key, cose::Algorithm::es256, message)) {
    return fail(Code::bad_evidence, "signature");
  }
  return psa::read_claims(message.payload, profiles);
}

TEST(PsaVectors, the_tokens_of_rfc_9783) {
  BM_NEEDS_VECTORS("psa");
  VectorTally tally{"psa (tokens; a COSE_Mac0 is always refused)"};
  const auto folder = test::vectors("psa");
  const auto key = test::json_key(test::json_file(folder / "rfc9783-tfm-es-iak.json")).value();
  const auto token = test::file(folder / "rfc9783-psa-sign1.cbor");
  const auto claims = verify(token, key, psa::Profiles::rfc9783_only);
  judge(tally, "rfc9783-psa-sign1.cbor", Verdict::accept, claims);
  judge(tally, "rfc9783-psa-mac0.cbor", Verdict::reject,
        cose::read_sign1(test::file(folder / "rfc9783-psa-mac0.cbor")));
  const auto text = test::file(folder / "rfc9783-psa-sign1.diag");
  EXPECT_EQ(test::from_diagnostic(as_text(text)), token) << "the same token in diagnostic notation";
  EXPECT_EQ(cose::read_sign1(token)->payload.size(),
            test::diagnostic_file(folder / "rfc9783-sign1-claims.diag").size());
  EXPECT_TRUE(equal(cose::read_sign1(token)->payload, test::diagnostic_file(folder / "rfc9783-sign1-claims.diag")));
  judge(tally, "rfc9783-sign1-claims.diag", Verdict::accept,
        psa::read_claims(test::diagnostic_file(folder / "rfc9783-sign1-claims.diag")));
  judge(tally, "rfc9783-mac0-claims.diag", Verdict::accept,
        psa::read_claims(test::diagnostic_file(folder / "rfc9783-mac0-claims.diag")));
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->client_id, 2147483647);
  EXPECT_EQ(claims->lifecycle, 12288);
  EXPECT_EQ(claims->components.at(0).type, "PRoT");
}

// The whole appraisal of that token, with its nonce as the fresh value.
TEST(PsaVectors, the_appraisal_of_the_token_of_rfc_9783) {
  BM_NEEDS_VECTORS("psa");
  const auto folder = test::vectors("psa");
  const auto key = test::json_key(test::json_file(folder / "rfc9783-tfm-es-iak.json")).value();
  const auto token = test::file(folder / "rfc9783-psa-sign1.cbor");
  attest::TokenTrust instances;
  Bytes instance(33, 0x02);
  instance[0] = 0x01;
  ASSERT_TRUE(instances.add(instance, {key, "example", attest::AnchorClass::simulated}));
  const attest::VendorTrust certificates;
  Octets<32> nonce{};
  nonce.fill(1);
  const attest::Challenge challenge{.freshness = Digest{nonce}, .requested_spki = key.spki(), .now = from_ms(0)};
  const attest::EvidencePolicy policy{
      .reference_values = {{.environment = Bytes(32, 0), .component = "PRoT", .digests = {Bytes(32, 3)}}},
      .secure_keys = {{.environment = Bytes(32, 0)}}};
  const auto appraisal = attest::appraise_psa(token, challenge, policy, {instances, certificates});
  EXPECT_TRUE(attest::verdict(appraisal.findings)) << attest::verdict(appraisal.findings).error().check;
  test::each_truncation(token, [&](const Bytes& cut) {
    EXPECT_FALSE(attest::appraise_psa(cut, challenge, policy, {instances, certificates}).claims);
  });
  test::each_damage(token, [&](const Bytes& damaged) {
    EXPECT_EQ(attest::appraise_psa(damaged, challenge, policy, {instances, certificates}).claims.has_value(),
              damaged == token);
  });
}

TEST(PsaVectors, the_claim_sets_of_rfc_9783) {
  BM_NEEDS_VECTORS("psa/rfc9783-cddl-tests");
  VectorTally tally{"psa/rfc9783-cddl-tests"};
  for (const auto& path : test::files_of("psa/rfc9783-cddl-tests", ".diag")) {
    const auto expected = path.filename().string().starts_with("GOOD") ? Verdict::accept : Verdict::reject;
    judge(tally, path, expected, psa::read_claims(test::diagnostic_file(path)));
  }
}

TEST(PsaVectors, tokens_of_trusted_firmware) {
  BM_NEEDS_VECTORS("eat/psatoken/tf-m");
  VectorTally tally{"eat/psatoken/tf-m (older profiles switched on)"};
  const auto folder = test::vectors("eat/psatoken/tf-m");
  const auto public_pem = test::file(folder / "public.pem");
  const auto key = crypto::PublicKey::from_spki(pem::read(as_text(public_pem), "PUBLIC KEY")->front()).value();
  for (const auto& path : test::files_of("eat/psatoken/tf-m", ".bin")) {
    const auto token = test::file(path);
    const bool is_mac = path.filename().string().find("mac0") != std::string::npos;
    judge(tally, path, is_mac ? Verdict::reject : Verdict::accept, verify(token, key, psa::Profiles::legacy_too));
    EXPECT_FALSE(verify(token, key, psa::Profiles::rfc9783_only)) << path << ": off unless it is asked for";
  }
  const auto claims = test::diagnostic_file(folder / "psa-2_0_0_claims.diag");
  judge(tally, "psa-2_0_0_claims.diag", Verdict::accept, psa::read_claims(claims, psa::Profiles::legacy_too));
  EXPECT_EQ(psa::read_claims(claims, psa::Profiles::legacy_too).value(),
            verify(test::file(folder / "psa-2_0_0_sign1.bin"), key, psa::Profiles::legacy_too).value());
}

TEST(PsaVectors, claim_sets_of_the_older_profiles) {
  BM_NEEDS_VECTORS("eat/psatoken/cbor");
  VectorTally tally{"eat/psatoken/cbor (older profiles switched on)"};
  for (const auto& path : test::files_of("eat/psatoken/cbor", ".diag")) {
    const auto name = path.filename().string();
    const bool wrong = name.find("Missing") != std::string::npos || name.find("Invalid") != std::string::npos;
    judge(tally, path, wrong ? Verdict::reject : Verdict::accept,
          psa::read_claims(test::diagnostic_file(path), psa::Profiles::legacy_too));
  }
}

// --- claims in JSON, which no token here has: put into CBOR under the keys of their profile ---

struct JsonClaim {
  std::string_view name;
  int modern;  ///< of "http://arm.com/psa/2.0.0"; 0: not there
  int first;   ///< of PSA_IOT_PROFILE_1
};
constexpr JsonClaim kJsonClaims[]{{"psa-client-id", 2394, -75001},
                                  {"psa-security-lifecycle", 2395, -75002},
                                  {"psa-implementation-id", 2396, -75003},
                                  {"psa-boot-seed", 2397, -75004},
                                  {"psa-no-software-measurements", 0, -75007},
                                  {"psa-nonce", 10, -75008},
                                  {"psa-instance-id", 256, -75009},
                                  {"psa-verification-service-indicator", 2400, -75010},
                                  {"psa-software-components", 2399, -75006}};

std::string quoted(const boost::json::value& value) {
  return "\"" + std::string{value.as_string()} + "\"";
}
std::string octets_of(const boost::json::value& value) {
  return "h'" + to_hex(base64::decode(value.as_string(), 1024).value_or(Bytes{})) + "'";
}

std::string component_of(const boost::json::object& from) {
  std::string out = "{";
  for (const auto& [name, key, is_text] :
       {std::tuple{"measurement-type", "1", true}, std::tuple{"measurement-value", "2", false},
        std::tuple{"version", "4", true}, std::tuple{"signer-id", "5", false},
        std::tuple{"measurement-description", "6", true}}) {
    if (const auto* const value = from.if_contains(name)) {
      out += std::string{key} + ": " + (is_text ? quoted(*value) : octets_of(*value)) + ", ";
    }
  }
  return out + "}";
}

std::string value_of(std::string_view name, const boost::json::value& value) {
  if (value.is_int64() || value.is_uint64()) {
    return boost::json::serialize(value);
  }
  if (name == "psa-verification-service-indicator") {
    return quoted(value);
  }
  if (!value.is_array()) {
    return octets_of(value);
  }
  std::string out = "[";
  for (const auto& component : value.as_array()) {
    out += component_of(component.as_object()) + ", ";
  }
  return out + "]";
}

/// By the later profile where `eat-profile` is there, else by the first one.
Bytes from_json(const boost::json::object& from) {
  const auto* const profile = from.if_contains("eat-profile");
  const bool modern = profile != nullptr;
  std::string out = "{";
  if (modern) {
    out += "265: " + quoted(*profile) + ", ";
  } else if (const auto* const first = from.if_contains("psa-profile")) {
    out += "-75000: " + quoted(*first) + ", ";
  }
  for (const auto& claim : kJsonClaims) {
    const auto* const value = from.if_contains(claim.name);
    const int key = modern ? claim.modern : claim.first;
    if (value != nullptr && key != 0) {
      out += std::to_string(key) + ": " + value_of(claim.name, *value) + ", ";
    }
  }
  if (const auto* const reference = from.if_contains("psa-certification-reference"); reference != nullptr && modern) {
    out += "2398: " + quoted(*reference) + ", ";
  } else if (const auto* const version = from.if_contains("psa-hwver"); version != nullptr && !modern) {
    out += "-75005: " + quoted(*version) + ", ";
  }
  const auto bytes = test::from_diagnostic(out + "}");
  EXPECT_TRUE(bytes) << out;
  return bytes.value_or(Bytes{});
}

constexpr Disagreement kJson[]{
    {"test-boot-seed-invalid-missing.json", "the file's profile, http://arm.com/psa/2.0.0, has an optional boot seed"},
    {"test-profile-invalid-missing.json",
     "no profile claim is the first profile, as its pair profile-valid-missing says"}};

TEST(PsaVectors, claim_sets_in_json) {
  BM_NEEDS_VECTORS("eat/psatoken/json");
  VectorTally tally{"eat/psatoken/json (put into CBOR by the test)", kJson};
  for (const auto& path : test::files_of("eat/psatoken/json", ".json")) {
    const auto name = path.filename().string();
    const auto expected = name.find("-valid") != std::string::npos ? Verdict::accept : Verdict::reject;
    const auto claims = from_json(test::json_file(path).as_object());
    judge(tally, path, expected, psa::read_claims(claims, psa::Profiles::legacy_too));
  }
}

}  // namespace
}  // namespace birthmark
