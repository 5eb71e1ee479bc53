// SPDX-License-Identifier: Apache-2.0
#include "codec/tcg_event_log.h"

#include <gtest/gtest.h>

#include "support/inputs.h"

namespace birthmark::tcg_log {
namespace {

using test::hex;

/// A log of two banks; owns what its events show.
struct Made {
  Bytes sha256 = Bytes(32, 0xAA), sha384 = Bytes(48, 0xBB), data = hex("010203");
  Log log{.format = Format::crypto_agile, .banks = {{0x000B, 32}, {0x000C, 48}}, .events = {}};
  Made() {
    log.events.push_back({0, 8, {sha256, sha384}, data});
    log.events.push_back({7, 4, {sha256, sha384}, {}});
  }
};

TEST(EventLog, comes_back_as_it_was_written) {
  const Made made;
  const auto written = write(made.log);
  const auto read = tcg_log::read(written);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->format, Format::crypto_agile);
  EXPECT_EQ(read->banks, made.log.banks);
  EXPECT_TRUE(read->has(tpm::Hash::sha384));
  EXPECT_FALSE(read->has(tpm::Hash::sha512));
  ASSERT_EQ(read->events.size(), 2U);
  EXPECT_TRUE(equal(read->events[0].digests[1], made.sha384));
  EXPECT_TRUE(equal(read->events[0].data, made.data));
  EXPECT_EQ(write(*read), written);
}

TEST(EventLog, is_cut_nowhere_but_between_events) {
  const Made made;
  const auto written = write(made.log);
  std::size_t taken = 0;
  test::each_truncation(written, [&](const Bytes& cut) { taken += tcg_log::read(cut) ? 1U : 0U; });
  EXPECT_EQ(taken, 2U) << "behind the header, and behind the first event";
}

TEST(EventLog, of_sha1_alone_is_recognised) {
  auto old = hex("00000000 08000000");
  append(old, Bytes(20, 0x11));
  append(old, hex("01000000 41"));
  const auto read = tcg_log::read(old);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->format, Format::sha1_only);
  EXPECT_EQ(read->events.size(), 1U);
  old.push_back(0);
  EXPECT_FALSE(tcg_log::read(old));
}

struct Case {
  const char* name;
  void (*spoil)(Made&);
};
class RefusedLogs : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Table, RefusedLogs,
    ::testing::Values(Case{"no_bank",
                           [](Made& m) {
                             m.log.banks.clear();
                             m.log.events.clear();
                           }},
                      Case{"a_bank_twice", [](Made& m) { m.log.banks[1] = m.log.banks[0]; }},
                      Case{"a_bank_of_another_size", [](Made& m) { m.log.banks[0].digest_bytes = 20; }},
                      Case{"a_bank_without_a_size",
                           [](Made& m) {
                             m.log.banks.push_back({0x7777, 0});
                             m.log.events.clear();
                           }},
                      Case{"seven_banks",
                           [](Made& m) {
                             m.log.events.clear();
                             for (std::uint16_t i = 0; i < 5; ++i) {
                               m.log.banks.push_back({static_cast<std::uint16_t>(0x7000 + i), 32});
                             }
                           }},
                      Case{"no_such_pcr", [](Made& m) { m.log.events[0].pcr = 24; }},
                      Case{"no_such_pcr_at_all", [](Made& m) { m.log.events[0].pcr = 0xFFFFFFFF; }},
                      Case{"a_digest_less", [](Made& m) { m.log.events[0].digests.pop_back(); }},
                      Case{"a_digest_too_short",
                           [](Made& m) { m.log.events[1].digests[1] = m.log.events[1].digests[1].first(47); }}),
    [](const auto& one) { return one.param.name; });

TEST_P(RefusedLogs, are_bad_evidence) {
  Made made;
  GetParam().spoil(made);
  const auto read = tcg_log::read(write(made.log));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::bad_evidence);
}

TEST(EventLog, has_bounds) {
  EXPECT_FALSE(tcg_log::read({}));
  EXPECT_FALSE(tcg_log::read(Bytes(kLogMaxBytes + 1, 0)));
  // An event that claims 4 GiB of data is refused before anything is taken.
  auto huge = hex("00000000 08000000");
  append(huge, Bytes(20, 0x11));
  append(huge, hex("ffffffff 41"));
  EXPECT_FALSE(tcg_log::read(huge));
  Made many;
  many.log.events.resize(1);
  many.log.events[0].data = {};
  while (many.log.events.size() < kEventsMax) {
    many.log.events.push_back(many.log.events[0]);
  }
  EXPECT_TRUE(tcg_log::read(write(many.log)));
  many.log.events.push_back(many.log.events[0]);
  EXPECT_FALSE(tcg_log::read(write(many.log)));
}

TEST(EventLog, a_digest_of_one_bank_stands_once_in_any_order) {
  const Made made;
  auto written = write(made.log);
  const auto header = write({.format = Format::crypto_agile, .banks = made.log.banks, .events = {}}).size();
  // The two digests of the first event, the other way round.
  const auto at = static_cast<std::ptrdiff_t>(header + 12);
  std::rotate(written.begin() + at, written.begin() + at + 34, written.begin() + at + 34 + 50);
  const auto read = tcg_log::read(written);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_TRUE(equal(read->events[0].digests[0], made.sha256));
  EXPECT_TRUE(equal(read->events[0].digests[1], made.sha384));
  written[static_cast<std::size_t>(at)] = 0x0B;  // now both are of one bank
  EXPECT_FALSE(tcg_log::read(written));
}

TEST(EventLog, types_have_names) {
  EXPECT_EQ(name_of_type(4), "EV_SEPARATOR");
  EXPECT_EQ(name_of_type(0x80000003), "EV_EFI_BOOT_SERVICES_APPLICATION");
  EXPECT_EQ(name_of_type(0x12345678), "unknown");
}

}  // namespace
}  // namespace birthmark::tcg_log
