// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "attest/tpm_statement.h"
#include "base/instant.h"
#include "codec/tpm_attest.h"
#include "codec/tpm_template.h"
#include "crypto/keys.h"
#include "fleet/silicon_vendor.h"

namespace birthmark::test {

/// A key that says of itself that it lives in a TPM: of any template.
struct PaperKey {
  explicit PaperKey(tpm::Template of);
  [[nodiscard]] Bytes public_area() const { return tpm::write(area); }
  [[nodiscard]] BytesView spki() const { return key.public_key().spki(); }
  [[nodiscard]] const Digest& spki_hash() const { return key.public_key().spki_sha256(); }

  crypto::PrivateKey key;
  tpm::Public area;
};

/// A TPM 2.0 on paper: its structures and its mathematics in memory, with keys of the crypto library, so that hundreds
/// of devices and every forgery can be made in milliseconds. Real chips are for tests with swtpm.
class PaperTpm {
 public:
  /// What a statement says; a forger changes what he likes before it is signed.
  struct Claim {
    tpm::Attest attest;
    const crypto::PrivateKey* signer = nullptr;
    tpm::RsaPadding padding = tpm::RsaPadding::pkcs1;  ///< of an RSA key
  };

  /// A claim of creation, and what it hashes.
  struct Creation {
    Claim claim;
    tpm::CreationData data;
  };

  /// What its keys are made of.
  struct Templates {
    tpm::Template ek = tpm::Template::ek_p256_low;
    tpm::Template iak = tpm::Template::iak_birthmark;
    tpm::Template idevid = tpm::Template::idevid_birthmark;
  };

  /// @param vendor certifies the endorsement key.
  PaperTpm(const fleet::SiliconVendor& vendor, Instant now, const fleet::ChipModel& model = {});
  PaperTpm(const fleet::SiliconVendor& vendor, Instant now, const fleet::ChipModel& model, const Templates& of);

  [[nodiscard]] const Bytes& ek_certificate() const { return ek_certificate_; }
  [[nodiscard]] Bytes ak_name() const;

  /// What an honest agent sends of a primary of the endorsement hierarchy: it is certified, or its creation is where
  /// a password does not administer the key.
  struct KeyStatement {
    attest::TpmStatement statement;
    Bytes creation_data;
  };
  [[nodiscard]] KeyStatement attest(const PaperKey& key, const Digest& freshness) const;
  /// TPM2_Certify of a primary of the endorsement hierarchy.
  [[nodiscard]] attest::TpmStatement certify(const PaperKey& key, const Digest& freshness) const;
  /// TPM2_Certify of a child of the owner's storage key.
  [[nodiscard]] attest::TpmStatement certify_child(const PaperKey& key, const Digest& freshness) const;
  [[nodiscard]] attest::TpmStatement quote(const Digest& freshness) const;
  /// The unsigned claim of a quote of these PCRs. @param values bank by bank, ascending
  [[nodiscard]] Claim quote_claim(const Digest& freshness, const tpm::PcrSelection& selection,
                                  std::span<const Bytes> values) const;
  /// The unsigned claim of `certify`, for forgers.
  [[nodiscard]] Claim claim(const PaperKey& key, const Digest& freshness) const;
  /// The unsigned claim of TPM2_CertifyCreation of a primary of the endorsement hierarchy.
  [[nodiscard]] Creation creation(const PaperKey& key, const Digest& freshness) const;
  /// The same of a child of the owner's storage key.
  [[nodiscard]] Creation creation_of_child(const PaperKey& key, const Digest& freshness) const;
  static attest::TpmStatement sign(const Claim& claim);

  /// TPM2_ActivateCredential for the AK and the EK. @error bad_evidence: made for another chip or another AK.
  [[nodiscard]] Result<Bytes> activate(BytesView id_object, BytesView encrypted_secret) const;
  /// TPM2_Clear: a new storage key; clock and counters begin again.
  void clear();

  PaperKey ek, iak, idevid;
  PaperKey storage{tpm::Template::ek_p256_low};
  tpm::ClockInfo clock{.clock_ms = 86'400'000, .reset_count = 3, .restart_count = 1, .safe = true};

 private:
  Bytes ek_certificate_;
};

}  // namespace birthmark::test
