// SPDX-License-Identifier: Apache-2.0
#include "adapters/journal/file_deny_journal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/files/posix_files.h"
#include "adapters/sqlite/fault_layer.h"
#include "support/temp_dir.h"
#include "support/wire_document.h"

namespace birthmark::test {
namespace {

using app::DenyKind;
using app::EmergencyDeny;

DeviceId device_id(std::uint8_t n) {
  DeviceId::rep bytes{};
  bytes.front() = n;
  return DeviceId{bytes};
}

EmergencyDeny deny(std::uint8_t device, DenyKind kind = DenyKind::suspend) {
  return {.kind = kind,
          .device = device_id(device),
          .cause = lifecycle::HoldCause::incident,
          .at = from_ms(1'780'000'000'000 + device),
          .actor = "operator:" + std::to_string(device)};
}

void expect_same(const EmergencyDeny& got, const EmergencyDeny& wanted) {
  EXPECT_EQ(got.kind, wanted.kind);
  EXPECT_EQ(got.device, wanted.device);
  EXPECT_EQ(got.cause, wanted.cause);
  EXPECT_EQ(got.at, wanted.at);
  EXPECT_EQ(got.actor, wanted.actor);
}

class FileDenyJournalTest : public testing::Test {
 protected:
  std::unique_ptr<FileDenyJournal> open() { return FileDenyJournal::open(files_, directory_ / "journal").value(); }
  Bytes content() { return files_.read(file_, 2 << 20).value(); }
  void damage(std::size_t at) {
    auto bytes = content();
    bytes.at(at) ^= 1;
    ASSERT_TRUE(write_atomically(files_, file_, bytes));
  }
  Code open_refusal() {
    const auto journal = FileDenyJournal::open(files_, directory_ / "journal");
    return journal ? Code::bad_request : journal.error().code;
  }

