// SPDX-License-Identifier: Apache-2.0
#include "adapters/tls/context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

#include "codec/base64.h"
#include "crypto/native.h"

namespace birthmark::tls {
namespace {

constexpr const char* kSuites12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305";
constexpr const char* kSuites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256";
constexpr const char* kSignatures = "ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA+SHA256";
constexpr const char* kExporterLabel = "EXPORTER-Channel-Binding";  // RFC 9266 §4.2
constexpr std::size_t kExporterBytes = 32;
constexpr std::size_t kPeerChainBytesMax = 16 * 1024;
constexpr int kSecurityLevel = 2;  // 112 bits: no SHA-1, no RSA below 2048, whatever the system's configuration says

using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

/// Where a connection keeps what its verifier said: an ex_data slot, made once.
int owner_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

void free_refusal(void* /*parent*/, void* refusal, CRYPTO_EX_DATA* /*data*/, int /*slot*/, long /*more*/,
                  void* /*argument*/) {
  delete static_cast<Error*>(refusal);  // owned by the connection of the library, as no C++ object is
}

/// Where a connection keeps why its verifier refused: the library itself has only numbers of its own for that.
int refusal_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_refusal);
  return slot;
}

void keep_refusal(SSL* ssl, const Error& error) noexcept {
  try {
    auto kept = std::make_unique<Error>(error);
    delete static_cast<Error*>(SSL_get_ex_data(ssl, refusal_slot()));
    SSL_set_ex_data(ssl, refusal_slot(), nullptr);
    if (SSL_set_ex_data(ssl, refusal_slot(), kept.get()) == 1) {
      static_cast<void>(kept.release());
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): refused all the same, only without words
  }
}

Bytes der_of(const X509* certificate) {
  unsigned char* encoded = nullptr;
  const int size = i2d_X509(certificate, &encoded);
  if (size <= 0) {
    return {};
  }
  Bytes der{encoded, encoded + size};
  OPENSSL_free(encoded);
  return der;
}

Result<X509Ptr> read_certificate(BytesView der) {
  const unsigned char* cursor = der.data();
  X509Ptr certificate{d2i_X509(nullptr, &cursor, static_cast<long>(der.size())), &X509_free};
  if (!certificate || cursor != der.data() + der.size()) {
    return fail(Code::bad_request, "unreadable certificate: " + last_error());
  }
  return certificate;
}

/// Nothing may be thrown through the library.
Result<std::uint64_t> run_verifier(const ServerContext& context, const X509& leaf) noexcept {
  try {
    return context.verifier()(der_of(&leaf));
  } catch (...) {
    return fail(Code::unavailable, {});
  }
}

/// Refuses a client that can do neither TLS 1.3 nor the extended master secret, before anything is spent on it: the
/// library alone would go on without (RFC 7627 §5.2).
int check_hello(SSL* ssl, int* alert, void* /*argument*/) {
  const unsigned char* extension = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &extension, &size) == 1 ||
      SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_extended_master_secret, &extension, &size) == 1) {
    return SSL_CLIENT_HELLO_SUCCESS;
  }
  *alert = SSL_AD_HANDSHAKE_FAILURE;
  return SSL_CLIENT_HELLO_ERROR;
}

/// Replaces the library's path building altogether: our verifier alone decides.
int verify_peer(X509_STORE_CTX* store, void* argument) {
  const auto* const context = static_cast<const ServerContext*>(argument);
  auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const X509* const leaf = X509_STORE_CTX_get0_cert(store);
  const auto owner = leaf != nullptr && ssl != nullptr ? run_verifier(*context, *leaf)
                                                       : Result<std::uint64_t>{fail(Code::unauthenticated, "no leaf")};
  if (!owner) {
    if (ssl != nullptr) {
      keep_refusal(ssl, owner.error());
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  // The slot holds the number itself, not a pointer to it.
  SSL_set_ex_data(ssl, owner_slot(), reinterpret_cast<void*>(static_cast<std::uintptr_t>(*owner)));
  return 1;
}

Result<void> use_chain(SSL_CTX* context, std::span<const Bytes> chain, EVP_PKEY* key) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    BM_TRY(const auto certificate, read_certificate(chain[i]));
    const long done = i == 0 ? SSL_CTX_use_certificate(context, certificate.get())
                             : SSL_CTX_add1_chain_cert(context, certificate.get());
    if (done != 1) {
      return fail(Code::key_attributes, "certificate chain: " + last_error());
    }
  }
  if (SSL_CTX_use_PrivateKey(context, key) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return fail(Code::key_attributes, "key and certificate do not fit: " + last_error());
  }
  return {};
}

