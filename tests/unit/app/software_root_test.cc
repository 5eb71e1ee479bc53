// SPDX-License-Identifier: Apache-2.0
#include "app/software_root.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "attest/step.h"
#include "codec/der.h"
#include "codec/oid.h"
#include "codec/x509.h"
#include "crypto/hash.h"
#include "pki/arc.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using app::SoftwareRoots;
using lifecycle::Purpose;
using lifecycle::RootKind;
using lifecycle::State;

policy::ProductPolicy software_policy() {
  auto policy = test_policy();
  policy.root_kinds = {RootKind::tpm, RootKind::software};
  return policy;
}

PaperKey new_key() {
  return PaperKey{tpm::Template::idevid_birthmark};
}

/// A registry with one open batch of two units, and a key that lies in memory.
struct SoftwareWorld {
  explicit SoftwareWorld(policy::ProductPolicy policy = software_policy()) : world{{.policy = std::move(policy)}} {
    world.open_batch(kBatch, 2);
  }
  Result<SoftwareRoots::Registered> order(Bytes csr, const std::string& batch = kBatch) {
    return world.cases->software_roots.register_device(
        {.batch = batch, .csr = std::move(csr), .actor = "operator:test"});
  }
  Result<SoftwareRoots::Registered> order(const PaperKey& key, const std::string& batch = kBatch) {
    return order(csr_of(key, kEmptyName, {}), batch);
  }
  [[nodiscard]] std::uint32_t units() const {
    const auto budget = world.batch(kBatch).budget;
    return budget.issued + budget.reserved;
  }
  /// The registration is refused, and has left nothing behind.
  void refuses(const Result<SoftwareRoots::Registered>& answer, Code code, const std::string& check = {}) const {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, code) << answer.error().detail;
    EXPECT_EQ(answer.error().check, check);
    EXPECT_EQ(units(), 0U);
    EXPECT_EQ(world.devices(), 0U);
    EXPECT_EQ(world.wrong(), "");
  }

  static constexpr const char* kBatch = "S-1";
  World world;
};

class SoftwareRoot : public testing::Test {
 protected:
  SoftwareWorld w_;
  PaperKey key_ = new_key();
};

// --- what it says of itself ---

TEST_F(SoftwareRoot, is_an_identity_of_its_key_and_is_sealed_by_the_exemption) {
  const auto made = must(w_.order(key_));
  EXPECT_EQ(made.device.id, lifecycle::device_id(RootKind::software, key_.spki()));
  EXPECT_NE(made.device.id, lifecycle::device_id(RootKind::tpm, key_.spki()));
  EXPECT_EQ(made.device.state, State::provisioned);
  EXPECT_EQ(made.device.root, RootKind::software);
  EXPECT_EQ(made.device.root_class, lifecycle::RootClass::simulated);
  EXPECT_EQ(made.device.appraised_at, std::nullopt) << "nothing was appraised";
  EXPECT_EQ(w_.units(), 1U);
  EXPECT_EQ(w_.world.wrong(), "");
}

bool holds(const x509::Certificate& certificate, BytesView extension, BytesView value) {
  const auto* const found = certificate.extension(extension);
  return found != nullptr && !std::ranges::search(found->value, value).empty();
}

TEST_F(SoftwareRoot, its_certificates_say_software_and_never_hardware) {
  const auto made = must(w_.order(key_));
  const auto operational = new_key();
  auto request = w_.world.est_request(made.idevid.certificate, operational, Purpose::enroll);
  const auto enrolled = must(w_.world.cases->enrollment.enroll(request));
  for (const auto& der : {made.idevid.certificate, enrolled.certificate}) {
    const auto certificate = must(x509::Certificate::read(der));
    EXPECT_TRUE(holds(certificate, oids::certificate_policies, pki::arc::software_root));
    EXPECT_TRUE(holds(certificate, oids::certificate_policies, pki::arc::simulated_root));
    EXPECT_FALSE(holds(certificate, oids::certificate_policies, pki::arc::key_in_hardware));
    EXPECT_TRUE(holds(certificate, oids::subject_alt_name, pki::arc::software_root));
    EXPECT_FALSE(holds(certificate, oids::subject_alt_name, oids::tpm_hardware_type));
    EXPECT_TRUE(holds(certificate, oids::subject_alt_name, as_bytes("SOFTWARE:")));
  }
}

