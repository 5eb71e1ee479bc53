// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "adapters/entropy/system_entropy.h"
#include "adapters/files/posix_files.h"
#include "agent/tpm_root.h"
#include "cli/output.h"
#include "fleet/attacks.h"
#include "fleet/commands.h"

namespace birthmark::fleet {
namespace {

constexpr int kDone = 0, kWorked = 1, kUsage = 2, kEnvironment = 3;

void print(const Attack& attack, const Result<void>& answer, bool right, bool as_json) {
  const auto code = answer ? std::string{"none"} : std::string{info(answer.error().code).name};
  const auto check = answer ? std::string{} : answer.error().check;
  const auto detail = answer ? std::string{"the server went along"} : answer.error().detail;
  if (as_json) {
    cli::print_line(boost::json::object{{"attack", attack.name},
                                        {"refused", !answer},
                                        {"as_expected", right},
                                        {"code", code},
                                        {"check", check},
                                        {"detail", detail}});
    return;
  }
  std::printf("%s: %s: %s%s%s (%s)\n", std::string{attack.name}.c_str(), answer ? "WORKED" : "refused", code.c_str(),
              check.empty() ? "" : " at ", check.c_str(), detail.c_str());
}

bool as_expected(const Attack& attack, const Result<void>& answer) {
  return !answer && answer.error().code == attack.expected &&
         (attack.check.empty() || answer.error().check == attack.check);
}

Result<std::unique_ptr<cli::ApiClient>> open_station(const AttackFlags& flags, Files& files) {
  BM_TRY(const auto credentials, cli::read_credentials(files, flags.station.credentials()));
  return cli::ApiClient::open(flags.server, credentials);
}

Result<std::unique_ptr<agent::TpmRoot>> open_chip(const std::string& tcti, Files& files) {
  agent::TpmOptions options;
  options.tcti = tcti;
  return agent::open_tpm_root(std::move(options), files);
}

}  // namespace

int list_attacks(bool as_json) {
  for (const auto& attack : attacks()) {
    if (as_json) {
      cli::print_line(boost::json::object{{"attack", attack.name},
                                          {"words", attack.words},
                                          {"expected", info(attack.expected).name},
                                          {"needs_victim", attack.needs_victim}});
      continue;
    }
    std::printf("%-20s %s; refused: %s\n", std::string{attack.name}.c_str(), std::string{attack.words}.c_str(),
                std::string{info(attack.expected).name}.c_str());
  }
  return kDone;
}

int run_attacks(const AttackFlags& flags) {
  const auto form = flags.as_json ? cli::Form::json : cli::Form::words;
  PosixFiles files;
  SystemEntropy entropy;
  const auto station = open_station(flags, files);
  if (!station) {
    return cli::complain(station.error(), form, kEnvironment);
  }
  const auto chip = open_chip(flags.tcti, files);
  if (!chip) {
    return cli::complain(chip.error(), form, kEnvironment);
  }
  std::unique_ptr<agent::TpmRoot> victim;
  if (!flags.victim.empty()) {
    auto opened = open_chip(flags.victim, files);
    if (!opened) {
      return cli::complain(opened.error(), form, kEnvironment);
    }
    victim = std::move(*opened);
  }
  const AttackScene scene{**station, flags.batch, **chip, victim.get(), entropy};
  int exit_code = kDone;
  for (const auto& name : flags.names) {
    const auto* const attack = attack_named(name);
    if (attack == nullptr || (attack->needs_victim && victim == nullptr)) {
      return cli::complain(
          {Code::bad_request, attack == nullptr ? "no attack " + name : name + " needs --victim-tcti", {}}, form,
          kUsage);
    }
    const auto answer = attack->run(scene);
    const bool right = as_expected(*attack, answer);
    print(*attack, answer, right, flags.as_json);
    exit_code = right ? exit_code : kWorked;
  }
  return exit_code;
}

}  // namespace birthmark::fleet
