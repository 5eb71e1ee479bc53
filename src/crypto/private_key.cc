// SPDX-License-Identifier: Apache-2.0
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <optional>

#include "crypto/ecdsa_signature.h"
#include "crypto/key_impl.h"
#include "crypto/native.h"
#include "crypto/own_scheme.h"
#include "crypto/pkcs8.h"

namespace birthmark::crypto {
namespace {

HashAlgorithm hash_for(KeyType type) {
  return type == KeyType::p384   ? HashAlgorithm::sha384
         : type == KeyType::p521 ? HashAlgorithm::sha512
                                 : HashAlgorithm::sha256;
}

/// A context that makes keys on one curve, for one thread: making one costs a third of a P-256 key.
EvpPkeyCtxPtr curve_generator(const char* group) {
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(group), 0),
                         OSSL_PARAM_construct_end()};
  EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1 || EVP_PKEY_CTX_set_params(context.get(), params) != 1) {
    library_broken(group);
  }
  return context;
}

EvpPkeyPtr generate_with(EVP_PKEY_CTX* context) {
  EVP_PKEY* made = nullptr;
  return EVP_PKEY_generate(context, &made) == 1 ? EvpPkeyPtr{made} : nullptr;
}

EvpPkeyPtr generate_native(KeyType type) {
  switch (type) {
    case KeyType::p256: {
      thread_local const auto generator = curve_generator("P-256");
      return generate_with(generator.get());
    }
    case KeyType::p384: {
      thread_local const auto generator = curve_generator("P-384");
      return generate_with(generator.get());
    }
    case KeyType::p521: {
      thread_local const auto generator = curve_generator("P-521");
      return generate_with(generator.get());
    }
    case KeyType::ed25519:
      return EvpPkeyPtr{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
    case KeyType::rsa:
      return nullptr;  // no profile of the product makes an RSA key
  }
  return nullptr;
}

/// The uncompressed point of a key on a curve; nothing for any other key. The library's encoder
/// gives the same and takes twice as long as making the key.
std::optional<Bytes> uncompressed_point(EVP_PKEY* key) {
  Bytes point(1 + 2 * 66);
  std::size_t size = 0;
  if (EVP_PKEY_is_a(key, "EC") != 1 ||
      EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) != 1) {
    return std::nullopt;
  }
  point.resize(size);
  return point.front() == 0x04 ? std::optional{std::move(point)} : std::nullopt;
}

/// The public half, read back as strictly as any stranger's.
/// @param made the type that was asked for, where the key was made here.
Result<PublicKey> public_half(EVP_PKEY* key, std::optional<KeyType> made) {
  if (made && field_size(*made) != 0) {
    if (const auto point = uncompressed_point(key); point && point->size() == 1 + 2 * field_size(*made)) {
      const auto coordinates = BytesView{*point}.subspan(1);
      return PublicKey::from_point(*made, coordinates.first(field_size(*made)), coordinates.last(field_size(*made)));
    }
  }
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  const OpensslPtr<unsigned char, [](void* p) { OPENSSL_free(p); }> owner{der};
  if (size <= 0) {
    return fail(Code::key_attributes, "key: no public half");
  }
  return PublicKey::from_spki({der, static_cast<std::size_t>(size)});
}

Result<std::unique_ptr<PrivateKey::Impl>> adopt(EvpPkeyPtr key, std::optional<KeyType> made = std::nullopt) {
  auto half = public_half(key.get(), made);
  if (!half) {
    return fail(Code::key_attributes, half.error().detail);
  }
  return std::make_unique<PrivateKey::Impl>(std::move(key), std::move(*half));
}

Result<Bytes> sign_ed25519(EVP_PKEY* key, BytesView message) {
  const EvpMdCtxPtr context{EVP_MD_CTX_new()};
  Bytes out(64);
  std::size_t size = out.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) != 1 || size != out.size()) {
    return fail(Code::hsm_fault, "the library cannot sign");
  }
  return out;
}

/// A file may hold a public half that belongs to another private one; a signature tells.
Result<void> check_halves(const PrivateKey& key) {
  constexpr std::string_view kProbe = "birthmark/key-check/v1";
  const auto signature = key.sign(as_bytes(kProbe));
  if (!signature || !key.public_key().verify(key.scheme(), as_bytes(kProbe), *signature)) {
    return fail(Code::key_attributes, "key: public and private half do not fit");
  }
  return {};
}

}  // namespace

