// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "app/ports/files.h"
#include "support/temp_dir.h"

namespace birthmark::test {

/// One implementation of the port, and what it needs to live.
struct FilesUnderTest {
  virtual ~FilesUnderTest() = default;
  virtual Files& files() = 0;
};

struct FilesMaker {
  std::string name;
  std::function<std::unique_ptr<FilesUnderTest>()> make;
  friend std::ostream& operator<<(std::ostream& out, const FilesMaker& maker) { return out << maker.name; }
};

/// What every implementation of Files promises; each test binary instantiates it with the ones it has.
class FilesContract : public testing::TestWithParam<FilesMaker> {
 protected:
  Files& files() { return under_test_->files(); }
  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return directory_ / name; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }

  std::unique_ptr<File> open(const std::string& name, OpenMode mode) {
    auto file = files().open(at(name), mode);
    EXPECT_TRUE(file) << (file ? "" : file.error().detail);
    return file ? std::move(*file) : nullptr;
  }
  void put(const std::string& name, std::string_view text) {
    const auto file = open(name, OpenMode::replace);
    ASSERT_TRUE(file && file->write_at(0, as_bytes(text)) && file->datasync());
  }
  std::string get(const std::string& name) {
    const auto content = files().read(at(name), 1UL << 20);
    return content ? std::string{as_text(*content)} : "error: " + content.error().detail;
  }
  template <class T>
  static Code code(const Result<T>& result) {
    EXPECT_FALSE(result);
    return result ? Code::conflict : result.error().code;
  }

 private:
  TempDir directory_;
  std::unique_ptr<FilesUnderTest> under_test_ = GetParam().make();
};

TEST_P(FilesContract, reads_back_what_was_written_before_and_after_the_sync) {
  const auto file = open("a", OpenMode::create_new);
  ASSERT_TRUE(file->write_at(0, as_bytes("hello")));
  EXPECT_EQ(get("a"), "hello");
  ASSERT_TRUE(file->datasync());
  EXPECT_EQ(get("a"), "hello");
  ASSERT_TRUE(file->append(as_bytes(" world")));
  EXPECT_EQ(get("a"), "hello world");
  EXPECT_EQ(file->size().value(), 11U);
}

TEST_P(FilesContract, keeps_content_over_close_without_a_sync) {
  ASSERT_TRUE(open("a", OpenMode::update)->write_at(0, as_bytes("hello")));
  EXPECT_EQ(get("a"), "hello");
  ASSERT_TRUE(open("a", OpenMode::update)->append(as_bytes("!")));
  EXPECT_EQ(get("a"), "hello!");
}

TEST_P(FilesContract, two_openings_see_each_other) {
  const auto one = open("a", OpenMode::update);
  const auto two = open("a", OpenMode::update);
  ASSERT_TRUE(one->write_at(0, as_bytes("hello")));
  ASSERT_TRUE(two->write_at(1, as_bytes("u")));
  EXPECT_EQ(as_text(one->read_at(0, 100).value()), "hullo");
}

TEST_P(FilesContract, reads_zeros_in_a_gap_and_nothing_past_the_end) {
  const auto file = open("a", OpenMode::update);
  ASSERT_TRUE(file->write_at(1500, as_bytes("x")));
  const auto content = file->read_at(0, 4096).value();
  ASSERT_EQ(content.size(), 1501U);
  EXPECT_TRUE(std::all_of(content.begin(), content.end() - 1, [](std::uint8_t byte) { return byte == 0; }));
  EXPECT_EQ(content.back(), 'x');
  EXPECT_TRUE(file->read_at(1501, 10).value().empty());
  EXPECT_TRUE(file->read_at(99999, 10).value().empty());
}

TEST_P(FilesContract, what_truncate_removed_does_not_come_back) {
  put("a", std::string(3000, 'x'));
  const auto file = open("a", OpenMode::update);
  ASSERT_TRUE(file->truncate(700));
  ASSERT_TRUE(file->truncate(2000));
  auto expected = std::string(700, 'x') + std::string(1300, '\0');
  EXPECT_EQ(get("a"), expected);
  ASSERT_TRUE(file->datasync());
  EXPECT_EQ(get("a"), expected);
  ASSERT_TRUE(file->write_at(2100, as_bytes("y")));
  expected += std::string(100, '\0') + "y";
  EXPECT_EQ(get("a"), expected);
}

TEST_P(FilesContract, open_modes_treat_existing_and_missing_files_as_they_say) {
  EXPECT_EQ(code(files().open(at("a"), OpenMode::read)), Code::not_found);
  EXPECT_EQ(code(files().open(at("no/a"), OpenMode::update)), Code::not_found);
  put("a", "old");
  EXPECT_EQ(code(files().open(at("a"), OpenMode::create_new)), Code::conflict);
  static_cast<void>(open("a", OpenMode::update));
  EXPECT_EQ(get("a"), "old");
  static_cast<void>(open("a", OpenMode::replace));
  EXPECT_EQ(get("a"), "");
}

TEST_P(FilesContract, a_file_opened_for_reading_cannot_be_changed) {
  put("a", "old");
  const auto file = open("a", OpenMode::read);
  EXPECT_EQ(code(file->write_at(0, as_bytes("new"))), Code::storage);
  EXPECT_EQ(code(file->truncate(0)), Code::storage);
  EXPECT_EQ(get("a"), "old");
}

TEST_P(FilesContract, follows_a_symbolic_link_to_read_and_refuses_it_to_write) {
  put("target", "content");
  std::filesystem::create_symlink(at("target"), at("link"));
  EXPECT_EQ(get("link"), "content");
  EXPECT_EQ(code(files().open(at("link"), OpenMode::update)), Code::storage);
  EXPECT_EQ(code(files().open(at("link"), OpenMode::replace)), Code::storage);
  EXPECT_EQ(get("target"), "content");
}

