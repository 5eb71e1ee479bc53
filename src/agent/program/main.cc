// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "agent/link/fd_stream.h"
#include "agent/program/commands.h"
#include "agent/program/output.h"
#include "codec/json.h"
#include "lifecycle/firmware.h"

// The program `birthmark-agent`: a device with its root of trust, at the line and in the field.
namespace birthmark::agent::program {
namespace {

constexpr const char* kUsualTpm = "device:/dev/tpmrm0";

// Values are judged before anything is opened: a wrong one is wrong usage, not a refusal.

std::string is_endpoint(const std::string& text) {
  const auto endpoint = link::parse_endpoint(text);
  return endpoint ? std::string{} : endpoint.error().detail;
}
std::string is_json(const std::string& text) {
  const auto value = json::read(text);
  return value ? std::string{} : value.error().detail;
}
std::string is_firmware(const std::string& text) {
  return lifecycle::FirmwareVersion::parse(text) ? std::string{}
                                                 : "a version is one to four numbers with dots between: 4.12.0";
}

std::string is_root(const std::string& text) {
  const auto address = parse_root_address(text);
  return address ? std::string{} : address.error().detail;
}

std::string is_idevid_template(const std::string& text) {
  return idevid_template_named(text) ? std::string{} : "birthmark or tcg-h2";
}

void add_common(CLI::App& command, Common& common) {
  command.add_option("--state", common.state, "directory of this device's durable state")->required();
  common.root = {"tpm", kUsualTpm};
  auto* const root = command.add_option_function<std::string>(
      "--root", [&common](const std::string& text) { common.root = parse_root_address(text).value_or(RootAddress{}); },
      "root of trust: tpm:TCTI; of an emulator psa:SOCKET or dice:SOCKET, #NUMBER behind it for one of its devices; "
      "pkcs11:token=LABEL?module-path=LIBRARY&pin-source=FILE");
  root->check(is_root);
  command
      .add_option_function<std::string>(
          "--tcti",
          [&common](const std::string& tcti) {
            common.root = {"tpm", tcti};
          },
          "as --root tpm:TCTI: device:/dev/tpmrm0, swtpm:path=SOCKET; the first one if neither is said")
      ->excludes(root);
  command.add_option("--firmware", common.firmware, "version this device runs, as it says in evidence: 4.12.0")
      ->check(is_firmware);
  command.add_option("--timeout", common.timeout_s, "seconds to wait for the registry")->check(CLI::Range(1U, 600U));
  command.add_flag("--json", common.as_json, "one JSON object on standard output");
}

void add_line(CLI::App& program, Common& common, ProvisionOptions& options, int& exit_code) {
  auto* const command = program.add_subcommand("provision", "serve the device link to stations, until SIGTERM");
  add_common(*command, common);
  auto* const listen = command->add_option("--listen", options.listen, "HOST:PORT for links; port 0: any free one");
  listen->check(is_endpoint);
  command->add_flag("--stdio", options.stdio, "one link over standard input and output")->excludes(listen);
  command
      ->add_option("--debug-listen", options.debug_listen,
                   "HOST:PORT of the simulated debug port, which answers an IDCODE until it is fused")
      ->check(is_endpoint);
  command
      ->add_option_function<std::string>(
          "--idevid-template", [&options](const std::string& name) { options.idevid = idevid_template_named(name); },
          "birthmark, or tcg-h2: what a new IDevID key is made of, certified or attested by its creation")
      ->check(is_idevid_template);
  command->add_flag("--never-fuse", options.never_fuse, "test device: the debug port stays open");
  command->add_flag("--insecure-boot", options.insecure_boot, "test device: claims secure boot off");
  command->callback([&common, &options, &exit_code] {
    if (!options.stdio && !options.listen) {
      throw CLI::RequiredError("--listen or --stdio");
    }
    exit_code = provision(common, options);
  });
}

int run_program(int argc, char** argv) {
  CLI::App program{"birthmark-agent: a device whose identity is its hardware"};
  program.require_subcommand(1);
  Common common;
  ProvisionOptions line;
  RunOptions life;
  int exit_code = kDone;
  add_line(program, common, line, exit_code);
  struct Simple {
    const char* name;
    const char* words;
    int (*act)(const Common&);
  };
  constexpr Simple kSimple[] = {
      {"enroll", "get the first LDevID, by the IDevID and fresh evidence", enroll},
      {"renew", "get the next LDevID, by the present one and fresh evidence", renew},
      {"attest", "send fresh evidence for the key in use", attest},
      {"revalidate", "prove the hardware without any certificate", revalidate},
      {"time", "ask for a signed time", time},
      {"proofs", "show the log's proofs of this device's certificates, fetched if they are not kept", proofs},
      {"status", "show what this device is and has", status},
      {"retire", "destroy the owner's keys in the hardware and have it confirmed", retire},
  };
  for (const auto& simple : kSimple) {
    auto* const command = program.add_subcommand(simple.name, simple.words);
    add_common(*command, common);
    command->callback([&common, &exit_code, act = simple.act] { exit_code = act(common); });
  }
  std::string message = "{}";
  auto* const telemetry_command = program.add_subcommand("telemetry", "send one message with the LDevID");
  add_common(*telemetry_command, common);
  telemetry_command->add_option("--message", message, "JSON")->check(is_json);
  telemetry_command->callback([&] { exit_code = telemetry(common, message); });
  auto* const run_command = program.add_subcommand("run", "live: telemetry, renewal, revalidation; one JSON line each");
  add_common(*run_command, common);
  run_command->add_option("--interval", life.interval_s, "seconds between messages")->check(CLI::Range(0.01, 86400.0));
  run_command->add_option("--count", life.count, "messages to send; 0: until SIGTERM");
  run_command->add_option("--message", life.message, "JSON of every message")->check(is_json);
  run_command->callback([&] { exit_code = run(common, life); });
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? kDone : kUsage;
  }
  return exit_code;
}

}  // namespace
}  // namespace birthmark::agent::program

int main(int argc, char** argv) {
  // The TPM library's own words go nowhere unless asked for: its codes are in our errors.
  ::setenv("TSS2_LOG", "all+none", 0);
  try {
    return birthmark::agent::program::run_program(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "birthmark-agent: %s\n", error.what());
    return birthmark::agent::program::kEnvironment;
  }
}