  TempDir directory_;
  PosixFiles files_;
  const std::filesystem::path file_ = directory_ / "journal" / "denies";
};

// The worked vector of docs/wire/schema.md.
TEST_F(FileDenyJournalTest, a_record_is_as_the_document_shows_it) {
  ASSERT_TRUE(open()->append({.kind = DenyKind::revoke,
                              .device = device_id(7),
                              .cause = lifecycle::HoldCause::operator_hold,
                              .at = *from_rfc3339("2026-11-23T10:00:00Z"),
                              .actor = "operator:admin"}));
  EXPECT_EQ(to_hex(BytesView{content()}.first(FileDenyJournal::kRecordBytes)), in_document("schema.md", "Record"));
}

TEST_F(FileDenyJournalTest, gives_back_what_was_appended_in_order_also_after_a_restart) {
  {
    const auto journal = open();
    ASSERT_TRUE(journal->append(deny(7)));
    ASSERT_TRUE(journal->append(deny(3, DenyKind::revoke)));
  }
  const auto pending = open()->pending().value();
  ASSERT_EQ(pending.size(), 2U);
  expect_same(pending[0], deny(7));
  expect_same(pending[1], deny(3, DenyKind::revoke));
}

TEST_F(FileDenyJournalTest, is_of_one_registry_alone) {
  {
    const auto journal = open();
    ASSERT_TRUE(journal->append(deny(1)));
    EXPECT_EQ(open_refusal(), Code::unavailable);
  }
  EXPECT_EQ(open()->pending().value().size(), 1U);
}

TEST_F(FileDenyJournalTest, takes_its_space_when_it_is_made_and_no_more_later) {
  const auto journal = open();
  const auto size = content().size();
  EXPECT_EQ(size, FileDenyJournal::kRecordBytes * FileDenyJournal::kRecordsMax);
  ASSERT_TRUE(journal->append(deny(1)));
  EXPECT_EQ(content().size(), size);
}

TEST_F(FileDenyJournalTest, is_empty_after_clear_and_can_be_used_again) {
  {
    const auto journal = open();
    ASSERT_TRUE(journal->append(deny(1)));
    ASSERT_TRUE(journal->clear());
    EXPECT_TRUE(journal->pending().value().empty());
    ASSERT_TRUE(journal->append(deny(2)));
  }
  const auto pending = open()->pending().value();
  ASSERT_EQ(pending.size(), 1U);
  expect_same(pending[0], deny(2));
}

TEST_F(FileDenyJournalTest, refuses_when_its_space_is_used_up) {
  // Filled by hand: thousands of syncs say nothing more.
  {
    const auto journal = open();
    ASSERT_TRUE(journal->append(deny(1)));
  }
  const auto one = content();
  Bytes full;
  for (std::size_t i = 0; i < FileDenyJournal::kRecordsMax; ++i) {
    append(full, BytesView{one}.first(FileDenyJournal::kRecordBytes));
  }
  ASSERT_TRUE(write_atomically(files_, file_, full));
  const auto journal = open();
  EXPECT_EQ(journal->pending().value().size(), FileDenyJournal::kRecordsMax);
  const auto refused = journal->append(deny(2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::storage);
}

TEST_F(FileDenyJournalTest, an_actor_that_would_not_fit_is_refused_and_leaves_nothing) {
  const auto journal = open();
  auto long_name = deny(1);
  long_name.actor.assign(129, 'a');
  EXPECT_FALSE(journal->append(long_name));
  long_name.actor.assign(128, 'a');
  ASSERT_TRUE(journal->append(long_name));
  expect_same(journal->pending().value().at(0), long_name);
}

TEST_F(FileDenyJournalTest, a_torn_last_record_was_never_acknowledged) {
  {
    const auto journal = open();
    ASSERT_TRUE(journal->append(deny(1)));
    ASSERT_TRUE(journal->append(deny(2)));
  }
  for (std::size_t at = 0; at < FileDenyJournal::kRecordBytes; at += 17) {
    damage(FileDenyJournal::kRecordBytes + at);
    EXPECT_EQ(open()->pending().value().size(), 1U) << at;
    damage(FileDenyJournal::kRecordBytes + at);
  }
}

TEST_F(FileDenyJournalTest, damage_before_the_last_record_stops_the_start) {
  {
    const auto journal = open();
    ASSERT_TRUE(journal->append(deny(1)));
    ASSERT_TRUE(journal->append(deny(2)));
  }
  for (std::size_t at = 0; at < FileDenyJournal::kRecordBytes; at += 17) {
    damage(at);
    EXPECT_EQ(open_refusal(), Code::storage) << at;
    damage(at);
  }
}

TEST_F(FileDenyJournalTest, a_file_of_another_size_stops_the_start) {
  static_cast<void>(open());
  auto bytes = content();
  bytes.pop_back();
  ASSERT_TRUE(write_atomically(files_, file_, bytes));
  EXPECT_EQ(open_refusal(), Code::storage);
}

TEST_F(FileDenyJournalTest, a_failed_write_or_sync_is_no_acknowledgement_and_the_next_append_goes_on) {
  std::size_t failed = 0;
  for (const std::string op : {"write", "fsync"}) {
    for (int nth = 1; nth <= 8; ++nth) {
      const auto layer = FaultLayer::make("fail@" + op + "#" + std::to_string(nth) + ":EIO").value();
      const auto directory = directory_ / (op + std::to_string(nth));
      auto journal = FileDenyJournal::open(layer->files(), directory);
      if (!journal) {
        EXPECT_EQ(journal.error().code, Code::storage);
        ++failed;
        continue;
      }
      std::vector<EmergencyDeny> acknowledged;
      for (std::uint8_t i = 1; i <= 3; ++i) {
        if (const auto appended = (*journal)->append(deny(i)); appended) {
          acknowledged.push_back(deny(i));
        } else {
          EXPECT_EQ(appended.error().code, Code::storage);
          ++failed;
        }
      }
      journal->reset();
      // What was refused may be there or not; what was acknowledged is there, in order.
      const auto pending = FileDenyJournal::open(files_, directory).value()->pending().value();
      auto at = pending.begin();
      for (const auto& wanted : acknowledged) {
        at = std::ranges::find(at, pending.end(), wanted.device, &EmergencyDeny::device);
        ASSERT_NE(at, pending.end()) << op << nth;
        expect_same(*at++, wanted);
      }
    }
  }
  EXPECT_GE(failed, 6U) << "the plan must hit something";
}

}  // namespace
}  // namespace birthmark::test
