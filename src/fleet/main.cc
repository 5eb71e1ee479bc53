// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

#include "fleet/commands.h"

// The program `birthmark-fleet`: software TPMs by the dozen, emulated devices by the thousand, and the attacks that a
// real one would have to withstand.
namespace birthmark::fleet {
namespace {

constexpr int kDone = 0, kUsage = 2;

void add_tpms(CLI::App& program, TpmsFlags& flags, int& exit_code) {
  auto* const tpms = program.add_subcommand("tpms", "make simulated chips and keep them powered until SIGTERM");
  tpms->add_option("--count", flags.count, "how many")->required()->check(CLI::Range(1, 10'000));
  tpms->add_option("--directory", flags.directory, "where their states lie")->required();
  tpms->add_option("--vendor", flags.vendor, "directory of the simulated silicon vendor; made if absent");
  tpms->add_option("--workers", flags.workers, "made at a time")->check(CLI::Range(1, 64));
  tpms->add_flag("--json", flags.as_json, "refusals in JSON too, as the readiness line is in any case");
  tpms->callback([&] { exit_code = run_tpms(flags); });
}

void add_devices(CLI::App& program, DevicesFlags& flags, int& exit_code) {
  auto* const devices =
      program.add_subcommand("devices", "emulate devices of another root than a TPM in this process until SIGTERM");
  const std::map<std::string, lifecycle::RootKind> kinds{{"psa", lifecycle::RootKind::psa},
                                                         {"dice", lifecycle::RootKind::dice}};
  devices->add_option("--kind", flags.kind, "psa or dice")->required()->transform(CLI::CheckedTransformer(kinds));
  devices->add_option("--count", flags.count, "how many")->required()->check(CLI::Range(1, 100'000));
  devices->add_option("--directory", flags.directory, "where their secrets lie, and their socket")->required();
  devices->add_option("--vendor", flags.vendor, "directory of the simulated vendors; made if absent");
  devices->add_option("--firmware", flags.firmware, "file that they measure");
  devices->add_option("--firmware-version", flags.firmware_version, "as their evidence says it");
  devices->add_option("--svn", flags.svn, "security version of the firmware");
  devices->add_flag("--debug", flags.debug, "their debug is open, and their evidence says so");
  devices->add_flag("--json", flags.as_json, "refusals in JSON too, as the readiness line is in any case");
  devices->callback([&] { exit_code = run_devices(flags); });
}

void add_elements(CLI::App& program, ElementsFlags& flags, int& exit_code) {
  auto* const elements = program.add_subcommand("elements", "make secure elements, tokens of SoftHSM");
  elements->add_option("--count", flags.count, "how many")->required()->check(CLI::Range(1, 10'000));
  elements->add_option("--directory", flags.directory, "where they lie, one directory each")->required();
  elements->add_option("--vendor", flags.vendor, "directory of the simulated vendors; made if absent");
  elements->add_flag("--json", flags.as_json, "refusals in JSON too, as the readiness line is in any case");
  elements->callback([&] { exit_code = run_elements(flags); });
}

void add_attack(CLI::App& program, AttackFlags& flags, bool& list, int& exit_code) {
  auto* const attack = program.add_subcommand("attack", "ask a running server for what nobody should get");
  attack->add_option("names", flags.names, "what to try; --list shows them");
  attack->add_flag("--list", list, "print the attacks");
  attack->add_option("--server", flags.server, "device listener, host:port")->envname("BIRTHMARK_DEVICE_SERVER");
  attack->add_option("--batch", flags.batch, "of the station");
  attack->add_option("--tcti", flags.tcti, "the attacker's own chip");
  attack->add_option("--victim-tcti", flags.victim, "another chip");
  attack->add_option("--name", flags.station.name, "name of the station whose certificate the attacker uses");
  attack->add_option("--data", flags.station.data, "data directory, of the stations and the passphrase")
      ->envname("BIRTHMARK_DATA");
  attack->add_option("--directory", flags.station.directory, "of the station's files; default <data>/stations");
  attack->add_option("--passphrase-file", flags.station.passphrase, "of the station's key");
  attack->add_flag("--json", flags.as_json, "one JSON object a line");
  attack->callback([&] {
    if (list) {
      exit_code = list_attacks(flags.as_json);
    } else if (flags.names.empty() || flags.server.empty() || flags.batch.empty() || flags.tcti.empty() ||
               flags.station.name.empty()) {
      std::fprintf(stderr, "birthmark-fleet: an attack, --server, --name, --batch and --tcti are needed\n");
      exit_code = kUsage;
    } else {
      exit_code = run_attacks(flags);
    }
  });
}

int run(int argc, char** argv) {
  CLI::App program{"birthmark-fleet: simulated devices, for demos, loads and attacks"};
  program.require_subcommand(1);
  program.footer(
      "Exit codes: 0 done, every attack was refused as it should be; 1 an attack was not; 2 wrong usage;\n"
      "3 a chip, a file or the server is not there.");
  int exit_code = kDone;
  TpmsFlags tpms;
  DevicesFlags devices;
  ElementsFlags elements;
  AttackFlags attack;
  bool list = false;
  add_tpms(program, tpms, exit_code);
  add_devices(program, devices, exit_code);
  add_elements(program, elements, exit_code);
  add_attack(program, attack, list, exit_code);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? kDone : kUsage;
  }
  return exit_code;
}

}  // namespace
}  // namespace birthmark::fleet

int main(int argc, char** argv) {
  try {
    return birthmark::fleet::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "birthmark-fleet: %s\n", error.what());
    return 3;
  }
}
