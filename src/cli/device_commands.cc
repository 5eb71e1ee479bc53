// SPDX-License-Identifier: Apache-2.0
#include "cli/device_commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>

#include "cli/operator_call.h"
#include "cli/software_device.h"
#include "lifecycle/device.h"
#include "lifecycle/hold.h"
#include "lifecycle/state.h"

namespace birthmark::cli {
namespace {

using lifecycle::State;

struct DeviceFlags : OperatorFlags {
  std::string id;
  std::string state;
  std::string cause = "operator";
  bool dry_run = false;
};
using SharedFlags = std::shared_ptr<DeviceFlags>;

std::string check_id(const std::string& text) {
  return text.size() == 64 && from_hex(text) ? std::string{} : std::string{"a DeviceId is 64 hex digits"};
}

std::string target_of(const DeviceFlags& flags) {
  return "/v1/devices/" + flags.id;
}

Result<boost::json::value> list_devices(ApiClient& client, const DeviceFlags& flags) {
  BM_TRY(auto all, get_list(client, "/v1/devices", "devices"));
  auto& rows = all.as_object()["devices"].as_array();
  if (!flags.state.empty()) {
    const auto other = std::remove_if(rows.begin(), rows.end(), [&](const auto& row) {
      const auto* const state = row.as_object().if_contains("state");
      return state == nullptr || text_of(*state) != flags.state;
    });
    rows.erase(other, rows.end());
  }
  return all;
}

/// What an irreversible action would do to a device in the state it is in now.
Result<boost::json::value> rehearse(ApiClient& client, const DeviceFlags& flags, std::string_view action) {
  BM_TRY(const auto shown, client.get(target_of(flags)));
  BM_TRY(auto device, json::Object::of(shown));
  BM_TRY(const auto name, device.text("state"));
  BM_TRY(const auto* const certificates, device.array("certificates"));
  const auto from = lifecycle::state_named(name);
  if (!from) {
    return fail(Code::bad_json, "the server names a state that is none");
  }
  const auto to = action == "revoke" ? State::revoked : State::decommissioned;
  const bool unenrolled = *from == State::uninitialized || *from == State::provisioned;
  const bool fits = action == "revoke" || unenrolled == (action == "reject");
  if (!fits || !lifecycle::allowed(*from, to)) {
    return fail(lifecycle::state_forbids(*from, to, std::string{action} + " is refused in " + std::string{name}));
  }
  const auto live = std::ranges::count_if(*certificates, [](const auto& c) {
    const auto* const value = c.is_object() ? c.as_object().if_contains("live") : nullptr;
    return value != nullptr && value->is_bool() && value->as_bool();
  });
  return boost::json::object{{"dry_run", true},
                             {"device", flags.id},
                             {"action", action},
                             {"from", name},
                             {"to", lifecycle::short_name(to)},
                             {"credentials_ended", live},
                             {"irreversible", true}};
}

void add_list(CLI::App& device, int& exit_code) {
  auto* const command = device.add_subcommand("list", "all devices");
  const auto flags = std::make_shared<DeviceFlags>();
  command->add_option("--state", flags->state, "only those in this state")
      ->check(CLI::IsMember({"S0", "S1", "S2", "S3", "S4", "S5", "S6"}));
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags, [&](ApiClient& c) { return list_devices(c, *flags); },
        [](const auto& v) {
          print_rows(v.at("devices").as_array(), {"device", "state", "class", "holds"});
        });
  });
}

SharedFlags add_one(CLI::App& device, CLI::App*& command, const char* name, const std::string& words) {
  command = device.add_subcommand(name, words);
  auto flags = std::make_shared<DeviceFlags>();
  command->add_option("device", flags->id, "DeviceId, 64 hex digits")->required()->check(check_id);
  add_operator_flags(*command, *flags);
  return flags;
}

void add_show(CLI::App& device, int& exit_code) {
  CLI::App* command = nullptr;
  const auto flags = add_one(device, command, "show", "one device with its credentials and findings");
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags, [&](ApiClient& c) { return c.get(target_of(*flags)); }, show_members);
  });
}

