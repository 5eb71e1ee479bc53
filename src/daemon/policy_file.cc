// SPDX-License-Identifier: Apache-2.0
#include "daemon/policy_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace birthmark::daemon {
namespace {

constexpr std::size_t kRowsMax = 256;  ///< of one [[table]]
constexpr std::size_t kHexOctetsMax = 64;

Result<toml::table> parse(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    std::ostringstream words;
    words << error.description() << " at line " << error.source().begin.line;
    return fail(Code::bad_request, words.str());
  }
}

/// A list of texts. @error bad_request
Result<std::vector<std::string>> texts_of(const toml::node& node, std::string_view what) {
  const auto* const items = node.as_array();
  if (items == nullptr) {
    return fail(Code::bad_request, std::string{what} + ": a list of texts");
  }
  std::vector<std::string> out;
  for (const auto& item : *items) {
    const auto text = item.value_exact<std::string>();
    if (!text) {
      return fail(Code::bad_request, std::string{what} + ": a list of texts");
    }
    out.push_back(*text);
  }
  return out;
}

Result<std::string> text_of(const toml::node& node, std::string_view what) {
  const auto text = node.value_exact<std::string>();
  return text ? Result<std::string>{*text} : fail(Code::bad_request, std::string{what} + ": a text");
}

Result<bool> flag_of(const toml::node& node, std::string_view what) {
  const auto flag = node.value_exact<bool>();
  return flag ? Result<bool>{*flag} : fail(Code::bad_request, std::string{what} + ": true or false");
}

/// A whole number of days or minutes that no sum of times overflows. @error bad_request; policy: beyond any calendar
Result<int> count_of(const toml::node& node, std::string_view what) {
  constexpr std::int64_t kMost = 100'000'000;
  const auto number = node.value_exact<std::int64_t>();
  if (!number) {
    return fail(Code::bad_request, std::string{what} + ": a whole number");
  }
  if (*number < 0 || *number > kMost) {
    return fail(Code::policy, std::string{what} + " is out of range", "policy." + std::string{what});
  }
  return static_cast<int>(*number);
}

Result<policy::ActionSet> actions_of(const toml::node& node) {
  BM_TRY(const auto names, texts_of(node, "actions"));
  policy::ActionSet set;
  for (const auto& name : names) {
    const auto action = policy::action_named(name);
    if (!action) {
      return fail(Code::bad_request, "unknown action " + name);
    }
    set = set.with(*action);
  }
  return set;
}

using policy::ProductPolicy;
using Read = Result<void> (*)(ProductPolicy&, const toml::node&);

