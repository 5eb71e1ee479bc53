// SPDX-License-Identifier: Apache-2.0
// The server's own certificate: whoever restarts a server now and then never meets its end.
#include "daemon/server_certificate.h"

#include <gtest/gtest.h>

#include "adapters/files/posix_files.h"
#include "app/service_credentials.h"
#include "codec/oid.h"
#include "codec/pem.h"
#include "codec/x509.h"
#include "support/temp_dir.h"
#include "support/world.h"

namespace birthmark::daemon {
namespace {

using std::chrono::days;
using test::must;

class OwnCertificate : public testing::Test {
 protected:
  Result<ServerCertificate> start() {
    return ensure_server_certificate(config_, tls_, passphrase_,
                                     {files_, world_.store(), world_.cases->hierarchy, world_.clock});
  }
  Identity identity() { return must(read_identity(files_, tls_, "server", passphrase_)); }
  Bytes leaf() {
    const auto text = must(files_.read(tls_ / "server.pem", 64UL * 1024));
    return must(pem::read(as_text(text), "CERTIFICATE", {})).front();
  }
  x509::Certificate certificate() { return must(x509::Certificate::read(leaf())); }
  std::vector<app::CertificateRecord> records() {
    return must(world_.store().read_for<std::vector<app::CertificateRecord>>(
        [](app::Tx& tx) { return app::server_certificates(tx); }));
  }
  /// A registry that issues all the time.
  void pass(days time) {
    world_.clock.advance(time);
    must(world_.store().write([&](app::Tx& tx) { return tx.set_clock_mark(world_.clock.now()); }));
  }
  /// That this one is live and every other one has ended.
  void expect_live_alone(const Bytes& der) {
    for (const auto& record : records()) {
      const bool this_one = app::certificate_of(record) == der;
      EXPECT_EQ(record.standing == lifecycle::Standing::live, this_one) << to_hex(record.serial.get());
    }
    EXPECT_EQ(world_.wrong(), "");
  }
  /// That the next start makes another key and certificate, the one after it nothing, and the one before has ended.
  void expect_renewal() {
    const auto before = leaf();
    EXPECT_EQ(must(start()), ServerCertificate::made);
    const auto now = leaf();
    EXPECT_NE(now, before);
    EXPECT_TRUE(equal(certificate().spki(), identity().key.public_key().spki()));
    expect_live_alone(now);
    const auto entries = world_.entries().size();
    EXPECT_EQ(must(start()), ServerCertificate::kept);
    EXPECT_EQ(leaf(), now);
    EXPECT_EQ(world_.entries().size(), entries) << "a start that has nothing to do writes nothing";
  }