attest::Findings findings(const World& world, DeviceRow device, Purpose purpose) {
  const auto stored =
      must(world.store().read_for<std::optional<Bytes>>([&](app::Tx& tx) { return tx.findings(device, purpose); }));
  return stored ? must(attest::read_findings(*stored)) : attest::Findings{};
}

TEST_F(SoftwareRoot, its_findings_and_its_history_say_that_nothing_was_proved) {
  const auto made = must(w_.order(key_));
  for (const auto& [purpose, check] :
       {std::pair{Purpose::provision, "software.evidence"}, std::pair{Purpose::seal, "software.lock_check"}}) {
    const auto found = findings(w_.world, made.device.row, purpose);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].check, "software.label");
    EXPECT_EQ(found[0].outcome, attest::Outcome::passed);
    EXPECT_EQ(found[1].check, check);
    EXPECT_EQ(found[1].outcome, attest::Outcome::not_reached);
    EXPECT_FALSE(attest::trusted(found)) << "no reader may take it for an appraisal that passed";
  }
  std::vector<std::string> reasons;
  for (const auto& entry : w_.world.entries()) {
    if (entry.device == made.device.id && !entry.reason.empty()) {
      reasons.push_back(entry.reason);
    }
  }
  EXPECT_TRUE(std::ranges::find(reasons, "software root: nothing was attested") != reasons.end());
  EXPECT_TRUE(std::ranges::find(reasons, "seal: software root, nothing was probed") != reasons.end());
}

TEST_F(SoftwareRoot, can_prove_no_hardware_afterwards) {
  const auto made = must(w_.order(key_));
  auto chip = w_.world.make_device();
  chip.id = made.device.id;
  chip.idevid = made.idevid.certificate;
  EXPECT_FALSE(w_.world.attest(chip, Purpose::enroll, new_key()));
  EXPECT_FALSE(w_.world.revalidate(chip));
}

// --- again ---

TEST_F(SoftwareRoot, the_same_key_again_gets_the_same_certificate_and_costs_nothing) {
  const auto first = must(w_.order(key_));
  const auto again = must(w_.order(key_));
  EXPECT_EQ(again.idevid.certificate, first.idevid.certificate);
  EXPECT_EQ(again.device, first.device);
  EXPECT_EQ(w_.units(), 1U);
}

TEST_F(SoftwareRoot, its_key_in_another_batch_is_hardware_that_is_known) {
  const auto made = must(w_.order(key_));
  w_.world.open_batch("S-2", 1);
  EXPECT_EQ(code_of(w_.order(key_, "S-2")), Code::hardware_known);
  must(w_.world.cases->operations.act(app::DeviceAction::reject, made.device.id, lifecycle::HoldCause::operator_hold,
                                      "operator:test"));
  EXPECT_EQ(code_of(w_.order(key_, "S-2")), Code::state_forbids) << "and nothing leads back from S6";
  EXPECT_EQ(w_.world.devices(), 1U);
  EXPECT_EQ(w_.world.wrong(), "");
}

// --- the product's policy ---

struct PolicyCase {
  const char* name;
  void (*change)(policy::ProductPolicy&);
  Code code;
  const char* check;
};
class SoftwareRootPolicy : public testing::TestWithParam<PolicyCase> {};

