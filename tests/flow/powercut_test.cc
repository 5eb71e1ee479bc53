// SPDX-License-Identifier: Apache-2.0
// AC-30, design §8: the power goes at every write, fsync and rename of one provisioning, enrollment, suspension and
// revocation on the whole server. After each cut it starts on what the disk has kept, the history checker judges, the
// flow is finished, and it judges again. Without SQLite's syncs the same suite finds the loss. Cuts that tear what was
// being written come at every fourth operation, with BIRTHMARK_LONG=1 at every one, too.
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>

#include "flow/history.h"
#include "flow/traffic.h"

namespace birthmark::test {
namespace {

using Step = bool (*)(Client&, Living&);

struct Flow {
  const char* name;
  unsigned before;  ///< state that the device is in
  unsigned after;
  Step step;
};
constexpr std::array kFlows{
    Flow{"provisioning", 0, 0, [](Client& c, Living& d) { return c.provision(d); }},
    Flow{"enrollment", 1, 2, [](Client& c, Living& d) { return c.enroll(d); }},
    Flow{"suspension", 3, 4, [](Client& c, Living& d) { return c.act(d, "suspend"); }},
    Flow{"revocation", 3, 5, [](Client& c, Living& d) { return c.act(d, "revoke"); }},
};

/// A registry with one device in the state that each flow begins in, kept as directories to copy; made once.
class Prepared {
 public:
  Prepared() : server_{std::make_unique<Server>()}, living_{server_->vendor()} {
    Operator people{*server_};
    if (!people.open_batch("B1", 8).ok()) {
      throw std::runtime_error{"no batch"};
    }
    stations_ = Line::enroll(people, "line", "B1");
    Client client{*server_, history_, 1};
    client.join(*stations_);
    keep(0);
    bool lived = client.provision(living_) && client.seal(living_);
    keep(1);
    lived = lived && client.enroll(living_) && client.telemetry(living_);
    keep(3);
    if (!lived) {
      throw std::runtime_error{"a request was not answered"};
    }
  }

  [[nodiscard]] std::filesystem::path in_state(unsigned state) const { return directory_ / std::to_string(state); }
  [[nodiscard]] const Line::Stations& stations() const { return *stations_; }
  /// The device as its owner knows it in that state.
  [[nodiscard]] std::unique_ptr<Living> living(unsigned state) {
    if (state == 0) {
      return std::make_unique<Living>(server_->vendor());
    }
    auto out = std::make_unique<Living>(server_->vendor());
    copy(living_.device.tpm.ek, out->device.tpm.ek);
    copy(living_.device.tpm.iak, out->device.tpm.iak);
    copy(living_.device.tpm.idevid, out->device.tpm.idevid);
    copy(living_.device.tpm.storage, out->device.tpm.storage);
    copy(living_.device.ldevid, out->device.ldevid);
    out->device.id = living_.device.id;
    out->device.idevid_identity = identity_of(living_.device.tpm.idevid.key, living_.device.idevid_identity->chain);
    if (state > 1) {
      out->device.ldevid_identity = identity_of(living_.device.ldevid.key, living_.device.ldevid_identity->chain);
    }
    out->state = state;
    return out;
  }

 private:
  static void copy(const PaperKey& from, PaperKey& to) {
    to.key = must(crypto::PrivateKey::from_pem(must(from.key.to_pem())));
    to.area = from.area;
  }
  void keep(unsigned state) {
    server_->stop();
    std::filesystem::copy(server_->data(), in_state(state), std::filesystem::copy_options::recursive);
    server_->restart();
  }

  TempDir directory_;
  std::unique_ptr<Server> server_;
  History history_;
  Living living_;
  std::optional<Line::Stations> stations_;
};

Prepared& prepared() {
  static Prepared made;
  return made;
}

std::int64_t operations_in(const std::filesystem::path& counts) {
  std::ifstream file{counts};
  std::string name;
  std::int64_t count = 0;
  return file >> name >> count && name == "operations" ? count : -1;
}

/// The durable operations of one flow: those after the server was ready, up to its answer.
struct Operations {
  std::int64_t first = 0, last = 0;
};

/// One run of a flow under a plan, on a disk of its own.
class Trial {
 public:
  explicit Trial(const Flow& flow)
      : flow_{flow},
        server_{{.begin_from = prepared().in_state(flow.before), .first_start = FirstStart::later}},
        client_{server_, history_, 1},
        living_{prepared().living(flow.before)} {
    client_.join(prepared().stations());
    for (const auto* identity : {&living_->device.idevid_identity, &living_->device.ldevid_identity}) {
      if (*identity) {
        history_.issued(living_->device.id, (*identity)->chain.front());
      }
    }
    if (flow.before > 0) {
      history_.in_state(living_->device.id, flow.before);
    }
  }

