// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

namespace birthmark::daemon {
namespace {

using Setter = Result<void> (*)(Config&, const std::string&);

/// Whether a file may say true or false instead of on or off.
enum class Takes : std::uint8_t { text, text_or_boolean };

struct SettingRow {
  Setting setting;
  Setter set;
  Takes takes = Takes::text;
};

template <auto Member>
Result<void> set_text(Config& config, const std::string& text) {
  config.*Member = text;
  return {};
}
template <auto Member>
Result<void> set_filled(Config& config, const std::string& text) {
  return text.empty() ? Result<void>{fail(Code::bad_request, "an empty text")} : set_text<Member>(config, text);
}
template <auto Member>
Result<void> set_listen(Config& config, const std::string& text) {
  BM_TRY(config.*Member, listen_address(text));
  return {};
}

Result<void> set_connections(Config& config, const std::string& text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return fail(Code::bad_request, "a number; 0 is an eighth of the listener's");
  }
  config.connections_per_source = count;
  return {};
}

Result<void> set_scope(Config& config, const std::string& text) {
  const auto scope = app::scope_named(text);
  if (!scope) {
    return fail(Code::bad_request, "scope is global, product, factory or batch");
  }
  config.scope = *scope;
  return {};
}

Result<void> set_server_names(Config& config, const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    if (end == at) {
      return fail(Code::bad_request, "server_names: names and addresses between commas");
    }
    names.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  config.server_names = std::move(names);
  return {};
}

Result<void> set_environment(Config& config, const std::string& text) {
  if (text != "production" && text != "development") {
    return fail(Code::bad_request, "environment is production or development");
  }
  config.environment = text == "production" ? policy::Environment::production : policy::Environment::development;
  return {};
}

Result<void> set_metrics(Config& config, const std::string& text) {
  if (text != "on" && text != "off") {
    return fail(Code::bad_request, "metrics is on or off");
  }
  config.metrics = text == "on";
  return {};
}

/// One name for the file, the flag and the environment: adding a setting is adding a row.
constexpr std::array kSettings{
    SettingRow{{"data", "directory with everything the registry keeps"}, set_filled<&Config::data>},
    SettingRow{{"device_listen", "address:port for devices, stations and gates"}, set_listen<&Config::device>},
    SettingRow{{"connections_per_source", "that one address may have with a listener; 0: an eighth of all"},
               set_connections},
    SettingRow{{"operator_listen", "address:port for operators"}, set_listen<&Config::operators>},
    SettingRow{{"public_listen", "address:port for health, metrics and the log, without TLS"},
               set_listen<&Config::open>},
    SettingRow{{"scope", "end of the manufacturing chain: global, product, factory or batch"}, set_scope},
    SettingRow{{"public_url", "prefix of the CRL addresses in certificates, which you serve; empty: none"},
               set_text<&Config::public_url>},
    SettingRow{{"log_origin", "name of the log in its checkpoints"}, set_filled<&Config::log_origin>},
    SettingRow{{"journal", "directory of the emergency denies, best on another disk; empty: <data>/journal"},
               set_text<&Config::journal>},
    SettingRow{{"passphrase_file", "of the key files; empty: the systemd credential or <data>/passphrase"},
               set_text<&Config::passphrase_file>},
    SettingRow{{"server_names", "names and addresses in the server's certificate, between commas"}, set_server_names},
    SettingRow{{"operator_name", "the first operator, made by init"}, set_filled<&Config::operator_name>},
    SettingRow{
        {"metrics", "on: the public listener shows /metrics; off by default"}, set_metrics, Takes::text_or_boolean},
    SettingRow{{"environment", "production or development"}, set_environment},
};

constexpr std::array kNames = [] {
  std::array<Setting, kSettings.size()> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out.at(i) = kSettings.at(i).setting;
  }
  return out;
}();

std::optional<std::string> text_of(std::string_view name, const toml::node& value) {
  const auto* const row =
      std::ranges::find_if(kSettings, [&](const SettingRow& candidate) { return candidate.setting.name == name; });
  const auto truth = value.value_exact<bool>();
  if (truth && row != kSettings.end() && row->takes == Takes::text_or_boolean) {
    return *truth ? "on" : "off";
  }
  return value.value_exact<std::string>();
}

Result<Config> with_file(Config config, const std::filesystem::path& file) {
  toml::table table;
  try {
    table = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    return fail(line == 0 ? Code::not_found : Code::bad_request,
                file.string() + " line " + std::to_string(line) + ": " + std::string{error.description()});
  }
  for (const auto& [key, value] : table) {
    const auto text = text_of(key.str(), value);
    if (!text) {
      return fail(Code::bad_request, file.string() + ": " + std::string{key.str()} + " is not a text");
    }
    auto set = with_setting(std::move(config), key.str(), *text);
    if (!set) {
      return fail(Code::bad_request, file.string() + ": " + set.error().detail);
    }
    config = std::move(*set);
  }
  return config;
}

/// `<file>.d/*.toml` in the order of their names.
Result<std::vector<std::filesystem::path>> drop_ins(const std::filesystem::path& file) {
  std::vector<std::filesystem::path> out;
  std::error_code error;
  for (std::filesystem::directory_iterator at{file.string() + ".d", error}, end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".toml") {
      out.push_back(at->path());
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(Code::storage, file.string() + ".d: " + error.message());
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

std::span<const Setting> settings() {
  return kNames;
}

Result<Config> with_setting(Config config, std::string_view name, const std::string& text) {
  const auto* const row =
      std::ranges::find_if(kSettings, [&](const SettingRow& candidate) { return candidate.setting.name == name; });
  if (row == kSettings.end()) {
    return fail(Code::bad_request, "unknown setting " + std::string{name});
  }
  if (auto set = row->set(config, text); !set) {
    return fail(Code::bad_request, std::string{name} + ": " + set.error().detail);
  }
  return config;
}

Result<ListenAddress> listen_address(std::string_view text) {
  const auto mark = text.rfind(':');
  std::uint16_t port = 0;
  const auto digits = mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || mark == 0) {
    return fail(Code::bad_request, "address:port");
  }
  return ListenAddress{std::string{text.substr(0, mark)}, port};
}

Result<Config> read_config(const std::filesystem::path& file, Config config) {
  BM_TRY(config, with_file(std::move(config), file));
  BM_TRY(const auto more, drop_ins(file));
  for (const auto& path : more) {
    BM_TRY(config, with_file(std::move(config), path));
  }
  return config;
}

Result<Config> with_environment(Config config) {
  for (const auto& setting : kNames) {
    std::string variable = "BIRTHMARK_";
    for (const char c : setting.name) {
      variable.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    }
    if (const char* const value = std::getenv(variable.c_str()); value != nullptr) {
      BM_TRY(config, with_setting(std::move(config), setting.name, value));
    }
  }
  return config;
}

}  // namespace birthmark::daemon
