// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/audit_commands.h"
#include "cli/batch_commands.h"
#include "cli/device_commands.h"
#include "cli/operator_call.h"
#include "cli/service_commands.h"
#include "cli/station_commands.h"
#include "cli/tool_commands.h"

namespace birthmark::cli {
namespace {

void add_status(CLI::App& program, int& exit_code) {
  auto* const command = program.add_subcommand("status", "what the server says of itself");
  const auto flags = std::make_shared<OperatorFlags>();
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags, [](ApiClient& c) { return c.get("/v1/status"); }, show_members);
  });
}

}  // namespace

void add_commands(CLI::App& program, int& exit_code, const Hooks& hooks) {
  add_status(program, exit_code);
  add_doctor(program, exit_code);
  add_ca(program, exit_code);
  add_batch(program, exit_code);
  add_device(program, exit_code);
  add_station(program, exit_code);
  add_service(program, exit_code);
  add_policy(program, exit_code, hooks);
  add_audit(program, exit_code);
  add_inspect(program, exit_code);
  add_completion(program, exit_code);
}

}  // namespace birthmark::cli
