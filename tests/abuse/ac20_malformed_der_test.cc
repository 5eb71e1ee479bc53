// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "adapters/clock/system_clock.h"
#include "adapters/files/posix_files.h"
#include "adapters/sqlite/store.h"
#include "audit/entry.h"
#include "codec/base64.h"
#include "support/line.h"

namespace birthmark::test {
namespace {

Bytes tlv(std::uint8_t tag, const Bytes& body) {
  Bytes out{tag};
  if (body.size() < 0x80) {
    out.push_back(static_cast<std::uint8_t>(body.size()));
  } else {
    out.insert(out.end(), {0x83, static_cast<std::uint8_t>(body.size() >> 16U),
                           static_cast<std::uint8_t>(body.size() >> 8U), static_cast<std::uint8_t>(body.size())});
    if (body.size() < 0x10000) {  // DER wants the shortest length
      out.erase(out.begin() + 1, out.begin() + 3);
      out.insert(out.begin() + 1, 0x82);
      if (body.size() < 0x100) {
        out.erase(out.begin() + 1, out.begin() + 3);
        out.insert(out.begin() + 1, 0x81);
      }
    }
  }
  out.insert(out.end(), body.begin(), body.end());
  return out;
}
Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

/// A number of KiB in /proc/<pid>/status. @param of "VmHWM:", the most that was ever resident
std::size_t status_kib(pid_t pid, std::string_view of) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(of)) {
      return std::stoul(line.substr(of.size()));
    }
  }
  return 0;
}

/// A Name with one common name of these octets, said to be UTF-8.
Bytes name_with(const Bytes& text) {
  return tlv(0x30, tlv(0x31, tlv(0x30, joined({{0x06, 0x03, 0x55, 0x04, 0x03}, tlv(0x0C, text)}))));
}
/// A request for any key, with a signature that is none.
Bytes csr_with(const Bytes& spki, const Bytes& subject = tlv(0x30, {})) {
  const Bytes ecdsa = tlv(0x30, {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02});
  return tlv(0x30, joined({tlv(0x30, joined({{0x02, 0x01, 0x00}, subject, spki, {0xA0, 0x00}})), ecdsa,
                           tlv(0x03, {0x00, 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01})}));
}
Bytes rsa(std::size_t bytes, const Bytes& exponent) {
  Bytes modulus(bytes + 1, 0xC5);
  modulus.front() = 0;
  const Bytes algorithm = tlv(0x30, {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00});
  return tlv(0x30, joined({algorithm,
                           tlv(0x03, joined({{0x00}, tlv(0x30, joined({tlv(0x02, modulus), tlv(0x02, exponent)}))}))}));
}
/// P-256 with its domain parameters written out, begun as they begin.
Bytes explicit_curve() {
  const Bytes field =
      tlv(0x30, joined({{0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x01, 0x01}, tlv(0x02, Bytes(32, 0x7F))}));
  const Bytes algorithm = tlv(0x30, joined({{0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01},
                                            tlv(0x30, joined({{0x02, 0x01, 0x01}, field}))}));
  Bytes point(66, 0x11);
  point[0] = 0x00;
  point[1] = 0x04;
  return tlv(0x30, joined({algorithm, tlv(0x03, point)}));
}
Bytes nested(int levels) {
  Bytes out;
  for (int i = 0; i < levels; ++i) {
    out = tlv(0x30, out);
  }
  return out;
}

/// Malformed DER at simpleenroll, sent by a device that is allowed to be there.
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
  Bytes named(const Bytes& subject) {
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    return device_csr(key, subject, {}, caller_->channel_binding());
  }

  Server server_;
  Operator people_{server_};
  std::optional<Line::Stations> stations_;
  PaperDevice device_{server_};
  std::optional<Caller> caller_;
};

TEST_F(AC20, each_form_is_refused_and_the_device_can_enroll_afterwards) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  const auto spki = to_bytes(key.public_key().spki());
  auto trailing = named({0x30, 0x00});
  trailing.push_back(0x00);
  auto cut = named({0x30, 0x00});
  cut.pop_back();
  const std::vector<std::pair<const char*, Bytes>> forms{
      {"empty", {}},
      {"indefinite length", {0x30, 0x80, 0x30, 0x80, 0x00, 0x00, 0x00, 0x00}},
      {"4 GiB", {0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x00}},
      {"a length of eight octets", {0x30, 0x88, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00}},
      {"600 levels", nested(600)},
      {"trailing", trailing},
      {"cut", cut},
      {"a long name", csr_with(spki, name_with(Bytes(10'000, 'a')))},
      {"a name with NUL", csr_with(spki, name_with({'a', 0x00, 'b'}))},
      {"a name that is no UTF-8", csr_with(spki, name_with({0xC3, 0x28}))},
      {"exponent 1", csr_with(rsa(256, {0x01}))},
      {"RSA of 32,768 bits", csr_with(rsa(4096, {0x01, 0x00, 0x01}))},
      {"explicit curve", csr_with(explicit_curve())},
  };
  EXPECT_EQ(send(Bytes{}).code, "bad_request");  // what the first request of a connection takes is not the form's
  const auto resident = status_kib(server_.pid(), "VmRSS:");
  std::ofstream marks{"/proc/" + std::to_string(server_.pid()) + "/clear_refs"};
  ASSERT_TRUE(marks << 5 << std::flush) << "the mark of the most memory begins anew";
  for (const auto& [name, der] : forms) {
    const auto answer = send(der);
    EXPECT_TRUE(answer.code == "bad_request" || answer.code == "csr_policy") << name << ": " << answer.words();
    EXPECT_EQ(answer.content_type, "text/plain") << name;
  }
  for (const auto* const text :
       {"!!!!", "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n", "MAA",
        "MAA==", "MAB="}) {
    EXPECT_EQ(send(std::string_view{text}).code, "bad_request") << text;
  }
  ASSERT_GT(resident, 0U);
  EXPECT_LE(status_kib(server_.pid(), "VmHWM:"), resident + 16 * 1024) << "16 MiB, whatever form it is";
  EXPECT_EQ(send(std::string(90'000, 'A')).status, 413);  // a name of 70,000 bytes does not even get in
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
