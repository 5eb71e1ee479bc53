// SPDX-License-Identifier: Apache-2.0
#include "codec/pem.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace birthmark::pem {
namespace {

constexpr std::string_view kBlock = "-----BEGIN A-----\nZm9v\n-----END A-----\n";

TEST(Pem, writes_64_columns) {  // RFC 7468 §2
  EXPECT_EQ(write("A", as_bytes("foo")), kBlock);
  const auto text = write("LONG LABEL", Bytes(49, 0));
  EXPECT_EQ(text, "-----BEGIN LONG LABEL-----\n" + std::string(64, 'A') + "\nAA==\n-----END LONG LABEL-----\n");
}

TEST(Pem, reads_the_blocks_of_one_label_only) {
  const auto text = "preamble\n" + write("A", as_bytes("one")) + write("B", as_bytes("two")) + "between\r\n" +
                    write("A", as_bytes("three"));
  const auto blocks = read(text, "A");
  ASSERT_TRUE(blocks);
  ASSERT_EQ(blocks->size(), 2U);
  EXPECT_EQ(as_text((*blocks)[0]), "one");
  EXPECT_EQ(as_text((*blocks)[1]), "three");
}

TEST(Pem, takes_crlf_and_a_missing_last_line_end) {
  EXPECT_TRUE(read("-----BEGIN A-----\r\nZm9v\r\n-----END A-----", "A"));
}

TEST(Pem, refuses_what_is_not_a_whole_block) {
  for (const std::string_view text :
       {"", "Zm9v", "-----BEGIN A-----\nZm9v\n", "-----BEGIN A-----\nZm9v\n-----END B-----\n",
        "-----BEGIN A-----\n-----BEGIN A-----\nZm9v\n-----END A-----\n", "-----BEGIN A-----\nZm9v\n-----END A----\n",
        "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nZm9v\n-----END A-----\n",
        "-----BEGIN A----\nZm9v\n-----END A-----\n", "-----BEGIN A-----\nZm9\n-----END A-----\n",
        "-----BEGIN a-----\nZm9v\n-----END a-----\n", " -----BEGIN A-----\nZm9v\n-----END A-----\n",
        "-----BEGIN B-----\nZm9v\n-----END B-----\n",
        "-----BEGIN B-----\nZm9v\n-----BEGIN A-----\nZm9v\n-----END A-----\n", "-----BEGIN -----\n"}) {
    const auto blocks = read(text, "A");
    ASSERT_FALSE(blocks) << text;
    EXPECT_EQ(blocks.error().code, Code::bad_request);
  }
}

TEST(Pem, counts_and_sizes_are_bounded) {
  const auto two = std::string{kBlock} + std::string{kBlock};
  EXPECT_TRUE(read(two, "A", {.blocks_max = 2, .block_max_bytes = 3}));
  EXPECT_FALSE(read(two, "A", {.blocks_max = 1, .block_max_bytes = 3}));
  EXPECT_FALSE(read(two, "A", {.blocks_max = 2, .block_max_bytes = 2}));
}

RC_GTEST_PROP(Pem, every_block_comes_back, (const Bytes& bytes)) {
  RC_ASSERT(read(write("X", bytes), "X", {.blocks_max = 1, .block_max_bytes = bytes.size()}).value().at(0) == bytes);
}

}  // namespace
}  // namespace birthmark::pem
