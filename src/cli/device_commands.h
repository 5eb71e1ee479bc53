// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace birthmark::cli {

/// `birthmark device list|show|history|hold|suspend|release|revoke|retire|reject`. Exit codes as add_commands.
void add_device(CLI::App& program, int& exit_code);

}  // namespace birthmark::cli
