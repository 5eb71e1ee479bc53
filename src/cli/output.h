// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/json.h"

// What commands print and how they end. With --json standard output holds JSON only, one value a line; words for people
// go to standard error.
namespace birthmark::cli {

/// Of every command, fixed so that scripts can rely on them.
inline constexpr int kDone = 0;         ///< what was asked for is done, or was found right
inline constexpr int kRefused = 1;      ///< refused, or found wrong
inline constexpr int kUsage = 2;        ///< the command line is not one
inline constexpr int kEnvironment = 3;  ///< a file, a server or a device is not there

enum class Form : std::uint8_t { words, json };

/// 3 where the server or a device cannot now (Errc::unavailable), else 1.
int exit_code_of(const Error& error);

/// One line on standard output, flushed: whoever reads along sees it at once.
void print_line(std::string_view line);
void print_line(const boost::json::value& value);

/// code, detail, check (where there is one), remedy.
boost::json::object members_of(const Error& error);
/// States an error in the form asked for. @return `exit_code`
int complain(const Error& error, Form form, int exit_code);
inline int complain(const Error& error, Form form) {
  return complain(error, form, exit_code_of(error));
}

/// A text as it is, everything else as JSON.
std::string text_of(const boost::json::value& value);
/// One line for each row, the named members in columns of equal width; "-" for a member that is missing.
void print_rows(const boost::json::array& rows, std::initializer_list<std::string_view> columns);
/// One line for each member; arrays below their name, one item a line.
void print_members(const boost::json::object& object);

}  // namespace birthmark::cli