Result<void> read_actions(ProductPolicy& policy, const toml::node& node) {
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

Result<policy::ResourceRule> resource_of(const toml::node& node) {
  const auto* const table = node.as_table();
  if (table == nullptr || table->size() != 2 || !table->contains("action") || !table->contains("pattern")) {
    return fail(Code::bad_request, "resource: a table with action and pattern");
  }
  BM_TRY(const auto name, text_of(*table->get("action"), "action"));
  BM_TRY(auto pattern, text_of(*table->get("pattern"), "pattern"));
  const auto action = policy::action_named(name);
  return action ? Result<policy::ResourceRule>{policy::ResourceRule{*action, std::move(pattern)}}
                : fail(Code::bad_request, "unknown action " + name);
}

Result<void> read_resources(ProductPolicy& policy, const toml::node& node) {
  const auto* const rules = node.as_array();
  if (rules == nullptr) {
    return fail(Code::bad_request, "resource: [[resource]] tables");
  }
  for (const auto& rule : *rules) {
    BM_TRY(auto read, resource_of(rule));
    policy.resources.push_back(std::move(read));
  }
  return {};
}

Result<void> read_roots(ProductPolicy& policy, const toml::node& node) {
  BM_TRY(const auto names, texts_of(node, "root_kinds"));
  policy.root_kinds.clear();
  for (const auto& name : names) {
    const auto kind = lifecycle::root_kind_named(name);
    if (!kind) {
      return fail(Code::bad_request, "root_kinds: tpm, psa, dice, se or software");
    }
    policy.root_kinds.push_back(*kind);
  }
  return {};
}

Result<void> read_vendors(ProductPolicy& policy, const toml::node& node) {
  BM_TRY(policy.evidence.vendors, texts_of(node, "vendors"));
  return {};
}

Result<void> read_models(ProductPolicy& policy, const toml::node& node) {
  BM_TRY(policy.evidence.models, texts_of(node, "models"));
  return {};
}

Result<void> read_submodules(ProductPolicy& policy, const toml::node& node) {
  BM_TRY(policy.evidence.submodules, texts_of(node, "submodules"));
  return {};
}

/// One of two words. @error bad_request
template <class T>
Result<T> one_of(const toml::node& node, std::string_view what, std::pair<std::string_view, T> first,
                 std::pair<std::string_view, T> second) {
  BM_TRY(const auto word, text_of(node, what));
  if (word != first.first && word != second.first) {
    return fail(Code::bad_request, std::string{what} + " = \"" + word + "\"");
  }
  return word == first.first ? first.second : second.second;
}

Result<void> read_debug(ProductPolicy& policy, const toml::node& node) {
  using enum attest::DebugGate;
  BM_TRY(policy.evidence.debug,
         one_of<attest::DebugGate>(node, "debug", {"closed", closed_required}, {"not_judged", not_judged}));
  return {};
}

Result<void> read_measurements(ProductPolicy& policy, const toml::node& node) {
  using enum attest::MeasurementRule;
  BM_TRY(policy.evidence.measurements,
         one_of<attest::MeasurementRule>(node, "measurements", {"listed", listed_must_agree},
                                         {"all", all_must_be_listed}));
  return {};
}

/// Octets in hex, 1 to 64 of them. @error bad_request
Result<Bytes> hex_of(const toml::node& node, std::string_view what) {
  BM_TRY(const auto text, text_of(node, what));
  auto octets = from_hex(text);
  return octets && !octets->empty() && octets->size() <= kHexOctetsMax
             ? Result<Bytes>{std::move(*octets)}
             : fail(Code::bad_request, std::string{what} + ": 1 to 64 octets in hex");
}

Result<std::vector<Bytes>> digests_of(const toml::node& node) {
  BM_TRY(const auto texts, texts_of(node, "digests"));
  std::vector<Bytes> out;
  for (const auto& text : texts) {
    auto octets = from_hex(text);
    if (!octets || (octets->size() != 32 && octets->size() != 48 && octets->size() != 64)) {
      return fail(Code::bad_request, "digests: 32, 48 or 64 octets in hex");
    }
    out.push_back(std::move(*octets));
  }
  return out;
}

/// The rows of a [[table]], each of which has these keys and no others; the first one always.
/// @error bad_request
template <class Take>
Result<void> each_row(const toml::node& node, std::string_view what, std::initializer_list<std::string_view> keys,
                      Take take) {
  const auto* const rows = node.as_array();
  if (rows == nullptr || rows->size() > kRowsMax) {
    return fail(Code::bad_request, std::string{what} + ": at most 256 [[" + std::string{what} + "]] tables");
  }
  for (const auto& row : *rows) {
    const auto* const table = row.as_table();
    const bool known =
        table != nullptr && table->contains(*keys.begin()) && std::ranges::all_of(*table, [&](const auto& member) {
          return std::ranges::find(keys, member.first.str()) != keys.end();
        });
    if (!known) {
      return fail(Code::bad_request, std::string{what} + ": a key is missing or unknown");
    }
    BM_CHECK(take(*table));
  }
  return {};
}

Result<void> read_references(ProductPolicy& policy, const toml::node& node) {
  return each_row(node, "reference", {"component", "environment", "digests", "svn_min"},
                  [&](const toml::table& row) -> Result<void> {
                    attest::ReferenceValue value;
                    BM_TRY(value.component, text_of(*row.get("component"), "component"));
                    if (const auto* const environment = row.get("environment")) {
                      BM_TRY(value.environment, hex_of(*environment, "environment"));
                    }
                    if (const auto* const digests = row.get("digests")) {
                      BM_TRY(value.digests, digests_of(*digests));
                    }
                    if (const auto* const svn = row.get("svn_min")) {
                      BM_TRY(const int least, count_of(*svn, "svn_min"));
                      value.svn_min = static_cast<std::uint64_t>(least);
                    }
                    policy.evidence.reference_values.push_back(std::move(value));
                    return {};
                  });
}

Result<void> read_secure_keys(ProductPolicy& policy, const toml::node& node) {
  return each_row(node, "secure_keys", {"environment", "caller"}, [&](const toml::table& row) -> Result<void> {
    using enum attest::TokenCaller;
    attest::SecureKeys keys;
    BM_TRY(keys.environment, hex_of(*row.get("environment"), "environment"));
    if (const auto* const caller = row.get("caller")) {
      BM_TRY(keys.caller, one_of<attest::TokenCaller>(*caller, "caller", {"secure_world", secure_world}, {"any", any}));
    }
    policy.evidence.secure_keys.push_back(std::move(keys));
    return {};
  });
}

Result<void> read_simulated(ProductPolicy& policy, const toml::node& node) {
  BM_TRY(const bool yes, flag_of(node, "simulated_roots"));
  policy.simulated = yes ? policy::SimulatedRoots::allowed : policy::SimulatedRoots::refused;
  return {};
}

Result<void> read_release(ProductPolicy& policy, const toml::node& node) {
  BM_TRY(const bool yes, flag_of(node, "released_for_field"));
  policy.released_for_field = yes ? policy::RequiresRelease::yes : policy::RequiresRelease::no;
  return {};
}

Result<void> read_firmware(ProductPolicy& policy, const toml::node& node) {
  BM_TRY(const auto text, text_of(node, "minimum_firmware"));
  const auto version = lifecycle::FirmwareVersion::parse(text);
  if (!version) {
    return fail(Code::bad_request, "minimum_firmware: \"4.12.0\"");
  }
  policy.minimum_firmware = *version;
  return {};
}

Result<void> read_age(ProductPolicy& policy, const toml::node& node) {
  BM_TRY(const int minutes, count_of(node, "gate_max_age_minutes"));
  policy.gate_max_age = std::chrono::minutes{minutes};
  return {};
}

Result<void> read_lifetime(ProductPolicy& policy, const toml::node& node) {
  BM_TRY(const int days, count_of(node, "ldevid_lifetime_days"));
  policy.ldevid_lifetime = std::chrono::days{days};
  return {};
}

Result<void> read_renewal(ProductPolicy& policy, const toml::node& node) {
  BM_TRY(const int days, count_of(node, "renew_from_day"));
  policy.renew_from = std::chrono::days{days};
  return {};
}

struct Row {
  std::string_view key;
  Read read;
};
constexpr std::array kRows{Row{"actions", read_actions},
                           Row{"resource", read_resources},
                           Row{"root_kinds", read_roots},
                           Row{"vendors", read_vendors},
                           Row{"models", read_models},
                           Row{"debug", read_debug},
                           Row{"measurements", read_measurements},
                           Row{"submodules", read_submodules},
                           Row{"reference", read_references},
                           Row{"secure_keys", read_secure_keys},
                           Row{"simulated_roots", read_simulated},
                           Row{"released_for_field", read_release},
                           Row{"minimum_firmware", read_firmware},
                           Row{"gate_max_age_minutes", read_age},
                           Row{"ldevid_lifetime_days", read_lifetime},
                           Row{"renew_from_day", read_renewal}};

}  // namespace

Result<ProductPolicy> read_policy(std::string_view text, policy::Environment environment) {
  BM_TRY(const auto table, parse(text));
  ProductPolicy policy;
  for (const auto& [key, value] : table) {
    const auto* const row = std::ranges::find(kRows, key.str(), &Row::key);
    if (row == kRows.end()) {
      return fail(Code::bad_request, "unknown policy setting " + std::string{key.str()});
    }
    BM_CHECK(row->read(policy, value));
  }
  BM_CHECK(policy::check(policy, environment));
  return policy;
}

}  // namespace birthmark::daemon