TEST_P(FilesContract, read_refuses_what_is_longer_than_the_limit) {
  put("a", "12345");
  EXPECT_TRUE(files().read(at("a"), 5));
  EXPECT_EQ(code(files().read(at("a"), 4)), Code::too_large);
  EXPECT_EQ(code(files().read(at("a"), 0)), Code::too_large);
  EXPECT_EQ(code(files().read(at("b"), 5)), Code::not_found);
  EXPECT_EQ(code(files().read(directory(), 5)), Code::storage);
  put("big", std::string(200000, 'z'));
  EXPECT_EQ(get("big"), std::string(200000, 'z'));
}

TEST_P(FilesContract, rename_replaces_and_remove_removes) {
  put("a", "new");
  put("b", "old");
  ASSERT_TRUE(files().rename(at("a"), at("b")));
  EXPECT_EQ(get("b"), "new");
  EXPECT_FALSE(files().exists(at("a")).value());
  EXPECT_EQ(code(files().rename(at("a"), at("c"))), Code::not_found);
  ASSERT_TRUE(files().remove(at("b")));
  EXPECT_FALSE(files().exists(at("b")).value());
  EXPECT_EQ(code(files().remove(at("b"))), Code::not_found);
  EXPECT_TRUE(files().sync_directory(directory()));
}

TEST_P(FilesContract, rename_takes_unsynced_content_along) {
  ASSERT_TRUE(open("a", OpenMode::update)->write_at(0, as_bytes("unsynced")));
  ASSERT_TRUE(files().rename(at("a"), at("b")));
  EXPECT_EQ(get("b"), "unsynced");
}

TEST_P(FilesContract, a_new_file_under_an_old_name_starts_empty) {
  ASSERT_TRUE(open("a", OpenMode::update)->write_at(0, as_bytes("unsynced")));
  ASSERT_TRUE(files().remove(at("a")));
  static_cast<void>(open("a", OpenMode::create_new));
  EXPECT_EQ(get("a"), "");
}

TEST_P(FilesContract, a_removed_file_that_is_open_stays_readable) {
  const auto file = open("a", OpenMode::update);
  ASSERT_TRUE(file->write_at(0, as_bytes("still")));
  ASSERT_TRUE(files().remove(at("a")));
  EXPECT_EQ(as_text(file->read_at(0, 100).value()), "still");
}

TEST_P(FilesContract, lists_names_sorted) {
  put("b", "");
  put("a", "");
  ASSERT_TRUE(files().make_directory(at("c")));
  EXPECT_EQ(files().list(directory()).value(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(code(files().list(at("missing"))), Code::not_found);
  EXPECT_EQ(code(files().list(at("a"))), Code::storage);
}

TEST_P(FilesContract, makes_a_directory_with_its_parents_for_the_owner_only) {
  ASSERT_TRUE(files().make_directory(at("x/y/z")));
  ASSERT_TRUE(files().make_directory(at("x/y/z")));
  for (const auto* name : {"x", "x/y", "x/y/z"}) {
    struct stat facts {};
    ASSERT_EQ(::stat(at(name).c_str(), &facts), 0);
    EXPECT_TRUE(S_ISDIR(facts.st_mode));
    EXPECT_EQ(facts.st_mode & 0777, 0700U) << name;
  }
  put("file", "");
  EXPECT_EQ(code(files().make_directory(at("file"))), Code::storage);
  EXPECT_EQ(code(files().make_directory(at("file/below"))), Code::storage);
}

TEST_P(FilesContract, a_file_is_for_the_owner_unless_published) {
  const auto mask = ::umask(022);
  put("secret", "");
  ASSERT_TRUE(files().open(at("public"), OpenMode::create_new, Visibility::everyone));
  ::umask(mask);
  struct stat facts {};
  ASSERT_EQ(::stat(at("secret").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
  ASSERT_EQ(::stat(at("public").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0644U);
}

TEST_P(FilesContract, a_lock_is_held_once_until_it_is_dropped) {
  {
    const auto lock = files().lock(at("lock"));
    ASSERT_TRUE(lock);
    EXPECT_EQ(code(files().lock(at("lock"))), Code::unavailable);
  }
  EXPECT_TRUE(files().lock(at("lock")));
}

TEST_P(FilesContract, exists_answers_without_an_error_for_what_cannot_be) {
  put("a", "");
  EXPECT_TRUE(files().exists(at("a")).value());
  EXPECT_FALSE(files().exists(at("b")).value());
  EXPECT_FALSE(files().exists(at("a/b")).value());
}

TEST_P(FilesContract, write_atomically_replaces_and_leaves_nothing_beside) {
  ASSERT_TRUE(write_atomically(files(), at("a"), as_bytes("a much longer first version")));
  ASSERT_TRUE(write_atomically(files(), at("a"), as_bytes("second")));
  EXPECT_EQ(get("a"), "second");
  EXPECT_EQ(files().list(directory()).value(), std::vector<std::string>{"a"});
  EXPECT_EQ(code(write_atomically(files(), at("missing/a"), as_bytes("x"))), Code::not_found);
}

TEST_P(FilesContract, write_atomically_takes_over_what_a_crash_left) {
  put(".a.new", "half of someth");
  ASSERT_TRUE(write_atomically(files(), at("a"), as_bytes("whole")));
  EXPECT_EQ(get("a"), "whole");
  EXPECT_EQ(files().list(directory()).value(), std::vector<std::string>{"a"});
}

}  // namespace birthmark::test
