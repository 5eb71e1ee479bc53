// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include <toml++/toml.h>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>

namespace birthmark::daemon {
namespace {

using Setter = std::function<Result<void>(Config&, const std::string&)>;

Result<void> set_listen(ListenAddress& to, const std::string& text) {
  BM_TRY(to, listen_address(text));
  return {};
}

/// One name for the file, the flag and the environment: adding a setting is adding a row.
const std::map<std::string, Setter>& settings() {
  static const std::map<std::string, Setter> rows{
      {"data",
       [](Config& c, const std::string& v) -> Result<void> {
         c.data = v;
         return {};
       }},
      {"device_listen", [](Config& c, const std::string& v) { return set_listen(c.device, v); }},
      {"operator_listen", [](Config& c, const std::string& v) { return set_listen(c.operators, v); }},
      {"public_listen", [](Config& c, const std::string& v) { return set_listen(c.open, v); }},
      {"scope",
       [](Config& c, const std::string& v) -> Result<void> {
         const auto scope = app::scope_named(v);
         if (!scope) {
           return fail(Code::bad_request, "scope is global, product, factory or batch");
         }
         c.scope = *scope;
         return {};
       }},
      {"public_url",
       [](Config& c, const std::string& v) -> Result<void> {
         c.public_url = v;
         return {};
       }},
      {"log_origin",
       [](Config& c, const std::string& v) -> Result<void> {
         c.log_origin = v;
         return {};
       }},
      {"passphrase_file",
       [](Config& c, const std::string& v) -> Result<void> {
         c.passphrase_file = v;
         return {};
       }},
      {"server_name",
       [](Config& c, const std::string& v) -> Result<void> {
         c.server_names = {v};
         return {};
       }},
      {"operator_name",
       [](Config& c, const std::string& v) -> Result<void> {
         c.operator_name = v;
         return {};
       }},
      {"environment",
       [](Config& c, const std::string& v) -> Result<void> {
         if (v != "production" && v != "development") {
           return fail(Code::bad_request, "environment is production or development");
         }
         c.environment = v == "production" ? policy::Environment::production : policy::Environment::development;
         return {};
       }},
  };
  return rows;
}

Result<toml::table> parse(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    std::ostringstream words;
    words << error.description() << " at line " << error.source().begin.line;
    return fail(Code::bad_request, words.str());
  }
}

}  // namespace

Result<ListenAddress> listen_address(std::string_view text) {
  const auto mark = text.rfind(':');
  std::uint16_t port = 0;
  const auto digits = mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || mark == 0) {
    return fail(Code::bad_request, "listen: address:port");
  }
  return ListenAddress{std::string{text.substr(0, mark)}, port};
}

Result<Config> read_config(const std::filesystem::path& file, Config config) {
  toml::table table;
  try {
    table = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    return fail(Code::bad_request, file.string() + ": " + std::string{error.description()});
  }
  for (const auto& [key, value] : table) {
    const auto row = settings().find(std::string{key.str()});
    const auto text = value.value<std::string>();
    if (row == settings().end() || !text) {
      return fail(Code::bad_request, file.string() + ": unknown setting or no text: " + std::string{key.str()});
    }
    BM_CHECK(row->second(config, *text));
  }
  return config;
}

Result<Config> with_environment(Config config) {
  for (const auto& [name, set] : settings()) {
    std::string variable = "BIRTHMARK_";
    for (const char c : name) {
      variable.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    }
    if (const char* const value = std::getenv(variable.c_str()); value != nullptr) {
      BM_CHECK(set(config, value));
    }
  }
  return config;
}