Result<ContextPtr> common(const SSL_METHOD* method) {
  ContextPtr context{SSL_CTX_new(method), &SSL_CTX_free};
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), kSuites12) != 1 ||
      SSL_CTX_set_ciphersuites(context.get(), kSuites13) != 1 ||
      SSL_CTX_set1_groups_list(context.get(), kGroups) != 1 ||
      SSL_CTX_set1_sigalgs_list(context.get(), kSignatures) != 1 ||
      // For TLS 1.3 the option below is not enough: tickets would become stateful, not disappear.
      SSL_CTX_set_num_tickets(context.get(), 0) != 1) {
    return fail(Code::key_attributes, "TLS settings: " + last_error());
  }
  SSL_CTX_set_security_level(context.get(), kSecurityLevel);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

int verify_mode(ClientCertificate client) {
  switch (client) {
    case ClientCertificate::never:
      return SSL_VERIFY_NONE;
    case ClientCertificate::wanted:
      return SSL_VERIFY_PEER;
    case ClientCertificate::required:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

Result<std::string> channel_binding(SSL* ssl, ExtendedMasterSecret extended_master_secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
  if (SSL_version(ssl) == TLS1_3_VERSION) {
    if (SSL_export_keying_material(ssl, value.data(), kExporterBytes, kExporterLabel,
                                   std::char_traits<char>::length(kExporterLabel), nullptr, 0, 0) != 1) {
      return fail(Code::binding, "exporter: " + last_error());
    }
    return base64::encode(BytesView{value}.first(kExporterBytes));
  }
  if (SSL_get_extms_support(ssl) != 1) {
    if (extended_master_secret == ExtendedMasterSecret::unchecked) {
      return std::string{};
    }
    return fail(Code::binding, "TLS 1.2 without extended master secret (RFC 7627)");
  }
  // tls-unique is the first Finished of the handshake: the client's, as sessions are never resumed (RFC 5929 §3.1).
  const std::size_t size = SSL_is_server(ssl) == 1 ? SSL_get_peer_finished(ssl, value.data(), value.size())
                                                   : SSL_get_finished(ssl, value.data(), value.size());
  if (size == 0 || size > value.size()) {
    return fail(Code::binding, "no Finished message");
  }
  return base64::encode(BytesView{value}.first(size));
}

}  // namespace

std::string last_error() {
  std::array<char, 256> text{};
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) {
    return "no detail";
  }
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

ServerContext::ServerContext(ssl_ctx_st* native, PeerVerifier verify, ExtendedMasterSecret extended_master_secret)
    : native_{native}, verify_{std::move(verify)}, extended_master_secret_{extended_master_secret} {}
ServerContext::~ServerContext() {
  SSL_CTX_free(native_);
}
ClientContext::~ClientContext() {
  SSL_CTX_free(native_);
}

Result<std::shared_ptr<ServerContext>> ServerContext::create(Options options) {
  if (options.key == nullptr || options.chain.empty()) {
    return fail(Code::key_attributes, "a server needs a key and a chain");
  }
  if (options.client != ClientCertificate::never && !options.verify) {
    return fail(Code::key_attributes, "client certificates need a verifier");
  }
  BM_TRY(auto native, common(TLS_server_method()));
  BM_CHECK(use_chain(native.get(), options.chain, crypto::native(*options.key)));
  SSL_CTX_set_max_early_data(native.get(), 0);
  SSL_CTX_set_max_cert_list(native.get(), kPeerChainBytesMax);
  if (options.extended_master_secret == ExtendedMasterSecret::required) {
    SSL_CTX_set_client_hello_cb(native.get(), check_hello, nullptr);
  }
  SSL_CTX_set_verify(native.get(), verify_mode(options.client), nullptr);
  auto context =
      std::make_shared<ServerContext>(native.release(), std::move(options.verify), options.extended_master_secret);
  SSL_CTX_set_cert_verify_callback(context->native(), verify_peer, context.get());
  return context;
}

Result<std::shared_ptr<ClientContext>> ClientContext::create(const Options& options) {
  BM_TRY(auto native, common(TLS_client_method()));
  X509_STORE* const store = SSL_CTX_get_cert_store(native.get());
  for (const auto& anchor : options.anchors) {
    BM_TRY(const auto certificate, read_certificate(anchor));
    if (X509_STORE_add_cert(store, certificate.get()) != 1) {
      return fail(Code::bad_request, "anchor: " + last_error());
    }
  }
  SSL_CTX_set_verify(native.get(), SSL_VERIFY_PEER, nullptr);
  X509_VERIFY_PARAM* const parameters = SSL_CTX_get0_param(native.get());
  // One or the other: a time that is set would be judged in spite of the flag.
  if (options.dates == Dates::by_the_caller) {
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_NO_CHECK_TIME);
  } else if (options.at) {
    X509_VERIFY_PARAM_set_time(parameters, static_cast<std::time_t>(to_ms(*options.at) / 1000));
  }
  if (options.tls12_only && SSL_CTX_set_max_proto_version(native.get(), TLS1_2_VERSION) != 1) {
    return fail(Code::key_attributes, "TLS version: " + last_error());
  }
  if (!options.chain.empty()) {
    EVP_PKEY* const key = options.key != nullptr ? crypto::native(*options.key) : options.external_key;
    if (key == nullptr) {
      return fail(Code::key_attributes, "a client certificate needs its key");
    }
    BM_CHECK(use_chain(native.get(), options.chain, key));
  }
  return std::make_shared<ClientContext>(native.release());
}

