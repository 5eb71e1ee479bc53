// SPDX-License-Identifier: Apache-2.0
#include "agent/tpm_bytes.h"

#include <variant>

#include "codec/tpm_signature.h"

namespace birthmark::agent::tss {

Result<Bytes> public_bytes(const TPM2B_PUBLIC& area) {
  return marshal(Tss2_MU_TPMT_PUBLIC_Marshal, area.publicArea);
}

Result<TPM2B_PUBLIC> to_tss(const tpm::Public& from) {
  std::size_t at = 0;
  return unmarshal(Tss2_MU_TPM2B_PUBLIC_Unmarshal, tpm::write_sized(from), at);
}

Result<Bytes> ecdsa_der(const TPMT_SIGNATURE& signature) {
  BM_TRY(const auto bytes, marshal(Tss2_MU_TPMT_SIGNATURE_Marshal, signature));
  BM_TRY(const auto read, tpm::read_signature(bytes));
  const auto* const ecdsa = std::get_if<tpm::EcdsaSignature>(&read);
  if (ecdsa == nullptr || ecdsa->hash != tpm::Hash::sha256) {
    return fail(Code::bad_evidence, "the TPM signed with another scheme than ECDSA with SHA-256");
  }
  return tpm::to_der(*ecdsa, tpm::Curve::p256);
}

}  // namespace birthmark::agent::tss
