// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace birthmark::cli {

/// `birthmark audit verify|prove|checkpoint`: works on files alone, for anybody; no server is asked. Exit codes as
/// add_commands.
void add_audit(CLI::App& program, int& exit_code);

}  // namespace birthmark::cli
