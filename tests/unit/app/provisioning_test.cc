// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using audit::EntryKind;
using lifecycle::Standing;
using lifecycle::State;
using lifecycle::Status;

class Provision : public testing::Test {
 protected:
  std::size_t live(const Device& device) {
    const auto rows = world_.certificates(device);
    return static_cast<std::size_t>(std::ranges::count_if(rows, [](const auto& row) {
      return row.kind == lifecycle::CredentialKind::idevid && row.standing == Standing::live;
    }));
  }
  attest::Findings findings_of(const Device& device) {
    const auto row = world_.record(device).row;
    const auto stored = must(world_.store().read_for<std::optional<Bytes>>(
        [&](app::Tx& tx) { return tx.findings(row, lifecycle::Purpose::provision); }));
    return stored ? must(attest::read_findings(*stored)) : attest::Findings{};
  }
  World world_;
  const Station& station_ = world_.line();
  Device device_ = world_.make_device();
};

TEST_F(Provision, leaves_the_device_in_s0_and_its_idevid_not_admitted) {
  const auto issued = must(world_.provision(device_, station_));
  EXPECT_EQ(world_.state(device_), State::uninitialized);
  EXPECT_EQ(world_.published(issued.certificate).status, Status::not_admitted);
  EXPECT_EQ(issued.record.not_after, kNoEnd);
  EXPECT_EQ(world_.batch("B-1").budget.issued, 1U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Provision, the_same_unit_with_the_same_key_goes_on_with_its_certificate) {
  const auto first = must(world_.provision(device_, station_));
  const auto signatures = world_.signer.signatures();
  const auto receipts = world_.signer.signatures(app::KeyUse::receipts);
  device_.request_id = world_.next_request_id();
  const auto second = must(world_.provision(device_, station_));
  EXPECT_EQ(second.certificate, first.certificate);
  EXPECT_EQ(world_.signer.signatures(), signatures);
  EXPECT_EQ(world_.signer.signatures(app::KeyUse::receipts), receipts);
  EXPECT_EQ(world_.certificates(device_).size(), 1U);
  EXPECT_EQ(world_.batch("B-1").budget.issued, 1U);
  EXPECT_EQ(world_.count(EntryKind::appraisal), 2U) << "the second proof of the hardware is on record";
  EXPECT_EQ(must(world_.provision(device_, station_)).certificate, first.certificate) << "and its retry";
  EXPECT_EQ(world_.count(EntryKind::request_repeated), 1U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Provision, the_same_unit_with_another_key_gets_another_certificate_and_the_old_one_ends) {
  const auto first = must(world_.provision(device_, station_));
  device_.tpm.idevid = PaperKey{tpm::Template::idevid_birthmark};
  device_.request_id = world_.next_request_id();
  const auto second = must(world_.provision(device_, station_));
  EXPECT_NE(second.certificate, first.certificate);
  EXPECT_EQ(live(device_), 1U);
  EXPECT_EQ(world_.published(first.certificate).status, Status::ended);
  EXPECT_EQ(world_.published(second.certificate).status, Status::not_admitted);
  EXPECT_EQ(world_.devices(), 1U);
  EXPECT_EQ(world_.batch("B-1").budget.issued, 1U);
  EXPECT_EQ(world_.wrong(), "");
  must(world_.seal(device_, world_.lock_check()));
  EXPECT_TRUE(world_.enroll(device_));
}

TEST_F(Provision, an_ended_idevid_enrolls_nothing) {
  const auto first = must(world_.provision(device_, station_)).certificate;
  device_.tpm.idevid = PaperKey{tpm::Template::idevid_birthmark};
  device_.request_id = world_.next_request_id();
  must(world_.provision(device_, station_));
  must(world_.seal(device_, world_.lock_check()));
  const PaperKey key{tpm::Template::idevid_birthmark};
  const auto request = world_.est_request(first, key, lifecycle::Purpose::enroll);
  EXPECT_EQ(code_of(world_.cases->enrollment.enroll(request)), Code::credential_ended);
}

TEST_F(Provision, a_sealed_unit_is_known_and_an_incident) {
  must(world_.provision(device_, station_));
  must(world_.seal(device_, world_.lock_check()));
  device_.request_id = world_.next_request_id();
  EXPECT_EQ(code_of(world_.provision(device_, station_)), Code::hardware_known);
  EXPECT_EQ(world_.count(EntryKind::incident), 1U);
  EXPECT_TRUE(world_.record(device_).holds.empty());
  EXPECT_EQ(live(device_), 1U);
}

TEST_F(Provision, a_unit_of_another_batch_is_known_also_in_s0) {
  must(world_.provision(device_, station_));
  world_.open_batch("B-2");
  const auto other = world_.enroll_station("line-2", app::StationRole::provision, "B-2");
  device_.request_id = world_.next_request_id();
  EXPECT_EQ(code_of(world_.provision(device_, other)), Code::hardware_known);
  EXPECT_EQ(world_.batch("B-2").budget.issued, 0U);
}

TEST_F(Provision, hardware_that_the_batch_does_not_list_is_not_in_plan) {
  auto order = world_.batch_order("B-2");
  order.plan = {crypto::sha256(device_.tpm.ek_certificate())};
  must(world_.cases->hierarchy.open_batch(order, "operator:test"));
  const auto planned = world_.enroll_station("line-2", app::StationRole::provision, "B-2");
  auto stranger = world_.make_device();
  EXPECT_EQ(code_of(world_.provision(stranger, planned)), Code::not_in_plan);
  EXPECT_EQ(world_.devices(), 0U);
  EXPECT_TRUE(world_.provision(device_, planned));
}

TEST_F(Provision, a_key_of_the_tcg_template_is_taken_by_its_creation_and_lives_as_any_other) {
  device_.tpm.idevid = PaperKey{tpm::Template::idevid_h2};
  const auto issued = must(world_.provision(device_, station_));
  EXPECT_EQ(must(world_.provision(device_, station_)).certificate, issued.certificate) << "a retry";
  must(world_.seal(device_, world_.lock_check()));
  EXPECT_TRUE(world_.enroll(device_));
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Provision, creation_data_stand_beside_a_statement_of_creation_or_the_evidence_is_refused) {
  auto& line = world_.cases->provisioning;
  const auto signatures = world_.signer.signatures();
  device_.tpm.idevid = PaperKey{tpm::Template::idevid_h2};
  const auto judged = [&](auto spoil) {
    auto evidence = world_.provision_evidence(device_, must(line.begin(station_.id(), "B-1")));
    spoil(evidence);
    return check_of(line.evidence(station_.id(), "B-1", evidence));
  };
  EXPECT_EQ(judged([](auto& evidence) { evidence.creation_data.clear(); }), "statement.type");
  EXPECT_EQ(judged([](auto& evidence) { evidence.creation_data[0] ^= 1; }), "statement.creation");
  device_.tpm.idevid = PaperKey{tpm::Template::idevid_birthmark};
  EXPECT_EQ(judged([](auto& evidence) { evidence.creation_data = Bytes(55, 1); }), "statement.type");
  EXPECT_EQ(world_.devices(), 0U);
  EXPECT_EQ(world_.signer.signatures(), signatures);
}

TEST_F(Provision, a_wrong_secret_is_one_attempt_and_costs_nothing) {
  auto& line = world_.cases->provisioning;
  const auto challenge = must(line.begin(station_.id(), "B-1"));
  auto answer = must(line.evidence(station_.id(), "B-1", world_.provision_evidence(device_, challenge)));
  const auto& asked = std::get<app::ActivationChallenge>(answer);
  const auto secret = must(device_.tpm.activate(asked.id_object, asked.encrypted_secret));
  EXPECT_EQ(check_of(line.activate(station_.id(), "B-1", asked.session, Bytes(32))), "activation");
  EXPECT_EQ(code_of(line.activate(station_.id(), "B-1", asked.session, secret)), Code::nonce_used);
  EXPECT_EQ(world_.devices(), 0U);
}

TEST_F(Provision, the_findings_are_kept_with_the_device) {
  must(world_.provision(device_, station_));
  const auto findings = findings_of(device_);
  EXPECT_TRUE(attest::trusted(findings));
  std::vector<std::string> checks;
  for (const auto& finding : findings) {
    checks.push_back(finding.check);
  }
  const auto place = [&](std::string_view check) { return std::ranges::find(checks, check) - checks.begin(); };
  const std::vector<std::string> in_order{"station",    "challenge",       "ek.path", "ek.canonical", "ak.public",
                                          "key.public", "statement.place", "request", "activation",   "policy.root",
                                          "plan",       "known",           "budget"};
  for (std::size_t i = 1; i < in_order.size(); ++i) {
    EXPECT_LT(place(in_order[i - 1]), place(in_order[i])) << in_order[i - 1] << " before " << in_order[i];
  }
  EXPECT_EQ(checks.front(), "station");
  EXPECT_EQ(checks.back(), "budget");
}

TEST_F(Provision, a_unit_that_goes_on_keeps_the_findings_of_plan_known_hardware_and_budget) {
  auto order = world_.batch_order("B-7", 2);
  order.plan = {crypto::sha256(device_.tpm.ek_certificate())};
  must(world_.cases->hierarchy.open_batch(order, "operator:test"));
  const auto line = world_.enroll_station("line-7", app::StationRole::provision, "B-7");
  const auto first = must(world_.provision(device_, line));
  device_.request_id = world_.next_request_id();
  ASSERT_EQ(must(world_.provision(device_, line)).certificate, first.certificate);
  const auto findings = findings_of(device_);
  EXPECT_TRUE(attest::trusted(findings));
  const std::vector<std::pair<std::string, std::string>> last{
      {"plan", "listed"}, {"known", "no other device has this hardware or key"}, {"budget", "has its unit"}};
  ASSERT_GT(findings.size(), last.size());
  for (std::size_t i = 0; i < last.size(); ++i) {
    const auto& finding = findings.at(findings.size() - last.size() + i);
    EXPECT_EQ(finding.check, last.at(i).first);
    EXPECT_EQ(finding.detail, last.at(i).second);
  }
}

TEST_F(Provision, a_listed_unit_does_not_go_on_with_a_certificate_that_is_not_on_the_list) {
  auto& provisioning = world_.cases->provisioning;
  auto order = world_.batch_order("B-7", 2);
  order.plan = {crypto::sha256(device_.tpm.ek_certificate())};
  must(world_.cases->hierarchy.open_batch(order, "operator:test"));
  const auto line = world_.enroll_station("line-7", app::StationRole::provision, "B-7");
  must(world_.provision(device_, line));
  auto evidence = world_.provision_evidence(device_, must(provisioning.begin(line.id(), "B-7")));
  evidence.request_id = world_.next_request_id();
  evidence.ek_certificate =
      must(world_.vendor->issue_endorsement(device_.tpm.ek.key.public_key(), {}, world_.clock.now()));
  ASSERT_NE(evidence.ek_certificate, device_.tpm.ek_certificate());
  const auto answer = must(provisioning.evidence(line.id(), "B-7", evidence));
  const auto& asked = std::get<app::ActivationChallenge>(answer);
  const auto secret = must(device_.tpm.activate(asked.id_object, asked.encrypted_secret));
  EXPECT_EQ(code_of(provisioning.activate(line.id(), "B-7", asked.session, secret)), Code::not_in_plan);
  EXPECT_EQ(live(device_), 1U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Provision, a_rate_without_a_unit_refuses_before_any_evidence_is_judged_and_a_full_batch_hides_no_attack) {
  auto order = world_.batch_order("B-9", 2);
  order.rate = lifecycle::Rate{.per_hour = 1, .burst = 1};
  must(world_.cases->hierarchy.open_batch(order, "operator:test"));
  const auto line = world_.enroll_station("line-9", app::StationRole::provision, "B-9");
  auto first = world_.make_device();
  must(world_.provision(first, line));
  const auto refused_when_forged = [&] {
    const auto challenge = must(world_.cases->provisioning.begin(line.id(), "B-9"));
    auto evidence = world_.provision_evidence(device_, challenge);
    evidence.statement.signature.back() ^= 1;
    return code_of(world_.cases->provisioning.evidence(line.id(), "B-9", evidence));
  };
  EXPECT_EQ(refused_when_forged(), Code::rate_limited);
  EXPECT_EQ(world_.devices(), 1U);
  // Hardware that is on the books is judged, as it may have its unit; and the refusal before burnt no challenge.
  const auto challenge = must(world_.cases->provisioning.begin(line.id(), "B-9"));
  EXPECT_EQ(
      code_of(world_.cases->provisioning.evidence(line.id(), "B-9", world_.provision_evidence(device_, challenge))),
      Code::rate_limited);
  auto again = world_.provision_evidence(first, challenge);
  again.request_id = world_.next_request_id();
  EXPECT_TRUE(world_.cases->provisioning.evidence(line.id(), "B-9", again));
  world_.clock.advance(std::chrono::minutes{59});
  world_.clock.advance(std::chrono::minutes{2});
  auto second = world_.make_device();
  must(world_.provision(second, line));
  EXPECT_EQ(refused_when_forged(), Code::bad_evidence) << "the batch is full, and the evidence is forged";
}

}  // namespace
}  // namespace birthmark::test