namespace {

Result<policy::ActionSet> actions_of(const toml::node& node) {
  policy::ActionSet set;
  const auto* const names = node.as_array();
  if (names == nullptr) {
    return fail(Code::bad_request, "actions: a list of names");
  }
  std::vector<policy::Action> actions;
  for (const auto& item : *names) {
    const auto name = item.value<std::string>();
    const auto action = name ? policy::action_named(*name) : std::nullopt;
    if (!action) {
      return fail(Code::bad_request, "unknown action " + name.value_or(""));
    }
    actions.push_back(*action);
  }
  for (const auto action : actions) {
    set = set.with(action);
  }
  return set;
}

Result<void> read_actions(policy::ProductPolicy& policy, const toml::node& node) {
  const auto* const states = node.as_table();
  if (states == nullptr) {
    return fail(Code::bad_request, "actions: a table with a list for each state");
  }
  for (const auto& [key, value] : *states) {
    const auto state = lifecycle::state_named(key.str());
    if (!state) {
      return fail(Code::bad_request, "unknown state " + std::string{key.str()});
    }
    BM_TRY(policy.actions.at(static_cast<std::size_t>(*state)), actions_of(value));
  }
  return {};
}

Result<void> read_roots(policy::ProductPolicy& policy, const toml::node& node) {
  const auto* const names = node.as_array();
  if (names == nullptr) {
    return fail(Code::bad_request, "root_kinds: a list of names");
  }
  policy.root_kinds.clear();
  for (const auto& item : *names) {
    const auto kind = lifecycle::root_kind_named(item.value_or(std::string{}));
    if (!kind) {
      return fail(Code::bad_request, "root_kinds: tpm, psa, dice, se or software");
    }
    policy.root_kinds.push_back(*kind);
  }
  return {};
}

Result<void> read_policy_row(policy::ProductPolicy& policy, std::string_view key, const toml::node& value) {
  const auto number = [&]() -> Result<std::int64_t> {
    const auto n = value.value_exact<std::int64_t>();
    return n ? Result<std::int64_t>{*n} : fail(Code::bad_request, std::string{key} + ": a whole number");
  };
  if (key == "actions") {
    return read_actions(policy, value);
  }
  if (key == "root_kinds") {
    return read_roots(policy, value);
  }
  if (key == "vendors" && value.is_array()) {
    for (const auto& item : *value.as_array()) {
      policy.vendors.push_back(item.value_or(std::string{}));
    }
    return {};
  }
  if (key == "simulated_roots" || key == "released_for_field") {
    const auto yes = value.value_exact<bool>();
    if (!yes) {
      return fail(Code::bad_request, std::string{key} + ": true or false");
    }
    if (key == "simulated_roots") {
      policy.simulated = *yes ? policy::SimulatedRoots::allowed : policy::SimulatedRoots::refused;
    } else {
      policy.released_for_field = *yes ? policy::RequiresRelease::yes : policy::RequiresRelease::no;
    }
    return {};
  }
  if (key == "minimum_firmware") {
    const auto version = lifecycle::FirmwareVersion::parse(value.value_or(std::string{}));
    if (!version) {
      return fail(Code::bad_request, "minimum_firmware: \"4.12.0\"");
    }
    policy.minimum_firmware = *version;
    return {};
  }
  if (key == "gate_max_age_minutes") {
    BM_TRY(const auto n, number());
    policy.gate_max_age = std::chrono::minutes{n};
    return {};
  }
  if (key == "ldevid_lifetime_days" || key == "renew_from_day") {
    BM_TRY(const auto n, number());
    (key == "ldevid_lifetime_days" ? policy.ldevid_lifetime : policy.renew_from) =
        std::chrono::days{static_cast<int>(n)};
    return {};
  }
  return fail(Code::bad_request, "unknown policy setting " + std::string{key});
}

}  // namespace

Result<policy::ProductPolicy> read_policy(std::string_view text, policy::Environment environment) {
  BM_TRY(const auto table, parse(text));
  policy::ProductPolicy policy;
  for (const auto& [key, value] : table) {
    BM_CHECK(read_policy_row(policy, key.str(), value));
  }
  BM_CHECK(policy::check(policy, environment));
  return policy;
}

}  // namespace birthmark::daemon
