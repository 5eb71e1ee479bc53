// SPDX-License-Identifier: Apache-2.0
// The whole life of a device with a real (software) TPM, by the programs that a line, a device and an operator run.
#include <gtest/gtest.h>

#include "adapters/clock/system_clock.h"
#include "agent/device/debug_port.h"
#include "agent/link/client.h"
#include "audit/entry.h"
#include "audit/proof.h"
#include "cli/debug_probe.h"
#include "cli/device_link.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "fleet/software_tpm.h"
#include "support/line.h"
#include "support/paths.h"
#include "support/server.h"

namespace birthmark::test {
namespace {

constexpr auto kBound = std::chrono::seconds{60};

bool is_event(const boost::json::object& object, std::string_view event) {
  const auto* const named = object.if_contains("event");
  return named != nullptr && named->is_string() && std::string_view{named->as_string()} == event;
}

/// The last JSON object that a program said on standard output. @param event only those with this "event"
boost::json::object last_object(const std::string& out, std::string_view event = {}) {
  boost::json::object found;
  for (std::size_t at = 0; at < out.size();) {
    const auto end = std::min(out.find('\n', at), out.size());
    if (const auto value = json::read(std::string_view{out}.substr(at, end - at));
        value && value->is_object() && (event.empty() || is_event(value->as_object(), event))) {
      found = value->as_object();
    }
    at = end + 1;
  }
  return found;
}

class ChipLife : public ::testing::Test {
 protected:
  ChipLife() {
    tpm_ = fleet::SoftwareTpm::start(directory_ / "tpm").value();
    EXPECT_TRUE(tpm_->manufacture(server_.vendor(), {}, SystemClock{}.now()));
    EXPECT_TRUE(people_.open_batch("B1", 4).ok());
    for (const auto* const role : {"provision", "lock-check"}) {
      const auto made = server_.birthmark({"station", "enroll", role, "--role", role, "--batch", "B1", "--server",
                                           at(server_.operator_port()), "--data", server_.data().string(), "--json"});
      EXPECT_EQ(made.exit_code, 0) << made.err;
    }
  }

