// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "codec/json.h"

namespace CLI {
class App;
}

namespace birthmark::cli {

/// What commands need of the program that they are part of.
struct Hooks {
  /// Reads a product's policy as the server would. @return what it says, for people and programs.
  std::function<Result<boost::json::object>(std::string_view toml, bool development)> check_policy;
};

/// Adds every command that is not the server itself. Each sets `exit_code`: 0 done, 1 refused or found wrong, 2 usage,
/// 3 environment. `program` and `exit_code` outlive the parsing.
void add_commands(CLI::App& program, int& exit_code, const Hooks& hooks = {});

}  // namespace birthmark::cli
