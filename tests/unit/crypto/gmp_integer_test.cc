// SPDX-License-Identifier: Apache-2.0
#include "crypto/gmp_integer.h"

#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

Bytes octets_of(std::size_t size, std::uint8_t first) {
  Bytes out(size);
  std::ranges::generate(out, [&] { return first = static_cast<std::uint8_t>(first * 5 + 77); });
  return out;
}

/// What the library itself reads from the same octets.
Integer imported(BytesView big_endian) {
  Integer out;
  mpz_import(out.get(), big_endian.size(), 1, 1, 1, 0, big_endian.data());
  return out;
}

TEST(GmpInteger, reads_what_the_library_reads) {
  Integer value;
  for (std::size_t size = 0; size <= 70; ++size) {
    for (const std::uint8_t first : Bytes{0x00, 0x01, 0x80, 0xFF}) {
      auto octets = octets_of(size, first);
      if (size > 3) {
        octets[0] = octets[1] = 0;
      }
      value.read(octets);
      EXPECT_EQ(mpz_cmp(value.get(), imported(octets).get()), 0) << to_hex(octets);
    }
  }
  // Nothing is left of what was there before.
  for (const auto& next : {Bytes(40, 0), Bytes(70, 0xFF), Bytes{1}, Bytes(70, 0xFF), Bytes{}}) {
    value.read(next);
    EXPECT_EQ(mpz_cmp(value.get(), imported(next).get()), 0) << to_hex(next);
  }
}

TEST(GmpInteger, writes_what_was_read_with_zeros_in_front) {
  for (std::size_t size = 0; size <= 40; ++size) {
    const auto octets = octets_of(size, 0x5A);
    Integer value;
    value.read(octets);
    for (const std::size_t zeros : {0U, 1U, 7U, 9U}) {
      Bytes wanted(zeros, 0);
      append(wanted, octets);
      Bytes written(wanted.size(), 0xEE);
      EXPECT_TRUE(value.write(written));
      EXPECT_EQ(to_hex(written), to_hex(wanted));
    }
  }
}

TEST(GmpInteger, says_when_it_does_not_fit) {
  Integer value;
  for (const std::size_t size : {1U, 7U, 8U, 9U, 32U, 33U}) {
    Bytes octets(size, 0);
    octets[0] = 1;
    value.read(octets);
    Bytes room(size - 1);
    EXPECT_FALSE(value.write(room)) << size;
    room.resize(size);
    EXPECT_TRUE(value.write(room)) << size;
  }
}

}  // namespace
}  // namespace birthmark::crypto
