// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "base/bytes.h"

// What these tests check statements with: fixed offsets and OpenSSL, none of the product's readers.
namespace birthmark::oracle {

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(ECDSA_SIG* p) const { ECDSA_SIG_free(p); }
};

/// A big-endian number of two bytes.
inline std::size_t u16(BytesView bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
}
/// The content of a TPM2B at `at`, and moves `at` behind it.
inline BytesView sized(BytesView bytes, std::size_t& at) {
  const auto content = bytes.subspan(at + 2, u16(bytes, at));
  at += 2 + content.size();
  return content;
}

/// 04 || x || y of a TPMT_PUBLIC: the last two TPM2B of a P-256 key with full coordinates.
inline Bytes point(BytesView tpmt_public) {
  Bytes out{4};
  auto tail = tpmt_public.last(68);
  EXPECT_EQ(u16(tail, 0), 32U);
  EXPECT_EQ(u16(tail, 34), 32U);
  append(out, tail.subspan(2, 32));
  append(out, tail.subspan(36, 32));
  return out;
}

/// SubjectPublicKeyInfo of a P-256 point.
inline Bytes spki(BytesView point) {
  Bytes der = *from_hex("3059301306072a8648ce3d020106082a8648ce3d030107034200");
  append(der, point);
  return der;
}

inline bool verifies(BytesView tpmt_public, BytesView message, BytesView der_signature) {
  const auto key_der = spki(point(tpmt_public));
  const unsigned char* cursor = key_der.data();
  const std::unique_ptr<EVP_PKEY, Free> key{d2i_PUBKEY(nullptr, &cursor, static_cast<long>(key_der.size()))};
  const std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
  return key && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), der_signature.data(), der_signature.size(), message.data(), message.size()) ==
             1;
}

/// Whether an ECDSA TPMT_SIGNATURE over `attest` holds.
inline bool statement_verifies(BytesView tpmt_public, BytesView attest, BytesView tpmt_signature) {
  if (u16(tpmt_signature, 0) != 0x0018 || u16(tpmt_signature, 2) != 0x000B) {
    return false;
  }
  std::size_t at = 4;
  const auto r = sized(tpmt_signature, at);
  const auto s = sized(tpmt_signature, at);
  if (at != tpmt_signature.size()) {
    return false;
  }
  const std::unique_ptr<ECDSA_SIG, Free> pair{ECDSA_SIG_new()};
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr),
                 BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  const Bytes signature(der, der + size);
  OPENSSL_free(der);
  return verifies(tpmt_public, attest, signature);
}

/// The parts of a TPMS_ATTEST that precede or follow its clock.
struct Attest {
  std::size_t type;
  BytesView extra_data;
  BytesView attested;
};
inline Attest attest(BytesView bytes) {
  EXPECT_EQ(to_hex(bytes.first(4)), "ff544347");
  std::size_t at = 6;
  sized(bytes, at);
  const auto extra = sized(bytes, at);
  return {u16(bytes, 4), extra, bytes.subspan(at + 8 + 4 + 4 + 1 + 8)};
}

inline Bytes sha256(BytesView bytes) {
  Bytes out(32);
  EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, EVP_sha256(), nullptr);
  return out;
}

/// nameAlg || SHA-256(TPMT_PUBLIC).
inline Bytes name(BytesView tpmt_public) {
  Bytes out{0x00, 0x0B};
  append(out, sha256(tpmt_public));
  return out;
}

}  // namespace birthmark::oracle
