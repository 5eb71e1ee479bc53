// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace birthmark::cli {

/// `birthmark service enroll|list|end`. Exit codes as add_commands.
void add_service(CLI::App& program, int& exit_code);

}  // namespace birthmark::cli
