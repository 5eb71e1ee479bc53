// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/hierarchy.h"
#include "base/result.h"

namespace birthmark::daemon {

struct ListenAddress {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one; the readiness line says which
};

/// Everything that can be set; a flag goes before the environment, the environment before the file.
struct Config {
  std::filesystem::path data = "run/birthmark";
  ListenAddress device{"127.0.0.1", 8443};
  ListenAddress operators{"127.0.0.1", 8444};
  ListenAddress open{"127.0.0.1", 8480};
  std::size_t connections_per_source = 0;  ///< of one listener; 0: an eighth of what it may have (http::Limits)
  std::optional<app::Scope> scope;         ///< none: as `init` made the registry, by itself batch
  std::string public_url;                  ///< prefix of CRL URLs in certificates; empty: none are named
  std::string log_origin = "birthmark.invalid/log";
  std::filesystem::path journal;          ///< of emergency denies, best on another disk; empty: <data>/journal
  std::filesystem::path passphrase_file;  ///< of the keys; empty: <data>/passphrase, made by `init`
  std::vector<std::string> server_names{"localhost"};
  policy::Environment environment = policy::Environment::production;
  bool metrics = false;                 ///< whether the public listener shows them
  std::string operator_name = "admin";  ///< the first one, made by `init`
};

/// A setting: its name in the file (`device_listen`), which also makes the flag (`--device-listen`) and the environment
/// variable (`BIRTHMARK_DEVICE_LISTEN`), and what it is, for people.
struct Setting {
  std::string_view name;
  std::string_view words;
};
/// All of them.
std::span<const Setting> settings();
/// @error bad_request: no such setting, or a value that it cannot have
Result<Config> with_setting(Config config, std::string_view name, const std::string& text);

/// Reads a TOML file and then `<file>.d/*.toml` by name, strictly: an unknown key is an error.
/// @error not_found; bad_request: what and where; storage
Result<Config> read_config(const std::filesystem::path& file, Config defaults);
/// Overrides from environment variables `BIRTHMARK_*`. @error bad_request
Result<Config> with_environment(Config config);
/// "address:port". @error bad_request
Result<ListenAddress> listen_address(std::string_view text);

}  // namespace birthmark::daemon
