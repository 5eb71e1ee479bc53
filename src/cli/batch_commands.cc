// SPDX-License-Identifier: Apache-2.0
#include "cli/batch_commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "adapters/clock/system_clock.h"
#include "base/instant.h"
#include "cli/operator_call.h"
#include "lifecycle/batch.h"

namespace birthmark::cli {
namespace {

constexpr std::size_t kPolicyMax = std::size_t{64} * 1024;
constexpr std::size_t kPlanMax = std::size_t{80} * 1024 * 1024;

struct BatchFlags : OperatorFlags {
  std::string name, product, factory, policy_file, plan_file, opens, closes;
  std::uint32_t quantity = 0, rate = 0, burst = 0;
  unsigned days = 30;
  bool dry_run = false;
};

std::string check_instant(const std::string& text) {
  return from_rfc3339(text) ? std::string{} : std::string{"a moment is like 2026-11-23T10:00:00Z"};
}

Result<std::string> read_text(const std::string& path, std::size_t max) {
  PosixFiles files;
  const auto bytes = files.read(path, max);
  return bytes ? Result<std::string>{std::string{as_text(*bytes)}}
               : Result<std::string>{fail(bytes.error().code, path + ": " + bytes.error().detail)};
}

/// One SHA-256 in hex a line; empty lines and those that begin with '#' are passed over.
Result<boost::json::array> read_plan(const std::string& path) {
  BM_TRY(const auto text, read_text(path, kPlanMax));
  boost::json::array plan;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto line = std::string_view{text}.substr(at, end - at);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (!line.empty() && line.front() != '#') {
      plan.emplace_back(line);
    }
    at = end + 1;
  }
  return plan;
}

std::string target_of(const BatchFlags& flags) {
  return "/v1/batches/" + path_segment(flags.name);
}

struct Window {
  std::string opens, closes;  ///< RFC 3339
};

/// As a person gave it; what is left out begins now, but for a batch that is there: the same command again is to find
/// it.
/// @error of the server
Result<Window> window_of(ApiClient& client, const BatchFlags& flags) {
  auto opens = SystemClock{}.now();
  if (!flags.opens.empty()) {
    opens = from_rfc3339(flags.opens).value_or(opens);  // check_instant has seen it
  } else if (const auto shown = client.get(target_of(flags)); shown) {
    BM_TRY(auto batch, json::Object::of(*shown));
    BM_TRY(opens, batch.instant("opens"));
  } else if (shown.error().code != Code::not_found) {
    return fail(shown.error());
  }
  return Window{to_rfc3339(opens),
                flags.closes.empty() ? to_rfc3339(opens + std::chrono::days{flags.days}) : flags.closes};
}

Result<boost::json::value> open_batch(ApiClient& client, const BatchFlags& flags) {
  BM_TRY(const auto window, window_of(client, flags));
  boost::json::object body{
      {"batch", flags.name}, {"product", flags.product}, {"factory", flags.factory}, {"quantity", flags.quantity}};
  body["opens"] = window.opens;
  body["closes"] = window.closes;
  if (!flags.policy_file.empty()) {
    BM_TRY(body["policy"], read_text(flags.policy_file, kPolicyMax));
  }
  if (flags.rate != 0) {
    body["rate_per_hour"] = flags.rate;
    body["burst"] = flags.burst != 0 ? flags.burst : flags.rate;
  }
  if (!flags.plan_file.empty()) {
    BM_TRY(body["plan"], read_plan(flags.plan_file));
  }
  return client.order("/v1/batches", body);
}

Result<boost::json::value> rehearse_seal(ApiClient& client, const BatchFlags& flags) {
  BM_TRY(const auto shown, client.get(target_of(flags)));
  BM_TRY(auto batch, json::Object::of(shown));
  BM_TRY(const auto state, batch.text("state"));
  BM_TRY(const auto issued, batch.unsigned_int("issued"));
  BM_TRY(const auto left, batch.unsigned_int("left"));
  BM_TRY(const bool own_ca, batch.boolean("own_ca"));
  if (state != "open") {
    return fail(Code::batch_closed, "batch " + flags.name + " is " + std::string{state});
  }
  return boost::json::object{{"dry_run", true},     {"batch", flags.name}, {"action", "seal"},
                             {"issued", issued},    {"given_up", left},    {"ca_key_destroyed", own_ca},
                             {"irreversible", true}};
}

void add_open(CLI::App& batch, int& exit_code) {
  auto* const command = batch.add_subcommand(
      "open", "open a batch with its CAs; the same order again, window and plan included, finds it");
  const auto flags = std::make_shared<BatchFlags>();
  command->add_option("batch", flags->name, "name")->required();
  command->add_option("--product", flags->product, "name of the product")->required();
  command->add_option("--factory", flags->factory, "name of the factory")->required();
  command->add_option("--quantity", flags->quantity, "how many units")
      ->required()
      ->check(CLI::Range(1U, lifecycle::kBatchQuantityMax));
  command->add_option("--opens", flags->opens, "RFC 3339; now, or as the batch has it")->check(check_instant);
  auto* const closes = command->add_option("--closes", flags->closes, "RFC 3339; after --days")->check(check_instant);
  command->add_option("--days", flags->days, "length of the window")->check(CLI::Range(1U, 3650U))->excludes(closes);
  auto* const rate = command->add_option("--rate", flags->rate, "units an hour; no limit");
  command->add_option("--burst", flags->burst, "units at once; --rate")->needs(rate);
  command->add_option("--policy", flags->policy_file, "TOML file with the product's policy")->check(check_filled);
  command->add_option("--plan", flags->plan_file, "file with one SHA-256 of an expected EK certificate a line")
      ->check(check_filled);
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags, [&](ApiClient& c) { return open_batch(c, *flags); }, show_members);
  });
}

