// SPDX-License-Identifier: Apache-2.0
#include "app/access.h"

#include <gtest/gtest.h>

#include "app/subjects.h"
#include "crypto/hash.h"
#include "lifecycle/serial.h"
#include "pki/receipt.h"
#include "pki/tbs.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;
using lifecycle::State;
using pki::ProfileId;

enum class ReceiptOf : std::uint8_t { nobody, the_ca, another_certificate };

/// Somebody has the key of a CA, and nothing else of the registry (design rule 3).
class StolenCaKey : public testing::Test {
 protected:
  /// A certificate that differs from a genuine one of the device in its record alone: there is none.
  Bytes forge(ProfileId profile, std::uint32_t index, const PaperKey& key, ReceiptOf receipt) {
    const auto batch = world_.batch("B-1");
    const auto id = profile == ProfileId::ldevid ? batch.operational_ca : batch.manufacturing_ca;
    const auto directory = world_.cases->cas.get();
    const auto* const ca = directory->find(id);
    Octets<11> random{};
    world_.entropy.fill(random);
    const auto appraised = profile == ProfileId::ldevid ? std::optional{world_.clock.now()} : std::nullopt;
    const Instant now{std::chrono::floor<std::chrono::seconds>(world_.clock.now())};
    auto tbs =
        must(pki::build_tbs(
                 ca->certificate.issuer,
                 {.profile = profile,
                  .serial = lifecycle::make_serial(index, random),
                  .not_before = now,
                  .not_after = profile == ProfileId::ldevid ? std::optional{now + std::chrono::days{30}} : std::nullopt,
                  .subject = app::device_subject(batch, "heatpump", device_.id, key.spki(),
                                                 {.hardware_serial = "SIM:00:01",
                                                  .root = lifecycle::RootKind::tpm,
                                                  .root_class = lifecycle::RootClass::simulated,
                                                  .appraised_at = appraised})}))
            .der;
    const auto* const stolen = world_.signer.stolen(ca->record.key);
    if (receipt == ReceiptOf::the_ca) {
      const auto registry = must(world_.signer.public_key(World::kReceiptKey));
      Octets<4> key_id{};
      std::copy_n(registry.spki_sha256().get().begin(), key_id.size(), key_id.begin());
      const auto message = pki::receipt_message(tbs, key_id, world_.clock.now());
      tbs = must(pki::append_receipt(tbs, {key_id, world_.clock.now(), must(stolen->sign(message))}));
    }
    if (receipt == ReceiptOf::another_certificate) {
      const auto genuine = must(x509::Certificate::read(device_.ldevid));
      tbs = must(pki::append_receipt(tbs, must(pki::take_receipt(genuine.tbs())).receipt));
    }
    return pki::assemble(tbs, must(stolen->sign(tbs)));
  }
  std::uint32_t index_of(BytesView certificate) { return must(world_.cases->access.present(certificate)).index; }

  World world_;
  Device device_ = world_.device_in(State::operational);
  PaperKey key_{tpm::Template::idevid_birthmark};
};

TEST_F(StolenCaKey, makes_no_ldevid_that_is_served_or_renewed) {
  const auto taken = index_of(device_.ldevid);
  for (const auto receipt : {ReceiptOf::nobody, ReceiptOf::the_ca, ReceiptOf::another_certificate}) {
    // At a place of the list that nobody has, and at the place of an admitted credential.
    for (const auto index : {taken ^ 1U, taken}) {
      const auto forged = forge(ProfileId::ldevid, index, key_, receipt);
      const auto shown = must(world_.cases->access.present(forged));
      EXPECT_EQ(shown.presented.path, policy::Proof::passed) << "the signature is a good one";
      EXPECT_NE(shown.presented.receipt, policy::Proof::passed);
      for (const auto& action : policy::kActions) {
        EXPECT_EQ(world_.cases->access.decide(shown, action.action, "x").decision.verdict, policy::Verdict::deny);
      }
      EXPECT_EQ(code_of(world_.cases->access.use(shown, policy::Action::telemetry_publish, "telemetry")),
                Code::not_registered);
      EXPECT_EQ(code_of(world_.cases->enrollment.reenroll(world_.est_request(forged, key_, Purpose::renew))),
                Code::not_registered);
    }
  }
  EXPECT_EQ(world_.certificates(device_).size(), 2U);
  EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::allow) << "the device itself is not hurt";
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(StolenCaKey, brings_no_enrolled_device_to_s3) {
  auto victim = world_.device_in(State::enrolled);
  const auto index = index_of(victim.ldevid);
  device_ = std::move(victim);
  for (const auto receipt : {ReceiptOf::nobody, ReceiptOf::the_ca, ReceiptOf::another_certificate}) {
    const auto shown = must(world_.cases->access.present(forge(ProfileId::ldevid, index, key_, receipt)));
    EXPECT_FALSE(world_.cases->access.use(shown, policy::Action::telemetry_publish, "telemetry"));
    EXPECT_EQ(world_.state(device_), State::enrolled);
  }
}

TEST_F(StolenCaKey, makes_no_idevid_that_enrolls) {
  device_ = world_.device_in(State::provisioned);
  const auto taken = index_of(device_.idevid);
  for (const auto index : {taken ^ 1U, taken}) {
    const auto forged = forge(ProfileId::idevid, index, key_, ReceiptOf::the_ca);
    EXPECT_EQ(code_of(world_.cases->enrollment.enroll(world_.est_request(forged, key_, Purpose::enroll))),
              Code::not_registered);
  }
  EXPECT_EQ(world_.state(device_), State::provisioned);
}

class Present : public testing::Test {
 protected:
  World world_;
  Device device_ = world_.device_in(State::operational);
};

TEST_F(Present, a_certificate_of_nobody_here_is_unauthenticated) {
  World elsewhere{{.seed = 2}};
  const auto foreign = elsewhere.device_in(State::operational);
  EXPECT_EQ(code_of(world_.cases->access.present(foreign.ldevid)), Code::unauthenticated);
  EXPECT_EQ(code_of(world_.cases->access.present(Bytes{0x30, 0x00})), Code::bad_request);
}

TEST_F(Present, an_expired_credential_is_refused) {
  world_.clock.advance(std::chrono::days{31});
  EXPECT_EQ(code_of(world_.use(device_)), Code::credential_ended);
}

TEST_F(Present, an_idevid_is_good_for_no_use) {
  const auto shown = must(world_.cases->access.present(device_.idevid));
  EXPECT_FALSE(world_.cases->access.use(shown, policy::Action::telemetry_publish, "telemetry"));
}

TEST_F(Present, the_first_use_moves_s2_to_s3_once) {
  auto device = world_.device_in(State::enrolled);
  EXPECT_EQ(world_.decision(device).verdict, policy::Verdict::deny) << "a gate admits S3 only";
  must(world_.use(device));
  must(world_.use(device));
  EXPECT_EQ(world_.state(device), State::operational);
  EXPECT_EQ(world_.decision(device).verdict, policy::Verdict::allow);
  EXPECT_EQ(world_.cases->access.owner(must(world_.cases->access.present(device.ldevid))), world_.record(device).row);
}

}  // namespace
}  // namespace birthmark::test
