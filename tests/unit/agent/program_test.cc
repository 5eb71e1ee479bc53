// SPDX-License-Identifier: Apache-2.0
// The program birthmark-agent as scripts see it: exit codes, and what it says when it cannot or may not.
#include <gtest/gtest.h>

#include <fstream>

#include "adapters/files/posix_files.h"
#include "agent/device/platform.h"
#include "agent/device/state.h"
#include "codec/json.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/swtpm.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

using Arguments = std::vector<std::string>;

Finished agent(Arguments arguments) {
  arguments.insert(arguments.begin(), (bin_dir() / "birthmark-agent").string());
  return run({.argv = std::move(arguments), .env = {}, .input = {}, .directory = {}});
}

/// The one object on standard output.
boost::json::object said(const Finished& ended) {
  const auto value = json::read(std::string_view{ended.out}.substr(0, ended.out.find('\n')));
  return value && value->is_object() ? value->as_object() : boost::json::object{};
}

/// Code, cause and remedy, for people and for programs.
void expect_complaint(const Finished& ended, int exit_code, std::string_view code) {
  EXPECT_EQ(ended.exit_code, exit_code) << ended.out << ended.err;
  const auto object = said(ended);
  ASSERT_TRUE(object.contains("code")) << ended.out << ended.err;
  EXPECT_EQ(std::string_view{object.at("code").as_string()}, code);
  for (const auto* const member : {"detail", "cause", "remedy"}) {
    ASSERT_TRUE(object.contains(member));
    EXPECT_FALSE(object.at(member).as_string().empty()) << member;
  }
  EXPECT_NE(ended.err.find("\ncause: "), std::string::npos);
  EXPECT_NE(ended.err.find("\nremedy: "), std::string::npos);
}

class AgentProgram : public support::SwtpmTest {
 protected:
  [[nodiscard]] std::string directory() const { return state().string(); }
  /// On the software TPM of this test.
  Arguments on_tpm(const std::string& verb) { return {verb, "--state", directory(), "--tcti", tpm_->tcti(), "--json"}; }
};

TEST_F(AgentProgram, wrong_usage_is_2_and_says_what_is_wrong) {
  const auto at = directory();
  const std::vector<std::pair<Arguments, std::string>> cases{
      {{}, "A subcommand is required"},
      {{"nonsense"}, "subcommand is required"},
      {{"enroll"}, "--state"},
      {{"enroll", "--state", at, "--timeout", "0"}, "--timeout"},
      {{"enroll", "--state", at, "--firmware", "newest"}, "--firmware"},
      {{"provision", "--state", at}, "--listen"},
      {{"provision", "--state", at, "--listen", "nowhere"}, "--listen"},
      {{"provision", "--state", at, "--listen", "127.0.0.1:0", "--stdio"}, "--listen"},
      {{"provision", "--state", at, "--listen", "127.0.0.1:0", "--debug-listen", "port"}, "--debug-listen"},
      {{"provision", "--state", at, "--stdio", "--idevid-template", "h2"}, "--idevid-template"},
      {{"telemetry", "--state", at, "--message", "{"}, "--message"},
      {{"run", "--state", at, "--message", "{"}, "--message"},
      {{"run", "--state", at, "--interval", "0"}, "--interval"},
  };
  for (const auto& [arguments, named] : cases) {
    const auto ended = agent(arguments);
    EXPECT_EQ(ended.exit_code, 2) << named << ": " << ended.err;
    EXPECT_NE(ended.err.find(named), std::string::npos) << ended.err;
    EXPECT_TRUE(ended.out.empty()) << ended.out;
  }
  EXPECT_FALSE(std::filesystem::exists(at)) << "wrong usage touches nothing";
}

TEST_F(AgentProgram, help_is_0_for_the_program_and_every_verb) {
  EXPECT_EQ(agent({"--help"}).exit_code, 0);
  for (const auto* const verb :
       {"provision", "enroll", "renew", "attest", "revalidate", "run", "status", "retire", "telemetry", "time"}) {
    EXPECT_EQ(agent({verb, "--help"}).exit_code, 0) << verb;
  }
}

TEST_F(AgentProgram, no_tpm_is_3_and_says_how_to_reach_one) {
  for (const auto* const verb : {"enroll", "status", "run", "retire"}) {
    const auto ended = agent({verb, "--state", directory(), "--tcti", "swtpm:path=" + file("none").string(), "--json"});
    expect_complaint(ended, 3, "unavailable");
    EXPECT_NE(ended.err.find("--tcti"), std::string::npos) << ended.err;
  }
}

