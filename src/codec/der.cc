// SPDX-License-Identifier: Apache-2.0
#include "codec/der.h"

#include <array>

namespace birthmark::der {
namespace {

constexpr std::size_t kOidMaxBytes = 64;
constexpr std::size_t kLengthMaxOctets = 4;
constexpr std::size_t kDepthMax = 64;
constexpr std::uint8_t kConstructed = 0x20, kClassMask = 0xC0, kNumberMask = 0x1F;
constexpr std::uint8_t kBitsPerOctet = 8;

constexpr bool is_constructed(std::uint8_t tag) {
  return (tag & kConstructed) != 0;
}

/// X.690 §8.1.2.4 (high tag numbers), §8.1.5 (end of contents), §10.2 (strings are primitive in DER): of the universal
/// class only SEQUENCE and SET are constructed here.
constexpr bool tag_allowed(std::uint8_t tag) {
  const auto number = tag & kNumberMask;
  if (number == kNumberMask || tag == 0) {
    return false;
  }
  if ((tag & kClassMask) != 0) {
    return true;
  }
  const bool sequence_or_set = number == (tag::sequence & kNumberMask) || number == (tag::set & kNumberMask);
  return is_constructed(tag) == sequence_or_set;
}

/// `tag_allowed` of each identifier octet: asked of every element.
constexpr auto kTagAllowed = [] {
  std::array<bool, 256> allowed{};
  for (std::size_t tag = 0; tag < allowed.size(); ++tag) {
    allowed.at(tag) = tag_allowed(static_cast<std::uint8_t>(tag));
  }
  return allowed;
}();

/// X.690 §8.3.2: the first nine bits are not all alike.
bool minimal_integer(BytesView contents) {
  if (contents.size() < 2) {
    return !contents.empty();
  }
  const bool next_high = (contents[1] & 0x80) != 0;
  return !((contents[0] == 0x00 && !next_high) || (contents[0] == 0xFF && next_high));
}

/// X.690 §8.6.2, §11.2.1: a count of unused bits that are there, and zero.
bool bit_string_allowed(BytesView contents) {
  if (contents.empty() || contents[0] >= kBitsPerOctet) {
    return false;
  }
  return contents[0] == 0 || (contents.size() > 1 && (contents.back() & ((1U << contents[0]) - 1U)) == 0);
}

/// Whether the contents fit the universal types that have a form of their own; whoever meets an element that he does
/// not interpret (parameters, unknown attributes) relies on it. Character strings and times have readers of their own.
bool contents_allowed(std::uint8_t tag, BytesView contents) {
  constexpr std::uint8_t kUniversalString = 0x1C, kBmpString = 0x1E;
  switch (tag) {
    case tag::boolean:
      return contents.size() == 1 && (contents[0] == 0x00 || contents[0] == 0xFF);
    case tag::integer:
    case tag::enumerated:
      return minimal_integer(contents);
    case tag::bit_string:
      return bit_string_allowed(contents);
    case tag::null:
      return contents.empty();
    case tag::oid:
      return is_oid(contents);
    case kUniversalString:
      return contents.size() % 4 == 0;
    case kBmpString:
      return contents.size() % 2 == 0;
  }
  return true;
}

/// Two decimal digits at `at`, or -1.
int two_digits(BytesView text, std::size_t at) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -1; };
  const int high = digit(at), low = digit(at + 1);
  return high < 0 || low < 0 ? -1 : high * 10 + low;
}

/// "MMDDhhmmssZ" of that year, or nothing. RFC 5280 §4.1.2.5: seconds always, Z always, no fraction.
std::optional<Instant> rest_of_time(int year, BytesView text) {
  if (text.size() != 11 || text[10] != 'Z') {
    return std::nullopt;
  }
  const int month = two_digits(text, 0), day = two_digits(text, 2), hour = two_digits(text, 4),
            minute = two_digits(text, 6), second = two_digits(text, 8);
  if (month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) {
    return std::nullopt;
  }
  return Instant{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second};
}

