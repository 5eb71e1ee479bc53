// SPDX-License-Identifier: Apache-2.0
#include "daemon/deny_journal_place.h"

#include <gtest/gtest.h>

#include <fstream>

#include "adapters/files/posix_files.h"
#include "support/temp_dir.h"

namespace birthmark::daemon {
namespace {

using test::TempDir;

app::EmergencyDeny deny(std::uint8_t device) {
  DeviceId::rep bytes{};
  bytes.front() = device;
  return {.device = DeviceId{bytes}, .at = from_ms(1'780'000'000'000), .actor = "operator:test"};
}

const std::string kOurs = "registry.example+5f3a1c2b+ours";

class DenyJournalPlace : public testing::Test {
 protected:
  DenyJournalPlace() { std::filesystem::create_directories(data_); }
  std::unique_ptr<FileDenyJournal> open(const std::filesystem::path& place) {
    auto journal = open_journal(files_, data_, place, kOurs);
    return journal ? std::move(*journal) : throw std::runtime_error{journal.error().detail};
  }
  static std::vector<std::uint8_t> devices(FileDenyJournal& journal) {
    std::vector<std::uint8_t> out;
    const auto denies = journal.pending().value();
    for (const auto& pending : denies) {
      out.push_back(pending.device.get().front());
    }
    return out;
  }