TEST_F(AgentProgram, on_the_line_claims_secure_boot_as_its_platform_says_and_simulates_it_on_a_software_tpm_only) {
  const auto ready = [&](std::string tcti, Arguments more) {
    Arguments arguments{(bin_dir() / "birthmark-agent").string(),
                        "provision",
                        "--state",
                        directory(),
                        "--tcti",
                        std::move(tcti),
                        "--listen",
                        "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Processes processes;
    std::string line;
    processes.start({.argv = std::move(arguments)}, "\"ready\":true", std::chrono::seconds{30}, &line);
    return json::read(line).value().as_object();
  };
  const auto of_chip = ready("device:" + file("tpm0").string(), {});
  EXPECT_EQ(of_chip.at("simulated"), false);
  EXPECT_EQ(of_chip.at("secure_boot"), agent::reads_secure_boot(files_, agent::kEfiVariables));
  const auto simulated = ready(tpm_->tcti(), {});
  EXPECT_EQ(simulated.at("simulated"), true);
  EXPECT_EQ(simulated.at("secure_boot"), true);
  EXPECT_EQ(ready(tpm_->tcti(), {"--insecure-boot"}).at("secure_boot"), false);
}

TEST_F(AgentProgram, a_state_that_cannot_be_kept_is_3) {
  auto arguments = on_tpm("status");
  arguments.at(2) = "/proc/birthmark";
  expect_complaint(agent(arguments), 3, "storage");
  std::filesystem::create_directories(state());
  std::ofstream{state() / "birth.cbor"} << "damaged";
  expect_complaint(agent(on_tpm("status")), 3, "storage");
}

TEST_F(AgentProgram, a_device_that_another_program_has_is_3) {
  PosixFiles files;
  const auto held = agent::DeviceState::lock(files, state()).value();
  const auto ended = agent(on_tpm("status"));
  expect_complaint(ended, 3, "unavailable");
  EXPECT_NE(ended.err.find("another program"), std::string::npos) << ended.err;
}

TEST_F(AgentProgram, a_device_that_was_never_provisioned_is_refused_with_1_and_told_the_way) {
  for (const auto* const verb : {"enroll", "renew", "attest", "revalidate", "telemetry", "time", "retire"}) {
    const auto ended = agent(on_tpm(verb));
    expect_complaint(ended, 1, "not_found");
    EXPECT_NE(ended.err.find("birthmark-agent provision"), std::string::npos) << ended.err;
  }
}

TEST_F(AgentProgram, status_shows_who_the_device_is_without_any_registry) {
  const auto ended = agent(on_tpm("status"));
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const auto object = said(ended);
  EXPECT_EQ(object.at("device").as_string().size(), 64U);
  EXPECT_EQ(object.at("provisioned"), false);
  EXPECT_EQ(object.at("retired"), false);
}

TEST_F(AgentProgram, a_root_is_judged_before_anything_is_opened) {
  TempDir directory;
  for (const auto* const root : {"", "tpm:", "swtpm:path=x", "psa", "psa:", "dice:x#y", "pkcs11:", "pkcs11:token=a",
                                 "pkcs11:token=a?module-path=b", "pkcs11:token=a?module-path=b&pin-source=c&d=e"}) {
    const auto ended = agent({"status", "--state", directory / "state", "--root", root});
    EXPECT_EQ(ended.exit_code, 2) << root;
  }
  EXPECT_EQ(agent({"status", "--state", directory / "state", "--root", "tpm:x", "--tcti", "x"}).exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(directory / "state"));
}

TEST_F(AgentProgram, a_root_that_is_not_there_is_told_from_another) {
  TempDir directory;
  struct Row {
    const char* root;
    const char* check;
  };
  for (const auto& [root, check] :
       {Row{"tpm:swtpm:path=/nonexistent", "device.tpm"}, Row{"psa:/nonexistent", "device.emulator"},
        Row{"dice:/nonexistent#3", "device.emulator"},
        Row{"pkcs11:token=a?module-path=/nonexistent&pin-source=/nonexistent", "device.element"}}) {
    const auto ended = agent({"status", "--state", directory / "state", "--root", root, "--json"});
    EXPECT_EQ(ended.exit_code, 3) << root;
    const auto object = said(ended);
    ASSERT_TRUE(object.contains("check")) << ended.err;
    EXPECT_EQ(object.at("check"), boost::json::string_view{check});
  }
}

}  // namespace
}  // namespace birthmark::test
