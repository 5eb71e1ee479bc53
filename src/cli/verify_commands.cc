// SPDX-License-Identifier: Apache-2.0
#include "cli/verify_commands.h"

#include <CLI/CLI.hpp>

#include "cli/verify_csr.h"
#include "cli/verify_evidence.h"
#include "cli/verify_path.h"
#include "cli/verify_status.h"

namespace birthmark::cli {

void add_verify(CLI::App& program, int& exit_code, const Hooks& hooks) {
  auto* const verify = program.add_subcommand("verify", "judge files as the server would, without one");
  verify->require_subcommand(1);
  add_verify_path(*verify, exit_code);
  add_verify_csr(*verify, exit_code);
  add_verify_evidence(*verify, exit_code, hooks);
  add_verify_status(*verify, exit_code);
}

}  // namespace birthmark::cli
