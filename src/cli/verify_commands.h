// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/commands.h"

namespace birthmark::cli {

/// `birthmark verify path|csr|evidence|status`: the library's verdict on files, for anybody. Exit codes: 0 accept, 1
/// reject, 2 usage or not supported, 3 a file cannot be read.
void add_verify(CLI::App& program, int& exit_code, const Hooks& hooks);

}  // namespace birthmark::cli
