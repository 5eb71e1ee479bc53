// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_credential.h"

#include "codec/tpm_wire.h"

namespace birthmark::tpm {
namespace {

constexpr wire::Size kEncryptedIdentity{3, 2 + kDigestMaxBytes};
constexpr wire::Size kIdObject{2 + 32 + kEncryptedIdentity.min, 2 + kDigestMaxBytes + kEncryptedIdentity.max};

}  // namespace

Result<IdObject> read_id_object_buffer(BytesView buffer) {
  wire::In in{buffer, "TPMS_ID_OBJECT"};
  BM_TRY(const auto hmac, in.digest());
  const auto left = buffer.size() - 2 - hmac.size();
  if (left < kEncryptedIdentity.min || left > kEncryptedIdentity.max) {
    return in.refuse("size is out of bounds");
  }
  BM_TRY(const auto identity, in.take(left));
  return IdObject{to_bytes(hmac), to_bytes(identity)};
}

Result<IdObject> read_id_object(BytesView tpm2b_id_object) {
  wire::In in{tpm2b_id_object, "TPM2B_ID_OBJECT"};
  BM_TRY(const auto buffer, in.sized(kIdObject));
  BM_CHECK(in.finish());
  return read_id_object_buffer(buffer);
}

Bytes write(const IdObject& object) {
  wire::Out out;
  out.sized(object.integrity_hmac).bytes(object.encrypted_identity);
  return std::move(out).finish();
}

Bytes write_sized(const IdObject& object) {
  wire::Out out;
  out.sized(write(object));
  return std::move(out).finish();
}

Result<BytesView> read_encrypted_secret(BytesView tpm2b_encrypted_secret) {
  wire::In in{tpm2b_encrypted_secret, "TPM2B_ENCRYPTED_SECRET"};
  BM_TRY(const auto buffer, in.sized({1, kRsaMaxBytes}));
  BM_CHECK(in.finish());
  return buffer;
}

Bytes write_encrypted_secret(BytesView buffer) {
  wire::Out out;
  out.sized(buffer);
  return std::move(out).finish();
}

Result<EccSecret> read_ecc_secret(BytesView buffer, Curve curve) {
  wire::In in{buffer, "TPMS_ECC_POINT"};
  BM_TRY(const auto x, in.sized({1, coordinate_size(curve)}));
  BM_TRY(const auto y, in.sized({1, coordinate_size(curve)}));
  BM_CHECK(in.finish());
  return EccSecret{to_bytes(x), to_bytes(y)};
}

Bytes write(const EccSecret& secret) {
  wire::Out out;
  out.sized(secret.x).sized(secret.y);
  return std::move(out).finish();
}

}  // namespace birthmark::tpm
