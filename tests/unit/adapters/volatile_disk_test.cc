// SPDX-License-Identifier: Apache-2.0
// What the model of a disk that forgets keeps, and what it drops. The real files are looked at directly: they are what
// a restart would find.
#include "adapters/files/volatile_disk.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>

#include "adapters/files/powercut_files.h"
#include "support/temp_dir.h"

namespace birthmark {
namespace {

struct Disk {
  explicit Disk(const std::string& spec) : plan{FaultPlan::parse(spec).value()}, disk{*plan}, files{disk} {}
  std::unique_ptr<FaultPlan> plan;
  VolatileDisk disk;
  PowercutFiles files;
};

std::string real_content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream{path, std::ios::binary}.rdbuf();
  return text.str();
}

void put_real(const std::filesystem::path& path, std::string_view text) {
  std::ofstream{path, std::ios::binary} << text;
}

std::unique_ptr<File> open(Files& files, const std::filesystem::path& path) {
  return files.open(path, OpenMode::update).value();
}

TEST(VolatileDisk, moves_content_to_the_real_file_at_the_sync_only) {
  const test::TempDir directory;
  Disk disk{"volatile"};
  const auto file = open(disk.files, directory / "a");
  ASSERT_TRUE(file->write_at(0, as_bytes("hello")));
  EXPECT_EQ(real_content(directory / "a"), "");
  ASSERT_TRUE(file->datasync());
  EXPECT_EQ(real_content(directory / "a"), "hello");
  ASSERT_TRUE(file->truncate(2));
  EXPECT_EQ(real_content(directory / "a"), "hello");
  ASSERT_TRUE(file->datasync());
  EXPECT_EQ(real_content(directory / "a"), "he");
}

TEST(VolatileDisk, writes_through_without_the_word_volatile) {
  const test::TempDir directory;
  Disk disk{"fail@write#9:EIO"};
  ASSERT_TRUE(open(disk.files, directory / "a")->write_at(0, as_bytes("hello")));
  EXPECT_EQ(real_content(directory / "a"), "hello");
}

TEST(VolatileDisk, a_sync_that_failed_is_not_repaired_by_the_next) {
  const test::TempDir directory;
  Disk disk{"volatile,fail@fsync#1:EIO"};
  std::unique_ptr<VolatileDisk::Handle> handle;
  put_real(directory / "a", "old");
  ASSERT_EQ(disk.disk.attach(directory / "a", handle), 0);
  ASSERT_EQ(handle->write(0, as_bytes("new")), 0);
  EXPECT_EQ(handle->sync(), EIO);
  Bytes seen(3);
  std::size_t got = 0;
  ASSERT_EQ(handle->read(0, seen, got), 0);
  EXPECT_EQ(as_text(seen), "new");  // the page cache shows what the disk does not have
  EXPECT_EQ(handle->sync(), 0);
  EXPECT_EQ(real_content(directory / "a"), "old");
  handle.reset();
  ASSERT_EQ(disk.disk.attach(directory / "a", handle), 0);
  ASSERT_EQ(handle->read(0, seen, got), 0);
  EXPECT_EQ(as_text(seen), "old");
}

TEST(VolatileDisk, a_file_whose_sync_failed_is_poisoned_until_it_is_opened_again) {
  const test::TempDir directory;
  Disk disk{"volatile,fail@fsync#1:EIO"};
  auto file = open(disk.files, directory / "a");
  ASSERT_TRUE(file->write_at(0, as_bytes("x")));
  EXPECT_EQ(file->datasync().error().code, Code::storage);
  EXPECT_EQ(file->datasync().error().code, Code::storage);
  EXPECT_EQ(file->write_at(0, as_bytes("y")).error().code, Code::storage);
  EXPECT_EQ(file->truncate(0).error().code, Code::storage);
  file = open(disk.files, directory / "a");
  EXPECT_TRUE(file->write_at(0, as_bytes("y")));
  EXPECT_TRUE(file->datasync());
  EXPECT_EQ(real_content(directory / "a"), "y");
}

TEST(VolatileDisk, a_short_write_leaves_half) {
  const test::TempDir directory;
  Disk disk{"short@write#1"};
  const auto file = open(disk.files, directory / "a");
  const auto written = file->write_at(0, as_bytes("12345678"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::storage);
  EXPECT_EQ(as_text(file->read_at(0, 100).value()), "1234");
}

TEST(VolatileDisk, a_refused_operation_changes_nothing) {
  const test::TempDir directory;
  Disk disk{"fail@write#1:ENOSPC,fail@rename#1:EIO,fail@rename#2:EIO,fail@fsync#1:EIO"};
  put_real(directory / "a", "old");
  EXPECT_EQ(open(disk.files, directory / "a")->write_at(0, as_bytes("new")).error().code, Code::storage);
  EXPECT_EQ(disk.files.rename(directory / "a", directory / "b").error().code, Code::storage);
  EXPECT_EQ(disk.files.remove(directory / "a").error().code, Code::storage);
  EXPECT_EQ(disk.files.sync_directory(directory.path()).error().code, Code::storage);
  EXPECT_EQ(real_content(directory / "a"), "old");
  EXPECT_FALSE(std::filesystem::exists(directory / "b"));
}

/// Runs `steps` in a process of its own whose power goes at the operation that the plan says.
template <class Steps>
void with_power_cut(const std::string& plan, Steps steps) {
  EXPECT_EXIT(
      {
        Disk disk{plan};
        steps(disk.files);
        std::_Exit(1);  // the cut did not come
      },
      testing::KilledBySignal(SIGKILL), "");
}

/// The last operation, which the power does not survive.
void cut_here(Files& files, const std::filesystem::path& directory) {
  static_cast<void>(files.sync_directory(directory));
}

TEST(PowerCutDeathTest, an_unsynced_creation_is_undone_although_the_file_was_synced) {
  const test::TempDir directory;
  with_power_cut("cut@3", [&](Files& files) {
    const auto file = open(files, directory / "a");
    static_cast<void>(file->write_at(0, as_bytes("x")));
    static_cast<void>(file->datasync());
    cut_here(files, directory.path());
  });
  EXPECT_FALSE(std::filesystem::exists(directory / "a"));
}

TEST(PowerCutDeathTest, an_unsynced_rename_is_undone_with_what_it_replaced) {
  const test::TempDir directory;
  put_real(directory / "a", "new");
  put_real(directory / "b", "old");
  with_power_cut("cut@2", [&](Files& files) {
    static_cast<void>(files.rename(directory / "a", directory / "b"));
    cut_here(files, directory.path());
  });
  EXPECT_EQ(real_content(directory / "a"), "new");
  EXPECT_EQ(real_content(directory / "b"), "old");
}

TEST(PowerCutDeathTest, an_unsynced_removal_is_undone) {
  const test::TempDir directory;
  put_real(directory / "a", std::string(100000, 'x'));
  with_power_cut("cut@2", [&](Files& files) {
    static_cast<void>(files.remove(directory / "a"));
    cut_here(files, directory.path());
  });
  EXPECT_EQ(real_content(directory / "a"), std::string(100000, 'x'));
}

TEST(PowerCutDeathTest, synced_names_stay_and_only_their_directory_counts) {
  const test::TempDir directory;
  std::filesystem::create_directory(directory / "other");
  with_power_cut("cut@3", [&](Files& files) {
    static_cast<void>(open(files, directory / "a"));
    static_cast<void>(open(files, directory / "other" / "b"));
    static_cast<void>(files.sync_directory(directory.path()));
    static_cast<void>(files.sync_directory(directory / "."));
    cut_here(files, directory / "other");
  });
  EXPECT_TRUE(std::filesystem::exists(directory / "a"));
  EXPECT_FALSE(std::filesystem::exists(directory / "other" / "b"));
}

TEST(PowerCutDeathTest, an_overwrite_that_was_not_synced_is_gone) {
  const test::TempDir directory;
  put_real(directory / "a", "old and longer");
  with_power_cut("cut@3", [&](Files& files) {
    const auto file = files.open(directory / "a", OpenMode::replace).value();
    static_cast<void>(file->write_at(0, as_bytes("new")));
    static_cast<void>(file->datasync());
  });
  EXPECT_EQ(real_content(directory / "a"), "old and longer");
}

TEST(PowerCutDeathTest, a_torn_cut_keeps_some_sectors_and_not_all) {
  const test::TempDir directory;
  put_real(directory / "a", std::string(512 * 64, 'o'));
  with_power_cut("cut@2:torn", [&](Files& files) {
    const auto file = open(files, directory / "a");
    static_cast<void>(file->write_at(0, Bytes(512 * 64, 'n')));
    static_cast<void>(file->datasync());
  });
  const auto content = real_content(directory / "a");
  const auto kept = std::count(content.begin(), content.end(), 'n');
  EXPECT_EQ(kept % 512, 0);
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, 512 * 64);
}

/// One step of a random life of a file.
struct Step {
  int kind;  // 0 write, 1 truncate, 2 sync
  std::uint16_t offset;
  std::uint16_t length;
};

TEST(VolatileDisk, reads_like_a_plain_string_and_syncs_to_the_same) {
  EXPECT_TRUE(rc::check([] {
    const auto raw = *rc::gen::container<std::vector<std::tuple<int, std::uint16_t, std::uint16_t>>>(rc::gen::tuple(
        rc::gen::inRange(0, 3), rc::gen::inRange<std::uint16_t>(0, 3000), rc::gen::inRange<std::uint16_t>(1, 1600)));
    const test::TempDir directory;
    Disk disk{"volatile"};
    const auto file = open(disk.files, directory / "a");
    std::string model;
    std::string durable;
    char letter = 'a';
    for (const auto& [kind, offset, length] : raw) {
      const Step step{kind, offset, length};
      if (step.kind == 0) {
        letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
        const std::string text(step.length, letter);
        RC_ASSERT(file->write_at(step.offset, as_bytes(text)).has_value());
        model.resize(std::max<std::size_t>(model.size(), step.offset + text.size()), '\0');
        model.replace(step.offset, text.size(), text);
      } else if (step.kind == 1) {
        RC_ASSERT(file->truncate(step.offset).has_value());
        model.resize(step.offset, '\0');
      } else {
        RC_ASSERT(file->datasync().has_value());
        durable = model;
      }
      RC_ASSERT(as_text(file->read_at(0, 1UL << 16).value()) == model);
      RC_ASSERT(real_content(directory / "a") == durable);
    }
  }));
}

}  // namespace
}  // namespace birthmark
