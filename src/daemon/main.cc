// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "adapters/entropy/system_entropy.h"
#include "adapters/files/passphrase.h"
#include "adapters/files/posix_files.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/verify_evidence.h"
#include "codec/json.h"
#include "daemon/policy_file.h"
#include "daemon/serve.h"
#include "daemon/vendor_store.h"

// The program `birthmark`: the server, and every command of operators, in one binary.
namespace birthmark::daemon {
namespace {

using cli::complain, cli::kDone, cli::kEnvironment, cli::kUsage;

struct Flags {
  std::optional<std::string> config_file;
  std::map<std::string_view, std::string> settings;  ///< those that were given, empty ones too
  bool development = false;
  bool as_json = false;

  [[nodiscard]] cli::Form form() const { return as_json ? cli::Form::json : cli::Form::words; }
};

/// File, then environment, then flags; --dev is one of them.
Result<Config> configuration(const Flags& flags) {
  Config config;
  if (flags.config_file) {
    BM_TRY(config, read_config(*flags.config_file, config));
  }
  BM_TRY(config, with_environment(std::move(config)));
  for (const auto& [name, text] : flags.settings) {
    BM_TRY(config, with_setting(std::move(config), name, text));
  }
  if (flags.development) {
    if (flags.settings.contains("environment") && config.environment != policy::Environment::development) {
      return fail(Code::bad_request, "--dev and --environment production contradict one another");
    }
    config.environment = policy::Environment::development;
  }
  return config;
}

int run_init(const Flags& flags) {
  const auto config = configuration(flags);
  if (!config) {
    return complain(config.error(), flags.form(), kUsage);
  }
  PosixFiles files;
  SystemEntropy entropy;
  const auto paths = Registry::paths(*config);
  if (const auto made = ensure_passphrase(files, paths.passphrase, entropy); !made) {
    return complain(made.error(), flags.form(), kEnvironment);
  }
  const auto registry = Registry::open(*config);
  if (!registry) {
    return complain(registry.error(), flags.form(), kEnvironment);
  }
  if (const auto made = (*registry)->init(); !made) {
    return complain(made.error(), flags.form(), kEnvironment);
  }
  const auto key = (*registry)->log_key();
  if (flags.as_json) {
    std::printf("%s\n",
                json::write(boost::json::object{
                                {"data", config->data.string()}, {"log_key", key}, {"operator", config->operator_name}})
                    .c_str());
  } else {
    std::printf("initialised %s\nlog key: %s\noperator: %s\n", config->data.c_str(), key.c_str(),
                (paths.operators / config->operator_name).c_str());
  }
  return kDone;
}

/// "device_listen" -> "--device-listen".
std::string flag_of(std::string_view name) {
  std::string flag = "--" + std::string{name};
  std::ranges::replace(flag, '_', '-');
  return flag;
}

void add_settings(CLI::App& command, Flags& flags) {
  command.add_option_function<std::string>(
      "--config", [&flags](const std::string& text) { flags.config_file = text; },
      "TOML file; <file>.d/*.toml after it");
  for (const auto& setting : settings()) {
    command.add_option_function<std::string>(
        flag_of(setting.name), [&flags, name = setting.name](const std::string& text) { flags.settings[name] = text; },
        std::string{setting.words});
  }
  command.add_flag("--dev", flags.development, "development: initialises by itself, simulated roots may be pinned");
  command.add_flag("--json", flags.as_json, "one JSON object on standard output");
}

/// Trust and policy as this program would serve with them.
Result<std::unique_ptr<cli::EvidenceContext>> read_context(const cli::ContextRequest& asked) {
  const auto environment = asked.development ? policy::Environment::development : policy::Environment::production;
  PosixFiles files;
  BM_TRY(auto trust, read_vendors(files, asked.trust_directory, environment, asked.now));
  BM_TRY(auto policy, read_policy(asked.policy_toml, environment));
  return std::make_unique<cli::EvidenceContext>(cli::EvidenceContext{std::move(trust), std::move(policy.evidence)});
}

/// A product's policy in the words that it is made of.
Result<boost::json::object> check_policy(std::string_view toml, bool development) {
  const auto environment = development ? policy::Environment::development : policy::Environment::production;
  BM_TRY(const auto read, read_policy(toml, environment));
  boost::json::array roots, vendors;
  for (const auto kind : read.root_kinds) {
    roots.emplace_back(lifecycle::name(kind));
  }
  for (const auto& vendor : read.evidence.vendors) {
    vendors.emplace_back(vendor);
  }
  boost::json::array resources;
  for (const auto& rule : read.resources) {
    resources.push_back({{"action", policy::name(rule.action)}, {"pattern", rule.pattern}});
  }
  boost::json::object actions;
  for (const auto state : lifecycle::kStates) {
    boost::json::array granted;
    for (const auto& row : policy::kActions) {
      if (read.actions.at(static_cast<std::size_t>(state)).contains(row.action)) {
        granted.emplace_back(row.name);
      }
    }
    actions[lifecycle::short_name(state)] = std::move(granted);
  }
  return boost::json::object{{"valid", true},
                             {"root_kinds", std::move(roots)},
                             {"vendors", std::move(vendors)},
                             {"simulated_roots", read.simulated == policy::SimulatedRoots::allowed},
                             {"gate_max_age_minutes", read.gate_max_age.count()},
                             {"ldevid_lifetime_days", read.ldevid_lifetime.count()},
                             {"renew_from_day", read.renew_from.count()},
                             {"released_for_field", read.released_for_field == policy::RequiresRelease::yes},
                             {"minimum_firmware", read.minimum_firmware.text()},
                             {"resource", std::move(resources)},
                             {"actions", std::move(actions)}};
}

int run(int argc, char** argv) {
  CLI::App program{"birthmark: device identity that is a property of the hardware"};
  program.require_subcommand(1);
  program.set_version_flag("--version", std::string{"birthmark "} + BIRTHMARK_VERSION);
  Flags flags;
  int exit_code = kDone;
  auto* const init =
      program.add_subcommand("init", "make roots, keys, the server's and the first operator's certificate");
  add_settings(*init, flags);
  init->callback([&] { exit_code = run_init(flags); });
  auto* const server = program.add_subcommand("serve", "run the server");
  add_settings(*server, flags);
  server->callback([&] {
    const auto config = configuration(flags);
    exit_code =
        config ? serve(*config, flags.development, flags.form()) : complain(config.error(), flags.form(), kUsage);
  });
  cli::add_commands(program, exit_code, {.check_policy = check_policy, .read_context = read_context});
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? kDone : kUsage;
  }
  return exit_code;
}

/// What a program said and nobody got is not done: a full disk, a pipe that ended.
int after_output(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
    return exit_code;
  }
  std::fprintf(stderr, "birthmark: standard output cannot be written\n");
  return exit_code == kDone ? kEnvironment : exit_code;
}

}  // namespace
}  // namespace birthmark::daemon

int main(int argc, char** argv) {
  try {
    return birthmark::daemon::after_output(birthmark::daemon::run(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "birthmark: %s\n", error.what());
    return 3;
  }
}
