// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace birthmark::cli {

/// `birthmark batch open|list|show|seal` and `birthmark ca list|show|revoke`. Exit codes as add_commands.
void add_batch(CLI::App& program, int& exit_code);
void add_ca(CLI::App& program, int& exit_code);

}  // namespace birthmark::cli
