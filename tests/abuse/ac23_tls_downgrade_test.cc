// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "support/line.h"
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
  Server server_;
};

TEST_F(AC23, versions_below_1_2_are_refused_and_1_2_and_1_3_are_spoken) {
  for (const auto* const version : {"-tls1", "-tls1_1"}) {
    EXPECT_FALSE(agreed(s_client({version, "-cipher", "ALL:@SECLEVEL=0"}))) << version;
  }
  for (const auto* const version : {"-tls1_2", "-tls1_3"}) {
    const auto finished = s_client({version});
    EXPECT_TRUE(agreed(finished)) << version << finished.err;
  }
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

TEST_F(AC23, a_client_certificate_with_sha1_is_refused) {
  const auto key = (server_.directory() / "key.pem").string(),
             certificate = (server_.directory() / "cert.pem").string();
  ASSERT_EQ(run({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha1", "-subj", "/CN=old",
                          "-keyout", key, "-out", certificate}})
                .exit_code,
            0);
  const auto finished = s_client({"-tls1_2", "-cert", certificate, "-key", key, "-cipher", "ALL:@SECLEVEL=0"});
  EXPECT_NE(finished.exit_code, 0);
  Caller honest{server_, Listener::device, nullptr};
  EXPECT_TRUE(honest.get("/.well-known/est/cacerts").ok());
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
