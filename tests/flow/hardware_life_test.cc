// SPDX-License-Identifier: Apache-2.0
// The whole life of devices whose root is no TPM, emulated in a process of its own or in SoftHSM, by the programs that
// a line, a device and an operator run.
#include <gtest/gtest.h>

#include "adapters/clock/system_clock.h"
#include "adapters/files/posix_files.h"
#include "agent/device/root_keys.h"
#include "agent/element/element_root.h"
#include "codec/json.h"
#include "fleet/element_maker.h"
#include "support/paths.h"
#include "support/server.h"
#include "support/softhsm.h"

namespace birthmark::test {
namespace {

constexpr auto kBound = std::chrono::seconds{60};
constexpr unsigned kDevices = 3;

/// The last JSON object that a program said on standard output. @param event only those with this "event"
boost::json::object last_object(const std::string& out, std::string_view event = {}) {
  boost::json::object found;
  for (std::size_t at = 0; at < out.size();) {
    const auto end = std::min(out.find('\n', at), out.size());
    const auto value = json::read(std::string_view{out}.substr(at, end - at));
    if (value && value->is_object()) {
      const auto& object = value->as_object();
      const auto* const named = object.if_contains("event");
      if (event.empty() || (named != nullptr && *named == boost::json::string_view{event})) {
        found = object;
      }
    }
    at = end + 1;
  }
  return found;
}

std::string text(const boost::json::object& object, std::string_view member) {
  const auto* const value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
}

/// A server that trusts the simulated vendor of one kind, and such devices.
class HardwareLife : public testing::TestWithParam<std::string> {
 protected:
  HardwareLife() {
    if (GetParam() == "se") {
      make_elements();
    } else {
      start_emulator();
    }
    if (!server_.start()) {
      throw std::runtime_error{server_.err()};
    }
    const auto opened = people_.open_batch("B1", 4, policy());
    if (!opened.ok()) {
      throw std::runtime_error{opened.words()};
    }
    for (const auto* const role : {"provision", "lock-check"}) {
      const auto made = server_.birthmark({"station", "enroll", role, "--role", role, "--batch", "B1", "--server",
                                           at(server_.operator_port()), "--data", server_.data().string(), "--json"});
      EXPECT_EQ(made.exit_code, 0) << made.err;
    }
  }

  static std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

