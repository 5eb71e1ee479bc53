// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "attest/eat.h"
#include "attest/psa.h"
#include "codec/eat.h"
#include "codec/psa_token.h"
#include "crypto/cose_signature.h"
#include "unit/attest/support.h"

/// A device that signs tokens, with its key in the test's hands, and a verifier that trusts it.
namespace birthmark::attest::testing {

/// What a device is asked, and for which key.
struct Question {
  crypto::PrivateKey device_key = new_key();
  Digest freshness = crypto::sha256(as_bytes("fresh"));
  Instant now = later();

  [[nodiscard]] Challenge challenge() const {
    return {.freshness = freshness, .requested_spki = device_key.public_key().spki(), .now = now};
  }
};

inline Octets<32> implementation_id() {
  Octets<32> out{};
  out.fill(0x33);
  return out;
}
inline const Bytes& hardware_model() {
  static const Bytes model(16, 0x44);
  return model;
}

struct TokenDevice {
  crypto::PrivateKey iak = new_key();
  Octets<33> instance_id = [] {
    Octets<33> out{};
    out.fill(0x22);
    out[0] = 0x01;
    return out;
  }();
  std::vector<Bytes> x5chain = {};

  [[nodiscard]] psa::Claims psa_claims(const Question& question) const {
    return {.nonce = to_bytes(question.freshness.get()),
            .instance_id = instance_id,
            .client_id = 7,
            .lifecycle = 0x3000,
            .implementation_id = implementation_id(),
            .boot_seed = Bytes(32, 5),
            .components = {{.type = "BL", .measurement = Bytes(32, 1), .signer_id = Bytes(32, 9)},
                           {.type = "PRoT", .measurement = Bytes(32, 2), .version = "1.2", .signer_id = Bytes(32, 9)}}};
  }
  [[nodiscard]] eat::Claims eat_claims(const Question& question) const {
    eat::Claims out;
    out.nonces = {to_bytes(question.freshness.get())};
    out.ueid = to_bytes(instance_id);
    out.hardware_model = hardware_model();
    out.oemid = std::int64_t{64242};
    out.debug = std::uint8_t{3};
    out.measurements = {{.content_format = 258, .document = Bytes(8, 6)}};
    return out;
  }
  [[nodiscard]] Bytes sign(Bytes payload) const {
    return crypto::sign(iak, {.x5chain = x5chain, .payload = std::move(payload)}).value();
  }
  [[nodiscard]] Bytes token(const psa::Claims& claims) const { return sign(psa::write(claims)); }
  [[nodiscard]] Bytes token(const eat::Claims& claims) const { return sign(eat::write(claims)); }
};

struct TokenVerifier {
  TokenTrust instances = {};
  VendorTrust certificates = {};
  EvidencePolicy policy = {.secure_keys = {{.environment = to_bytes(implementation_id())},
                                           {.environment = hardware_model(), .caller = TokenCaller::any}}};

  /// Delivered by a supplier.
  void know(const TokenDevice& device, AnchorClass anchor_class = AnchorClass::genuine) {
    EXPECT_TRUE(instances.add(device.instance_id, {device.iak.public_key(), "acme", anchor_class}));
  }
  [[nodiscard]] TokenRoots roots() const { return {instances, certificates}; }
  [[nodiscard]] Appraisal psa(BytesView token, const Question& question) const {
    return appraise_psa(token, question.challenge(), policy, roots());
  }
  [[nodiscard]] Appraisal eat(BytesView token, const Question& question) const {
    return appraise_eat(token, question.challenge(), policy, roots());
  }
};

/// The certificate of an attestation key, by the vendor of the other tests.
inline Parts attestation_parts(const crypto::PublicKey& iak) {
  auto parts = vendor().endorsement_parts(iak);
  parts[oids::key_usage].value = bits_value(1U << 0);
  parts.drop(oids::extended_key_usage);
  parts.drop(oids::subject_directory_attributes);
  return parts;
}
inline Bytes issued(const Parts& parts) {
  return pki::testing::sign(vendor().intermediate_key, parts.tbs());
}

/// The step that a token fails at; its claims are there only if there is none.
inline std::string failed_at(const Appraisal& appraisal) {
  auto failed = failed_check(appraisal.findings);
  EXPECT_EQ(appraisal.claims.has_value(), failed.empty());
  return failed;
}
inline Code code_of(const Appraisal& appraisal) {
  const auto outcome = verdict(appraisal.findings);
  return outcome ? Code::internal : outcome.error().code;
}

}  // namespace birthmark::attest::testing
