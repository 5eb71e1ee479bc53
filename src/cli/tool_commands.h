// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/commands.h"

namespace birthmark::cli {

/// `birthmark doctor`, `policy check|show`, `inspect` and `completion`. Exit codes as add_commands.
void add_doctor(CLI::App& program, int& exit_code);
void add_policy(CLI::App& program, int& exit_code, const Hooks& hooks);
void add_inspect(CLI::App& program, int& exit_code);
/// Writes a completion for every command that `program` has when it runs.
void add_completion(CLI::App& program, int& exit_code);

}  // namespace birthmark::cli
