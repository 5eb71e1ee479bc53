// SPDX-License-Identifier: Apache-2.0
// The life of a device whose root is no TPM: the same for every kind, at each step by whole evidence.
#include <gtest/gtest.h>

#include "support/paper_hardware.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;
using lifecycle::State;

const Digest kSomebody = crypto::sha256(as_bytes("192.0.2.9"));

class HardwareLife : public testing::TestWithParam<PaperKind> {
 protected:
  HardwareLife() { unit_->deliver_to(world_.trust); }

  [[nodiscard]] Digest fresh(const app::Challenge& given, const crypto::PrivateKey& key,
                             const std::optional<DeviceId>& device) const {
    return lifecycle::freshness_value(given.purpose, given.nonce, given.session, device,
                                      key.public_key().spki_sha256());
  }
  [[nodiscard]] app::SelfEvidence itself(const PaperHardware& by, const app::Challenge& given) const {
    const auto& key = by.statement_key();
    return app::BundledEvidence{by.bundle(key, fresh(given, key, unit_->id()))};
  }
  [[nodiscard]] app::DeviceEvidence about(const PaperHardware& by, const crypto::PrivateKey& key,
                                          const app::Challenge& given) const {
    return {.session = given.session,
            .key = app::BundledKeyEvidence{to_bytes(key.public_key().spki()),
                                           {by.bundle(key, fresh(given, key, unit_->id()))}},
            .firmware = "4.12.0"};
  }

  Result<app::Issued> provision() {
    const auto& station = world_.line();
    const auto given = must(world_.cases->provisioning.begin(station.id(), "B-1"));
    const auto& key = unit_->birth_key();
    const auto bundle = unit_->bundle(key, fresh(given, key, std::nullopt));
    const std::array attributes{pkcs10::Attribute{csr_attestation::kAttribute, bundle}};
    BM_TRY(auto answer,
           world_.cases->provisioning.evidence_in_request(
               station.id(), "B-1", {given.session, world_.next_request_id(), csr_of(key, kEmptyName, attributes)}));
    auto issued = std::get<app::Issued>(std::move(answer));
    idevid_ = issued.certificate;
    return issued;
  }
  Result<lifecycle::DeviceRecord> seal(const PaperHardware& by) {
    const auto& station = world_.lock_check();
    const auto given = must(world_.cases->sealing.begin(station.id(), "B-1"));
    return seal(given, itself(by, given));
  }
  Result<lifecycle::DeviceRecord> seal(const app::Challenge& given, const app::SelfEvidence& evidence) {
    const auto& station = world_.lock_check();
    const app::LockCheck found{.device = unit_->id(),
                               .nonce = given.nonce,
                               .transcript = crypto::sha256(as_bytes("closed")),
                               .debug_locked = true,
                               .secure_boot = true,
                               .lockdown_sealed = true};
    return world_.cases->sealing.seal(station.key.public_key(), "B-1",
                                      {.session = given.session,
                                       .record = found,
                                       .record_signature = must(station.key.sign(app::lock_check_message(found))),
                                       .device = evidence});
  }
  Result<app::AppraisalRecord> attest(Purpose purpose, const crypto::PrivateKey& key, const PaperHardware& by) {
    const auto caller = crypto::sha256(purpose == Purpose::enroll ? idevid_ : ldevid_);
    const auto device = record();
    const auto given = must(world_.cases->attestation.begin(purpose, caller, device));
    return world_.cases->attestation.attest(purpose, caller, device.row, about(by, key, given));
  }
  Result<app::Issued> enroll(const crypto::PrivateKey& key) {
    BM_CHECK(attest(Purpose::enroll, key, *unit_));
    BM_TRY(auto issued, world_.cases->enrollment.enroll(world_.est_request(idevid_, key, Purpose::enroll)));
    ldevid_ = issued.certificate;
    return issued;
  }
  Result<app::RevalidationStep> revalidate(const crypto::PrivateKey& key, const PaperHardware& by) {
    const auto given = must(world_.cases->revalidation.begin(kSomebody));
    return world_.cases->revalidation.evidence(kSomebody, {.device = unit_->id(),
                                                           .request_id = world_.next_request_id(),
                                                           .ek_public = {},
                                                           .evidence = about(by, key, given)});
  }
  [[nodiscard]] lifecycle::DeviceRecord record() {
    return *must(world_.store().read_for<std::optional<lifecycle::DeviceRecord>>(
        [&](app::Tx& tx) { return tx.device(unit_->id()); }));
  }
  Result<policy::Authorized> use() {
    BM_TRY(const auto shown, world_.cases->access.present(ldevid_));
    return world_.cases->access.use(shown, policy::Action::telemetry_publish, "telemetry");
  }
  void act(app::DeviceAction action) {
    must(world_.cases->operations.act(action, unit_->id(), lifecycle::HoldCause::volume, "operator:test"));
  }
  /// In S3 with the LDevID of that key.
  void live(const crypto::PrivateKey& key) {
    must(provision());
    must(seal(*unit_));
    must(enroll(key));
    must(use());
    ASSERT_EQ(record().state, State::operational);
  }

  std::unique_ptr<PaperHardware> unit_ = paper_hardware(GetParam());
  World world_{{.policy = unit_->policy()}};
  Bytes idevid_, ldevid_;
};

INSTANTIATE_TEST_SUITE_P(, HardwareLife,
                         testing::Values(PaperKind::psa, PaperKind::dice, PaperKind::attested_element,
                                         PaperKind::listed_element),
                         [](const auto& kind) { return std::string{name(kind.param)}; });

