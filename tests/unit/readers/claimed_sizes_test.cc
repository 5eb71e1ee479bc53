// SPDX-License-Identifier: Apache-2.0
// What an input says of its own size buys no memory: readers take as much as the bytes that came, times a constant.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "support/counted_memory.h"
#include "support/paths.h"
#include "support/readers.h"

namespace birthmark::test {
namespace {

/// Errors have words, containers begin with room for some items, a document for its depth.
constexpr std::size_t kFixedBytes = std::size_t{8} * 1024;
/// An item of one byte becomes a value of some dozen, in a container that grows by doubling.
constexpr std::size_t kBytesABytes = 64;

std::filesystem::path corpus() {
  return source_dir() / "fuzz" / "corpus";
}

std::vector<Bytes> samples_of(const NamedReader& reader) {
  std::vector<Bytes> out;
  for (const auto& file : std::filesystem::directory_iterator{corpus() / reader.name}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    out.push_back(to_bytes(as_bytes(text)));
  }
  return out;
}

struct Readers : testing::TestWithParam<NamedReader> {
  /// Reads with a count of what was asked for; says what asks for too much.
  static void read(BytesView input, const char* what, std::size_t place) {
    forget_asked_memory();
    static_cast<void>(GetParam().read(input));
    const auto asked = asked_memory();
    ASSERT_LE(asked.total_bytes, kFixedBytes + kBytesABytes * input.size())
        << what << " at " << place << " of " << input.size() << " octets; largest request " << asked.largest_bytes;
  }
};

TEST_P(Readers, take_memory_for_what_came) {
  const auto samples = samples_of(GetParam());
  ASSERT_FALSE(samples.empty());
  for (const auto& sample : samples) {
    static_cast<void>(GetParam().read(sample));  // what a thread makes once is made
    read(sample, "as it is", 0);
  }
}

/// Lengths and counts as large as they can be said, wherever one may stand: of DER, CBOR, TPM structures, TLV.
TEST_P(Readers, do_not_believe_claimed_sizes) {
  const std::vector<Bytes> claims{
      Bytes(4, 0xFF),
      Bytes(8, 0xFF),
      {0x7F, 0xFF, 0xFF, 0xFF},
      {0x00, 0xFF, 0xFF, 0xFF},
      {0x00, 0x00, 0xFF, 0xFF},                                // a frame as long as may be
      {0x84, 0x7F, 0xFF, 0xFF, 0xFF},                          // DER: a length of 2^31 - 1
      {0x83, 0xFF, 0xFF, 0xFF},                                // and of 2^24 - 1
      {0x82, 0xFF, 0xFF},                                      // and of 2^16 - 1
      {0x9A, 0xFF, 0xFF, 0xFF, 0xFF},                          // CBOR: an array of 2^32 - 1 items
      {0x9B, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00},  // of 2^32
      {0xBA, 0xFF, 0xFF, 0xFF, 0xFF},                          // a map of as many pairs
      {0xBB, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},  // of 2^63 - 1
      {0x5A, 0xFF, 0xFF, 0xFF, 0xFF},                          // a byte string
      {0x7B, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00},  // a text
      {0x99, 0x10, 0x00},                                      // an array of as many items as may be
      {0xB9, 0x08, 0x00},                                      // a map of as many
      {0x32, 0x01, 0xFF, 0xFF, 0xFF, 0xFF},                    // Matter TLV: octets
  };
  for (const auto& sample : samples_of(GetParam())) {
    static_cast<void>(GetParam().read(sample));
    const std::size_t step = std::max<std::size_t>(1, sample.size() / 256);
    for (std::size_t at = 0; at < sample.size(); at += step) {
      for (const auto& claim : claims) {
        auto changed = sample;
        changed.resize(std::max(changed.size(), at + claim.size()));
        std::ranges::copy(claim, changed.begin() + static_cast<std::ptrdiff_t>(at));
        ASSERT_NO_FATAL_FAILURE(read(changed, to_hex(claim).c_str(), at));
      }
    }
  }
}

TEST_P(Readers, take_a_lone_claim_for_its_octets) {
  for (const std::size_t size : {1U, 5U, 9U, 64U, 4096U}) {
    for (unsigned octet = 0; octet < 256; ++octet) {
      Bytes input(size, 0xFF);
      input[0] = static_cast<std::uint8_t>(octet);
      ASSERT_NO_FATAL_FAILURE(read(input, "octet and ones", octet));
      std::ranges::fill(input, static_cast<std::uint8_t>(octet));
      ASSERT_NO_FATAL_FAILURE(read(input, "one octet over and over", octet));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Readers, testing::ValuesIn(named_readers()),
                         [](const auto& reader) { return std::string{reader.param.name}; });

/// A fuzz target without its reader here would not be looked at by these tests.
TEST(NamedReaders, are_those_of_the_corpora) {
  std::set<std::string> expected{"manifest", "path", "receipt"};
  for (const auto& reader : named_readers()) {
    expected.emplace(reader.name);
  }
  std::set<std::string> found;
  for (const auto& folder : std::filesystem::directory_iterator{corpus()}) {
    found.insert(folder.path().filename());
  }
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace birthmark::test