Result<void> expect_server(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl);
  // Names are looked for in subjectAltName only, and a wildcard is a whole label (RFC 9525 §6.3).
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1) {
    return {};
  }
  ERR_clear_error();
  if (X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size()) != 1 ||
      SSL_set_tlsext_host_name(ssl, host.c_str()) != 1) {
    return fail(Code::bad_request, "server name " + host + ": " + last_error());
  }
  return {};
}

std::string refusal_words(SSL* ssl) {
  const auto verdict = SSL_get_verify_result(ssl);
  return verdict == X509_V_OK ? std::string{} : X509_verify_cert_error_string(verdict);
}

Result<Established> established(SSL* ssl, ExtendedMasterSecret extended_master_secret) {
  Established facts;
  BM_TRY(facts.channel_binding, channel_binding(ssl, extended_master_secret));
  if (const X509* const leaf = SSL_get0_peer_certificate(ssl); leaf != nullptr) {
    facts.peer_certificate = der_of(leaf);
  }
  facts.owner = owner_of(ssl);
  return facts;
}

std::uint64_t owner_of(const SSL* ssl) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(SSL_get_ex_data(ssl, owner_slot())));
}

std::optional<Error> refusal_of(const SSL* ssl) {
  const auto* const refusal = static_cast<const Error*>(SSL_get_ex_data(ssl, refusal_slot()));
  return refusal != nullptr ? std::optional{*refusal} : std::nullopt;
}

ssl_ctx_st* add_reference(ssl_ctx_st* native) {
  SSL_CTX_up_ref(native);
  return native;
}

}  // namespace birthmark::tls
