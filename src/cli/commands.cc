// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include <CLI/CLI.hpp>

#include "cli/audit_commands.h"
#include "cli/batch_commands.h"
#include "cli/device_commands.h"
#include "cli/operator_call.h"
#include "cli/service_commands.h"
#include "cli/station_commands.h"
#include "cli/tool_commands.h"
#include "cli/verify_commands.h"

namespace birthmark::cli {
void add_commands(CLI::App& program, int& exit_code, const Hooks& hooks) {
  add_view(program, exit_code, {.name = "status", .words = "what the server says of itself", .target = "/v1/status"});
  add_doctor(program, exit_code);
  add_ca(program, exit_code);
  add_batch(program, exit_code);
  add_device(program, exit_code);
  add_station(program, exit_code);
  add_service(program, exit_code);
  add_policy(program, exit_code, hooks);
  add_audit(program, exit_code);
  add_inspect(program, exit_code);
  add_verify(program, exit_code, hooks);
  add_completion(program, exit_code);
}

}  // namespace birthmark::cli
