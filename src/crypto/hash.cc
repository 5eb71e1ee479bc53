// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <openssl/core_names.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "crypto/openssl.h"

namespace birthmark::crypto {
namespace {

/// One of something for each HashAlgorithm, in its order.
template <class T>
using PerAlgorithm = std::array<T, 3>;

const char* name_of(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha256:
      return "SHA2-256";
    case HashAlgorithm::sha384:
      return "SHA2-384";
    case HashAlgorithm::sha512:
      return "SHA2-512";
  }
  library_broken("hash algorithm");
}

EVP_MD* fetch(HashAlgorithm algorithm) {
  EVP_MD* const md = EVP_MD_fetch(nullptr, name_of(algorithm), nullptr);
  if (md == nullptr) {
    library_broken(name_of(algorithm));
  }
  return md;
}

EVP_MAC_CTX* make_hmac_context(HashAlgorithm algorithm) {
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* const context = mac == nullptr ? nullptr : EVP_MAC_CTX_new(mac);
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(name_of(algorithm)), 0),
      OSSL_PARAM_construct_end()};
  if (context == nullptr || EVP_MAC_CTX_set_params(context, params) != 1) {
    library_broken("HMAC");
  }
  return context;
}

/// A context that knows its digest and never had a key. Never freed, as the digests.
const EVP_MAC_CTX* hmac_context(HashAlgorithm algorithm) {
  static const PerAlgorithm<const EVP_MAC_CTX*> contexts{make_hmac_context(HashAlgorithm::sha256),
                                                         make_hmac_context(HashAlgorithm::sha384),
                                                         make_hmac_context(HashAlgorithm::sha512)};
  return contexts[static_cast<std::size_t>(algorithm)];
}

/// One context for each thread and algorithm: making one costs more than hashing a certificate.
EVP_MD_CTX* context_of_thread(HashAlgorithm algorithm) {
  thread_local const PerAlgorithm<EvpMdCtxPtr> contexts{EvpMdCtxPtr{EVP_MD_CTX_new()}, EvpMdCtxPtr{EVP_MD_CTX_new()},
                                                        EvpMdCtxPtr{EVP_MD_CTX_new()}};
  return contexts[static_cast<std::size_t>(algorithm)].get();
}

void digest_into(HashAlgorithm algorithm, std::initializer_list<BytesView> parts, std::uint8_t* out) {
  EVP_MD_CTX* const context = context_of_thread(algorithm);
  bool good = context != nullptr && EVP_DigestInit_ex2(context, message_digest(algorithm), nullptr) == 1;
  for (const auto part : parts) {
    good = good && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
  }
  if (!good || EVP_DigestFinal_ex(context, out, nullptr) != 1) {
    library_broken(name_of(algorithm));
  }
}

void hmac_into(HashAlgorithm algorithm, BytesView key, std::initializer_list<BytesView> parts,
               std::span<std::uint8_t> out) {
  // OpenSSL takes a null key for "the key of before"; an empty one needs an address.
  constexpr std::uint8_t kNoKey = 0;
  // A copy, so that no key outlives its use.
  const EvpMacCtxPtr context{EVP_MAC_CTX_dup(hmac_context(algorithm))};
  bool good = context && EVP_MAC_init(context.get(), key.empty() ? &kNoKey : key.data(), key.size(), nullptr) == 1;
  for (const auto part : parts) {
    good = good && EVP_MAC_update(context.get(), part.data(), part.size()) == 1;
  }
  std::size_t size = 0;
  if (!good || EVP_MAC_final(context.get(), out.data(), &size, out.size()) != 1 || size != out.size()) {
    library_broken("HMAC");
  }
}

}  // namespace

void library_broken(const char* what) {
  std::fprintf(stderr, "birthmark: the cryptographic library cannot do %s\n", what);
  std::abort();
}

// Never freed: threads may still hash while the process runs its last destructors.
const EVP_MD* message_digest(HashAlgorithm algorithm) {
  static const PerAlgorithm<const EVP_MD*> digests{fetch(HashAlgorithm::sha256), fetch(HashAlgorithm::sha384),
                                                   fetch(HashAlgorithm::sha512)};
  return digests[static_cast<std::size_t>(algorithm)];
}

Digest sha256(std::initializer_list<BytesView> parts) {
  Octets<32> out;
  digest_into(HashAlgorithm::sha256, parts, out.data());
  return Digest{out};
}

Digest sha256(BytesView bytes) {
  return sha256(std::initializer_list<BytesView>{bytes});
}

Bytes hash(HashAlgorithm algorithm, std::initializer_list<BytesView> parts) {
  Bytes out(digest_size(algorithm));
  digest_into(algorithm, parts, out.data());
  return out;
}

Octets<32> hmac_sha256(BytesView key, std::initializer_list<BytesView> parts) {
  Octets<32> out;
  hmac_into(HashAlgorithm::sha256, key, parts, out);
  return out;
}

Bytes hmac(HashAlgorithm algorithm, BytesView key, std::initializer_list<BytesView> parts) {
  Bytes out(digest_size(algorithm));
  hmac_into(algorithm, key, parts, out);
  return out;
}

}  // namespace birthmark::crypto