  Operations count(const std::string& more) {
    const auto counts = server_.directory() / "counts";
    if (!server_.start("count@" + counts.string() + more)) {
      throw std::runtime_error{server_.err()};
    }
    Operations out;
    out.first = operations_in(counts) + 1;
    EXPECT_TRUE(flow_.step(client_, *living_));
    out.last = operations_in(counts);
    return out;
  }

  /// Starts under the plan and does the step; the power goes at some operation of it, or behind it.
  void cut(const std::string& plan) {
    if (server_.start(plan)) {
      if (flow_.step(client_, *living_)) {
        // Acknowledged before the cut, or without reaching it: the checkpoint that is given out counts as well.
        static_cast<void>(client_.keep_checkpoint());
      }
      if (server_.runs()) {
        static_cast<void>(server_.kill());
      }
    }
  }

  /// What is broken after a start on what the disk has kept; the start itself may be refused.
  std::vector<std::string> broken() {
    if (!server_.runs() && !server_.start()) {
      return {"does not start again: " + server_.err()};
    }
    Operator people{server_};
    return history_.broken(look(server_, people, history_.checkpoints()));
  }

  /// Goes on where the cut left the device, to the end of the flow.
  void finish() {
    living_->unsure = true;
    ASSERT_TRUE(client_.settle(*living_));
    if (living_->state != flow_.after) {
      ASSERT_TRUE(flow_.step(client_, *living_));
    }
    EXPECT_EQ(living_->state, flow_.after);
    EXPECT_TRUE(living_->device.idevid_identity);
  }

 private:
  const Flow& flow_;
  Server server_;
  History history_;
  Client client_;
  std::unique_ptr<Living> living_;
};

class FlowPowerCut : public testing::TestWithParam<Flow> {
 protected:
  static void expect_kept(Trial& trial) {
    for (const auto& promise : trial.broken()) {
      ADD_FAILURE() << promise;
    }
  }
  /// Cuts at each operation, or at every `stride`th.
  static void cut_everywhere(const Flow& flow, const std::string& manner, std::int64_t stride) {
    const auto operations = Trial{flow}.count("");
    ASSERT_GT(operations.last, operations.first + 5);
    unsigned cuts = 0;
    // Two more than were counted: sizes of signatures, and with them pages, differ from run to run.
    for (auto at = operations.first; at <= operations.last + 2; at += stride) {
      SCOPED_TRACE("cut at operation " + std::to_string(at - operations.first + 1) + " of " +
                   std::to_string(operations.last - operations.first + 1) + manner);
      Trial trial{flow};
      trial.cut("cut@" + std::to_string(at) + manner);
      expect_kept(trial);
      trial.finish();
      expect_kept(trial);
      ++cuts;
      if (HasFailure()) {
        break;
      }
    }
    std::printf("%s%s: %u cuts in %lld operations\n", flow.name, manner.c_str(), cuts,
                static_cast<long long>(operations.last - operations.first + 1));
  }
};

TEST_P(FlowPowerCut, loses_nothing_and_the_flow_goes_on) {
  cut_everywhere(GetParam(), "", 1);
}

TEST_P(FlowPowerCut, torn_loses_nothing_and_the_flow_goes_on) {
  cut_everywhere(GetParam(), ":torn", long_run() ? 1 : 4);
}

INSTANTIATE_TEST_SUITE_P(AC30, FlowPowerCut, testing::ValuesIn(kFlows),
                         [](const auto& flow) { return std::string{flow.param.name}; });

// The control: a server that does not sync its database fails this suite.
TEST(FlowPowerCutControl, without_syncs_the_loss_is_found) {
  unsigned cuts = 0, found = 0;
  std::string first;
  for (const auto& flow : kFlows) {
    const auto operations = Trial{flow}.count(",synchronous=off");
    const auto middle = operations.first + (operations.last - operations.first) / 2;
    for (const auto at : {middle, operations.last, operations.last + 1}) {
      Trial trial{flow};
      trial.cut("synchronous=off,volatile,cut@" + std::to_string(at));
      const auto broken = trial.broken();
      ++cuts;
      found += broken.empty() ? 0 : 1;
      if (first.empty() && !broken.empty()) {
        first = std::string{flow.name} + ": " + broken.front();
      }
    }
  }
  std::printf("synchronous=off: a loss after %u of %u cuts; %s\n", found, cuts, first.c_str());
  EXPECT_GT(found, 0U);
}

}  // namespace
}  // namespace birthmark::test
