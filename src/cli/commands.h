// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace birthmark::cli {

/// Adds every operator command to the program. Each sets `exit_code`: 0 done, 1 refused or found wrong, 2 usage,
/// 3 environment. `program` and `exit_code` outlive the parsing.
void add_commands(CLI::App& program, int& exit_code);

}  // namespace birthmark::cli
