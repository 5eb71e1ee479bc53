// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"

namespace birthmark::json {

/// Bounds of one reading; what exceeds one of them is refused before it is stored.
struct Limits {
  std::size_t bytes_max = 64 * 1024;
  std::size_t depth_max = 32;      ///< arrays and objects inside one another
  std::size_t items_max = 16384;   ///< all values of the document together, containers included
  std::size_t string_max = 65536;  ///< bytes of one string or member name, escapes resolved
};

/// Reads exactly one JSON text (RFC 8259), strictly.
/// @param text 1..limits.bytes_max bytes of UTF-8 without a byte order mark; not kept.
/// @return an owned value. Integers that fit 64 bits are integers, every other number the nearest double.
/// @error bad_json: malformed, not UTF-8, a lone surrogate, a member named twice in one object, a number that no double
///     holds, bytes left over, or past a limit.
Result<boost::json::value> read(std::string_view text, Limits limits = {});
Result<boost::json::value> read(BytesView text, Limits limits = {});

/// One line of JSON. Strings must be UTF-8 and doubles finite.
std::string write(const boost::json::value& value);

/// Reads an object with a known set of members: take each by name, then `finish`. A member that is missing or of
/// another type or form is refused; an `optional_*` one may be missing or null. Every error is bad_json.
/// Aliases the value it was made of, which must outlive it and every view taken from it.
class Object {
 public:
  /// @error bad_json: `value` is not an object.
  static Result<Object> of(const boost::json::value& value);

  Result<std::string_view> text(std::string_view name);
  /// 0..2^64-1; a number with fraction or exponent is refused even if its value is whole.
  Result<std::uint64_t> unsigned_int(std::string_view name);
  Result<std::int64_t> integer(std::string_view name);
  Result<bool> boolean(std::string_view name);
  /// Hex of either case. @param size exact number of bytes.
  Result<Bytes> hex(std::string_view name, std::size_t size);
  /// Standard base64 with padding (RFC 4648 §4). @param size_max most bytes that may come out.
  Result<Bytes> base64(std::string_view name, std::size_t size_max);
  /// RFC 3339 in UTC, as `from_rfc3339` reads it.
  Result<Instant> instant(std::string_view name);
  Result<Object> object(std::string_view name);
  /// Never null; owned by the value this object was made of.
  Result<const boost::json::array*> array(std::string_view name);
  /// Whatever is there; never null.
  Result<const boost::json::value*> value(std::string_view name);

  Result<std::optional<std::string_view>> optional_text(std::string_view name);
  Result<std::optional<std::uint64_t>> optional_unsigned_int(std::string_view name);
  Result<std::optional<std::int64_t>> optional_integer(std::string_view name);
  Result<std::optional<bool>> optional_boolean(std::string_view name);
  Result<std::optional<Bytes>> optional_hex(std::string_view name, std::size_t size);
  Result<std::optional<Bytes>> optional_base64(std::string_view name, std::size_t size_max);
  Result<std::optional<Instant>> optional_instant(std::string_view name);
  Result<std::optional<Object>> optional_object(std::string_view name);
  /// Null if missing.
  Result<const boost::json::array*> optional_array(std::string_view name);

  /// @error bad_json: a member was never asked for.
  Result<void> finish() const;

 private:
  explicit Object(const boost::json::object& members) : members_{&members} {}
  const boost::json::value* find(std::string_view name);
  /// Nothing if the member is missing or null, else what `take` makes of it.
  template <class T, class Take>
  Result<std::optional<T>> optional(std::string_view name, Take take);

  const boost::json::object* members_;
  std::vector<std::string_view> known_;
};

}  // namespace birthmark::json
