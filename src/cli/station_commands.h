// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace birthmark::cli {

/// `birthmark station enroll|run|lock-check`. Exit codes as add_commands.
void add_station(CLI::App& program, int& exit_code);

}  // namespace birthmark::cli
