// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "adapters/clock/system_clock.h"
#include "adapters/files/posix_files.h"
#include "adapters/sqlite/store.h"
#include "audit/entry.h"
#include "codec/base64.h"
#include "support/line.h"
#include "support/malformed.h"
#include "support/process_facts.h"

namespace birthmark::test {
namespace {

/// Malformed DER at simpleenroll, sent by a device that is allowed to be there. How long a refusal takes is measured by
/// `./bench attacks`.
class AC20 : public testing::Test {
 protected:
  AC20() {
    people_.open_batch("B-1", 10);
    stations_ = Line::enroll(people_, "line", "B-1");
    Line line{server_, *stations_};
    const auto provisioned = line.provision(device_);
    const auto sealed = line.seal(device_);
    if (!provisioned.ok() || !sealed.ok()) {
      throw std::runtime_error{provisioned.words() + sealed.words()};
    }
    caller_.emplace(server_, Listener::device, &*device_.idevid_identity);
  }
  Answer send(std::string_view body) {
    return caller_->send(http::Method::post, "/.well-known/est/simpleenroll", {{"Content-Type", "application/pkcs10"}},
                         as_bytes(body));
  }
  Answer send(const Bytes& der) { return send(base64::encode(der)); }
  /// One that is well formed.
  Bytes request() {
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    return device_csr(key, Bytes{0x30, 0x00}, {}, caller_->channel_binding());
  }

  Server server_;
  Operator people_{server_};
  std::optional<Line::Stations> stations_;
  PaperDevice device_{server_};
  std::optional<Caller> caller_;
};

TEST_F(AC20, each_form_is_refused_and_the_device_can_enroll_afterwards) {
  const auto good = request();
  EXPECT_EQ(send(Bytes{}).code, "bad_request");  // what the first request of a connection takes is not the form's
  const auto resident = resident_kib(server_.pid());
  ASSERT_TRUE(forget_most_resident(server_.pid()));
  for (const auto& [name, der] : malformed_requests(good)) {
    const auto answer = send(der);
    EXPECT_EQ(answer.code, "bad_request") << name << ": " << answer.words();
    EXPECT_EQ(answer.content_type, "text/plain") << name;
  }
  for (const auto text : kMalformedTransfers) {
    EXPECT_EQ(send(text).code, "bad_request") << text;
  }
  ASSERT_GT(resident, 0U);
  EXPECT_LE(most_resident_kib(server_.pid()), resident + 16 * 1024) << "16 MiB, whatever form it is";
  EXPECT_EQ(send(request_with_long_name(good, 70'000)).status, 413) << "does not even get in";
  caller_->close();
  Line line{server_, *stations_};
  const auto enrolled = line.enroll(device_);
  EXPECT_TRUE(enrolled.ok()) << enrolled.words();
  EXPECT_EQ(server_.audit_verify({}, Server::Rows::ignored).exit_code, 0);
}

/// Refusals in the log of a server that has stopped.
struct Written {
  std::uint64_t entries = 0;  ///< of their own
  std::uint64_t counted = 0;  ///< in aggregates
};
Written written(const Server& server, Code code) {
  PosixFiles files;
  NoFaults faults;
  SystemClock clock;
  const auto store = must(sqlite::SqliteStore::open(
      {.directory = server.data() / "registry", .files = files, .faults = faults, .clock = clock}));
  Written out;
  for (const auto& bytes : must(store->entries(must(store->log_span()).first, 100'000))) {
    const auto entry = must(audit::read_entry(bytes));
    out.entries += entry.kind == audit::EntryKind::refusal && entry.refusal == code ? 1 : 0;
    out.counted += entry.kind == audit::EntryKind::refusals_aggregated && entry.refusal == code ? entry.count : 0;
  }
  return out;
}

/// Design rule 9: nobody fills the log, and nothing is left out of it.
TEST_F(AC20, many_are_ten_entries_a_minute_of_the_device_and_a_stranger_s_are_counted_only) {
  constexpr std::uint64_t kMany = 40;
  Caller stranger{server_, Listener::device, nullptr};
  for (std::uint64_t i = 0; i < kMany; ++i) {
    EXPECT_EQ(send(std::string_view{"!!!!"}).code, "bad_request");
    EXPECT_EQ(stranger.post("/v1/telemetry", {}).code, "unauthenticated");
  }
  server_.stop();
  const auto device = written(server_, Code::bad_request), nobody = written(server_, Code::unauthenticated);
  EXPECT_GE(device.entries, 10U);
  EXPECT_LE(device.entries, 30U) << "of three minutes at most";
  EXPECT_EQ(device.entries + device.counted, kMany);
  EXPECT_EQ(nobody.entries, 0U);
  EXPECT_EQ(nobody.counted, kMany);
}

}  // namespace
}  // namespace birthmark::test
