// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/hierarchy.h"
#include "base/result.h"

namespace birthmark::daemon {

struct ListenAddress {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one; the readiness line says which
};

/// Everything that can be set. Each has a name in the TOML file, a flag (`--device-listen`) and an environment variable
/// (`BIRTHMARK_DEVICE_LISTEN`); a flag goes before the environment, the environment before the file.
struct Config {
  std::filesystem::path data = "run/birthmark";
  ListenAddress device{"127.0.0.1", 8443};
  ListenAddress operators{"127.0.0.1", 8444};
  ListenAddress open{"127.0.0.1", 8480};
  app::Scope scope = app::Scope::batch;
  std::string public_url;  ///< prefix of CRL URLs in certificates; empty: none are named
  std::string log_origin = "birthmark.invalid/log";
  std::filesystem::path passphrase_file;  ///< of the keys; empty: <data>/passphrase, made by `init`
  std::vector<std::string> server_names{"localhost"};
  policy::Environment environment = policy::Environment::production;
  std::string operator_name = "admin";  ///< the first one, made by `init`
};

/// Reads a TOML file, strictly: an unknown key is an error. @error not_found; bad_request: what and where
Result<Config> read_config(const std::filesystem::path& file, Config defaults);
/// Overrides from environment variables `BIRTHMARK_*`. @error bad_request
Result<Config> with_environment(Config config);
/// "address:port". @error bad_request
Result<ListenAddress> listen_address(std::string_view text);

/// A product's policy from TOML (docs/wire/policy.md), strictly; an empty text is the default policy.
/// @error bad_request: TOML, an unknown key or name; policy, test_anchor: as policy::check
Result<policy::ProductPolicy> read_policy(std::string_view toml, policy::Environment environment);

}  // namespace birthmark::daemon