TEST_P(HardwareLife, goes_from_birth_to_its_retirement) {
  const auto first = unit_->make_key();
  live(first);
  world_.clock.advance(std::chrono::days{21});
  const auto second = unit_->make_key();
  must(attest(Purpose::renew, second, *unit_));
  ldevid_ = must(world_.cases->enrollment.reenroll(world_.est_request(ldevid_, second, Purpose::renew))).certificate;
  must(use());
  EXPECT_TRUE(attest(Purpose::routine, second, *unit_));

  act(app::DeviceAction::suspend);
  EXPECT_EQ(record().state, State::suspended);
  const auto third = unit_->make_key();
  const auto step = must(revalidate(third, *unit_));
  const auto& answer = std::get<app::RevalidationAnswer>(step);
  const auto* const issued = std::get_if<app::Issued>(&answer);
  ASSERT_NE(issued, nullptr) << "there is nothing to open first";
  ldevid_ = issued->certificate;
  EXPECT_EQ(record().state, State::operational);
  EXPECT_TRUE(use());

  act(app::DeviceAction::retire);
  const auto permitted = must(world_.cases->retirement.begin(kSomebody));
  const auto permit =
      must(world_.cases->retirement.permit(kSomebody, permitted.session, unit_->id(), itself(*unit_, permitted)));
  const auto receipt = must(world_.cases->retirement.finish(kSomebody, permit.challenge.session, unit_->id(),
                                                            itself(*unit_, permit.challenge)));
  EXPECT_EQ(receipt.statement, lifecycle::retire_statement({unit_->id(), world_.clock.now(), std::nullopt}))
      << "nothing is said of what was destroyed";
  EXPECT_EQ(world_.wrong(), "");
}

TEST_P(HardwareLife, takes_no_evidence_of_other_hardware) {
  must(provision());
  const auto other = paper_hardware(GetParam());
  other->deliver_to(world_.trust);
  const auto forged = seal(*other);
  ASSERT_FALSE(forged);
  EXPECT_EQ(info(forged.error().code).errc, Errc::untrusted) << forged.error().detail;
  EXPECT_EQ(record().state, State::uninitialized);
  must(seal(*unit_));
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
  PaperTpm chip{*world_.vendor, world_.clock.now()};
  const auto& gate = world_.lock_check();
  const auto given = must(world_.cases->sealing.begin(gate.id(), "B-1"));
  const auto quote = chip.quote(fresh(given, unit_->statement_key(), unit_->id()));
  const auto got = seal(given, quote);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().check, "evidence.form");
  must(seal(*unit_));

  World tpms;
  const auto device = tpms.device_in(State::provisioned);
  const auto caller = crypto::sha256(device.idevid);
  const auto challenge = must(tpms.cases->attestation.begin(Purpose::enroll, caller, tpms.record(device)));
  const auto answer = tpms.cases->attestation.attest(Purpose::enroll, caller, tpms.record(device).row,
                                                     about(*unit_, unit_->birth_key(), challenge));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().check, "evidence.form");
}

TEST_P(HardwareLife, takes_one_answer_for_one_question) {
  must(provision());
  const auto& gate = world_.lock_check();
  const auto earlier = must(world_.cases->sealing.begin(gate.id(), "B-1"));
  const auto recorded = itself(*unit_, earlier);
  const auto next = must(world_.cases->sealing.begin(gate.id(), "B-1"));
  EXPECT_FALSE(seal(next, recorded)) << "an answer to another nonce";
  EXPECT_EQ(code_of(seal(next, recorded)), Code::nonce_used);
  EXPECT_TRUE(seal(earlier, recorded));
  EXPECT_EQ(record().state, State::provisioned);

  // Of the right question, but for another key.
  const auto key = unit_->make_key(), other = unit_->make_key();
  const auto caller = crypto::sha256(idevid_);
  const auto given = must(world_.cases->attestation.begin(Purpose::enroll, caller, record()));
  auto evidence = about(*unit_, key, given);
  std::get<app::BundledKeyEvidence>(evidence.key).key = to_bytes(other.public_key().spki());
  EXPECT_FALSE(world_.cases->attestation.attest(Purpose::enroll, caller, record().row, evidence));
}

TEST_P(HardwareLife, is_not_sealed_while_its_own_evidence_says_that_debug_is_open) {
  must(provision());
  const bool tells = unit_->open_debug();
  const auto got = seal(*unit_);
  ASSERT_EQ(got.has_value(), !tells) << "where the root says nothing, the station's record stands in";
  if (tells) {
    EXPECT_EQ(got.error().code, Code::not_sealed);
    EXPECT_EQ(record().state, State::uninitialized);
  }
}

TEST_P(HardwareLife, gets_nothing_once_its_maker_has_given_it_up) {
  const auto key = unit_->make_key();
  live(key);
  unit_->denied_by(world_.trust);
  const auto next = unit_->make_key();
  EXPECT_FALSE(attest(Purpose::renew, next, *unit_));
  EXPECT_FALSE(attest(Purpose::routine, key, *unit_));
  EXPECT_FALSE(revalidate(next, *unit_));
}

TEST_P(HardwareLife, bears_no_damage_to_its_evidence) {
  must(provision());
  must(seal(*unit_));
  const auto key = unit_->make_key();
  const auto caller = crypto::sha256(idevid_);
  constexpr std::size_t kPlaces = 40;
  for (std::size_t place = 0; place < kPlaces; ++place) {
    const auto given = must(world_.cases->attestation.begin(Purpose::enroll, caller, record()));
    auto evidence = about(*unit_, key, given);
    auto& bundle = std::get<app::BundledKeyEvidence>(evidence.key).evidence.bundle;
    const auto at = place * bundle.size() / kPlaces;
    bundle[at] ^= 0x10;
    EXPECT_FALSE(world_.cases->attestation.attest(Purpose::enroll, caller, record().row, evidence)) << at;
  }
}

}  // namespace
}  // namespace birthmark::test