TEST_P(SoftwareRootPolicy, refuses) {
  auto policy = software_policy();
  GetParam().change(policy);
  SoftwareWorld w{policy};
  w.refuses(w.order(new_key()), GetParam().code, GetParam().check);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SoftwareRootPolicy,
    testing::Values(PolicyCase{"a_policy_that_does_not_name_it", [](auto& p) { p.root_kinds = {RootKind::tpm}; },
                               Code::policy, "policy.root_kinds"},
                    PolicyCase{"a_policy_without_simulated_roots",
                               [](auto& p) { p.simulated = policy::SimulatedRoots::refused; }, Code::test_anchor,
                               "policy.simulated"},
                    PolicyCase{"a_policy_that_names_makers_and_not_software",
                               [](auto& p) { p.evidence.vendors = {"Infineon"}; }, Code::policy, "policy.vendors"}),
    [](const auto& it) { return it.param.name; });

TEST(SoftwareRootPolicies, production_can_name_none_that_admits_it) {
  EXPECT_EQ(code_of(policy::check(software_policy(), policy::Environment::production)), Code::test_anchor);
  auto policy = software_policy();
  policy.simulated = policy::SimulatedRoots::refused;
  EXPECT_TRUE(policy::check(policy, policy::Environment::production));
  EXPECT_EQ(code_of(policy::admits_root(policy, RootKind::software, lifecycle::RootClass::simulated, "software")),
            Code::test_anchor);
}

// --- the request ---

TEST_F(SoftwareRoot, a_request_that_cannot_be_read_or_is_not_the_keys_is_refused) {
  w_.refuses(w_.order(Bytes{}), Code::bad_request);
  w_.refuses(w_.order(Bytes{0x30, 0x03, 0x02, 0x01, 0x00}), Code::bad_request);
  auto csr = csr_of(key_, kEmptyName, {});
  csr.push_back(0);
  w_.refuses(w_.order(csr), Code::bad_request);
  const auto other = new_key();
  const auto forged = must(pkcs10::write_request(kEmptyName, key_.spki(), {}, x509::SignatureAlgorithm::ecdsa_sha256,
                                                 [&](BytesView info) { return other.key.sign(info); }));
  const auto answer = w_.order(forged);
  EXPECT_EQ(code_of(answer), Code::bad_request) << "a signature by another key";
  EXPECT_EQ(w_.world.devices(), 0U);
}

TEST_F(SoftwareRoot, a_request_that_asks_for_anything_is_refused) {
  const std::array name{x509::NamePart{oids::common_name, der::tag::utf8_string, "mine"}};
  EXPECT_EQ(code_of(w_.order(csr_of(key_, must(x509::write_name(name)), {}))), Code::csr_policy);
  const Bytes alt_name{0x30, 0x03, 0x82, 0x01, 'a'};
  const std::array asked{x509::Extension{oids::subject_alt_name, false, alt_name}};
  const auto extensions = x509::write_extensions(asked);
  const std::array with_names{pkcs10::Attribute{oids::extension_request, extensions}};
  EXPECT_EQ(code_of(w_.order(csr_of(key_, kEmptyName, with_names))), Code::csr_policy);
  const auto password = must(pkcs10::challenge_password_value(World::kBinding));
  const std::array with_binding{pkcs10::Attribute{oids::challenge_password, password}};
  w_.refuses(w_.order(csr_of(key_, kEmptyName, with_binding)), Code::binding, "csr.challenge_password");
}

// --- the batch ---

TEST_F(SoftwareRoot, a_batch_that_is_not_there_or_not_open_takes_none) {
  w_.refuses(w_.order(key_, "S-9"), Code::not_found);
  const auto now = w_.world.clock.now();
  w_.world.clock.set(w_.world.batch(SoftwareWorld::kBatch).budget.closes + std::chrono::seconds{1});
  EXPECT_FALSE(w_.order(key_)) << "behind its window";
  w_.world.clock.set(now);
  must(w_.world.cases->hierarchy.seal_batch(SoftwareWorld::kBatch, "operator:test"));
  const auto sealed = w_.order(key_);
  EXPECT_TRUE(code_of(sealed) == Code::batch_closed || code_of(sealed) == Code::scope);
  EXPECT_EQ(w_.world.devices(), 0U);
}