EvpPkeyCtxPtr SignContexts::take(EVP_PKEY* key, KeyType type) {
  {
    const std::scoped_lock lock{mutex_};
    if (!idle_.empty()) {
      auto context = std::move(idle_.back());
      idle_.pop_back();
      return context;
    }
  }
  EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  if (!context || EVP_PKEY_sign_init(context.get()) != 1) {
    return nullptr;
  }
  if (type == KeyType::rsa && (EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
                               EVP_PKEY_CTX_set_signature_md(context.get(), message_digest(hash_for(type))) != 1)) {
    return nullptr;
  }
  return context;
}

void SignContexts::give_back(EvpPkeyCtxPtr context) {
  const std::scoped_lock lock{mutex_};
  idle_.push_back(std::move(context));
}

namespace {

Result<Bytes> sign_hashed(const PrivateKey::Impl& impl, KeyType type, BytesView digest) {
  auto context = impl.contexts.take(impl.key.get(), type);
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(impl.key.get())));
  std::size_t size = out.size();
  if (!context || EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size()) != 1) {
    return fail(Code::hsm_fault, "the library cannot sign");  // a context that failed is not used again
  }
  impl.contexts.give_back(std::move(context));
  out.resize(size);
  return out;
}

}  // namespace

PrivateKey::PrivateKey(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

Result<PrivateKey> PrivateKey::generate(KeyType type) {
  const KeepErrorQueue quiet;
  auto key = generate_native(type);
  if (!key) {
    return fail(Code::unavailable, "the library cannot make a key of this type");
  }
  BM_TRY(auto impl, adopt(std::move(key), type));
  return PrivateKey{std::move(impl)};
}

Result<PrivateKey> PrivateKey::from_encrypted_pem(std::string_view pem, const Secret& passphrase) {
  const KeepErrorQueue quiet;
  BM_TRY(auto native_key, read_encrypted_pkcs8(pem, passphrase));
  BM_TRY(auto impl, adopt(std::move(native_key)));
  PrivateKey key{std::move(impl)};
  BM_CHECK(check_halves(key));
  return key;
}

Result<std::string> PrivateKey::to_encrypted_pem(const Secret& passphrase) const {
  return write_encrypted_pkcs8(impl_->key.get(), passphrase);
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const KeepErrorQueue quiet;
  BM_TRY(auto native_key, read_plain_pkcs8(pem));
  BM_TRY(auto impl, adopt(std::move(native_key)));
  PrivateKey key{std::move(impl)};
  BM_CHECK(check_halves(key));
  return key;
}

Result<std::string> PrivateKey::to_pem() const {
  return write_plain_pkcs8(impl_->key.get());
}

const PublicKey& PrivateKey::public_key() const {
  return impl_->public_key;
}

SignatureScheme own_scheme(KeyType type) {
  switch (type) {
    case KeyType::p256:
      return SignatureScheme::ecdsa_sha256;
    case KeyType::p384:
      return SignatureScheme::ecdsa_sha384;
    case KeyType::p521:
      return SignatureScheme::ecdsa_sha512;
    case KeyType::rsa:
      return SignatureScheme::rsa_pkcs1_sha256;
    case KeyType::ed25519:
      return SignatureScheme::ed25519;
  }
  library_broken("key type");
}

SignatureScheme PrivateKey::scheme() const {
  return own_scheme(public_key().type());
}

Result<Bytes> PrivateKey::sign(BytesView message) const {
  const KeepErrorQueue quiet;
  const auto type = public_key().type();
  if (type == KeyType::ed25519) {
    return sign_ed25519(impl_->key.get(), message);
  }
  return sign_hashed(*impl_, type, hash(hash_for(type), {message}));
}

Result<Bytes> PrivateKey::sign_digest(const Digest& digest) const {
  const KeepErrorQueue quiet;
  return public_key().type() == KeyType::p256
             ? sign_hashed(*impl_, KeyType::p256, digest.get())
             : Result<Bytes>{fail(Code::key_attributes, "a digest is signed by a P-256 key only")};
}

EVP_PKEY* native(const PrivateKey& key) {
  return key.impl().key.get();
}

}  // namespace birthmark::crypto