void add_history(CLI::App& device, int& exit_code) {
  CLI::App* command = nullptr;
  const auto flags = add_one(device, command, "history", "what the audit log says of one device, oldest first");
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags, [&](ApiClient& c) { return get_list(c, target_of(*flags) + "/history", "entries"); },
        [](const auto& v) {
          print_rows(v.at("entries").as_array(), {"index", "at", "kind", "from", "to", "actor", "refusal", "reason"});
        });
  });
}

struct ActionWords {
  const char* name;
  const char* words;
  bool has_cause;
  bool irreversible;
};
constexpr std::array kActionWords{
    ActionWords{"hold", "hold its credentials, whatever state it is in", true, false},
    ActionWords{"suspend", "S3 to S4: it may only revalidate", true, false},
    ActionWords{"release", "lift what an operator may lift, after an appraisal", false, false},
    ActionWords{"revoke", "to S5, for ever: its hardware is compromised", false, true},
    ActionWords{"retire", "to S6, for ever: it leaves service", false, true},
    ActionWords{"reject", "to S6, for ever: it never left the factory", false, true},
};

void add_action(CLI::App& device, const ActionWords& action, int& exit_code) {
  CLI::App* command = nullptr;
  const auto flags = add_one(device, command, action.name, action.words);
  if (action.has_cause) {
    std::vector<std::string> causes;
    for (const auto& rule : lifecycle::kHoldRules) {
      if (lifecycle::given_by_operators(rule.cause)) {
        causes.emplace_back(rule.name);
      }
    }
    command->add_option("--cause", flags->cause, "why; says who may lift it")->check(CLI::IsMember(causes));
  }
  if (action.irreversible) {
    command->add_flag("--dry-run", flags->dry_run, "say what would happen and change nothing");
  }
  command->callback([flags, name = action.name, &exit_code] {
    exit_code = run_call(
        *flags,
        [&](ApiClient& c) {
          return flags->dry_run ? rehearse(c, *flags, name)
                                : c.order(target_of(*flags) + "/" + name, {{"cause", flags->cause}});
        },
        show_members);
  });
}

struct ImportFlags : OperatorFlags {
  std::string batch, csr, out;
};

int run_import(const ImportFlags& flags) {
  constexpr std::size_t kRequestMax = std::size_t{32} * 1024;
  PosixFiles files;
  auto csr = files.read(flags.csr, kRequestMax);
  if (!csr) {
    return complain({csr.error().code, flags.csr + ": " + csr.error().detail}, flags.form(), kEnvironment);
  }
  const SoftwareDeviceOrder order{.batch = flags.batch, .csr = std::move(*csr), .out = flags.out};
  return run_call(
      flags, [&](ApiClient& c) { return import_software(c, files, order); },
      [](const auto& v) {
        boost::json::object shown;
        for (const auto* const name : {"device", "state", "root", "class", "serial", "file"}) {
          if (const auto* const member = v.as_object().if_contains(name)) {
            shown[name] = *member;
          }
        }
        print_members(shown);
      });
}

void add_import_software(CLI::App& device, int& exit_code) {
  auto* const command = device.add_subcommand("import-software",
                                              "register a test device of root kind software, which proves no hardware");
  const auto flags = std::make_shared<ImportFlags>();
  command->add_option("csr", flags->csr, "PKCS#10 of its key, PEM or DER: empty subject, no extension")->required();
  command->add_option("--batch", flags->batch, "of a product whose policy names root kind software")->required();
  command->add_option("--out", flags->out, "file for its IDevID, PEM");
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] { exit_code = run_import(*flags); });
}

}  // namespace

void add_device(CLI::App& program, int& exit_code) {
  auto* const device =
      program.add_subcommand("device", "devices: look at them, hold, suspend, release, end them, import test devices");
  device->require_subcommand(1);
  add_list(*device, exit_code);
  add_show(*device, exit_code);
  add_history(*device, exit_code);
  add_import_software(*device, exit_code);
  for (const auto& action : kActionWords) {
    add_action(*device, action, exit_code);
  }
}

}  // namespace birthmark::cli