  test::World world_;
  test::TempDir directory_;
  const std::filesystem::path tls_ = directory_ / "tls";
  PosixFiles files_;
  const Secret passphrase_{to_bytes(as_bytes("passphrase"))};
  Config config_ = [] {
    Config config;
    config.server_names = {"registry.example", "192.0.2.7"};
    return config;
  }();
};

TEST_F(OwnCertificate, is_made_once_and_kept_for_two_thirds_of_its_life) {
  EXPECT_EQ(must(start()), ServerCertificate::made);
  const auto first = leaf();
  const auto third = (certificate().not_after() - certificate().not_before()) / 3;
  world_.clock.advance(certificate().not_after() - third - world_.clock.now() - std::chrono::milliseconds{1});
  EXPECT_EQ(must(start()), ServerCertificate::kept);
  EXPECT_EQ(leaf(), first);
  EXPECT_EQ(records().size(), 1U);
}

TEST_F(OwnCertificate, is_made_anew_in_its_last_third_and_the_log_says_so) {
  must(start());
  const auto first = certificate();
  pass(days{266});
  expect_renewal();
  EXPECT_FALSE(equal(certificate().spki(), first.spki())) << "with a fresh key";
  EXPECT_GT(certificate().not_after(), first.not_after() + days{200});
  const auto entries = world_.entries();
  const auto ended = std::ranges::find_if(entries, [&](const audit::Entry& entry) {
    return entry.kind == audit::EntryKind::credential_status && entry.actor == "server:certificate";
  });
  ASSERT_NE(ended, entries.end());
  ASSERT_TRUE(ended->serial);
  EXPECT_EQ(to_hex(ended->serial->get()), to_hex(first.serial()));
}

TEST_F(OwnCertificate, that_has_ended_is_made_anew) {
  must(start());
  pass(days{3650});
  expect_renewal();
}

/// A start before the machine knows the time: what begins in the future would serve nobody when it is known.
TEST_F(OwnCertificate, that_a_clock_far_ahead_of_all_that_was_issued_makes_due_stays) {
  must(start());
  const auto first = leaf();
  world_.clock.advance(days{266});
  const auto refused = start();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::clock_suspect);
  EXPECT_EQ(leaf(), first);
  expect_live_alone(first);
  std::filesystem::remove(tls_ / "server.pem");
  EXPECT_EQ(must(start()), ServerCertificate::made) << "who says that the clock is right";
}

TEST_F(OwnCertificate, names_what_the_settings_name_now) {
  must(start());
  config_.server_names = {"192.0.2.7", "registry.example"};
  EXPECT_EQ(must(start()), ServerCertificate::kept) << "in another order";
  config_.server_names = {"registry.example", "192.0.2.7", "other.example"};
  expect_renewal();
  config_.server_names = {"other.example"};
  expect_renewal();
  const auto last = certificate();
  const auto names = must(x509::subject_alt_name(last.extensions()));
  ASSERT_TRUE(names);
  ASSERT_EQ(names->size(), 2U);
  EXPECT_EQ(as_text(names->front().value), "other.example");
  EXPECT_TRUE(equal(names->back().value, Octets<4>{127, 0, 0, 1}));
}

/// Names are given to `init` once; a server that is started without them goes on under them.
TEST_F(OwnCertificate, keeps_its_names_where_the_settings_have_none) {
  must(start());
  const auto first = leaf();
  config_.server_names = Config{}.server_names;
  EXPECT_EQ(must(start()), ServerCertificate::kept);
  EXPECT_EQ(leaf(), first);
  pass(days{300});
  EXPECT_EQ(must(start()), ServerCertificate::made);
  const auto before = must(x509::Certificate::read(first));
  EXPECT_TRUE(
      equal(before.extension(oids::subject_alt_name)->value, certificate().extension(oids::subject_alt_name)->value));
}

/// Whatever fails or is cut off, there is no certificate without its key.
TEST_F(OwnCertificate, is_there_with_its_key_whichever_write_fails) {
  must(start());
  for (const auto* const blocked : {"server.key.new", "server.pem"}) {
    const auto before = leaf();
    pass(days{300});
    const auto in_the_way =
        tls_ / ("." + std::string{blocked} + ".new");  // a directory in the place of the temporary file
    std::filesystem::create_directories(in_the_way / "x");
    EXPECT_FALSE(start()) << blocked;
    std::filesystem::remove_all(in_the_way);
    EXPECT_EQ(leaf(), before);
    EXPECT_TRUE(equal(certificate().spki(), identity().key.public_key().spki())) << blocked;
    EXPECT_EQ(must(start()), ServerCertificate::made);
  }
}

TEST_F(OwnCertificate, gets_its_key_at_the_next_look_where_the_last_rename_was_cut_off) {
  must(start());
  const auto old_key = must(files_.read(tls_ / "server.key", 64UL * 1024));
  pass(days{300});
  must(start());
  std::filesystem::rename(tls_ / "server.key", tls_ / "server.key.new");
  must(write_atomically(files_, tls_ / "server.key", old_key));
  EXPECT_TRUE(equal(certificate().spki(), identity().key.public_key().spki()));
  EXPECT_FALSE(std::filesystem::exists(tls_ / "server.key.new"));
  EXPECT_EQ(must(start()), ServerCertificate::kept);
}

TEST_F(OwnCertificate, that_does_not_fit_its_key_or_cannot_be_read_is_made_anew) {
  must(start());
  const auto other = must(crypto::PrivateKey::generate(crypto::KeyType::p256));
  must(write_atomically(files_, tls_ / "server.key", as_bytes(must(other.to_encrypted_pem(passphrase_)))));
  expect_renewal();
  must(write_atomically(files_, tls_ / "server.key", as_bytes("damaged")));
  expect_renewal();
  const auto last = leaf();
  std::filesystem::remove(tls_ / "server.pem");
  EXPECT_EQ(must(start()), ServerCertificate::made);
  EXPECT_NE(leaf(), last);
  expect_live_alone(leaf());
}

TEST_F(OwnCertificate, that_the_registry_has_ended_is_made_anew) {
  must(start());
  must(world_.store().write([&](app::Tx& tx) -> Result<void> {
    BM_TRY(auto all, app::server_certificates(tx));
    return app::end_certificate(tx, all.front(), "test", {world_.clock.now(), world_.store().epoch(), "operator:test"});
  }));
  expect_renewal();
}

/// A suspect clock issues nothing; the old certificate is better than none.
TEST_F(OwnCertificate, that_cannot_be_renewed_stays_as_it_is) {
  must(start());
  const auto first = leaf();
  world_.clock.advance(days{300});
  world_.clock.set(world_.clock.now() - std::chrono::hours{2});
  must(
      world_.store().write([&](app::Tx& tx) { return tx.set_clock_mark(world_.clock.now() + std::chrono::hours{2}); }));
  const auto refused = start();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::clock_suspect);
  EXPECT_EQ(leaf(), first);
  EXPECT_TRUE(equal(certificate().spki(), identity().key.public_key().spki()));
  expect_live_alone(first);
}

TEST(OwnCertificateWithoutInit, is_not_made) {
  test::World world{{.roots = test::Roots::missing}};
  test::TempDir directory;
  PosixFiles files;
  const Secret passphrase{to_bytes(as_bytes("passphrase"))};
  const auto refused = ensure_server_certificate(Config{}, directory / "tls", passphrase,
                                                 {files, world.store(), world.cases->hierarchy, world.clock});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::not_found);
  EXPECT_FALSE(std::filesystem::exists(directory / "tls" / "server.key"));
}

TEST(EndOfOwnCertificate, is_said_once_a_day_in_its_last_thirty_days) {
  test::ManualClock clock;
  EndNotice notice{clock.now() + days{31}};
  const auto says = [&] { return notice.is_due(clock.now(), clock.ticks()); };
  EXPECT_FALSE(says());
  clock.advance(days{1} - std::chrono::seconds{1});
  EXPECT_FALSE(says());
  clock.advance(std::chrono::seconds{1});
  EXPECT_TRUE(says());
  EXPECT_FALSE(says());
  clock.advance(days{1} - std::chrono::seconds{1});
  EXPECT_FALSE(says());
  clock.advance(std::chrono::seconds{1});
  EXPECT_TRUE(says());
  clock.advance(days{60});
  EXPECT_TRUE(says()) << "behind its end too";
}

}  // namespace
}  // namespace birthmark::daemon
