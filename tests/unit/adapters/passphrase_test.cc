// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/passphrase.h"

#include <gtest/gtest.h>

#include <fstream>

#include "adapters/files/posix_files.h"
#include "support/seeded_entropy.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

class Passphrase : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) {
    std::ofstream{file_, std::ios::binary} << text;
    return file_;
  }
  TempDir directory_;
  PosixFiles files_;
  const std::filesystem::path file_ = directory_ / "passphrase";
};

TEST_F(Passphrase, is_what_the_file_holds_without_its_line_end) {
  for (const auto* const text : {"a secret", "a secret\n", "a secret\r\n", "a secret\n\n"}) {
    EXPECT_EQ(as_text(read_passphrase(files_, write(text)).value().reveal()), "a secret");
  }
  EXPECT_EQ(as_text(read_passphrase(files_, write("two\nlines\n")).value().reveal()), "two\nlines");
}

TEST_F(Passphrase, that_is_not_there_or_empty_is_refused_with_the_name_of_the_file) {
  const auto missing = read_passphrase(files_, file_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_NE(missing.error().detail.find(file_.string()), std::string::npos);
  EXPECT_NE(missing.error().detail.find("birthmark init"), std::string::npos);
  for (const auto* const text : {"", "\n", "\r\n\n"}) {
    const auto empty = read_passphrase(files_, write(text));
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().code, Code::key_attributes);
  }
  EXPECT_FALSE(read_passphrase(files_, write(std::string(4097, 'x'))));
}

TEST_F(Passphrase, that_is_made_is_256_bits_in_hexadecimal_for_its_owner_alone_and_stays) {
  SeededEntropy entropy;
  Octets<32> expected{};
  SeededEntropy{}.fill(expected);
  ASSERT_TRUE(ensure_passphrase(files_, file_, entropy));
  EXPECT_EQ(as_text(read_passphrase(files_, file_).value().reveal()), to_hex(expected));
  EXPECT_EQ(std::filesystem::status(file_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  ASSERT_TRUE(ensure_passphrase(files_, file_, entropy));
  EXPECT_EQ(as_text(read_passphrase(files_, file_).value().reveal()), to_hex(expected));
}

TEST_F(Passphrase, lies_beside_the_keys_wherever_in_their_directory_it_is) {
  const auto data = directory_ / "data";
  std::filesystem::create_directories(data / "keys");
  std::filesystem::create_directory_symlink(data, directory_ / "link");
  for (const auto& inside :
       {data / "passphrase", data / "keys" / "p", directory_ / "x" / ".." / "data" / "p", directory_ / "link" / "p"}) {
    EXPECT_TRUE(lies_beside_keys(inside, data)) << inside;
  }
  EXPECT_TRUE(lies_beside_keys(data / "passphrase", data / ""));
  for (const auto& outside : {file_, directory_ / "data-passphrase", data / ".." / "p",
                              std::filesystem::path{"/run/credentials/birthmark.service/birthmark-passphrase"}}) {
    EXPECT_FALSE(lies_beside_keys(outside, data)) << outside;
  }
}

}  // namespace
}  // namespace birthmark::test
