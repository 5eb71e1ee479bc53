// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>
#include <cstdlib>

#include "codec/der.h"

namespace birthmark::der {
namespace {

constexpr std::uint8_t kBitsPerOctet = 8;
constexpr Octets<1> kZero{0};

/// Ends the process on a programmer's mistake, in every build.
void require(bool holds, const char* what) {
  if (!holds) {
    static_cast<void>(std::fprintf(stderr, "der::Writer: %s\n", what));
    std::abort();
  }
}

}  // namespace

std::span<std::uint8_t> Writer::more(std::size_t octets) {
  const auto before = out_.size();
  out_.resize(before + octets);
  return std::span{out_}.subspan(before);
}

Writer& Writer::open(std::uint8_t tag) {
  require(depth_ < kDepthMax, "nested too deep");
  const auto header = more(2);
  header[0] = tag;  // most lengths take one octet
  open_[depth_++] = out_.size();
  return *this;
}

Writer& Writer::close() {
  require(depth_ != 0, "close without open");
  const std::size_t at = open_[--depth_];
  const std::size_t size = out_.size() - at;
  if (size < 0x80) {
    out_[at - 1] = static_cast<std::uint8_t>(size);
    return *this;
  }
  std::array<std::uint8_t, sizeof(std::uint64_t)> octets{};
  std::size_t used = octets.size();
  for (std::size_t left = size; left != 0; left >>= kBitsPerOctet) {
    octets.at(--used) = static_cast<std::uint8_t>(left);
  }
  out_[at - 1] = static_cast<std::uint8_t>(0x80 | (octets.size() - used));
  out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(at), octets.begin() + static_cast<std::ptrdiff_t>(used),
              octets.end());
  return *this;
}

Writer& Writer::primitive(std::uint8_t tag, BytesView contents) {
  return simple(tag, {}, contents);
}

Writer& Writer::simple(std::uint8_t tag, BytesView prefix, BytesView contents) {
  require(depth_ < kDepthMax, "nested too deep");
  const std::size_t size = prefix.size() + contents.size();
  if (size >= 0x80) {
    return open(tag).raw(prefix).raw(contents).close();
  }
  const auto element = more(2 + size);
  element[0] = tag;
  element[1] = static_cast<std::uint8_t>(size);
  std::ranges::copy(contents, std::ranges::copy(prefix, element.begin() + 2).out);
  return *this;
}

Writer& Writer::boolean(bool value) {
  const std::array<std::uint8_t, 1> contents{static_cast<std::uint8_t>(value ? 0xFF : 0x00)};
  return primitive(tag::boolean, contents);
}

Writer& Writer::unsigned_int(std::uint64_t value) {
  std::array<std::uint8_t, sizeof value> magnitude{};
  for (std::size_t i = magnitude.size(); i-- > 0; value >>= kBitsPerOctet) {
    magnitude.at(i) = static_cast<std::uint8_t>(value);
  }
  return positive_integer(magnitude);
}

Writer& Writer::positive_integer(BytesView magnitude) {
  while (!magnitude.empty() && magnitude.front() == 0) {
    magnitude = magnitude.subspan(1);
  }
  const bool needs_sign = magnitude.empty() || (magnitude.front() & 0x80) != 0;
  return simple(tag::integer, needs_sign ? BytesView{kZero} : BytesView{}, magnitude);
}

Writer& Writer::oid(BytesView contents) {
  require(is_oid(contents), "object identifier");
  return primitive(tag::oid, contents);
}

Writer& Writer::null() {
  return primitive(tag::null, {});
}

Writer& Writer::octet_string(BytesView contents) {
  return primitive(tag::octet_string, contents);
}

Writer& Writer::bit_string(BytesView octets) {
  return simple(tag::bit_string, kZero, octets);
}

Writer& Writer::named_bits(std::uint32_t flags) {
  std::array<std::uint8_t, 1 + sizeof flags> contents{};
  std::size_t size = 1;
  for (std::size_t bit = 0; bit < sizeof flags * kBitsPerOctet; ++bit) {
    if ((flags >> bit & 1U) != 0) {
      size = 2 + bit / kBitsPerOctet;
      contents.at(size - 1) |= static_cast<std::uint8_t>(0x80U >> (bit % kBitsPerOctet));
      contents.at(0) = static_cast<std::uint8_t>(kBitsPerOctet - 1 - bit % kBitsPerOctet);
    }
  }
  return primitive(tag::bit_string, BytesView{contents}.first(size));
}

Writer& Writer::text(std::uint8_t tag, std::string_view value) {
  return primitive(tag, as_bytes(value));
}

Writer& Writer::time(Instant value) {
  const auto day = std::chrono::floor<std::chrono::days>(value);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(value - day)};
  const int year{date.year()};
  require(year >= 1950 && year <= 9999, "time outside the years 1950 to 9999");
  Octets<15> digits{};
  std::size_t used = 0;
  const auto two_digits = [&](auto number) {
    const auto below_100 = static_cast<unsigned>(number);
    digits.at(used++) = static_cast<std::uint8_t>('0' + below_100 / 10);
    digits.at(used++) = static_cast<std::uint8_t>('0' + below_100 % 10);
  };
  if (year >= 2050) {
    two_digits(year / 100);
  }
  two_digits(year % 100);
  two_digits(unsigned{date.month()});
  two_digits(unsigned{date.day()});
  two_digits(clock.hours().count());
  two_digits(clock.minutes().count());
  two_digits(clock.seconds().count());
  digits.at(used++) = 'Z';
  return primitive(year < 2050 ? tag::utc_time : tag::generalized_time, BytesView{digits}.first(used));
}

Writer& Writer::raw(BytesView elements) {
  append(out_, elements);
  return *this;
}

Bytes Writer::finish() && {
  require(depth_ == 0, "an element is still open");
  return std::move(out_);
}

}  // namespace birthmark::der
