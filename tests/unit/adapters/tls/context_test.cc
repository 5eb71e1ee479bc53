// SPDX-License-Identifier: Apache-2.0
#include "adapters/tls/context.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "codec/base64.h"
#include "unit/adapters/tls/handshake.h"

namespace birthmark::tls {
namespace {

using testing::foreign_client;
using testing::Pair;
using testing::Site;

// --- what a server lets in (AC-23; RFC 8996, RFC 7627 §5.2, RFC 7030 §3.3) ---

TEST(TlsVersions, only_1_2_and_1_3_are_spoken) {
  const Site site;
  const auto server = site.serve();
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    EXPECT_FALSE(Pair(server->native(), foreign_client(version, version).get()).shake_hands()) << version;
  }
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair pair{server->native(), foreign_client(version, version).get()};
    EXPECT_TRUE(pair.shake_hands()) << version;
    EXPECT_EQ(SSL_version(pair.client()), version);
  }
}

TEST(TlsVersions, in_1_2_nobody_gets_in_without_the_extended_master_secret) {
  const Site site;
  const auto server = site.serve();
  const auto client = foreign_client(TLS1_2_VERSION, TLS1_2_VERSION);
  SSL_CTX_set_options(client.get(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
  EXPECT_FALSE(Pair(server->native(), client.get()).shake_hands());
}

/// docs/adr/0003: what a development listener lets in is without any channel binding, and never with a false one.
TEST(TlsVersions, where_the_extended_master_secret_is_unchecked_its_lack_shows_as_no_binding) {
  const Site site;
  const auto server = ServerContext::create({.chain = {site.server.certificate},
                                             .key = &site.server.key,
                                             .client = ClientCertificate::never,
                                             .verify = {},
                                             .extended_master_secret = ExtendedMasterSecret::unchecked})
                          .value();
  const auto lacking = foreign_client(TLS1_2_VERSION, TLS1_2_VERSION);
  SSL_CTX_set_options(lacking.get(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
  Pair without{server->native(), lacking.get()};
  ASSERT_TRUE(without.shake_hands());
  EXPECT_EQ(established(without.server(), server->extended_master_secret()).value().channel_binding, "");
  EXPECT_EQ(established(without.server()).error().code, Code::binding);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair with{server->native(), foreign_client(version, version).get()};
    ASSERT_TRUE(with.shake_hands());
    EXPECT_NE(established(with.server(), server->extended_master_secret()).value().channel_binding, "") << version;
  }
}

TEST(TlsSuites, in_1_2_only_ephemeral_keys_with_aead) {
  const Site site;
  const auto server = site.serve();
  for (const auto* const weak :
       {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES128-CCM8", "ADH-AES128-GCM-SHA256", "ECDHE-ECDSA-NULL-SHA", "PSK-AES128-GCM-SHA256"}) {
    const auto client = foreign_client(TLS1_2_VERSION, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(client.get(), (std::string{weak} + ":@SECLEVEL=0").c_str());
    EXPECT_FALSE(Pair(server->native(), client.get()).shake_hands()) << weak;
  }
  for (const auto* const good :
       {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    const auto client = foreign_client(TLS1_2_VERSION, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(client.get(), good);
    EXPECT_TRUE(Pair(server->native(), client.get()).shake_hands()) << good;
  }
}

TEST(TlsSuites, sha1_signatures_and_small_groups_are_not_taken) {
  const Site site;
  const auto server = site.serve();
  const auto sha1 = foreign_client(TLS1_2_VERSION, TLS1_2_VERSION);
  SSL_CTX_set1_sigalgs_list(sha1.get(), "ECDSA+SHA1:RSA+SHA1");
  EXPECT_FALSE(Pair(server->native(), sha1.get()).shake_hands());
  const auto curve = foreign_client(TLS1_3_VERSION, TLS1_3_VERSION);
  SSL_CTX_set1_groups_list(curve.get(), "secp521r1");
  EXPECT_FALSE(Pair(server->native(), curve.get()).shake_hands());
}

TEST(TlsSessions, a_client_that_renegotiates_gets_nowhere) {
  const Site site;
  const auto server = site.serve();
  Pair pair{server->native(), foreign_client(TLS1_2_VERSION, TLS1_2_VERSION).get()};
  ASSERT_TRUE(pair.shake_hands());
  ASSERT_TRUE(pair.talk());
  SSL_renegotiate(pair.client());
  EXPECT_NE(SSL_do_handshake(pair.client()), 1);
  char byte = 0;
  EXPECT_NE(SSL_read(pair.server(), &byte, 1), 1);
  SSL_do_handshake(pair.client());
  EXPECT_EQ(SSL_num_renegotiations(pair.server()), 0);
  ERR_clear_error();
}

TEST(TlsSessions, nothing_is_resumed_and_nothing_said_early) {
  const Site site;
  const auto server = site.serve();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto client = foreign_client(version, version);
    SSL_CTX_set_session_cache_mode(client.get(), SSL_SESS_CACHE_CLIENT);
    Pair first{server->native(), client.get()};
    ASSERT_TRUE(first.shake_hands());
    SSL_SESSION* const session = SSL_get1_session(first.client());
    EXPECT_EQ(SSL_SESSION_has_ticket(session), 0);
    EXPECT_EQ(SSL_SESSION_get_max_early_data(session), 0U);
    Pair second{server->native(), client.get()};
    SSL_set_session(second.client(), session);
    EXPECT_TRUE(second.shake_hands());
    EXPECT_EQ(SSL_session_reused(second.client()), 0) << version;
    SSL_SESSION_free(session);
  }
}

// --- who is at the other end ---

TEST(TlsClients, the_verifier_alone_decides_and_its_word_stays_with_the_connection) {
  const Site site;
  Bytes seen;
  const auto server = site.serve(ClientCertificate::required, [&](BytesView leaf) -> Result<std::uint64_t> {
    seen = to_bytes(leaf);
    return 4711;
  });
  for (const bool tls12_only : {false, true}) {
    Pair pair{server->native(), site.call(true, tls12_only)->native()};
    ASSERT_TRUE(expect_server(pair.client(), "server.test"));
    ASSERT_TRUE(pair.shake_hands());
    const auto facts = established(pair.server()).value();
    EXPECT_EQ(facts.owner, 4711U);
    EXPECT_EQ(owner_of(pair.server()), 4711U);
    EXPECT_EQ(facts.peer_certificate, site.client.certificate);
    EXPECT_EQ(seen, site.client.certificate);
  }
}

TEST(TlsClients, who_is_refused_or_makes_the_verifier_fail_does_not_get_in) {
  const Site site;
  const std::vector<PeerVerifier> verifiers{
      [](BytesView) -> Result<std::uint64_t> { return fail(Code::unauthenticated, "not you"); },
      [](BytesView) -> Result<std::uint64_t> { throw std::runtime_error{"test"}; },
      [](BytesView) -> Result<std::uint64_t> { throw 1; },
  };
  for (std::size_t i = 0; i < verifiers.size(); ++i) {
    for (const bool tls12_only : {false, true}) {
      const auto server = site.serve(ClientCertificate::wanted, verifiers[i]);
      EXPECT_FALSE(Pair(server->native(), site.call(true, tls12_only)->native()).shake_hands()) << i;
    }
  }
}

TEST(TlsClients, a_certificate_is_asked_for_as_the_listener_says) {
  const Site site;
  const PeerVerifier everybody = [](BytesView) -> Result<std::uint64_t> { return 1; };
  EXPECT_TRUE(
      Pair(site.serve(ClientCertificate::wanted, everybody)->native(), site.call(false)->native()).shake_hands());
  EXPECT_FALSE(
      Pair(site.serve(ClientCertificate::required, everybody)->native(), site.call(false)->native()).shake_hands());
  Pair never{site.serve()->native(), site.call(true)->native()};
  ASSERT_TRUE(never.shake_hands());
  EXPECT_TRUE(established(never.server()).value().peer_certificate.empty());
}

TEST(TlsClients, certificates_signed_with_sha1_or_chains_beyond_the_bound_do_not_get_in) {
  const Site site;
  const auto server = site.serve(ClientCertificate::required, [](BytesView) -> Result<std::uint64_t> { return 1; });
  const auto with_chain = [&](const test::TlsIdentity& identity, int copies) {
    auto client = foreign_client(TLS1_2_VERSION, TLS1_3_VERSION);
    const unsigned char* cursor = identity.certificate.data();
    X509* const leaf = d2i_X509(nullptr, &cursor, static_cast<long>(identity.certificate.size()));
    SSL_CTX_use_certificate(client.get(), leaf);
    SSL_CTX_use_PrivateKey(client.get(), crypto::native(identity.key));
    for (int i = 0; i < copies; ++i) {
      SSL_CTX_add1_chain_cert(client.get(), leaf);
    }
    X509_free(leaf);
    return client;
  };
  EXPECT_TRUE(Pair(server->native(), with_chain(site.client, 0).get()).shake_hands());
  EXPECT_FALSE(Pair(server->native(), with_chain(site.client, 100).get()).shake_hands());
}

TEST(TlsServer, wrong_keys_and_missing_parts_are_found_when_it_is_made) {
  const Site site;
  EXPECT_EQ(
      ServerContext::create({.chain = {site.server.certificate}, .key = &site.client.key, .client = {}, .verify = {}})
          .error()
          .code,
      Code::key_attributes);
  EXPECT_FALSE(ServerContext::create({.chain = {}, .key = &site.server.key, .client = {}, .verify = {}}));
  EXPECT_FALSE(ServerContext::create(
      {.chain = {site.server.certificate}, .key = nullptr, .client = ClientCertificate::never, .verify = {}}));
  EXPECT_FALSE(ServerContext::create({.chain = {site.server.certificate},
                                      .key = &site.server.key,
                                      .client = ClientCertificate::wanted,
                                      .verify = {}}));
  EXPECT_FALSE(ServerContext::create(
      {.chain = {Bytes{0x30, 0x00}}, .key = &site.server.key, .client = ClientCertificate::never, .verify = {}}));
}

// --- channel binding (RFC 5929 §3, RFC 9266) ---

TEST(ChannelBinding, is_the_same_on_both_sides_and_of_this_connection_only) {
  const Site site;
  const auto server = site.serve();
  for (const bool tls12_only : {false, true}) {
    std::vector<std::string> bindings;
    for (int i = 0; i < 2; ++i) {
      Pair pair{server->native(), site.call(false, tls12_only)->native()};
      ASSERT_TRUE(pair.shake_hands());
      bindings.push_back(established(pair.server()).value().channel_binding);
      EXPECT_EQ(established(pair.client()).value().channel_binding, bindings.back());
      EXPECT_EQ(base64::decode(bindings.back(), 64).value().size(), tls12_only ? 12U : 32U);
    }
    EXPECT_NE(bindings[0], bindings[1]);
  }
}

// RFC 5929 §3.1: the first Finished, which is the client's.
TEST(ChannelBinding, in_1_2_is_tls_unique_as_openssl_has_it) {
  const Site site;
  Pair pair{site.serve()->native(), site.call(false, true)->native()};
  ASSERT_TRUE(pair.shake_hands());
  Bytes finished(64);
  finished.resize(SSL_get_finished(pair.client(), finished.data(), finished.size()));
  EXPECT_EQ(established(pair.server()).value().channel_binding, base64::encode(finished));
}

// RFC 9266 §4.2: the label, no context, 32 octets.
TEST(ChannelBinding, in_1_3_is_the_exporter_as_openssl_has_it) {
  const Site site;
  Pair pair{site.serve()->native(), site.call()->native()};
  ASSERT_TRUE(pair.shake_hands());
  Bytes exported(32);
  const std::string_view label = "EXPORTER-Channel-Binding";
  ASSERT_EQ(SSL_export_keying_material(pair.client(), exported.data(), exported.size(), label.data(), label.size(),
                                       nullptr, 0, 0),
            1);
  EXPECT_EQ(established(pair.server()).value().channel_binding, base64::encode(exported));
}

// --- what a client believes (AC-42; RFC 9525 §6.3) ---

TEST(TlsAnchors, only_the_pinned_roots_count) {
  const Site site, other{"other root"};
  const auto server = site.serve();
  const auto asks = [&](std::vector<Bytes> anchors) {
    const auto client =
        ClientContext::create({.anchors = std::move(anchors), .chain = {}, .key = nullptr, .external_key = nullptr})
            .value();
    Pair pair{server->native(), client->native()};
    EXPECT_TRUE(expect_server(pair.client(), "server.test"));
    const bool done = pair.shake_hands();
    EXPECT_EQ(refusal_words(pair.client()).empty(), done);
    return done;
  };
  EXPECT_TRUE(asks({site.root.certificate}));
  EXPECT_TRUE(asks({other.root.certificate, site.root.certificate}));
  EXPECT_FALSE(asks({other.root.certificate}));
  EXPECT_FALSE(asks({}));
}

struct Name {
  const char* name;
  const char* host;
  const char* alt_names;
  bool fits;
};
class ServerName : public ::testing::TestWithParam<Name> {};

TEST_P(ServerName, is_looked_for_in_the_alternative_names_only) {
  const Site site;
  const auto identity =
      test::make_identity({.common_name = "server.test", .alt_names = GetParam().alt_names}, &site.root);
  const auto server =
      ServerContext::create(
          {.chain = {identity.certificate}, .key = &identity.key, .client = ClientCertificate::never, .verify = {}})
          .value();
  Pair pair{server->native(), site.call()->native()};
  ASSERT_TRUE(expect_server(pair.client(), GetParam().host));
  EXPECT_EQ(pair.shake_hands(), GetParam().fits);
}

INSTANTIATE_TEST_SUITE_P(Names, ServerName,
                         ::testing::Values(Name{"the_name", "server.test", "DNS:server.test", true},
                                           Name{"another_name", "server.test", "DNS:other.test", false},
                                           Name{"the_common_name_alone", "server.test", "", false},
                                           Name{"a_name_above", "server.test", "DNS:test", false},
                                           Name{"a_whole_wildcard", "a.server.test", "DNS:*.server.test", true},
                                           Name{"a_part_wildcard", "ab.server.test", "DNS:a*.server.test", false},
                                           Name{"the_address", "127.0.0.1", "IP:127.0.0.1", true},
                                           Name{"another_address", "127.0.0.1", "IP:127.0.0.2", false},
                                           Name{"an_address_as_a_name", "127.0.0.1", "DNS:127.0.0.1", false},
                                           Name{"the_long_address", "::1", "IP:::1", true}),
                         [](const auto& name) { return name.param.name; });

TEST(TlsClient, keys_chains_and_anchors_that_do_not_fit_are_found_when_it_is_made) {
  const Site site;
  ClientContext::Options options;
  options.chain = {site.client.certificate};
  EXPECT_EQ(ClientContext::create(options).error().code, Code::key_attributes);
  options.key = &site.server.key;
  EXPECT_EQ(ClientContext::create(options).error().code, Code::key_attributes);
  options.chain.clear();
  options.anchors = {as_bytes("no certificate").empty() ? Bytes{} : to_bytes(as_bytes("no certificate"))};
  EXPECT_EQ(ClientContext::create(options).error().code, Code::bad_request);
}

}  // namespace
}  // namespace birthmark::tls
