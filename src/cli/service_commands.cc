// SPDX-License-Identifier: Apache-2.0
#include "cli/service_commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "adapters/files/passphrase.h"
#include "cli/operator_call.h"
#include "cli/service_enroll.h"

namespace birthmark::cli {
namespace {

struct ServiceFlags : OperatorFlags {
  std::string name, role, directory, csr_file, serial;
  bool anew = false, dry_run = false;
};

/// Beside the first operator's, where --operator finds them; a gate's in a directory of their own.
CredentialFiles files_of(const ServiceFlags& flags) {
  const std::filesystem::path root{flags.data};
  const auto passphrase = passphrase_file(root, flags.passphrase);
  if (!flags.directory.empty()) {
    const std::filesystem::path out{flags.directory};
    return {.directory = out, .name = flags.name, .service_root = out / "service-root.pem", .passphrase = passphrase};
  }
  return {.directory = root / (flags.role == "gate" ? "gates" : "operators"),
          .name = flags.name,
          .service_root = root / "tls" / "service-root.pem",
          .passphrase = passphrase};
}

Result<boost::json::value> enroll(ApiClient& client, const ServiceFlags& flags) {
  PosixFiles files;
  BM_TRY(const auto caller, read_credentials(files, flags.credentials()));
  boost::json::object out{{"name", flags.name}, {"role", flags.role}};
  BM_TRY(const auto issued, enroll_service(client, files,
                                           {.files = files_of(flags),
                                            .csr_file = flags.csr_file,
                                            .anew = flags.anew,
                                            .target = "/v1/services",
                                            .body = out},
                                           caller.anchors));
  out.insert(issued.begin(), issued.end());
  return out;
}

/// Serials are hex digits of either case.
Result<boost::json::value> rehearse_end(ApiClient& client, const std::string& serial) {
  const auto octets_of_serial = from_hex(serial);
  BM_TRY(const auto row, find_row(client, "services", "serial", octets_of_serial ? to_hex(*octets_of_serial) : serial));
  boost::json::object out{{"dry_run", true}, {"action", "end"}};
  out.insert(row.as_object().begin(), row.as_object().end());
  out["irreversible"] = true;
  return out;
}

void add_enroll(CLI::App& service, int& exit_code) {
  auto* const command = service.add_subcommand("enroll", "certify a gate or an operator; the key is made here");
  const auto flags = std::make_shared<ServiceFlags>();
  command->add_option("name", flags->name, "common name, and of the files")->required()->check(check_file_name);
  command->add_option("--role", flags->role, "gate or operator")
      ->required()
      ->check(CLI::IsMember({"gate", "operator"}));
  auto* const csr = command->add_option("--csr", flags->csr_file,
                                        "request with an empty subject (PEM or DER) for a key made elsewhere");
  csr->check(CLI::ExistingFile);
  command->add_flag("--anew", flags->anew, "another certificate for one that has one; the one before stays good");
  command->add_option("--out", flags->directory, "directory of key and certificate; <data>/gates or <data>/operators")
      ->check(check_filled);
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags, [&](ApiClient& client) { return enroll(client, *flags); }, show_members);
  });
}

void add_end(CLI::App& service, int& exit_code) {
  auto* const command = service.add_subcommand("end", "end a certificate for ever: its next request is refused");
  const auto flags = std::make_shared<ServiceFlags>();
  command->add_option("serial", flags->serial, "as `service list` prints it")->required();
  command->add_flag("--dry-run", flags->dry_run, "say what would happen and change nothing");
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags,
        [&](ApiClient& c) {
          return flags->dry_run ? rehearse_end(c, flags->serial)
                                : c.order("/v1/services/" + path_segment(flags->serial) + "/end", {});
        },
        show_members);
  });
}

}  // namespace

void add_service(CLI::App& program, int& exit_code) {
  auto* const service = program.add_subcommand("service", "gates and operators: certify them, list, end");
  service->require_subcommand(1);
  add_enroll(*service, exit_code);
  add_view(*service, exit_code,
           {.name = "list",
            .words = "certificates of people, gates and stations",
            .list = "services",
            .show = [](const auto& v) {
              print_rows(v.at("services").as_array(), {"serial", "role", "name", "state", "not_after"});
            }});
  add_end(*service, exit_code);
}

}  // namespace birthmark::cli
