// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"

namespace birthmark::der {

/// Identifier octets that the product meets; high tag numbers are refused.
namespace tag {
inline constexpr std::uint8_t boolean = 0x01, integer = 0x02, bit_string = 0x03, octet_string = 0x04, null = 0x05,
                              oid = 0x06, enumerated = 0x0A, utf8_string = 0x0C, printable_string = 0x13,
                              ia5_string = 0x16, utc_time = 0x17, generalized_time = 0x18, sequence = 0x30, set = 0x31;
constexpr std::uint8_t context(std::uint8_t number) {
  return static_cast<std::uint8_t>(0x80 | number);
}
constexpr std::uint8_t context_constructed(std::uint8_t number) {
  return static_cast<std::uint8_t>(0xA0 | number);
}
}  // namespace tag

/// One element: its tag, its contents, and the whole of it. Aliases the input.
struct Element {
  std::uint8_t tag = 0;
  BytesView contents;
  BytesView whole;
};

/// Pull reader for DER (X.690 §10): definite minimal lengths, single-byte tags. Aliases its input.
/// Every error is `bad_request` with the offset in the detail; after an error nothing more should be read.
class Reader {
 public:
  /// @param input the contents to read elements from; must outlive the reader and every view taken from it.
  explicit Reader(BytesView input) : Reader{input, input.data()} {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  /// The tag of the next element, or nothing at the end.
  [[nodiscard]] std::optional<std::uint8_t> peek() const;
  [[nodiscard]] BytesView rest() const { return rest_; }

  Result<Element> any();
  /// The contents of the next element, which must have this tag.
  Result<BytesView> expect(std::uint8_t tag);
  /// The next element if it has this tag, else nothing and no progress.
  Result<std::optional<BytesView>> optional(std::uint8_t tag);
  /// A reader over the contents of the next element, which must have this tag.
  Result<Reader> enter(std::uint8_t tag);

  Result<bool> boolean();       ///< only 00 and FF
  Result<BytesView> integer();  ///< two's complement contents, minimal, not empty
  Result<std::uint64_t> small_unsigned();
  Result<BytesView> oid();  ///< contents; arcs minimal, at most 64 bytes
  /// The octets of a BIT STRING with no unused bits.
  Result<BytesView> bit_octets();
  /// A BIT STRING as flags, bit 0 first (NamedBitList: no trailing zero bits), at most 32.
  Result<std::uint32_t> named_bits();
  /// UTCTime (RFC 5280 §4.1.2.5.1, 1950..2049) or GeneralizedTime with seconds and Z; the right one for the year.
  Result<Instant> time();
  /// As `time`, but GeneralizedTime may stand for 1950..2049 too: valid DER against the profile of RFC 5280, and what
  /// layers of DICE and some makers of TPMs put into certificates that cannot be made again.
  Result<Instant> time_of_either_type();
  /// @error bad_request: bytes are left over.
  [[nodiscard]] Result<void> finish() const;

 private:
  Reader(BytesView input, const std::uint8_t* origin) : rest_{input}, origin_{origin} {}
  [[nodiscard, gnu::cold]] tl::unexpected<Error> refuse(const char* what) const;
  /// The next element, not consumed.
  struct Look {
    std::size_t header = 0;       ///< identifier and length octets
    std::size_t contents = 0;     ///< octets behind them, all there
    const char* wrong = nullptr;  ///< null: nothing
  };
  [[nodiscard]] inline Look look() const;
  /// The contents of the next element, consumed; else what is wrong with it.
  inline const char* take(std::uint8_t tag, BytesView& contents);
  [[nodiscard]] Look look_at_long() const;
  Result<Instant> time_from(int general_from);
  friend Result<void> check_nesting(BytesView input, std::size_t depth_max);

  BytesView rest_;
  const std::uint8_t* origin_;  ///< where the outermost reader began: offsets in details count from there
};

/// Whether these are the contents of an OBJECT IDENTIFIER: 1..64 bytes, whole minimal arcs (X.690 §8.19.2).
bool is_oid(BytesView contents);

/// Exactly one element of this tag, with nothing behind it; returns a reader over its contents.
Result<Reader> read_one(BytesView input, std::uint8_t tag);

/// Walks everything inside `input` without recursion: well-formed DER elements wherever a constructed tag says so, at
/// most `depth_max` (1..64) levels of them; BOOLEAN, INTEGER, ENUMERATED, BIT STRING, NULL and OBJECT IDENTIFIER with
/// the contents that DER gives them. Character strings, times and what stands in OCTET STRINGs are not looked at.
/// @error bad_request: malformed at any level, or deeper.
Result<void> check_nesting(BytesView input, std::size_t depth_max);

/// Builds DER from the inside out into one buffer. Misuse (a bad time, an unbalanced `close`) ends the process.
class Writer {
 public:
  /// @param room what will probably be written, in octets: it is taken at once.
  explicit Writer(std::size_t room = 256) { out_.reserve(room); }
  /// Opens an element, at most 16 in each other (asserted); its length is put in when the matching `close` comes.
  Writer& open(std::uint8_t tag);
  Writer& close();
  Writer& primitive(std::uint8_t tag, BytesView contents);
  Writer& boolean(bool value);
  Writer& unsigned_int(std::uint64_t value);
  /// A positive INTEGER from big-endian magnitude bytes; leading zeros are dropped, a sign byte added where needed.
  Writer& positive_integer(BytesView magnitude);
  /// @param contents the encoded arcs, as the constants in oid.h hold them.
  Writer& oid(BytesView contents);
  Writer& null();
  Writer& octet_string(BytesView contents);
  Writer& bit_string(BytesView octets);     ///< no unused bits
  Writer& named_bits(std::uint32_t flags);  ///< bit 0 first, trailing zeros dropped
  Writer& text(std::uint8_t tag, std::string_view value);
  Writer& time(Instant value);  ///< UTCTime through 2049, GeneralizedTime from 2050
  /// Appends bytes that already are whole elements.
  Writer& raw(BytesView elements);
  /// The finished bytes; every `open` must have been closed (asserted).
  [[nodiscard]] Bytes finish() &&;

 private:
  static constexpr std::size_t kDepthMax = 16;
  /// So many more octets at the end, zero.
  std::span<std::uint8_t> more(std::size_t octets);
  /// An element that is not constructed, its contents in two parts.
  Writer& simple(std::uint8_t tag, BytesView prefix, BytesView contents);

  Bytes out_;
  std::array<std::size_t, kDepthMax> open_{};  ///< where the contents of each open element begin
  std::size_t depth_ = 0;
};

}  // namespace birthmark::der
