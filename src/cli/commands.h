// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/instant.h"
#include "base/result.h"
#include "codec/json.h"

namespace CLI {
class App;
}

namespace birthmark::cli {

struct EvidenceContext;

/// Which trust and which policy evidence is to be judged by.
struct ContextRequest {
  std::filesystem::path trust_directory;
  std::string_view policy_toml;
  bool development = false;
  Instant now;
};

/// What commands need of the program that they are part of.
struct Hooks {
  /// Reads a product's policy as the server would. @return what it says, for people and programs.
  std::function<Result<boost::json::object>(std::string_view toml, bool development)> check_policy;
  /// Reads both as the server would.
  std::function<Result<std::unique_ptr<EvidenceContext>>(const ContextRequest& request)> read_context;
};

/// Adds every command that is not the server itself. Each sets `exit_code`: 0 done, 1 refused or found wrong, 2 usage,
/// 3 environment. `program` and `exit_code` outlive the parsing.
void add_commands(CLI::App& program, int& exit_code, const Hooks& hooks = {});

}  // namespace birthmark::cli