  TempDir directory_;
  PosixFiles files_;
  std::filesystem::path data_ = directory_ / "data", first_ = data_ / "journal", other_ = directory_ / "other-disk";
};

TEST_F(DenyJournalPlace, what_waits_comes_along_to_the_new_place_and_is_gone_from_the_old) {
  ASSERT_TRUE(open(first_)->append(deny(1)));
  EXPECT_EQ(devices(*open(other_)), std::vector<std::uint8_t>{1});
  EXPECT_TRUE(devices(*FileDenyJournal::open(files_, first_).value()).empty());
  EXPECT_EQ(devices(*open(first_)), std::vector<std::uint8_t>{1}) << "and back";
}

TEST_F(DenyJournalPlace, what_was_brought_along_before_a_cut_is_there_twice_and_nothing_is_lost) {
  ASSERT_TRUE(open(first_)->append(deny(1)));
  ASSERT_TRUE(FileDenyJournal::open(files_, other_).value()->append(deny(1)));
  EXPECT_EQ(devices(*open(other_)), (std::vector<std::uint8_t>{1, 1}));
}

TEST_F(DenyJournalPlace, a_place_that_is_not_there_stops_the_start_and_nothing_has_moved) {
  ASSERT_TRUE(open(other_)->append(deny(1)));
  std::filesystem::rename(other_, directory_ / "unmounted");
  const auto refused = open_journal(files_, data_, first_, kOurs);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::storage);
  EXPECT_NE(refused.error().detail.find(other_.string()), std::string::npos) << refused.error().detail;
  std::filesystem::rename(directory_ / "unmounted", other_);
  EXPECT_EQ(devices(*open(first_)), std::vector<std::uint8_t>{1});
}

TEST_F(DenyJournalPlace, the_same_place_that_is_not_there_any_more_is_not_made_anew) {
  ASSERT_TRUE(open(other_)->append(deny(1)));
  std::filesystem::rename(other_, directory_ / "unmounted");
  std::filesystem::create_directory(other_);
  EXPECT_EQ(open_journal(files_, data_, other_, kOurs).error().code, Code::storage);
  EXPECT_TRUE(std::filesystem::is_empty(other_));
  std::filesystem::remove(other_);
  std::filesystem::rename(directory_ / "unmounted", other_);
  EXPECT_EQ(devices(*open(other_)), std::vector<std::uint8_t>{1});
}

TEST_F(DenyJournalPlace, the_same_place_by_another_name_loses_nothing) {
  ASSERT_TRUE(open(other_)->append(deny(1)));
  EXPECT_EQ(devices(*open(other_ / "")), std::vector<std::uint8_t>{1});
  std::filesystem::create_directory_symlink(other_, directory_ / "link");
  EXPECT_EQ(devices(*open(directory_ / "link")), std::vector<std::uint8_t>{1});
}

TEST_F(DenyJournalPlace, a_link_to_the_file_itself_is_not_followed_and_loses_nothing) {
  ASSERT_TRUE(open(first_)->append(deny(1)));
  std::filesystem::create_directory(other_);
  std::filesystem::create_symlink(first_ / FileDenyJournal::kFileName, other_ / FileDenyJournal::kFileName);
  EXPECT_EQ(open_journal(files_, data_, other_, kOurs).error().code, Code::storage);
  EXPECT_EQ(devices(*open(first_)), std::vector<std::uint8_t>{1});
}

/// As it is where one file system is mounted at both places.
TEST_F(DenyJournalPlace, one_file_by_two_names_is_not_cleared) {
  ASSERT_TRUE(open(first_)->append(deny(1)));
  std::filesystem::create_directory(other_);
  std::filesystem::create_hard_link(first_ / FileDenyJournal::kFileName, other_ / FileDenyJournal::kFileName);
  EXPECT_EQ(devices(*open(other_)), (std::vector<std::uint8_t>{1, 1})) << "to record one twice changes nothing";
}

TEST_F(DenyJournalPlace, that_of_another_registry_is_left_alone) {
  ASSERT_TRUE(open(other_)->append(deny(1)));
  const auto theirs = directory_ / "their-data";
  std::filesystem::create_directories(theirs);
  EXPECT_EQ(open_journal(files_, theirs, other_, "registry.example+5f3a1c2b+theirs").error().code, Code::storage);
  EXPECT_TRUE(open_journal(files_, theirs, theirs / "journal", "registry.example+5f3a1c2b+theirs"));
  EXPECT_EQ(devices(*open(other_)), std::vector<std::uint8_t>{1});
}

TEST_F(DenyJournalPlace, that_another_registry_took_over_is_left_alone_by_who_had_it_before) {
  ASSERT_TRUE(open(other_)->append(deny(1)));
  const auto theirs = directory_ / "their-data";
  std::filesystem::create_directories(theirs);
  std::ofstream{theirs / "journal-directory"} << other_.string() << "\n";
  const auto moved = open_journal(files_, theirs, theirs / "journal", "registry.example+5f3a1c2b+theirs");
  ASSERT_TRUE(moved);
  EXPECT_TRUE(devices(**moved).empty());
  EXPECT_EQ(devices(*open(other_)), std::vector<std::uint8_t>{1});
}

TEST_F(DenyJournalPlace, another_disk_is_told_from_the_same) {
  std::filesystem::create_directory(other_);
  EXPECT_TRUE(on_one_disk(data_, other_));
  EXPECT_FALSE(on_one_disk(data_, "/proc"));
  EXPECT_FALSE(on_one_disk(data_, directory_ / "missing"));
}

TEST_F(DenyJournalPlace, a_start_that_kept_no_place_had_it_in_the_data_directory) {
  ASSERT_TRUE(FileDenyJournal::open(files_, first_).value()->append(deny(1)));
  EXPECT_EQ(devices(*open(other_)), std::vector<std::uint8_t>{1});
}

TEST_F(DenyJournalPlace, a_damaged_one_stops_the_start_too) {
  ASSERT_TRUE(open(first_)->append(deny(1)));
  ASSERT_TRUE(write_atomically(files_, first_ / FileDenyJournal::kFileName, Bytes(7)));
  EXPECT_FALSE(open_journal(files_, data_, other_, kOurs));
  EXPECT_FALSE(open_journal(files_, data_, other_, kOurs)) << "and is not forgotten";
}

TEST_F(DenyJournalPlace, inside_the_data_directory_it_goes_where_that_goes) {
  ASSERT_TRUE(open(first_)->append(deny(1)));
  std::filesystem::rename(data_, directory_ / "restored");
  data_ = directory_ / "restored";
  EXPECT_EQ(devices(*open(data_ / "journal")), std::vector<std::uint8_t>{1});
}

}  // namespace
}  // namespace birthmark::daemon
