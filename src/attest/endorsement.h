// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/step.h"
#include "attest/vendor_trust.h"
#include "codec/tpm_public.h"
#include "crypto/tpm_crypto.h"

namespace birthmark::attest {

/// What a TPM says about its endorsement key, read but not yet believed.
struct EndorsementEvidence {
  x509::Certificate certificate;
  std::vector<x509::Certificate> hints;  ///< the chain that came with it
  tpm::Public ek;                        ///< the public area that the TPM made
};

/// Which chip it is, once every step of docs/wire/evidence.md EK holds.
struct EndorsedChip {
  std::string manufacturer;  ///< eight upper-case hex digits of 2.23.133.2.1, "id:" taken off
  std::string model;
  std::string version;
  std::string vendor;  ///< of the pinned root, as policies name it
  AnchorClass anchor_class = AnchorClass::simulated;
  Bytes spki;         ///< of the endorsement key: the public identity of the device
  Bytes rsa_modulus;  ///< of the endorsement key, big-endian; empty: it is not RSA
  Digest certificate_hash;
  std::string hardware_serial;  ///< MANUF:AKI:SERIAL in upper-case hex (TCG DevID SAN)
};

struct EndorsementAppraisal {
  Findings findings;
  std::optional<EndorsedChip> chip;  ///< only if every step passed
};

/// Reads the evidence: docs/wire/evidence.md EK 1 and 2. A hint that cannot be read is left out.
/// @error ek_untrusted with check "ek.certificate" or "ek.public"; "ek.path": more than kHintsMax in the chain.
Result<EndorsementEvidence> read_endorsement(BytesView certificate, std::span<const Bytes> chain, BytesView ek_public);

/// Walks the checks of docs/wire/evidence.md EK from 3 on, in their order; the last one there, that no other identity
/// holds this key, is the registry's (design rule 1).
EndorsementAppraisal appraise_endorsement(const EndorsementEvidence& evidence, const VendorTrust& trust, Instant now);

/// The endorsement key as MakeCredential takes it. @error ek_untrusted
Result<crypto::EndorsementKey> endorsement_key(const tpm::Public& ek);

/// The DER SubjectPublicKeyInfo of a TPM public key. @error bad_evidence: no such key.
Result<crypto::PublicKey> public_key(const tpm::Public& key);

}  // namespace birthmark::attest
