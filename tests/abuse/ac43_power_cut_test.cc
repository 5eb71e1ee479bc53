// SPDX-License-Identifier: Apache-2.0
// AC-43: the power goes at every write, sync and rename of a birth, two renewals and a retirement. Afterwards the old
// or the new identity is whole, and doing it again works.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "abuse/agent_device.h"
#include "agent/field/renewal.h"
#ifdef BIRTHMARK_FAULTS
#include "adapters/sqlite/fault_layer.h"
#endif

namespace birthmark::test {
namespace {

#ifdef BIRTHMARK_FAULTS

constexpr std::size_t kRenewals = 2;

/// What was promised: birth, then the certificate of each renewal, in order.
using Said = std::vector<Bytes>;

Result<void> renew_once(AgentDevice& device) {
  BM_CHECK(agent::settle(*device.root, *device.state));
  BM_CHECK(agent::ensure_pending_key(*device.root));
  BM_TRY(const auto key, device.root->public_key(agent::DeviceKey::pending));
  const Instant now{std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())};
  return without_value(agent::adopt(*device.root, *device.state, {certify(key, device.operational), {}}, now));
}

/// Says that a step is promised.
using Say = std::function<void()>;
/// What a child does with its device. @return its exit code
using Life = std::function<int(AgentDevice&, const Say&)>;

/// Installs, and seals: the fuse is blown.
bool leave_the_line(AgentDevice& device, const link::InstallRequest& birth) {
  agent::LinkDevice line{*device.root, *device.state, {}, [&] { return device.state->fuse(); }};
  const auto id = agent::own_device_id(*device.root);
  return id && line.install(birth) && line.seal({Nonce{Octets<32>{1}}, SessionId{Octets<32>{2}}, *id});
}

int be_born_and_renew(AgentDevice& device, const link::InstallRequest& birth, const Say& say) {
  if (!leave_the_line(device, birth)) {
    return 4;
  }
  say();
  for (std::size_t i = 0; i < kRenewals; ++i) {
    if (!renew_once(device)) {
      return 5;
    }
    say();
  }
  return 0;
}

const agent::RetirementReceipt kReceipt{to_bytes(as_bytes("statement")), to_bytes(as_bytes("signature"))};

/// The device's share of a retirement that the registry permitted: destroy, then keep what the registry signed.
int retire(AgentDevice& device, const Say& say) {
  const auto id = agent::own_device_id(*device.root);
  if (!id || !agent::settle(*device.root, *device.state) ||
      !agent::destroy(*device.root, *device.state, Nonce{Octets<32>{1}}, SessionId{Octets<32>{2}}, *id)) {
    return 4;
  }
  say();
  if (!device.state->store_retirement(kReceipt)) {
    return 5;
  }
  say();
  return 0;
}

/// In the child: everything, saying each step on the pipe once it is promised. Never returns.
[[noreturn]] void live(AgentDevice& device, const Life& life, const std::string& plan, int pipe) {
  const auto layer = FaultLayer::make(plan);
  if (!layer) {
    ::_exit(2);
  }
  device.reopen(&(*layer)->files());
  ::_exit(life(device, [pipe] {
    if (::write(pipe, "a", 1) != 1) {
      ::_exit(3);
    }
  }));
}

struct Ended {
  std::size_t promised = 0;
  bool cut = false;
  int exit_code = -1;
};

Ended run_child(AgentDevice& device, const Life& life, const std::string& plan) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe(ends), 0);
  device.client.reset();
  device.root.reset();  // one client of the TPM at a time
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    live(device, life, plan, ends[1]);
  }
  ::close(ends[1]);
  Ended ended;
  char byte = 0;
  while (::read(ends[0], &byte, 1) == 1) {
    ++ended.promised;
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  ended.cut = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

void expect_whole(AgentDevice& device, const link::InstallRequest& birth, const Ended& ended) {
  device.reopen();
  ASSERT_TRUE(agent::settle(*device.root, *device.state));
  const auto& state = *device.state;
  if (ended.promised >= 1) {
    EXPECT_EQ(state.birth(), birth);
    EXPECT_TRUE(state.fused());
  } else {
    EXPECT_TRUE(!state.birth() || state.birth() == birth);
  }
  EXPECT_FALSE(state.staged());
  if (ended.promised >= 2) {
    ASSERT_TRUE(state.operational());  // never none
  }
  if (state.operational()) {
    const auto certificate = x509::Certificate::read(state.operational()->certificate).value();
    const auto key = device.root->public_key(agent::DeviceKey::operational).value();
    EXPECT_TRUE(equal(certificate.spki(), key.spki()));
    EXPECT_TRUE(device.root->sign(agent::DeviceKey::operational, as_bytes("m")));
  }
}

class AC43 : public ::testing::TestWithParam<const char*> {};

TEST_P(AC43, a_cut_at_every_operation_leaves_one_whole_identity_and_a_repeat_goes_on) {
  AgentDevice device;
  const auto birth = device.birth(1);
  std::size_t at = 1;
  for (bool cut = true; cut; ++at) {
    SCOPED_TRACE("cut at operation " + std::to_string(at));
    std::filesystem::remove_all(device.state_directory());
    const auto ended = run_child(
        device, [&](AgentDevice& child, const Say& say) { return be_born_and_renew(child, birth, say); },
        "cut@" + std::to_string(at) + GetParam());
    cut = ended.cut;
    ASSERT_TRUE(cut || ended.exit_code == 0) << ended.exit_code;
    ASSERT_NO_FATAL_FAILURE(expect_whole(device, birth, ended));
    EXPECT_TRUE(leave_the_line(device, birth));
    EXPECT_TRUE(renew_once(device));
    ASSERT_NO_FATAL_FAILURE(expect_whole(device, birth, {1 + kRenewals, false, 0}));
  }
  EXPECT_GT(at, 30U);
}

/// The birth stays; the credential is whole or gone; what was promised holds.
void expect_retired_as_far_as(AgentDevice& device, const link::InstallRequest& birth, const Ended& ended) {
  device.reopen();
  ASSERT_TRUE(agent::settle(*device.root, *device.state));
  EXPECT_EQ(device.state->birth(), birth);
  EXPECT_FALSE(device.state->staged());
  if (device.state->operational()) {
    EXPECT_TRUE(device.root->sign(agent::DeviceKey::operational, as_bytes("m")));
  }
  if (ended.promised >= 1) {
    EXPECT_FALSE(device.state->operational());
  }
  if (ended.promised >= 2) {
    EXPECT_EQ(device.state->retirement(), kReceipt);
  } else {
    EXPECT_TRUE(!device.state->retirement() || device.state->retirement() == kReceipt);
  }
}

TEST_P(AC43, a_retirement_that_was_cut_off_anywhere_is_finished_by_a_repeat) {
  AgentDevice device;
  const auto birth = device.birth(1);
  std::size_t at = 1;
  for (bool cut = true; cut; ++at) {
    SCOPED_TRACE("cut at operation " + std::to_string(at));
    std::filesystem::remove_all(device.state_directory());
    device.reopen();
    ASSERT_TRUE(device.state->install(birth));
    device.give_ldevid();
    const auto ended = run_child(device, retire, "cut@" + std::to_string(at) + GetParam());
    cut = ended.cut;
    ASSERT_TRUE(cut || ended.exit_code == 0) << ended.exit_code;
    ASSERT_NO_FATAL_FAILURE(expect_retired_as_far_as(device, birth, ended));
    EXPECT_EQ(retire(device, [] {}), 0);
    ASSERT_NO_FATAL_FAILURE(expect_retired_as_far_as(device, birth, {2, false, 0}));
  }
  EXPECT_GT(at, 8U);
}

INSTANTIATE_TEST_SUITE_P(EveryOperation, AC43, ::testing::Values("", ":torn"),
                         [](const auto& manner) { return *manner.param == '\0' ? "clean" : "torn"; });

#else
TEST(AC43, needs_the_power_cut_layer) {
  GTEST_SKIP() << "built without BIRTHMARK_FAULTS";
}
#endif

TEST(AC43FactoryReset, an_owner_clear_loses_the_credential_and_not_the_identity) {
  AgentDevice device;
  const auto birth = device.birth(1);
  ASSERT_TRUE(device.state->install(birth));
  device.give_ldevid();
  ASSERT_TRUE(device.root->clear());
  device.reopen();
  ASSERT_TRUE(agent::settle(*device.root, *device.state));
  EXPECT_FALSE(device.state->operational());
  EXPECT_EQ(device.state->birth(), birth);
  const auto idevid = x509::Certificate::read(birth.idevid).value();
  EXPECT_TRUE(equal(device.root->public_key(agent::DeviceKey::idevid).value().spki(), idevid.spki()));
}

TEST(AC43Damage, a_file_that_is_no_state_is_never_taken_for_none) {
  AgentDevice device;
  ASSERT_TRUE(device.state->install(device.birth(1)));
  ASSERT_TRUE(write_atomically(device.posix, device.state_directory() / "birth.cbor", as_bytes("damaged")));
  EXPECT_EQ(agent::DeviceState::open(device.posix, device.state_directory()).error().code, Code::storage);
}

}  // namespace
}  // namespace birthmark::test