/// @param general_from the first year that GeneralizedTime may stand for
std::optional<Instant> read_time(const Element& element, int general_from) {
  const auto text = element.contents;
  if (element.tag == tag::utc_time && text.size() == 13) {
    const int year = two_digits(text, 0);
    return year < 0 ? std::nullopt : rest_of_time(year + (year >= 50 ? 1900 : 2000), text.subspan(2));
  }
  if (element.tag == tag::generalized_time && text.size() == 15) {
    const int century = two_digits(text, 0), year = two_digits(text, 2);
    const bool allowed = century >= 0 && year >= 0 && century * 100 + year >= general_from;
    return allowed ? rest_of_time(century * 100 + year, text.subspan(4)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

tl::unexpected<Error> Reader::refuse(const char* what) const {
  return fail(Code::bad_request, "DER: " + std::string{what} + " at " + std::to_string(rest_.data() - origin_));
}

std::optional<std::uint8_t> Reader::peek() const {
  return rest_.empty() ? std::nullopt : std::optional{rest_.front()};
}

/// The long form of a length, of any number of octets (X.690 §8.1.3.5), minimal (§10.1).
Reader::Look Reader::look_at_long() const {
  if (rest_.size() < 2) {
    return {.wrong = "truncated header"};
  }
  const std::size_t count = rest_[1] & 0x7FU;
  if (count == 0) {
    return {.wrong = "indefinite length"};
  }
  if (count > kLengthMaxOctets || count + 2 > rest_.size()) {
    return {.wrong = "length octets"};
  }
  std::size_t value = 0;
  for (const auto octet : rest_.subspan(2, count)) {
    value = value << kBitsPerOctet | octet;
  }
  if (value < 0x80 || rest_[2] == 0) {
    return {.wrong = "length not minimal"};
  }
  return {2 + count, value};
}

/// Every element that is read from outside passes here: inlined, since a call costs as much as the look.
[[gnu::always_inline]] inline Reader::Look Reader::look() const {
  if (rest_.empty()) {
    return {.wrong = "missing element"};
  }
  if (!kTagAllowed[rest_.front()]) {
    return {.wrong = "tag"};
  }
  const bool is_short = rest_.size() >= 2 && rest_[1] < 0x80;
  const Look next = is_short ? Look{2, rest_[1]} : look_at_long();
  if (next.wrong == nullptr && next.contents > rest_.size() - next.header) {
    return {.wrong = "length beyond the end"};
  }
  return next;
}

Result<Element> Reader::any() {
  const auto next = look();
  if (next.wrong != nullptr) {
    return refuse(next.wrong);
  }
  const auto* const at = rest_.data();
  const auto size = next.header + next.contents;
  rest_ = {at + size, rest_.size() - size};
  return Element{*at, {at + next.header, next.contents}, {at, size}};
}

inline const char* Reader::take(std::uint8_t tag, BytesView& contents) {
  if (rest_.empty() || rest_.front() != tag) {
    return "another tag than expected";
  }
  const auto next = look();
  if (next.wrong != nullptr) {
    return next.wrong;
  }
  contents = {rest_.data() + next.header, next.contents};
  rest_ = {contents.data() + contents.size(), rest_.size() - next.header - next.contents};
  return nullptr;
}

Result<BytesView> Reader::expect(std::uint8_t tag) {
  BytesView contents;
  if (const char* const wrong = take(tag, contents)) {
    return refuse(wrong);
  }
  return contents;
}

Result<std::optional<BytesView>> Reader::optional(std::uint8_t tag) {
  if (rest_.empty() || rest_.front() != tag) {
    return std::optional<BytesView>{};
  }
  BM_TRY(const auto contents, expect(tag));
  return std::optional{contents};
}

Result<Reader> Reader::enter(std::uint8_t tag) {
  BytesView contents;
  if (const char* const wrong = take(tag, contents)) {
    return refuse(wrong);
  }
  return Reader{contents, origin_};
}

Result<bool> Reader::boolean() {
  const Reader start = *this;
  BM_TRY(const auto contents, expect(tag::boolean));
  if (contents.size() != 1 || (contents[0] != 0x00 && contents[0] != 0xFF)) {
    return start.refuse("BOOLEAN");
  }
  return contents[0] == 0xFF;
}

Result<BytesView> Reader::integer() {
  const Reader start = *this;
  BM_TRY(const auto contents, expect(tag::integer));
  if (!minimal_integer(contents)) {
    return start.refuse("INTEGER not minimal");
  }
  return contents;
}

Result<std::uint64_t> Reader::small_unsigned() {
  const Reader start = *this;
  BM_TRY(auto contents, integer());
  if ((contents[0] & 0x80) != 0) {
    return start.refuse("negative INTEGER");
  }
  if (contents[0] == 0) {
    contents = contents.subspan(1);
  }
  if (contents.size() > sizeof(std::uint64_t)) {
    return start.refuse("INTEGER too large");
  }
  std::uint64_t value = 0;
  for (const auto octet : contents) {
    value = value << kBitsPerOctet | octet;
  }
  return value;
}

Result<BytesView> Reader::oid() {
  const Reader start = *this;
  BM_TRY(const auto contents, expect(tag::oid));
  if (!is_oid(contents)) {
    return start.refuse("OBJECT IDENTIFIER");
  }
  return contents;
}

Result<BytesView> Reader::bit_octets() {
  const Reader start = *this;
  BM_TRY(const auto contents, expect(tag::bit_string));
  if (contents.empty() || contents[0] != 0) {
    return start.refuse("BIT STRING with unused bits");
  }
  return contents.subspan(1);
}

Result<std::uint32_t> Reader::named_bits() {
  const Reader start = *this;
  BM_TRY(const auto contents, expect(tag::bit_string));
  if (contents.empty() || contents.size() > 1 + sizeof(std::uint32_t) || contents[0] >= kBitsPerOctet) {
    return start.refuse("BIT STRING of flags");
  }
  const auto octets = contents.subspan(1);
  const unsigned unused = contents[0];
  // X.690 §11.2: padding is zero, and the last bit that is there is a one.
  if (octets.empty() ? unused != 0 : (octets.back() & ((2U << unused) - 1U)) != (1U << unused)) {
    return start.refuse("BIT STRING of flags not minimal");
  }
  std::uint32_t flags = 0;
  for (std::size_t bit = 0; bit < octets.size() * kBitsPerOctet; ++bit) {
    if ((octets[bit / kBitsPerOctet] & (0x80U >> (bit % kBitsPerOctet))) != 0) {
      flags |= 1U << bit;
    }
  }
  return flags;
}

Result<Instant> Reader::time_from(int general_from) {
  const Reader start = *this;
  BM_TRY(const auto element, any());
  const auto value = read_time(element, general_from);
  if (!value) {
    return start.refuse("time");
  }
  return *value;
}

Result<Instant> Reader::time() {
  // Years that UTCTime can hold must be in UTCTime, so that one moment has one encoding.
  return time_from(2050);
}

Result<Instant> Reader::time_of_either_type() {
  return time_from(1950);
}

Result<void> Reader::finish() const {
  if (!rest_.empty()) {
    return refuse("bytes left over");
  }
  return {};
}

bool is_oid(BytesView contents) {
  if (contents.empty() || contents.size() > kOidMaxBytes || (contents.back() & 0x80) != 0) {
    return false;
  }
  std::uint8_t before = 0;
  for (const auto octet : contents) {
    if (octet == 0x80 && before < 0x80) {
      return false;
    }
    before = octet;
  }
  return true;
}

Result<Reader> read_one(BytesView input, std::uint8_t tag) {
  Reader reader{input};
  BM_TRY(auto contents, reader.enter(tag));
  BM_CHECK(reader.finish());
  return contents;
}

Result<void> check_nesting(BytesView input, std::size_t depth_max) {
  // One end per open element instead of recursion: an attacker's depth must not become our stack.
  std::array<std::size_t, kDepthMax> left{};
  std::size_t depth = 0;
  depth_max = std::min(depth_max, kDepthMax);
  Reader reader{input};
  while (!reader.empty()) {
    while (depth > 0 && reader.rest().size() == left.at(depth - 1)) {
      --depth;
    }
    const auto next = reader.look();
    if (next.wrong != nullptr) {
      return reader.refuse(next.wrong);
    }
    const auto rest = reader.rest();
    const std::size_t after = rest.size() - next.header - next.contents;
    if (depth > 0 && after < left.at(depth - 1)) {
      return reader.refuse("element longer than what holds it");
    }
    const auto tag = rest.front();
    if (!contents_allowed(tag, {rest.data() + next.header, next.contents})) {
      return reader.refuse("contents of a simple type");
    }
    std::size_t go_on = after;
    if (is_constructed(tag)) {
      if (depth == depth_max) {
        return reader.refuse("nested too deep");
      }
      left.at(depth++) = after;
      go_on += next.contents;
    }
    reader = Reader{input.last(go_on), input.data()};
  }
  return {};
}

}  // namespace birthmark::der
