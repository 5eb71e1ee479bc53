// SPDX-License-Identifier: Apache-2.0
// The life of a device whose root is no TPM: the same for every kind, at each step by whole evidence.
#include <gtest/gtest.h>

#include "support/hardware_line.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;
using lifecycle::State;

class HardwareLife : public testing::TestWithParam<PaperKind>, public HardwareLine {
 protected:
  HardwareLife() : HardwareLine{GetParam()} {}
};

INSTANTIATE_TEST_SUITE_P(, HardwareLife,
                         testing::Values(PaperKind::psa, PaperKind::dice, PaperKind::attested_element,
                                         PaperKind::listed_element),
                         [](const auto& kind) { return std::string{name(kind.param)}; });

TEST_P(HardwareLife, goes_from_birth_to_its_retirement) {
  const auto first = unit->make_key();
  live(first);
  world.clock.advance(std::chrono::days{21});
  const auto second = unit->make_key();
  must(attest(Purpose::renew, second, *unit));
  ldevid = must(world.cases->enrollment.reenroll(world.est_request(ldevid, second, Purpose::renew))).certificate;
  must(use());
  EXPECT_TRUE(attest(Purpose::routine, second, *unit));

  act(app::DeviceAction::suspend);
  EXPECT_EQ(record().state, State::suspended);
  const auto third = unit->make_key();
  const auto step = must(revalidate(third, *unit));
  const auto& answer = std::get<app::RevalidationAnswer>(step);
  const auto* const issued = std::get_if<app::Issued>(&answer);
  ASSERT_NE(issued, nullptr) << "there is nothing to open first";
  ldevid = issued->certificate;
  EXPECT_EQ(record().state, State::operational);
  EXPECT_TRUE(use());

  act(app::DeviceAction::retire);
  const auto permitted = must(world.cases->retirement.begin(kSomebody));
  const auto permit =
      must(world.cases->retirement.permit(kSomebody, permitted.session, unit->id(), itself(*unit, permitted)));
  const auto receipt = must(
      world.cases->retirement.finish(kSomebody, permit.challenge.session, unit->id(), itself(*unit, permit.challenge)));
  EXPECT_EQ(receipt.statement, lifecycle::retire_statement({unit->id(), world.clock.now(), std::nullopt}))
      << "nothing is said of what was destroyed";
  EXPECT_EQ(world.wrong(), "");
}

TEST_P(HardwareLife, takes_no_evidence_of_other_hardware) {
  must(provision());
  const auto other = paper_hardware(GetParam());
  other->deliver_to(world.trust);
  const auto forged = seal(*other);
  ASSERT_FALSE(forged);
  EXPECT_EQ(info(forged.error().code).errc, Errc::untrusted) << forged.error().detail;
  EXPECT_EQ(record().state, State::uninitialized);
  must(seal(*unit));
  const auto key = other->make_key();
  const auto theirs = attest(Purpose::enroll, key, *other);
  ASSERT_FALSE(theirs);
  EXPECT_EQ(theirs.error().check, "evidence.device") << theirs.error().detail;
  const auto stolen = revalidate(key, *other);
  ASSERT_FALSE(stolen);
  EXPECT_EQ(stolen.error().check, "evidence.device") << stolen.error().detail;
}

TEST_P(HardwareLife, takes_no_word_of_a_tpm_and_a_tpm_takes_none_of_it) {
  must(provision());
  PaperTpm chip{*world.vendor, world.clock.now()};
  const auto& gate = world.lock_check();
  const auto given = must(world.cases->sealing.begin(gate.id(), "B-1"));
  const auto quote = chip.quote(fresh(given, unit->statement_key(), unit->id()));
  const auto got = seal(given, quote);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().check, "evidence.form");
  must(seal(*unit));

  World tpms;
  const auto device = tpms.device_in(State::provisioned);
  const auto caller = crypto::sha256(device.idevid);
  const auto challenge = must(tpms.cases->attestation.begin(Purpose::enroll, caller, tpms.record(device)));
  const auto answer = tpms.cases->attestation.attest(Purpose::enroll, caller, tpms.record(device).row,
                                                     about(*unit, unit->birth_key(), challenge));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().check, "evidence.form");
}

TEST_P(HardwareLife, takes_one_answer_for_one_question) {
  must(provision());
  const auto& gate = world.lock_check();
  const auto earlier = must(world.cases->sealing.begin(gate.id(), "B-1"));
  const auto recorded = itself(*unit, earlier);
  const auto next = must(world.cases->sealing.begin(gate.id(), "B-1"));
  EXPECT_FALSE(seal(next, recorded)) << "an answer to another nonce";
  EXPECT_EQ(code_of(seal(next, recorded)), Code::nonce_used);
  EXPECT_TRUE(seal(earlier, recorded));
  EXPECT_EQ(record().state, State::provisioned);

  // Of the right question, but for another key.
  const auto key = unit->make_key(), other = unit->make_key();
  const auto caller = crypto::sha256(idevid);
  const auto given = must(world.cases->attestation.begin(Purpose::enroll, caller, record()));
  auto evidence = about(*unit, key, given);
  std::get<app::BundledKeyEvidence>(evidence.key).key = to_bytes(other.public_key().spki());
  EXPECT_FALSE(world.cases->attestation.attest(Purpose::enroll, caller, record().row, evidence));
}

TEST_P(HardwareLife, is_not_sealed_while_its_own_evidence_says_that_debug_is_open) {
  must(provision());
  const bool tells = unit->open_debug();
  const auto got = seal(*unit);
  ASSERT_EQ(got.has_value(), !tells) << "where the root says nothing, the station's record stands in";
  if (tells) {
    EXPECT_EQ(got.error().code, Code::not_sealed);
    EXPECT_EQ(record().state, State::uninitialized);
  }
}

TEST_P(HardwareLife, gets_nothing_once_its_maker_has_given_it_up) {
  const auto key = unit->make_key();
  live(key);
  unit->denied_by(world.trust);
  const auto next = unit->make_key();
  EXPECT_FALSE(attest(Purpose::renew, next, *unit));
  EXPECT_FALSE(attest(Purpose::routine, key, *unit));
  EXPECT_FALSE(revalidate(next, *unit));
}

TEST_P(HardwareLife, bears_no_damage_to_its_evidence) {
  must(provision());
  must(seal(*unit));
  const auto key = unit->make_key();
  const auto caller = crypto::sha256(idevid);
  constexpr std::size_t kPlaces = 40;
  for (std::size_t place = 0; place < kPlaces; ++place) {
    const auto given = must(world.cases->attestation.begin(Purpose::enroll, caller, record()));
    auto evidence = about(*unit, key, given);
    auto& bundle = std::get<app::BundledKeyEvidence>(evidence.key).evidence.bundle;
    const auto at = place * bundle.size() / kPlaces;
    bundle[at] ^= 0x10;
    EXPECT_FALSE(world.cases->attestation.attest(Purpose::enroll, caller, record().row, evidence)) << at;
  }
}

}  // namespace
}  // namespace birthmark::test
