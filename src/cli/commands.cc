// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>

#include "adapters/clock/system_clock.h"
#include "adapters/files/posix_files.h"
#include "base/instant.h"
#include "cli/audit_commands.h"
#include "cli/operator_client.h"

namespace birthmark::cli {
namespace {

constexpr int kDone = 0, kRefused = 1, kEnvironment = 3;

struct Common {
  Connection connection;
  bool as_json = false;
};

void print(const boost::json::value& value) {
  std::printf("%s\n", json::write(value).c_str());
}

int complain(const Error& error, bool as_json) {
  const auto& row = info(error.code);
  if (as_json) {
    print(boost::json::object{
        {"code", row.name}, {"detail", error.detail}, {"check", error.check}, {"remedy", row.remedy}});
  }
  std::fprintf(stderr, "birthmark: %s: %s\nremedy: %s\n", std::string{row.name}.c_str(), error.detail.c_str(),
               std::string{row.remedy}.c_str());
  return row.errc == Errc::unavailable ? kEnvironment : kRefused;
}

std::string text_of(const boost::json::value& value) {
  return value.is_string() ? std::string{value.as_string()} : json::write(value);
}

/// One line for each row: the members that people look for first.
void print_rows(const boost::json::array& rows, std::initializer_list<std::string_view> columns) {
  for (const auto& row : rows) {
    std::string line;
    for (const auto column : columns) {
      const auto* const value = row.as_object().if_contains(column);
      line += (line.empty() ? "" : "  ") + (value != nullptr ? text_of(*value) : std::string{"-"});
    }
    std::printf("%s\n", line.c_str());
  }
}

void print_members(const boost::json::object& object) {
  for (const auto& [name, value] : object) {
    if (value.is_array()) {
      std::printf("%s:\n", std::string{name}.c_str());
      for (const auto& item : value.as_array()) {
        std::printf("  %s\n", text_of(item).c_str());
      }
    } else {
      std::printf("%s: %s\n", std::string{name}.c_str(), text_of(value).c_str());
    }
  }
}

using Call = std::function<Result<boost::json::value>(OperatorClient&)>;
using Show = std::function<void(const boost::json::value&)>;

int run(const Common& common, const Call& call, const Show& show) {
  const auto client = OperatorClient::open(common.connection);
  if (!client) {
    return complain(client.error(), common.as_json);
  }
  const auto answer = call(**client);
  if (!answer) {
    return complain(answer.error(), common.as_json);
  }
  if (common.as_json) {
    print(*answer);
  } else {
    show(*answer);
  }
  return kDone;
}

void show_object(const boost::json::value& value) {
  print_members(value.as_object());
}

void add_common(CLI::App& command, Common& common) {
  command.add_option("--server", common.connection.server, "operator listener, host:port");
  command.add_option("--data", common.connection.data, "directory with the operator's key and the service root");
  command.add_option("--operator", common.connection.operator_name, "name of the operator");
  command.add_flag("--json", common.as_json, "one JSON object on standard output");
}

/// All pages of the device list.
Result<boost::json::value> all_devices(OperatorClient& client) {
  boost::json::array rows;
  std::string target = "/v1/devices";
  while (true) {
    BM_TRY(const auto page, client.get(target));
    for (const auto& row : page.at("devices").as_array()) {
      rows.push_back(row);
    }
    const auto* const next = page.as_object().if_contains("next");
    if (next == nullptr) {
      return boost::json::value{{"devices", std::move(rows)}};
    }
    target = "/v1/devices?after=" + text_of(*next);
  }
}

void add_device(CLI::App& program, std::shared_ptr<Common> common, int& exit_code) {
  auto* const device =
      program.add_subcommand("device", "devices: list, show, hold, suspend, release, revoke, retire, reject");
  device->require_subcommand(1);
  auto* const list = device->add_subcommand("list", "all devices");
  add_common(*list, *common);
  list->callback([common, &exit_code] {
    exit_code = run(*common, all_devices, [](const auto& v) {
      print_rows(v.at("devices").as_array(), {"device", "state", "class", "holds"});
    });
  });
  const auto id = std::make_shared<std::string>();
  auto* const show = device->add_subcommand("show", "one device with its credentials and findings");
  show->add_option("device", *id, "DeviceId, 64 hex digits")->required();
  add_common(*show, *common);
  show->callback([common, id, &exit_code] {
    exit_code = run(
        *common, [id](OperatorClient& c) { return c.get("/v1/devices/" + *id); }, show_object);
  });
  const auto cause = std::make_shared<std::string>("operator");
  for (const char* const action : {"hold", "suspend", "release", "revoke", "retire", "reject"}) {
    auto* const command = device->add_subcommand(action, std::string{action} + " one device");
    command->add_option("device", *id, "DeviceId, 64 hex digits")->required();
    command->add_option("--cause", *cause,
                        "of a hold or suspension: operator, policy, volume, freshness, clone, incident");
    add_common(*command, *common);
    command->callback([common, id, cause, action, &exit_code] {
      exit_code = run(
          *common,
          [&](OperatorClient& c) {
            return c.call(http::Method::post, "/v1/devices/" + *id + "/" + action,
                          boost::json::object{{"cause", *cause}});
          },
          show_object);
    });
  }
}

struct BatchFlags {
  std::string name, product, factory, policy_file, plan_file, opens, closes;
  std::uint32_t quantity = 0, rate = 0, burst = 0;
  unsigned days = 30;
};

Result<std::string> read_text(const std::string& path);
Result<boost::json::value> open_batch(OperatorClient& client, const BatchFlags& flags) {
  const auto now = SystemClock{}.now();
  boost::json::object body{
      {"batch", flags.name}, {"product", flags.product}, {"factory", flags.factory}, {"quantity", flags.quantity}};
  body["opens"] = flags.opens.empty() ? to_rfc3339(now) : flags.opens;
  body["closes"] = flags.closes.empty() ? to_rfc3339(now + std::chrono::days{flags.days}) : flags.closes;
  if (!flags.policy_file.empty()) {
    BM_TRY(body["policy"], read_text(flags.policy_file));
  }
  if (flags.rate != 0) {
    body["rate_per_hour"] = flags.rate;
    body["burst"] = flags.burst != 0 ? flags.burst : flags.rate;
  }
  if (!flags.plan_file.empty()) {
    BM_TRY(const auto text, read_text(flags.plan_file));
    boost::json::array plan;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      if (end > at) {
        plan.emplace_back(std::string_view{text}.substr(at, end - at));
      }
      at = end + 1;
    }
    body["plan"] = std::move(plan);
  }
  return client.call(http::Method::post, "/v1/batches", body);
}

Result<std::string> read_text(const std::string& path) {
  PosixFiles files;
  BM_TRY(const auto bytes, files.read(path, 80 * 1024 * 1024));
  return std::string{as_text(bytes)};
}

void add_batch(CLI::App& program, std::shared_ptr<Common> common, int& exit_code) {
  auto* const batch = program.add_subcommand("batch", "production orders: open, list, show, seal");
  batch->require_subcommand(1);
  const auto flags = std::make_shared<BatchFlags>();
  auto* const open = batch->add_subcommand("open", "open a batch with its CAs");
  open->add_option("batch", flags->name, "name")->required();
  open->add_option("--product", flags->product)->required();
  open->add_option("--factory", flags->factory)->required();
  open->add_option("--quantity", flags->quantity)->required();
  open->add_option("--opens", flags->opens, "RFC 3339; default now");
  open->add_option("--closes", flags->closes, "RFC 3339; default after --days");
  open->add_option("--days", flags->days, "length of the window");
  open->add_option("--rate", flags->rate, "units per hour");
  open->add_option("--burst", flags->burst, "units at once");
  open->add_option("--policy", flags->policy_file, "TOML file with the product's policy");
  open->add_option("--plan", flags->plan_file, "file with one SHA-256 of an expected EK certificate a line");
  add_common(*open, *common);
  open->callback([common, flags, &exit_code] {
    exit_code = run(
        *common, [&](OperatorClient& c) { return open_batch(c, *flags); }, show_object);
  });
  auto* const list = batch->add_subcommand("list", "all batches");
  add_common(*list, *common);
  list->callback([common, &exit_code] {
    exit_code = run(
        *common, [](OperatorClient& c) { return c.get("/v1/batches"); },
        [](const auto& v) {
          print_rows(v.at("batches").as_array(), {"batch", "state", "issued", "quantity", "factory"});
        });
  });
  for (const bool seal : {false, true}) {
    auto* const command = batch->add_subcommand(seal ? "seal" : "show",
                                                seal ? "close for ever and destroy the batch CA's key" : "one batch");
    command->add_option("batch", flags->name, "name")->required();
    add_common(*command, *common);
    command->callback([common, flags, seal, &exit_code] {
      exit_code = run(
          *common,
          [&](OperatorClient& c) {
            return seal ? c.call(http::Method::post, "/v1/batches/" + flags->name + "/seal", boost::json::object{})
                        : c.get("/v1/batches/" + flags->name);
          },
          show_object);
    });
  }
}

void add_ca(CLI::App& program, std::shared_ptr<Common> common, int& exit_code) {
  auto* const ca = program.add_subcommand("ca", "certificate authorities: list, revoke");
  ca->require_subcommand(1);
  auto* const list = ca->add_subcommand("list", "all CAs");
  add_common(*list, *common);
  list->callback([common, &exit_code] {
    exit_code = run(
        *common, [](OperatorClient& c) { return c.get("/v1/cas"); },
        [](const auto& v) {
          print_rows(v.at("cas").as_array(), {"ca", "profile", "state", "assigned", "list", "key_destroyed"});
        });
  });
  const auto name = std::make_shared<std::string>();
  auto* const revoke =
      ca->add_subcommand("revoke", "end an operational CA; its devices revalidate under the successor");
  revoke->add_option("ca", *name, "name")->required();
  add_common(*revoke, *common);
  revoke->callback([common, name, &exit_code] {
    exit_code = run(
        *common,
        [&](OperatorClient& c) {
          return c.call(http::Method::post, "/v1/cas/revoke", boost::json::object{{"ca", *name}});
        },
        show_object);
  });
}

}  // namespace

void add_commands(CLI::App& program, int& exit_code) {
  const auto common = std::make_shared<Common>();
  auto* const status = program.add_subcommand("status", "what the server says of itself");
  add_common(*status, *common);
  status->callback([common, &exit_code] {
    exit_code = run(
        *common, [](OperatorClient& c) { return c.get("/v1/status"); }, show_object);
  });
  add_device(program, common, exit_code);
  add_batch(program, common, exit_code);
  add_ca(program, common, exit_code);
  add_audit(program, exit_code);
}

}  // namespace birthmark::cli