  void make_elements() {
    PosixFiles files;
    const auto trust = server_.data() / "trust";
    const auto now = SystemClock{}.now();
    const auto vendor = must(fleet::ComponentVendor::load_or_make(files, trust, lifecycle::RootKind::se, now));
    must(fleet::write_vendors_file(files, trust));
    const auto pin = directory_ / "pin";
    must(write_atomically(files, pin, as_bytes(SoftHsm::kPin)));
    for (unsigned i = 0; i < kDevices; ++i) {
      hsm_.add_token("element-" + std::to_string(i));
    }
    const auto module = must(pkcs11::Module::load(SoftHsm::library()));
    boost::json::array rows;
    for (unsigned i = 0; i < kDevices; ++i) {
      const auto token = "element-" + std::to_string(i);
      auto session = must(pkcs11::Session::open(module, token, SoftHsm::pin()));
      must(fleet::make_element(*session, vendor, "SIM-" + std::to_string(i), now));
      const auto root = must(agent::ElementRoot::open(std::move(session)));
      rows.push_back({{"root", "pkcs11:token=" + token + "?module-path=" + SoftHsm::library().string() +
                                   "&pin-source=" + pin.string()},
                      {"device", to_hex(must(agent::own_device_id(*root)).get())}});
    }
    ready_["devices"] = std::move(rows);
  }
  /// Power off and on.
  void power_cycle() {
    if (GetParam() != "se") {
      start_emulator();
    }
  }
  void start_emulator(const std::vector<std::string>& more = {}) {
    emulator_.reset();  // two of them never hold one directory
    std::vector<std::string> line{(bin_dir() / "birthmark-fleet").string(),
                                  "devices",
                                  "--kind",
                                  GetParam(),
                                  "--count",
                                  std::to_string(kDevices),
                                  "--directory",
                                  directory_ / "devices",
                                  "--vendor",
                                  (server_.data() / "trust").string()};
    line.insert(line.end(), more.begin(), more.end());
    emulator_ = std::make_unique<Process>(Command{.argv = line});
    const auto ready = emulator_->wait_for_line("\"ready\":true", kBound);
    if (!ready) {
      throw std::runtime_error{emulator_->err()};
    }
    ready_ = last_object(*ready);
    EXPECT_EQ(ready_.at("devices").as_array().size(), kDevices);
  }
  [[nodiscard]] std::string policy() const {
    auto out = std::string{Operator::kPolicy} + "root_kinds = [\"" + GetParam() + "\"]\n";
    if (GetParam() == "psa") {
      out += "[[secure_keys]]\nenvironment = \"" + text(ready_, "implementation_id") + "\"\n";
    }
    return out;
  }
  void take(std::size_t number) {
    const auto& row = ready_.at("devices").as_array().at(number).as_object();
    root_ = text(row, "root");
    id_ = DeviceId{octets<32>(from_hex(text(row, "device")).value()).value()};
    state_directory_ = directory_ / ("state-" + std::to_string(number));
  }
  std::vector<std::string> agent_line(const std::string& verb, const std::vector<std::string>& more = {}) {
    std::vector<std::string> out{
        (bin_dir() / "birthmark-agent").string(), verb, "--state", state_directory_, "--root", root_, "--json"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  Finished agent(const std::string& verb) { return run({.argv = agent_line(verb)}, kBound); }
  boost::json::object done(const std::string& verb) {
    const auto ended = agent(verb);
    EXPECT_EQ(ended.exit_code, 0) << verb << ": " << ended.err;
    return last_object(ended.out);
  }
  boost::json::object refused(const std::string& verb) {
    const auto ended = agent(verb);
    EXPECT_EQ(ended.exit_code, 1) << verb << ": " << ended.out << ended.err;
    return last_object(ended.out);
  }
  boost::json::object station(const std::string& verb, const std::string& name, const std::vector<std::string>& more,
                              int exit_code = 0) {
    std::vector<std::string> line{"station",  verb,
                                  "--name",   name,
                                  "--batch",  "B1",
                                  "--server", at(server_.device_port()),
                                  "--data",   server_.data().string(),
                                  "--json"};
    line.insert(line.end(), more.begin(), more.end());
    const auto ended = server_.birthmark(line);
    EXPECT_EQ(ended.exit_code, exit_code) << ended.out << ended.err;
    return last_object(ended.out, "task_end");
  }
  /// On the line, as far as a unit comes. @param exit_codes of provisioning and of the lock-check
  boost::json::object on_the_line(int provisioned, int sealed) {
    Process unit{{.argv = agent_line("provision", {"--listen", "127.0.0.1:0", "--debug-listen", "127.0.0.1:0"})}};
    const auto ready = unit.wait_for_line("\"ready\":true", kBound);
    if (!ready) {
      throw std::runtime_error{unit.err()};
    }
    const auto ports = last_object(*ready);
    EXPECT_EQ(ports.at("simulated"), true);
    const auto link = "tcp:" + text(ports, "link");
    auto end = station("run", "provision", {"--device", link}, provisioned);
    if (provisioned == 0) {
      EXPECT_EQ(text(end, "device"), to_hex(id_.get())) << "as the emulator said";
      EXPECT_EQ(state(), "S0");
      end = station("lock-check", "lock-check", {"--device", link, "--debug", text(ports, "debug")}, sealed);
    }
    unit.stop();
    return end;
  }
  std::string state() { return people_.show(id_).text("state"); }
  void act(const std::string& action, const std::string& cause = {}) {
    const auto answer = people_.act(action, id_, cause);
    EXPECT_TRUE(answer.ok()) << answer.words();
  }

  SoftHsm hsm_;
  TempDir directory_;
  Server server_{{.first_start = FirstStart::later}};
  Operator people_{server_};
  std::unique_ptr<Process> emulator_;
  boost::json::object ready_;
  std::string root_, state_directory_;
  DeviceId id_{Octets<32>{}};
};

TEST_P(HardwareLife, leads_from_the_line_to_the_scrap_heap) {
  take(1);
  on_the_line(0, 0);
  EXPECT_EQ(state(), "S1");
  const auto first = done("enroll");
  EXPECT_EQ(state(), "S2");
  done("telemetry");
  EXPECT_EQ(state(), "S3");
  EXPECT_NE(done("renew").at("serial"), first.at("serial"));
  done("telemetry");
  done("attest");

  act("suspend", "volume");
  EXPECT_EQ(state(), "S4");
  EXPECT_EQ(done("revalidate").at("issued"), true);
  done("telemetry");
  EXPECT_EQ(state(), "S3");
  act("suspend", "operator");
  EXPECT_EQ(done("revalidate").at("issued"), false);
  EXPECT_EQ(state(), "S4");
  act("release");

  power_cycle();
  done("telemetry");

  act("retire");
  const auto receipt = done("retire");
  EXPECT_EQ(receipt.at("retired"), true);
  EXPECT_EQ(done("retire"), receipt);
  EXPECT_EQ(state(), "S6");
  EXPECT_EQ(text(refused("revalidate"), "code"), "state_forbids");
  const auto verified = server_.audit_verify();
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

/// Hardware that can tell: an element says nothing of the device around it.
class EmulatedLife : public HardwareLife {};
TEST_P(EmulatedLife, is_not_sealed_with_its_debug_open) {
  take(0);
  start_emulator({"--debug"});
  const auto end = on_the_line(0, 1);
  EXPECT_EQ(state(), "S0");
  EXPECT_EQ(text(end, "code"), "not_sealed");
  EXPECT_EQ(text(end, "check"), GetParam() + ".debug");
}

TEST_P(HardwareLife, is_each_device_s_own) {
  take(0);
  on_the_line(0, 0);
  const auto of_the_first = state_directory_;
  take(2);
  on_the_line(0, 0);
  EXPECT_EQ(state(), "S1");
  state_directory_ = of_the_first;  // the memory of one, the hardware of another
  const auto ended = agent("enroll");
  EXPECT_NE(ended.exit_code, 0) << ended.out;
  root_ = "tpm:swtpm:path=/nonexistent";
  EXPECT_EQ(text(refused("status"), "check"), "device.root");
}

INSTANTIATE_TEST_SUITE_P(Kinds, HardwareLife, testing::Values("psa", "dice", "se"),
                         [](const auto& kind) { return kind.param; });
INSTANTIATE_TEST_SUITE_P(Kinds, EmulatedLife, testing::Values("psa", "dice"),
                         [](const auto& kind) { return kind.param; });

}  // namespace
}  // namespace birthmark::test
