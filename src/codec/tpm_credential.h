// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "codec/tpm_types.h"

namespace birthmark::tpm {

/// TPMS_ID_OBJECT (Part 2, §12.4.2) inside TPM2B_ID_OBJECT: what TPM2_ActivateCredential opens.
struct IdObject {
  Bytes integrity_hmac;      ///< a digest of the EK's nameAlg
  Bytes encrypted_identity;  ///< a TPM2B_DIGEST under the cipher of the EK: 3..66 bytes
  friend bool operator==(const IdObject&, const IdObject&) = default;
};

/// Reads one TPM2B_ID_OBJECT, its size included. @error bad_evidence
Result<IdObject> read_id_object(BytesView tpm2b_id_object);
Bytes write_sized(const IdObject& object);
/// The buffer of a TPM2B_ID_OBJECT, without its size.
Result<IdObject> read_id_object_buffer(BytesView buffer);
Bytes write(const IdObject& object);

/// Reads one TPM2B_ENCRYPTED_SECRET, its size included. What is inside depends on the EK: see the two below.
/// @return the buffer, 1..kRsaMaxBytes bytes; aliases the input. @error bad_evidence
Result<BytesView> read_encrypted_secret(BytesView tpm2b_encrypted_secret);
/// @param buffer at most 65,535 bytes.
Bytes write_encrypted_secret(BytesView buffer);

/// For an ECC EK: the ephemeral point, each coordinate 1..`coordinate_size` bytes.
struct EccSecret {
  Bytes x;
  Bytes y;
  friend bool operator==(const EccSecret&, const EccSecret&) = default;
};

/// Reads the buffer of an encrypted secret for an ECC EK; the point is not checked to be on the curve.
/// @error bad_evidence
Result<EccSecret> read_ecc_secret(BytesView buffer, Curve curve);
Bytes write(const EccSecret& secret);

}  // namespace birthmark::tpm
