// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace birthmark::audit {

/// The largest number the log's texts carry: sizes, indexes and times must fit the signed 64 bits of other readers.
inline constexpr std::uint64_t kLogNumberMax = (std::uint64_t{1} << 63) - 1;

/// Reads an ASCII decimal of 0..kLogNumberMax without sign and without leading zeros.
std::optional<std::uint64_t> read_decimal(std::string_view text);

/// Takes the next line off `rest`, without its newline; nothing if no newline is left. Aliases `rest`.
std::optional<std::string_view> take_line(std::string_view& rest);

/// Whether `text` is UTF-8 without ASCII control characters, DEL included.
bool is_plain_text(std::string_view text);

/// `text` as `is_plain_text` accepts it and at most `bytes_max` long: what is not allowed becomes '?', and the end is
/// cut between two characters. For words that come from outside and must not keep an audit entry from being written.
std::string plain_text(std::string_view text, std::size_t bytes_max);

/// Whether a text has a character with the Unicode property White_Space; the text must be plain.
bool has_space(std::string_view text);

}  // namespace birthmark::audit