TEST_F(SoftwareRoot, the_unit_beyond_the_quantity_is_refused) {
  must(w_.order(key_));
  must(w_.order(new_key()));
  EXPECT_EQ(code_of(w_.order(new_key())), Code::quota_exhausted);
  EXPECT_EQ(w_.units(), 2U);
  EXPECT_TRUE(w_.order(key_)) << "a repeat needs no unit";
}

// --- other identities ---

TEST_F(SoftwareRoot, the_key_of_another_identity_is_refused) {
  const auto device = w_.world.device_in(State::provisioned);
  EXPECT_EQ(code_of(w_.order(device.tpm.idevid)), Code::key_reuse);
  EXPECT_EQ(w_.world.devices(), 2U) << "it is on the books to be held, without a certificate";
  EXPECT_TRUE(w_.world.record(device).holds.contains(lifecycle::HoldCause::key_collision));
  EXPECT_EQ(w_.world.count(audit::EntryKind::incident), 1U);
  EXPECT_EQ(code_of(w_.order(device.tpm.idevid)), Code::held);
  EXPECT_EQ(w_.units(), 0U);
  EXPECT_EQ(w_.world.wrong(), "");
}

// --- enrollment without evidence and, in development, without a channel binding ---

TEST_F(SoftwareRoot, enrolls_and_renews_without_evidence_over_any_connection) {
  const auto made = must(w_.order(key_));
  auto& est = w_.world.cases->enrollment;
  const auto bare = [&](BytesView certificate, const PaperKey& key, Purpose purpose) {
    auto request = w_.world.est_request(certificate, key, purpose);
    request.channel_binding.clear();
    EXPECT_EQ(code_of(purpose == Purpose::enroll ? est.enroll(request) : est.reenroll(request)), Code::binding)
        << "what claims a binding where there is none is refused";
    std::vector<pkcs10::Attribute> attributes;
    const std::array names{x509::Extension{oids::subject_alt_name, false, request.presented_alt_name}};
    const auto extensions = x509::write_extensions(names);
    if (purpose == Purpose::renew) {
      attributes.push_back({oids::extension_request, extensions});
    }
    request.csr = csr_of(key, purpose == Purpose::renew ? BytesView{request.presented_subject} : BytesView{kEmptyName},
                         attributes);
    return request;
  };
  const auto first = must(est.enroll(bare(made.idevid.certificate, new_key(), Purpose::enroll)));
  EXPECT_TRUE(est.reenroll(bare(first.certificate, new_key(), Purpose::renew)));
  auto unnamed = bare(first.certificate, new_key(), Purpose::renew);
  unnamed.csr = csr_of(new_key(), unnamed.presented_subject, {});
  EXPECT_TRUE(est.reenroll(unnamed)) << "a client that cannot write the alternative name";
  unnamed.csr = csr_of(new_key(), kEmptyName, {});
  EXPECT_EQ(code_of(est.reenroll(unnamed)), Code::csr_policy);
  EXPECT_EQ(w_.world.wrong(), "");
}

// --- ports that fail ---

TEST(SoftwareRootFaults, any_failed_call_leaves_the_promises_and_the_repeat_works) {
  for (const auto port : {FailedPort::store, FailedPort::signer}) {
    const auto prepare = [](World& world) {
      world.open_batch(SoftwareWorld::kBatch, 1);
      return world.make_device();
    };
    const auto use = [](World& world, Device& device) -> Result<void> {
      return without_value(
          world.cases->software_roots.register_device({.batch = SoftwareWorld::kBatch,
                                                       .csr = csr_of(device.tpm.idevid, kEmptyName, {}),
                                                       .actor = "operator:test"}));
    };
    EXPECT_EQ(fail_every_call({.policy = software_policy()}, port, prepare, use), "");
  }
}

}  // namespace
}  // namespace birthmark::test