  static std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }
  std::vector<std::string> agent_line(const std::string& verb, const std::vector<std::string>& more = {}) {
    std::vector<std::string> out{(bin_dir() / "birthmark-agent").string(),
                                 verb,
                                 "--state",
                                 directory_ / "state",
                                 "--tcti",
                                 tpm_->tcti(),
                                 "--json"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  Finished agent(const std::string& verb) { return run({.argv = agent_line(verb)}, kBound); }
  /// What a verb that has to succeed said.
  boost::json::object done(const std::string& verb) {
    const auto ended = agent(verb);
    EXPECT_EQ(ended.exit_code, 0) << verb << ": " << ended.err;
    return last_object(ended.out);
  }
  /// The code with which a verb was refused.
  std::string refused(const std::string& verb) {
    const auto ended = agent(verb);
    EXPECT_EQ(ended.exit_code, 1) << verb << ": " << ended.out << ended.err;
    const auto object = last_object(ended.out);
    return object.contains("code") ? std::string{object.at("code").as_string()} : std::string{};
  }
  Finished run_station(const std::string& verb, const std::string& name, const std::vector<std::string>& more) {
    std::vector<std::string> line{"station",  verb,
                                  "--name",   name,
                                  "--batch",  "B1",
                                  "--server", at(server_.device_port()),
                                  "--data",   server_.data().string(),
                                  "--json"};
    line.insert(line.end(), more.begin(), more.end());
    return server_.birthmark(line);
  }
  boost::json::object station(const std::string& verb, const std::string& name, const std::vector<std::string>& more) {
    const auto ended = run_station(verb, name, more);
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    return last_object(ended.out, "task_end");
  }
  /// A unit on the bench.
  struct OnBench {
    std::unique_ptr<Process> process;
    std::string link;   ///< of --device
    std::string debug;  ///< of --debug; empty: it has no such port
  };
  OnBench power_on(const std::vector<std::string>& more) {
    std::vector<std::string> options{"--listen", "127.0.0.1:0"};
    options.insert(options.end(), more.begin(), more.end());
    OnBench out{std::make_unique<Process>(Command{.argv = agent_line("provision", options)}), {}, {}};
    const auto ready = out.process->wait_for_line("\"ready\":true", kBound);
    if (!ready) {
      throw std::runtime_error{out.process->err()};
    }
    const auto ports = last_object(*ready);
    out.link = "tcp:" + std::string{ports.at("link").as_string()};
    if (ports.at("debug").is_string()) {
      out.debug = std::string{ports.at("debug").as_string()};
    }
    return out;
  }
  /// From the first power-on to S0 with an IDevID.
  void provision(const OnBench& unit) {
    const auto born = station("run", "provision", {"--device", unit.link});
    ASSERT_TRUE(born.contains("device"));
    const auto octets_of_id = octets<32>(from_hex(std::string{born.at("device").as_string()}).value());
    id_ = DeviceId{octets_of_id.value()};
    EXPECT_EQ(state(), "S0");
  }
  /// On the line: from the first power-on to S1.
  void provision_and_seal(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--debug-listen", "127.0.0.1:0"});
    const auto unit = power_on(more);
    ASSERT_NO_FATAL_FAILURE(provision(unit));
    station("lock-check", "lock-check", {"--device", unit.link, "--debug", unit.debug});
    EXPECT_EQ(state(), "S1");
    unit.process->stop();
  }
  static bool port_refuses(const std::string& debug) {
    return must(cli::probe_debug_port(must(link::parse_endpoint(debug)), kBound)).refused;
  }
  /// Has the unit lock itself for ever, as a station does whose record then never arrives.
  void lock(const OnBench& unit) {
    const auto stream = must(must(cli::DeviceLink::read(unit.link)).open(kBound));
    link::LinkClient client{*stream};
    must(client.seal({.nonce = Nonce{}, .session = SessionId{}, .device = id_}));
  }
  /// The end of a lock-check that has to be refused.
  boost::json::object not_sealed(const OnBench& unit, const std::string& debug,
                                 const std::string& name = "lock-check") {
    const auto ended = run_station("lock-check", name, {"--device", unit.link, "--debug", debug});
    EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
    auto end = last_object(ended.out, "task_end");
    EXPECT_EQ(end["code"], "not_sealed") << ended.out;
    EXPECT_EQ(state(), "S0");
    return end;
  }
  std::string state() { return people_.show(id_).text("state"); }
  void clear_owner() {
    const auto cleared = run({.argv = {"tpm2_clear", "-Q", "-c", "p", "-T", tpm_->tcti()}}, kBound);
    ASSERT_EQ(cleared.exit_code, 0) << cleared.err;
  }
  void act(const std::string& action, const std::string& cause = {}) {
    const auto answer = people_.act(action, id_, cause);
    EXPECT_TRUE(answer.ok()) << answer.words();
  }

  /// Both certificates with what shows, to whoever has the log's key, that they are in the log.
  void expect_proofs() {
    const auto proofs = done("proofs");
    for (const auto* const which : {"idevid", "ldevid"}) {
      ASSERT_TRUE(proofs.contains(which)) << which;
      const auto& one = proofs.at(which).as_object();
      const auto bytes = [&](const char* name) {
        return base64::decode(std::string_view{one.at(name).as_string()}, 16384).value();
      };
      const auto entry = bytes("entry");
      EXPECT_TRUE(audit::verify_proof(std::string_view{one.at("proof").as_string()}, entry, server_.log_key()));
      EXPECT_EQ(audit::read_entry(entry)->subject_hash, crypto::sha256(bytes("certificate")));
    }
    EXPECT_EQ(done("proofs"), proofs) << "kept";
  }

  TempDir directory_;
  Server server_;
  Operator people_{server_};
  std::unique_ptr<fleet::SoftwareTpm> tpm_;
  DeviceId id_{Octets<32>{}};
};

TEST_F(ChipLife, leads_from_the_line_to_the_scrap_heap) {
  ASSERT_NO_FATAL_FAILURE(provision_and_seal());
  const auto first = done("enroll");
  EXPECT_EQ(state(), "S2");
  done("telemetry");
  EXPECT_EQ(state(), "S3");
  const auto second = done("renew");
  EXPECT_NE(second.at("serial"), first.at("serial"));
  done("telemetry");
  done("attest");
  expect_proofs();

  {  // suspended while connected: the session ends, and the hardware alone brings the device back
    Process session{{.argv = agent_line("run")}};
    ASSERT_TRUE(session.wait_for_line("\"event\":\"telemetry\"", kBound)) << session.err();
    act("suspend", "volume");
    EXPECT_TRUE(session.wait_for_line("\"event\":\"cut\"", kBound)) << session.out();
    EXPECT_TRUE(session.wait_for_line("\"event\":\"revalidated\"", kBound)) << session.out();
    EXPECT_EQ(session.stop().exit_code, 0);
  }
  done("telemetry");
  EXPECT_EQ(state(), "S3");

  act("suspend", "operator");  // an operator's suspension waits for an operator
  EXPECT_EQ(done("revalidate").at("issued"), false);
  EXPECT_EQ(state(), "S4");
  act("release");
  done("telemetry");

  ASSERT_NO_FATAL_FAILURE(clear_owner());
  EXPECT_EQ(refused("telemetry"), "not_found");
  EXPECT_EQ(done("revalidate").at("issued"), true);
  done("telemetry");
  EXPECT_EQ(state(), "S3");

  EXPECT_EQ(refused("retire"), "state_forbids");  // no operator has said so: nothing is destroyed
  done("telemetry");
  act("retire");
  const auto receipt = done("retire");
  EXPECT_EQ(done("retire"), receipt);
  EXPECT_EQ(state(), "S6");
  EXPECT_EQ(refused("enroll"), "state_forbids");
  EXPECT_EQ(refused("revalidate"), "state_forbids");
  EXPECT_EQ(done("status").at("retired"), true);
  const auto verified = server_.audit_verify();
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

TEST_F(ChipLife, is_led_with_an_idevid_key_of_the_tcg_template_by_the_attested_creation_of_it) {
  ASSERT_NO_FATAL_FAILURE(provision_and_seal({"--idevid-template", "tcg-h2"}));
  EXPECT_EQ(done("status").at("idevid_template"), "tcg-h2");
  EXPECT_NE(people_.show(id_).words().find("statement.creation"), std::string::npos);
  // The chip forgets where the key was kept; the device still knows how to make it, and enrolls by it.
  ASSERT_NO_FATAL_FAILURE(clear_owner());
  done("enroll");
  done("telemetry");
  EXPECT_EQ(state(), "S3");
  act("suspend", "volume");
  EXPECT_EQ(done("revalidate").at("issued"), true);
  done("telemetry");
  const auto other = run({.argv = agent_line("provision", {"--stdio", "--idevid-template", "birthmark"})}, kBound);
  EXPECT_EQ(other.exit_code, 1) << other.err;
  EXPECT_EQ(last_object(other.out).at("check"), "device.idevid");
  act("retire");
  EXPECT_EQ(done("retire").at("retired"), true);
  EXPECT_EQ(state(), "S6");
}

// AC-08: the unit claims to be fused, its debug port answers on, and the station asks where nobody listens.
TEST_F(ChipLife, AC08_is_not_begun_by_a_station_that_asks_a_closed_port_of_nobody) {
  auto still_open = must(agent::DebugPort::open({"127.0.0.1", 0}));
  const auto unit = power_on({});
  ASSERT_NO_FATAL_FAILURE(provision(unit));
  const auto end = not_sealed(unit, "127.0.0.1:1");
  EXPECT_EQ(end.at("check"), "seal.seen_open");
  const std::string words{end.at("detail").as_string()};
  EXPECT_NE(words.find("127.0.0.1:1"), std::string::npos) << words;
  EXPECT_NE(words.find("--debug"), std::string::npos) << words;
  EXPECT_EQ(not_sealed(unit, link::to_text(still_open->endpoint())).at("check"), "seal.debug");
  EXPECT_EQ(not_sealed(unit, "127.0.0.1:1").at("check"), "seal.seen_open") << "it was seen elsewhere";
  const auto of_another = link::to_text(still_open->endpoint());
  EXPECT_EQ(not_sealed(unit, of_another).at("check"), "seal.debug");
  still_open.reset();  // as that unit is locked
  EXPECT_EQ(not_sealed(unit, of_another).at("check"), "seal.seen_open") << "it was not this unit's port";
}

// What is refused for another reason, or cut off, has a fused unit behind it: the port does not answer a second time.
TEST_F(ChipLife, is_begun_for_a_fused_unit_by_the_station_that_saw_it_open_and_by_no_other) {
  const auto insecure = power_on({"--debug-listen", "127.0.0.1:0", "--insecure-boot"});
  ASSERT_NO_FATAL_FAILURE(provision(insecure));
  EXPECT_EQ(not_sealed(insecure, insecure.debug).at("check"), "seal.secure_boot");
  EXPECT_FALSE(port_refuses(insecure.debug)) << "nothing was locked";
  lock(insecure);
  EXPECT_TRUE(port_refuses(insecure.debug));
  insecure.process->stop();
  const auto unit = power_on({"--debug-listen", insecure.debug});
  ASSERT_EQ(server_
                .birthmark({"station", "enroll", "other", "--role", "lock-check", "--batch", "B1", "--server",
                            at(server_.operator_port()), "--data", server_.data().string()})
                .exit_code,
            0);
  EXPECT_EQ(not_sealed(unit, unit.debug, "other").at("check"), "seal.seen_open");
  EXPECT_EQ(not_sealed(unit, "127.0.0.1:1").at("check"), "seal.seen_open");
  const auto of_another = must(agent::DebugPort::open({"127.0.0.1", 0}));
  EXPECT_EQ(not_sealed(unit, link::to_text(of_another->endpoint())).at("check"), "seal.debug") << "which costs nothing";
  station("lock-check", "lock-check", {"--device", unit.link, "--debug", unit.debug});
  EXPECT_EQ(state(), "S1");
}

TEST_F(ChipLife, goes_on_after_the_plug_was_pulled) {
  ASSERT_NO_FATAL_FAILURE(provision_and_seal());
  done("enroll");
  ASSERT_TRUE(tpm_->power_cycle(fleet::SoftwareTpm::Power::cut));
  done("telemetry");
  done("renew");
  ASSERT_TRUE(tpm_->power_cycle(fleet::SoftwareTpm::Power::cut));
  done("telemetry");
  EXPECT_EQ(state(), "S3");
}

}  // namespace
}  // namespace birthmark::test
