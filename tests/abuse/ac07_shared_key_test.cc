// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/hardware_line.h"

namespace birthmark::test {
namespace {

using lifecycle::HoldCause;
using lifecycle::State;

/// Two identities show one key: a cloned unit, or no entropy at the first boot.
class AC07 : public testing::Test {
 protected:
  AC07() {
    auto& key = twin_.tpm.idevid;
    key.key = must(crypto::PrivateKey::from_pem(must(first_.tpm.idevid.key.to_pem())));
    key.area = first_.tpm.idevid.area;
  }
  World world_;
  Device first_ = world_.device_in(State::operational);
  Device twin_ = world_.make_device();
};

TEST_F(AC07, the_second_is_refused_and_both_are_held) {
  const auto& station = world_.line();
  const auto signatures = world_.signer.signatures();
  world_.sessions.open(world_.record(first_).row);
  EXPECT_EQ(code_of(world_.at_edge(world_.provision(twin_, station), station.id())), Code::key_reuse);
  EXPECT_EQ(world_.sessions.open_of(world_.record(first_).row), 0U) << "its open connection has ended";
  EXPECT_TRUE(world_.record(first_).holds.contains(HoldCause::key_collision));
  EXPECT_TRUE(world_.record(twin_).holds.contains(HoldCause::key_collision));
  EXPECT_EQ(world_.published(first_.ldevid).status, lifecycle::Status::held);
  EXPECT_EQ(world_.decision(first_).verdict, policy::Verdict::deny);
  EXPECT_TRUE(world_.certificates(twin_).empty());
  EXPECT_EQ(world_.batch("B-1").budget.issued, 1U);
  EXPECT_EQ(world_.signer.signatures(), signatures);
  EXPECT_EQ(world_.count(audit::EntryKind::incident), 1U);
  EXPECT_EQ(world_.refusals(Code::key_reuse), 1U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(AC07, in_the_field_it_is_the_same) {
  auto third = world_.device_in(State::provisioned);
  PaperKey key{tpm::Template::idevid_birthmark};
  key.key = must(crypto::PrivateKey::from_pem(must(first_.ldevid_key->key.to_pem())));
  key.area = first_.ldevid_key->area;
  world_.sessions.open(world_.record(first_).row);
  must(world_.attest(third, lifecycle::Purpose::enroll, key));
  const auto request = world_.est_request(third.idevid, key, lifecycle::Purpose::enroll);
  const auto answer = world_.cases->enrollment.enroll(request);
  EXPECT_EQ(code_of(answer), Code::key_reuse);
  EXPECT_EQ(check_of(answer), "") << "nothing is said of the other one";
  for (const auto* const device : {&first_, &third}) {
    EXPECT_TRUE(world_.record(*device).holds.contains(HoldCause::key_collision));
  }
  EXPECT_EQ(world_.decision(first_).verdict, policy::Verdict::deny);
  EXPECT_EQ(world_.sessions.open_of(world_.record(first_).row), 0U);
  EXPECT_EQ(world_.state(third), State::provisioned);
  EXPECT_EQ(world_.count(audit::EntryKind::incident), 1U);
  EXPECT_EQ(code_of(world_.cases->enrollment.enroll(request)), Code::held) << "and is not said again";
  EXPECT_EQ(world_.count(audit::EntryKind::incident), 1U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(AC07, neither_an_appraisal_nor_one_operator_lifts_it) {
  static_cast<void>(world_.provision(twin_, world_.line()));
  world_.clock.advance(std::chrono::seconds{1});
  const auto answer = must(world_.revalidate(first_));
  EXPECT_TRUE(std::holds_alternative<app::StillHeld>(answer));
  EXPECT_EQ(code_of(world_.act(app::DeviceAction::release, first_)), Code::second_person_required);
  EXPECT_EQ(world_.decision(first_).verdict, policy::Verdict::deny);
}

TEST_F(AC07, the_held_newcomer_gets_nothing_with_a_key_of_its_own) {
  static_cast<void>(world_.provision(twin_, world_.line()));
  twin_.tpm.idevid = PaperKey{tpm::Template::idevid_birthmark};
  twin_.request_id = world_.next_request_id();
  EXPECT_EQ(code_of(world_.provision(twin_, world_.line())), Code::held);
  EXPECT_TRUE(world_.certificates(twin_).empty());
  EXPECT_EQ(world_.batch("B-1").budget.issued, 1U);
}

/// The same of roots that answer for any key: a cloned secure world, a slot into which a key was copied.
class AC07Kinds : public testing::TestWithParam<PaperKind> {};

INSTANTIATE_TEST_SUITE_P(, AC07Kinds, testing::Values(PaperKind::psa, PaperKind::attested_element),
                         [](const auto& kind) { return std::string{name(kind.param)}; });

TEST_P(AC07Kinds, the_second_is_refused_and_both_are_held) {
  HardwareLine line{GetParam()};
  line.live(line.unit->make_key());
  const auto twin = paper_hardware(GetParam());
  twin->deliver_to(line.world.trust);
  const auto signatures = line.world.signer.signatures();
  const auto got = line.world.at_edge(line.provision(*twin, line.unit->birth_key()), line.world.line().id());
  EXPECT_EQ(code_of(got), Code::key_reuse);
  for (const auto* const device : {line.unit.get(), twin.get()}) {
    EXPECT_TRUE(line.record(*device).holds.contains(HoldCause::key_collision));
  }
  EXPECT_FALSE(line.use());
  EXPECT_EQ(line.world.batch("B-1").budget.issued, 1U);
  EXPECT_EQ(line.world.signer.signatures(), signatures);
  EXPECT_EQ(line.world.count(audit::EntryKind::incident), 1U);
  EXPECT_EQ(line.world.refusals(Code::key_reuse), 1U);
  EXPECT_EQ(line.world.wrong(), "");
}

/// RSA endorsement keys with a prime in common: each holds both private halves. The chips are on paper, with P-256; the
/// moduli beside them are what a chip with such a key leaves on the books (endorsement_test).
class AC07SharedPrime : public testing::Test {
 protected:
  void put_modulus(const Device& device, const Bytes& modulus) {
    const auto row = world_.record(device).row;
    must(world_.store().write([&](app::Tx& tx) -> Result<void> {
      BM_TRY(auto root, tx.root(row));
      root->ek_modulus = modulus;
      return tx.put_root(*root);
    }));
  }
  app::KeyCheck::Outcome check() { return must(world_.cases->key_check.check("B-1", "operator:anna")); }

  World world_;
  Device sound_ = world_.device_in(State::operational);
  Device first_ = world_.device_in(State::operational);
  Device second_ = world_.device_in(State::uninitialized);
};

TEST_F(AC07SharedPrime, both_are_held_once_and_nobody_else) {
  // 3·5·7 and 7·11·13 share 7; 17·19·23 shares nothing.
  put_modulus(sound_, {0x1D, 0x05});
  put_modulus(first_, {0x69});
  put_modulus(second_, {0x03, 0xE9});
  world_.sessions.open(world_.record(first_).row);
  const auto found = check();
  EXPECT_EQ(found.checked, 3U);
  EXPECT_EQ(found.newly_held, 2U);
  EXPECT_EQ(found.flagged.size(), 2U);
  EXPECT_EQ(world_.sessions.open_of(world_.record(first_).row), 0U);
  for (const auto* const device : {&first_, &second_}) {
    EXPECT_TRUE(world_.record(*device).holds.contains(HoldCause::key_collision));
  }
  EXPECT_EQ(world_.decision(first_).verdict, policy::Verdict::deny);
  EXPECT_EQ(world_.decision(sound_).verdict, policy::Verdict::allow);
  EXPECT_EQ(world_.count(audit::EntryKind::incident), 2U);
  EXPECT_EQ(code_of(world_.act(app::DeviceAction::release, first_)), Code::second_person_required);

  const auto again = check();
  EXPECT_EQ(again.newly_held, 0U);
  EXPECT_EQ(again.flagged, found.flagged);
  EXPECT_EQ(world_.count(audit::EntryKind::incident), 2U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(AC07SharedPrime, a_batch_without_rsa_keys_and_one_that_is_not_there) {
  EXPECT_EQ(check(), app::KeyCheck::Outcome{});
  EXPECT_EQ(code_of(world_.cases->key_check.check("B-404", "operator:anna")), Code::not_found);
}

}  // namespace
}  // namespace birthmark::test
