// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "codec/json.h"

namespace birthmark::agent::program {

inline constexpr int kDone = 0, kRefused = 1, kUsage = 2, kEnvironment = 3;
inline constexpr const char* kVersion = "0.1.0";

/// One line on standard output, flushed: whoever reads along sees it at once.
void print(const boost::json::value& value);

/// "name: value" for each member, for people.
void print_members(const boost::json::object& object);

/// Code, cause and remedy on standard error; with `as_json` also as one object on standard output.
/// @return the exit code: refused, or environment where nothing answered or nothing could be written.
int complain(const Error& error, bool as_json);

}  // namespace birthmark::agent::program
