// SPDX-License-Identifier: Apache-2.0
#include "adapters/tls/external_key.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <optional>

#include "support/swtpm.h"
#include "unit/agent/tpm_bytes_oracle.h"

namespace birthmark {
namespace {

using agent::DeviceKey;

struct FreeTls {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeTls>;

int accept_any(int /*verified*/, X509_STORE_CTX* /*context*/) {
  return 1;
}

/// A self-signed certificate; signing it is the first use of an external key.
Owned<X509> self_signed(EVP_PKEY* key) {
  Owned<X509> certificate{X509_new()};
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  X509_set_pubkey(certificate.get(), key);
  return X509_sign(certificate.get(), key, EVP_sha256()) > 0 ? std::move(certificate) : nullptr;
}

Owned<SSL_CTX> context_with(X509* certificate, EVP_PKEY* key, int version) {
  Owned<SSL_CTX> context{SSL_CTX_new(TLS_method())};
  SSL_CTX_set_min_proto_version(context.get(), version);
  SSL_CTX_set_max_proto_version(context.get(), version);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
  EXPECT_EQ(SSL_CTX_use_certificate(context.get(), certificate), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context.get(), key), 1);
  EXPECT_EQ(SSL_CTX_check_private_key(context.get()), 1);
  return context;
}

struct Handshake {
  bool client_done = false;
  bool server_done = false;
  std::string version;
  bool server_saw_the_key = false;
};

/// Runs a handshake through memory until neither side gets on.
Handshake handshake(EVP_PKEY* client_key, X509* client_certificate, int version) {
  const Owned<EVP_PKEY> server_key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  const auto server_certificate = self_signed(server_key.get());
  const auto client_context = context_with(client_certificate, client_key, version);
  const auto server_context = context_with(server_certificate.get(), server_key.get(), version);
  const Owned<SSL> client{SSL_new(client_context.get())};
  const Owned<SSL> server{SSL_new(server_context.get())};
  BIO* a = nullptr;
  BIO* b = nullptr;
  EXPECT_EQ(BIO_new_bio_pair(&a, 0, &b, 0), 1);
  SSL_set_bio(client.get(), a, a);
  SSL_set_bio(server.get(), b, b);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  Handshake result;
  for (int turn = 0; turn < 20; ++turn) {
    result.client_done = SSL_do_handshake(client.get()) == 1;
    result.server_done = SSL_do_handshake(server.get()) == 1;
  }
  ERR_clear_error();
  result.version = SSL_get_version(client.get());
  if (X509* seen = SSL_get0_peer_certificate(server.get()); seen != nullptr) {
    result.server_saw_the_key = EVP_PKEY_eq(X509_get0_pubkey(seen), client_key) == 1;
  }
  return result;
}

/// The private half in software, behind the same door as hardware.
struct Signer {
  crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  Owned<EVP_PKEY> native;
  int calls = 0;

  Signer() {
    const auto pem = key.to_pem().value();
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                        BIO_free};
    native.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  }
  Result<Bytes> operator()(const Digest& digest) {
    ++calls;
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{
        EVP_PKEY_CTX_new_from_pkey(nullptr, native.get(), nullptr), EVP_PKEY_CTX_free};
    Bytes out(80);
    std::size_t size = out.size();
    if (EVP_PKEY_sign_init(context.get()) != 1 ||
        EVP_PKEY_sign(context.get(), out.data(), &size, digest.get().data(), digest.get().size()) != 1) {
      return fail(Code::hsm_fault, "test signer");
    }
    out.resize(size);
    return out;
  }
};

class ExternalKey : public ::testing::TestWithParam<int> {};

TEST_P(ExternalKey, authenticates_a_client) {
  Signer signer;
  const auto key = tls::make_external_p256(signer.key.public_key(), std::ref(signer)).value();
  const auto certificate = self_signed(key.get());
  ASSERT_TRUE(certificate);
  EXPECT_EQ(X509_verify(certificate.get(), key.get()), 1);
  const int before = signer.calls;
  const auto done = handshake(key.get(), certificate.get(), GetParam());
  EXPECT_TRUE(done.client_done && done.server_done);
  EXPECT_TRUE(done.server_saw_the_key);
  EXPECT_EQ(signer.calls, before + 1);
  EXPECT_EQ(done.version, GetParam() == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
}

TEST_P(ExternalKey, a_signer_that_fails_lies_or_throws_fails_the_handshake) {
  const Signer signer;
  Signer stranger;
  const auto honest = self_signed(signer.native.get());
  ASSERT_TRUE(honest);
  const std::vector<tls::SignDigest> signers{
      [](const Digest&) -> Result<Bytes> { return fail(Code::unavailable, "the TPM is away"); },
      [](const Digest&) -> Result<Bytes> { return Bytes{}; },
      [](const Digest&) -> Result<Bytes> { return Bytes(70, 0x30); },
      [](const Digest&) -> Result<Bytes> { return Bytes(5000, 0x30); },
      [](const Digest&) -> Result<Bytes> { throw std::runtime_error{"test"}; },
      std::ref(stranger),
  };
  for (std::size_t i = 0; i < signers.size(); ++i) {
    const auto key = tls::make_external_p256(signer.key.public_key(), signers[i]).value();
    EXPECT_FALSE(handshake(key.get(), honest.get(), GetParam()).server_done) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, ExternalKey, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_3_VERSION ? "tls13" : "tls12"; });

TEST(ExternalKeyObject, signs_sha256_only_and_lends_its_signer_to_no_copy) {
  Signer signer;
  const auto key = tls::make_external_p256(signer.key.public_key(), std::ref(signer)).value();
  const auto signs = [](EVP_PKEY* with, std::size_t digest_size) {
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{
        EVP_PKEY_CTX_new_from_pkey(nullptr, with, nullptr), EVP_PKEY_CTX_free};
    const Bytes digest(digest_size, 0x11);
    Bytes out(200);
    std::size_t size = out.size();
    const bool signed_ok = EVP_PKEY_sign_init(context.get()) == 1 &&
                           EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size()) == 1;
    ERR_clear_error();
    return signed_ok;
  };
  EXPECT_TRUE(signs(key.get(), 32));
  EXPECT_FALSE(signs(key.get(), 48));
  EXPECT_FALSE(signs(key.get(), 20));
  const Owned<EVP_PKEY> copy{EVP_PKEY_dup(key.get())};
  if (copy) {
    EXPECT_FALSE(signs(copy.get(), 32));
  }
}

TEST(ExternalKeyObject, only_p256_keys_can_be_external) {
  const auto other = crypto::PrivateKey::generate(crypto::KeyType::p384).value();
  const auto made = tls::make_external_p256(other.public_key(), {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::key_attributes);
}

class TpmTls : public support::SwtpmTest {};

TEST_F(TpmTls, a_key_in_a_tpm_authenticates_a_client) {
  const auto root_ = root();
  ASSERT_TRUE(root_->create_pending_key());
  for (const auto which : {DeviceKey::idevid, DeviceKey::pending}) {
    const auto point = oracle::point(root_->public_area(which).value());
    const auto half = crypto::PublicKey::from_spki(oracle::spki(point)).value();
    const auto key = tls::make_external_p256(half, [&root_, which](const Digest& digest) {
                       return root_->sign_digest(which, digest);
                     }).value();
    const auto certificate = self_signed(key.get());
    ASSERT_TRUE(certificate);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      const auto done = handshake(key.get(), certificate.get(), version);
      EXPECT_TRUE(done.client_done && done.server_done && done.server_saw_the_key);
    }
  }
}

}  // namespace
}  // namespace birthmark
