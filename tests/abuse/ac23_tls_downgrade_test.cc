// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <fstream>

#include "adapters/files/passphrase.h"
#include "adapters/files/posix_files.h"
#include "codec/pem.h"
#include "crypto/native.h"
#include "support/comes_true.h"
#include "support/line.h"
#include "support/tls_identity.h"
#include "support/wire_socket.h"

namespace birthmark::test {
namespace {

/// TLS downgrade, tried by a foreign client: `openssl s_client`, with every guard of its own switched off.
class AC23 : public testing::Test {
 protected:
  Finished s_client(std::vector<std::string> more, const std::string& input = "Q\n") {
    std::vector<std::string> argv{"openssl", "s_client", "-connect",
                                  "127.0.0.1:" + std::to_string(server_.device_port())};
    argv.insert(argv.end(), more.begin(), more.end());
    return run({.argv = argv, .input = input});
  }
  static bool agreed(const Finished& finished) {
    return finished.out.find("Cipher is (NONE)") == std::string::npos &&
           finished.out.find("Cipher is ") != std::string::npos;
  }
  Server server_{{.flags = {"--metrics", "on"}}};
};

/// The key of the CA that made this certificate, out of the server's own directory.
crypto::PrivateKey issuer_key(const Server& server, X509* leaf) {
  PosixFiles files;
  const auto passphrase = must(read_passphrase(files, server.data() / "passphrase"));
  for (const auto& file : std::filesystem::directory_iterator{server.data() / "keys"}) {
    const auto bytes = file.path().extension() == ".key" ? must(files.read(file.path(), 16UL * 1024)) : Bytes{};
    const auto text = as_text(bytes);
    if (!text.starts_with("use: certificates\n")) {
      continue;
    }
    auto key = must(crypto::PrivateKey::from_encrypted_pem(text.substr(text.find('\n') + 1), passphrase));
    if (X509_verify(leaf, crypto::native(key)) == 1) {
      return key;
    }
  }
  throw std::runtime_error{"no key of the issuer"};
}

/// The first operator's certificate, signed anew by the CA that made it.
/// @param days from now until it ends; negative: it has ended
daemon::Identity signed_anew(const Server& server, const EVP_MD* digest, int days = 1) {
  const auto& identity = server.operator_identity();
  const unsigned char* cursor = identity.chain.front().data();
  const std::unique_ptr<X509, decltype(&X509_free)> leaf{
      d2i_X509(nullptr, &cursor, static_cast<long>(identity.chain.front().size())), X509_free};
  const auto key = issuer_key(server, leaf.get());
  if (days < 0) {
    X509_gmtime_adj(X509_getm_notBefore(leaf.get()), 2L * days * 24 * 3600);
    X509_gmtime_adj(X509_getm_notAfter(leaf.get()), 1L * days * 24 * 3600);
  }
  if (X509_sign(leaf.get(), crypto::native(key), digest) <= 0) {
    throw std::runtime_error{"cannot sign"};
  }
  unsigned char* encoded = nullptr;
  const int size = i2d_X509(leaf.get(), &encoded);
  Bytes der{encoded, encoded + size};
  OPENSSL_free(encoded);
  return identity_of(identity.key, {std::move(der)});
}

TEST_F(AC23, versions_below_1_2_are_refused_and_1_2_and_1_3_are_spoken) {
  for (const auto* const version : {"-tls1", "-tls1_1"}) {
    EXPECT_FALSE(agreed(s_client({version, "-cipher", "ALL:@SECLEVEL=0"}))) << version;
  }
  for (const auto* const version : {"-tls1_2", "-tls1_3"}) {
    const auto finished = s_client({version});
    EXPECT_TRUE(agreed(finished)) << version << finished.err;
  }
}

/// `R` at the begin of a line asks for it, once the handshake is done.
TEST_F(AC23, renegotiation_is_refused_on_a_running_server) {
  const auto asked = s_client({"-tls1_2", "-msg"}, "R\n");
  EXPECT_TRUE(agreed(asked));
  const auto said = asked.out + asked.err;
  EXPECT_NE(said.find("RENEGOTIATING"), std::string::npos) << said;
  EXPECT_NE(said.find("no_renegotiation"), std::string::npos) << said;
}

TEST_F(AC23, weak_suites_are_refused) {
  for (const auto* const suite : {"ECDHE-ECDSA-AES128-SHA", "AES128-SHA", "ECDHE-ECDSA-NULL-SHA", "AECDH-AES128-SHA",
                                  "ECDHE-ECDSA-AES256-SHA384"}) {
    EXPECT_FALSE(agreed(s_client({"-tls1_2", "-cipher", std::string{suite} + ":@SECLEVEL=0"}))) << suite;
  }
}

TEST_F(AC23, nobody_gets_a_ticket_so_nobody_can_say_anything_early) {
  const auto file = server_.directory() / "session.pem";
  const auto finished = s_client({"-tls1_3", "-sess_out", file.string()});
  EXPECT_TRUE(agreed(finished));
  EXPECT_EQ(finished.out.find("Max Early Data: 1"), std::string::npos);
  EXPECT_EQ(finished.out.find("Post-Handshake New Session Ticket"), std::string::npos);
}

/// By the trusted CA itself, with its own key: what is refused is the hash. With SHA-256 the same client gets in.
TEST_F(AC23, a_client_certificate_that_our_own_ca_signed_with_sha1_is_refused) {
  const auto ask = [&](const EVP_MD* digest) {
    const auto identity = signed_anew(server_, digest);
    const auto key = server_.directory() / "key.pem", certificate = server_.directory() / "cert.pem";
    std::ofstream{key} << must(identity.key.to_pem());
    std::ofstream{certificate} << pem::write("CERTIFICATE", identity.chain.front());
    return run({.argv = {"openssl", "s_client", "-tls1_2", "-quiet", "-ign_eof", "-cipher", "ALL:@SECLEVEL=0",
                         "-connect", "127.0.0.1:" + std::to_string(server_.device_port()), "-cert",
                         certificate.string(), "-key", key.string()},
                .input = "GET /.well-known/est/cacerts HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"});
  };
  const auto good = ask(EVP_sha256());
  EXPECT_NE(good.out.find("HTTP/1.1 200"), std::string::npos) << good.out << good.err;
  const auto weak = ask(EVP_sha1());
  EXPECT_EQ(weak.out.find("HTTP/1.1"), std::string::npos) << weak.out;
  EXPECT_NE(weak.exit_code, 0);
  EXPECT_TRUE(comes_true([&] { return server_.err().find("handshake_refused") != std::string::npos; }))
      << "our own verifier read it: " << server_.err();
}

TEST_F(AC23, a_refused_certificate_is_logged_with_peer_and_reason_and_counted_as_a_strangers) {
  Caller open{server_, Listener::open, nullptr};
  const auto counted = [&](std::string_view code) {
    const auto text = open.get("/metrics").body;
    const auto name = "birthmark_refusals_total{code=\"" + std::string{code} + "\"} ";
    const auto at = text.find(name);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
  };
  const auto foreign = make_identity({.common_name = "admin"});
  const auto expired = signed_anew(server_, EVP_sha256(), -1);
  const auto stranger = identity_of(foreign.key, {foreign.certificate});
  for (const auto& [identity, code] :
       {std::pair{&expired, "credential_ended"}, std::pair{&stranger, "unauthenticated"}}) {
    const auto before = counted(code);
    Caller caller{server_, Listener::device, identity};
    EXPECT_TRUE(caller.get("/.well-known/est/cacerts").silent());
    const auto reason = "\"peer\":\"127.0.0.1\",\"code\":\"" + std::string{code} + "\"";
    EXPECT_TRUE(comes_true([&] { return server_.err().find(reason) != std::string::npos; })) << server_.err();
    EXPECT_EQ(counted(code), before + 1);
  }
}

/// docs/adr/0003: this server is one of the environment development. In production: flow_est_clients.
TEST_F(AC23, without_the_extended_master_secret_nothing_is_to_be_had_that_rests_on_a_channel_binding) {
  const auto config = server_.directory() / "openssl.cnf";
  std::ofstream{config} << "openssl_conf = i\n[i]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\n"
                           "Options = -ExtendedMasterSecret\n";
  const auto ask = [&](std::uint16_t port, const std::string& path) {
    return run({.argv = {"openssl", "s_client", "-tls1_2", "-quiet", "-ign_eof", "-connect",
                         "127.0.0.1:" + std::to_string(port)},
                .env = {{"OPENSSL_CONF", config.string()}},
                .input = "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"});
  };
  const auto time = "/v1/time?nonce=" + std::string(32, '0');
  const auto refused = ask(server_.device_port(), time).out;
  EXPECT_NE(refused.find("HTTP/1.1 403"), std::string::npos) << refused;
  EXPECT_NE(refused.find("\"code\":\"binding\""), std::string::npos) << refused;
  EXPECT_NE(ask(server_.device_port(), "/.well-known/est/cacerts").out.find("HTTP/1.1 200"), std::string::npos);
  const auto operators = ask(server_.operator_port(), "/v1/status");
  EXPECT_NE(operators.exit_code, 0);
  EXPECT_EQ(operators.out.find("HTTP/1.1"), std::string::npos);
  Caller honest{server_, Listener::device, nullptr};
  EXPECT_TRUE(honest.get(time).ok());
}

TEST_F(AC23, plain_http_gets_no_answer) {
  WireSocket plain{server_.device_port()};
  plain.send("GET /.well-known/est/cacerts HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(plain.rest().find("HTTP/1.1"), std::string::npos);
}

}  // namespace
}  // namespace birthmark::test