void add_show(CLI::App& batch, int& exit_code) {
  auto* const command = batch.add_subcommand("show", "one batch with its budget");
  const auto flags = std::make_shared<BatchFlags>();
  command->add_option("batch", flags->name, "name")->required();
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags, [&](ApiClient& c) { return c.get(target_of(*flags)); }, show_members);
  });
}

/// Over a connection of its own, which may wait long for the answer. @param client of the same server, reached before
Result<boost::json::value> check_keys(ApiClient& client, const BatchFlags& flags) {
  BM_CHECK(without_value(client.get(target_of(flags))));
  PosixFiles files;
  BM_TRY(const auto credentials, read_credentials(files, flags.credentials()));
  BM_TRY(const auto patient, ApiClient::open(flags.server, credentials, ApiClient::kLongWork));
  return patient->post(target_of(flags) + "/check", {});
}

/// The keys afterwards: of all units, and a check that fails keeps no batch open.
Result<boost::json::value> seal(ApiClient& client, const BatchFlags& flags) {
  BM_TRY(auto sealed, client.order(target_of(flags) + "/seal", {}));
  const auto checked = check_keys(client, flags);
  if (sealed.is_object()) {
    auto& out = sealed.as_object();
    if (checked && checked->is_object()) {
      out["keys_checked"] = checked->as_object().at("keys_checked");
      out["flagged"] = checked->as_object().at("flagged");
    } else {
      out["keys_checked"] = nullptr;
      out["check_refused"] = checked ? std::string_view{"bad_json"} : info(checked.error().code).name;
    }
  }
  return sealed;
}

void add_check(CLI::App& batch, int& exit_code) {
  auto* const command =
      batch.add_subcommand("check", "look for RSA endorsement keys that share a prime, and hold their devices");
  const auto flags = std::make_shared<BatchFlags>();
  command->add_option("batch", flags->name, "name")->required();
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags, [&](ApiClient& c) { return check_keys(c, *flags); }, show_members);
  });
}

void add_seal(CLI::App& batch, int& exit_code) {
  auto* const command =
      batch.add_subcommand("seal", "close for ever, destroy the batch CA's key, and check the units' keys");
  const auto flags = std::make_shared<BatchFlags>();
  command->add_option("batch", flags->name, "name")->required();
  command->add_flag("--dry-run", flags->dry_run, "say what would happen and change nothing");
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags, [&](ApiClient& c) { return flags->dry_run ? rehearse_seal(c, *flags) : seal(c, *flags); },
        show_members);
  });
}

// --- CAs ---

struct CaFlags : OperatorFlags {
  std::string name;
  bool dry_run = false;
};

Result<boost::json::value> rehearse_revoke(ApiClient& client, const std::string& name) {
  BM_TRY(const auto shown, find_row(client, "cas", "ca", name));
  BM_TRY(auto ca, json::Object::of(shown));
  BM_TRY(const auto state, ca.text("state"));
  BM_TRY(const auto profile, ca.text("profile"));
  BM_TRY(const auto assigned, ca.unsigned_int("assigned"));
  if (profile.find("operational") == std::string_view::npos || profile.find("root") != std::string_view::npos) {
    return fail(Code::scope, name + " is no operational issuing CA");
  }
  return boost::json::object{{"dry_run", true},     {"ca", name},    {"action", "revoke"},
                             {"from", state},       {"to", "ended"}, {"credentials_refused", assigned},
                             {"irreversible", true}};
}

void add_ca_show(CLI::App& ca, int& exit_code) {
  auto* const command = ca.add_subcommand("show", "one CA with its certificate");
  const auto flags = std::make_shared<CaFlags>();
  command->add_option("ca", flags->name, "name, as `ca list` prints it")->required();
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags, [&](ApiClient& c) { return find_row(c, "cas", "ca", flags->name); }, show_members);
  });
}

void add_ca_revoke(CLI::App& ca, int& exit_code) {
  auto* const command =
      ca.add_subcommand("revoke", "end an operational CA; its devices revalidate under the successor");
  const auto flags = std::make_shared<CaFlags>();
  command->add_option("ca", flags->name, "name, as `ca list` prints it")->required();
  command->add_flag("--dry-run", flags->dry_run, "say what would happen and change nothing");
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] {
    exit_code = run_call(
        *flags,
        [&](ApiClient& c) {
          return flags->dry_run ? rehearse_revoke(c, flags->name) : c.order("/v1/cas/revoke", {{"ca", flags->name}});
        },
        show_members);
  });
}

}  // namespace

void add_batch(CLI::App& program, int& exit_code) {
  auto* const batch = program.add_subcommand("batch", "production orders: open, list, show, check, seal");
  batch->require_subcommand(1);
  add_open(*batch, exit_code);
  add_view(*batch, exit_code,
           {.name = "list", .words = "all batches", .list = "batches", .show = [](const auto& v) {
              print_rows(v.at("batches").as_array(), {"batch", "state", "issued", "quantity", "factory", "closes"});
            }});
  add_show(*batch, exit_code);
  add_check(*batch, exit_code);
  add_seal(*batch, exit_code);
}

void add_ca(CLI::App& program, int& exit_code) {
  auto* const ca = program.add_subcommand("ca", "certificate authorities: list, show, revoke");
  ca->require_subcommand(1);
  add_view(*ca, exit_code,
           {.name = "list", .words = "all CAs", .list = "cas", .show = [](const auto& v) {
              print_rows(v.at("cas").as_array(), {"ca", "profile", "state", "assigned", "list", "key_destroyed"});
            }});
  add_ca_show(*ca, exit_code);
  add_ca_revoke(*ca, exit_code);
}

}  // namespace birthmark::cli
