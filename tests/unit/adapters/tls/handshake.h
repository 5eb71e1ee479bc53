// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "adapters/tls/context.h"
#include "support/tls_identity.h"

namespace birthmark::tls::testing {

struct FreeTls {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeTls>;

/// Two sides that talk through memory.
class Pair {
 public:
  Pair(SSL_CTX* server, SSL_CTX* client) : server_{SSL_new(server)}, client_{SSL_new(client)} {
    BIO* a = nullptr;
    BIO* b = nullptr;
    BIO_new_bio_pair(&a, 256 * 1024, &b, 256 * 1024);
    SSL_set_bio(server_.get(), a, a);
    SSL_set_bio(client_.get(), b, b);
    SSL_set_accept_state(server_.get());
    SSL_set_connect_state(client_.get());
  }
  /// Whether both sides finished.
  bool shake_hands() {
    bool done = false;
    for (int turn = 0; turn < 20; ++turn) {
      const bool client = SSL_do_handshake(client_.get()) == 1;
      done = SSL_do_handshake(server_.get()) == 1 && client;
    }
    // In TLS 1.3 a client is done before the server judged its certificate: the alert comes with the next read.
    char byte = 0;
    const int read = SSL_read(client_.get(), &byte, 1);
    done = done && SSL_get_error(client_.get(), read) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    return done;
  }
  /// Whether a byte from the client reaches the server.
  bool talk() {
    const char sent = 'x';
    char got = 0;
    const bool arrived =
        SSL_write(client_.get(), &sent, 1) == 1 && SSL_read(server_.get(), &got, 1) == 1 && got == sent;
    ERR_clear_error();
    return arrived;
  }
  SSL* server() { return server_.get(); }
  SSL* client() { return client_.get(); }

 private:
  Owned<SSL> server_, client_;
};

/// A certification authority with a server under it.
struct Site {
  std::string name = "root";
  test::TlsIdentity root = test::make_identity({.common_name = name, .ca = true});
  test::TlsIdentity server =
      test::make_identity({.common_name = "server", .alt_names = "DNS:server.test,IP:127.0.0.1"}, &root);
  test::TlsIdentity client = test::make_identity({.common_name = "client"}, &root);

  [[nodiscard]] std::shared_ptr<ServerContext> serve(ClientCertificate mode = ClientCertificate::never,
                                                     PeerVerifier verify = {}) const {
    return ServerContext::create(
               {.chain = {server.certificate}, .key = &server.key, .client = mode, .verify = std::move(verify)})
        .value();
  }
  [[nodiscard]] std::shared_ptr<ClientContext> call(bool with_certificate = false, bool tls12_only = false) const {
    ClientContext::Options options;
    options.anchors = {root.certificate};
    options.tls12_only = tls12_only;
    if (with_certificate) {
      options.chain = {client.certificate};
      options.key = &client.key;
    }
    return ClientContext::create(options).value();
  }
};

/// A client that knows no rules but what the test sets; verifies nothing.
inline Owned<SSL_CTX> foreign_client(int lowest, int highest) {
  Owned<SSL_CTX> context{SSL_CTX_new(TLS_client_method())};
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), lowest);
  SSL_CTX_set_max_proto_version(context.get(), highest);
  SSL_CTX_set_cipher_list(context.get(), "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
  return context;
}

}  // namespace birthmark::tls::testing
