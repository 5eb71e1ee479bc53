// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "adapters/entropy/system_entropy.h"
#include "adapters/files/posix_files.h"
#include "agent/tpm_root.h"
#include "fleet/attacks.h"
#include "fleet/commands.h"

namespace birthmark::fleet {
namespace {

constexpr int kDone = 0, kWorked = 1, kUsage = 2, kEnvironment = 3;

int complain(const Error& error, int exit_code) {
  std::fprintf(stderr, "birthmark-fleet: %s: %s\n", std::string{info(error.code).name}.c_str(), error.detail.c_str());
  return exit_code;
}

void print(const Attack& attack, const Result<void>& answer, bool right, bool as_json) {
  const auto code = answer ? std::string{"none"} : std::string{info(answer.error().code).name};
  const auto check = answer ? std::string{} : answer.error().check;
  const auto detail = answer ? std::string{"the server went along"} : answer.error().detail;
  if (as_json) {
    std::printf("%s\n", json::write(boost::json::object{{"attack", attack.name},
                                                        {"refused", !answer},
                                                        {"as_expected", right},
                                                        {"code", code},
                                                        {"check", check},
                                                        {"detail", detail}})
                            .c_str());
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

Result<std::unique_ptr<agent::HardwareRoot>> open_chip(const std::string& tcti, Files& files) {
  agent::TpmOptions options;
  options.tcti = tcti;
  return agent::open_tpm_root(std::move(options), files);
}

}  // namespace

int list_attacks() {
  for (const auto& attack : attacks()) {
    std::printf("%-20s %s; refused: %s\n", std::string{attack.name}.c_str(), std::string{attack.words}.c_str(),
                std::string{info(attack.expected).name}.c_str());
  }
  return kDone;
}

int run_attacks(const AttackFlags& flags) {
  PosixFiles files;
  SystemEntropy entropy;
  const auto station = open_station(flags, files);
  if (!station) {
    return complain(station.error(), kEnvironment);
  }
  const auto chip = open_chip(flags.tcti, files);
  if (!chip) {
    return complain(chip.error(), kEnvironment);
  }
  std::unique_ptr<agent::HardwareRoot> victim;
  if (!flags.victim.empty()) {
    auto opened = open_chip(flags.victim, files);
    if (!opened) {
      return complain(opened.error(), kEnvironment);
    }
    victim = std::move(*opened);
  }
  const AttackScene scene{**station, flags.batch, **chip, victim.get(), entropy};
  int exit_code = kDone;
  for (const auto& name : flags.names) {
    const auto* const attack = attack_named(name);
    if (attack == nullptr || (attack->needs_victim && victim == nullptr)) {
      return complain({Code::bad_request, attack == nullptr ? "no attack " + name : name + " needs --victim-tcti", {}},
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
