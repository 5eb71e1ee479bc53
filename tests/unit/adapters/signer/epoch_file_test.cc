// SPDX-License-Identifier: Apache-2.0
#include "adapters/signer/epoch_file.h"

#include <gtest/gtest.h>

#include "adapters/files/posix_files.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

class EpochFileTest : public testing::Test {
 protected:
  EpochFile open() { return EpochFile::open(files_, path_).value(); }
  void add(BytesView bytes) { ASSERT_TRUE(files_.open(path_, OpenMode::update).value()->append(bytes)); }

  PosixFiles files_;
  TempDir directory_;
  const std::filesystem::path path_ = directory_ / "epoch";
};

TEST_F(EpochFileTest, AC31_tells_what_was_put_last_by_anybody_and_over_restarts) {
  auto one = open();
  auto other = open();
  EXPECT_EQ(one.get(), Epoch{0});
  ASSERT_TRUE(one.put(Epoch{9}));
  EXPECT_EQ(other.get(), Epoch{9});
  ASSERT_TRUE(other.put(Epoch{10}));
  EXPECT_EQ(one.get(), Epoch{10});
  ASSERT_TRUE(one.put(Epoch{~0ULL}));
  EXPECT_EQ(open().get(), Epoch{~0ULL});
}

TEST_F(EpochFileTest, AC31_a_higher_one_is_never_written_over) {
  auto paused = open();
  ASSERT_TRUE(open().put(Epoch{6}));
  EXPECT_EQ(paused.put(Epoch{5}).error().code, Code::fenced);
  EXPECT_EQ(paused.get(), Epoch{6});
  {
    const auto other = files_.lock(path_).value();
    EXPECT_EQ(paused.put(Epoch{7}).error().code, Code::unavailable) << "another process is at it";
  }
  EXPECT_EQ(paused.get(), Epoch{6});
  EXPECT_TRUE(paused.put(Epoch{7}));
}

TEST_F(EpochFileTest, AC31_who_remembers_his_own_line_sees_that_of_another) {
  auto paused = open();
  ASSERT_TRUE(paused.put(Epoch{5}));
  EXPECT_EQ(paused.get(), Epoch{5});
  EXPECT_EQ(paused.get(), Epoch{5});  // by what it remembers
  ASSERT_TRUE(open().put(Epoch{6}));
  EXPECT_EQ(paused.get(), Epoch{6});
  EXPECT_EQ(paused.put(Epoch{5}).error().code, Code::fenced);
}

TEST_F(EpochFileTest, AC30_a_line_that_a_cut_left_unfinished_or_blank_does_not_count_and_is_written_over) {
  ASSERT_TRUE(open().put(Epoch{9}));
  add(as_bytes("000000000000"));
  EXPECT_EQ(open().get(), Epoch{9});
  ASSERT_TRUE(open().put(Epoch{10}));
  EXPECT_EQ(open().get(), Epoch{10});
  add(Bytes(21, 0));
  EXPECT_EQ(open().get(), Epoch{10});
  ASSERT_TRUE(open().put(Epoch{11}));
  EXPECT_EQ(open().get(), Epoch{11});
}

TEST_F(EpochFileTest, holds_epochs_and_nothing_else) {
  add(as_bytes("0000000000000000000x\n"));
  EXPECT_EQ(EpochFile::open(files_, path_).error().code, Code::key_attributes);
}

}  // namespace
}  // namespace birthmark::test
