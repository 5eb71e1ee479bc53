// SPDX-License-Identifier: Apache-2.0
#include "cli/station_commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/lock_check.h"
#include "cli/operator_call.h"
#include "cli/station_enroll.h"
#include "cli/station_run.h"

namespace birthmark::cli {
namespace {

std::string check_address(const std::string& text) {
  return read_host_port(text) ? std::string{} : std::string{"an address is host:port"};
}
std::string check_device(const std::string& text) {
  return DeviceLink::read(text) ? std::string{} : std::string{"a device is tcp:HOST:PORT"};
}
std::string check_minutes(const std::string& text) {
  return minutes_of_day(text) ? std::string{} : std::string{"a time is HH:MM"};
}

void add_files(CLI::App& command, StationFiles& files, const std::string& directory_names) {
  command
      .add_option(directory_names, files.directory, "directory of the station's key and certificate; <data>/stations")
      ->check(check_filled);
}

void add_enroll(CLI::App& station, int& exit_code) {
  auto* const command = station.add_subcommand("enroll", "make a station's key here and have it certified");
  const auto flags = std::make_shared<OperatorFlags>();
  const auto order = std::make_shared<StationOrder>();
  command->add_option("name", order->files.name, "of the station")->required()->check(check_file_name);
  command->add_option("--role", order->role, "provision or lock-check")
      ->required()
      ->check(CLI::IsMember({"provision", "lock-check"}));
  command->add_option("--batch", order->batch, "the only batch that it works on")->required();
  auto* const from = command->add_option("--shift-from", order->shift_from, "HH:MM in UTC")->check(check_minutes);
  auto* const to = command->add_option("--shift-to", order->shift_to, "HH:MM in UTC")->check(check_minutes);
  from->needs(to);
  to->needs(from);
  command->add_flag("--anew", order->anew, "another key and certificate for a station that has one");
  add_files(*command, order->files, "--out,--dir");
  add_operator_flags(*command, *flags);
  command->callback([flags, order, &exit_code] {
    order->files.data = flags->data;
    order->files.passphrase = flags->passphrase;
    exit_code = run_call(
        *flags,
        [&](ApiClient& client) -> Result<boost::json::value> {
          PosixFiles files;
          BM_TRY(const auto credentials, read_credentials(files, flags->credentials()));
          return enroll_station(client, files, *order, credentials.anchors);
        },
        show_members);
  });
}

/// What `run` and `lock-check` share.
struct LineFlags {
  StationFiles files;
  std::string batch;
  std::string server = "127.0.0.1:8443";
  std::vector<std::string> devices;
  std::vector<std::string> program;
  std::uint32_t wait_seconds = 5;
  Patience patience;
  bool as_json = false;

  [[nodiscard]] Form form() const { return as_json ? Form::json : Form::words; }
  [[nodiscard]] Result<std::vector<DeviceLink>> links() const {
    std::vector<DeviceLink> out;
    for (const auto& text : devices) {
      BM_TRY(auto link, DeviceLink::read(text));
      out.push_back(std::move(link));
    }
    if (!program.empty()) {
      BM_TRY(auto link, DeviceLink::program(program));
      out.push_back(std::move(link));
    }
    return out;
  }
};

void add_line_flags(CLI::App& command, LineFlags& flags) {
  command.add_option("--name", flags.files.name, "of the station")->required()->check(check_file_name);
  command.add_option("--batch", flags.batch, "batch of the units")->required();
  command.add_option("--server", flags.server, "device listener, host:port")
      ->envname("BIRTHMARK_DEVICE_SERVER")
      ->check(check_address);
  auto* const device =
      command.add_option("--device", flags.devices, "tcp:HOST:PORT of a unit's link")->check(check_device);
  auto* const exec =
      command.add_option("--exec", flags.program, "program that speaks the link on its standard input and output");
  exec->expected(1, 64)->excludes(device);
  command.add_option("--wait", flags.wait_seconds, "seconds to wait for a unit that does not listen yet");
  command.add_option("--attempts", flags.patience.attempts, "how often to ask a server that is not there")
      ->check(CLI::Range(1U, 100U));
  add_files(command, flags.files, "--dir,--out");
  add_passphrase_flag(command, flags.files.passphrase, "of the station's key");
  add_data_flag(command, flags.files.data);
  command.add_flag("--json", flags.as_json, "one JSON object a line on standard output");
}

void add_run(CLI::App& station, int& exit_code) {
  auto* const command = station.add_subcommand("run", "provision units: keys, evidence, activation, certificate");
  const auto flags = std::make_shared<LineFlags>();
  add_line_flags(*command, *flags);
  const auto order = std::make_shared<StationRun>();
  command->add_option("--count", order->units, "how many units; one for each --device")
      ->check(CLI::Range(1U, 1'000'000U));
  command->add_option("--field-server", order->field_server, "host:port where the units enroll later; --server")
      ->check(check_address);
  command->add_option("--public-port", order->public_port, "port of that host's public listener");
  command->callback([flags, order, &exit_code] {
    auto links = flags->links();
    if (!links || links->empty()) {
      throw CLI::ValidationError{"--device or --exec is required"};
    }
    order->files = flags->files;
    order->batch = flags->batch;
    order->server = flags->server;
    order->links = std::move(*links);
    order->wait = std::chrono::seconds{flags->wait_seconds};
    order->patience = flags->patience;
    order->form = flags->form();
    exit_code = run_station(*order);
  });
}

void add_lock_check(CLI::App& station, int& exit_code) {
  auto* const command = station.add_subcommand("lock-check", "see a unit's debug port open, lock and seal the unit");
  const auto flags = std::make_shared<LineFlags>();
  add_line_flags(*command, *flags);
  const auto debug = std::make_shared<std::vector<std::string>>();
  const auto bound_ms = std::make_shared<std::uint32_t>(2000);
  command
      ->add_option("--debug", *debug,
                   "HOST:PORT of the debug port, open until the lock; one for each --device in their order")
      ->required()
      ->check(check_address);
  command->add_option("--probe-ms", *bound_ms, "how long a silent debug port is listened to")
      ->check(CLI::Range(10U, 60'000U));
  command->callback([flags, debug, bound_ms, &exit_code] {
    auto links = flags->links();
    if (!links || links->empty() || links->size() != debug->size()) {
      throw CLI::ValidationError{"--device or --exec, and one --debug for each"};
    }
    LockCheckRun order{.files = flags->files,
                       .batch = flags->batch,
                       .server = flags->server,
                       .units = {},
                       .bound = std::chrono::milliseconds{*bound_ms},
                       .wait = std::chrono::seconds{flags->wait_seconds},
                       .patience = flags->patience,
                       .form = flags->form()};
    for (std::size_t i = 0; i < links->size(); ++i) {
      auto port = link::parse_endpoint((*debug)[i]);
      if (!port) {
        throw CLI::ValidationError{"--debug is HOST:PORT"};
      }
      order.units.push_back({std::move((*links)[i]), std::move(*port)});
    }
    exit_code = run_lock_check(order);
  });
}

}  // namespace

void add_station(CLI::App& program, int& exit_code) {
  auto* const station = program.add_subcommand("station", "the line: enroll a station, provision units, seal them");
  station->require_subcommand(1);
  add_enroll(*station, exit_code);
  add_run(*station, exit_code);
  add_lock_check(*station, exit_code);
}

}  // namespace birthmark::cli
