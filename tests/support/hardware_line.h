// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "support/paper_hardware.h"
#include "support/world.h"

namespace birthmark::test {

inline const Digest kSomebody = crypto::sha256(as_bytes("192.0.2.9"));

/// The road of one device whose root is no TPM, in a registry of its own.
struct HardwareLine {
  /// @param change of the policy under which such hardware becomes a product
  explicit HardwareLine(PaperKind kind, const std::function<void(policy::ProductPolicy&)>& change = {})
      : unit{paper_hardware(kind)}, world{{.policy = [&] {
          auto policy = unit->policy();
          if (change) {
            change(policy);
          }
          return policy;
        }()}} {
    unit->deliver_to(world.trust);
  }

  [[nodiscard]] Digest fresh(const app::Challenge& given, const crypto::PrivateKey& key,
                             const std::optional<DeviceId>& device) const {
    return lifecycle::freshness_value(given.purpose, given.nonce, given.session, device,
                                      key.public_key().spki_sha256());
  }
  [[nodiscard]] app::SelfEvidence itself(const PaperHardware& by, const app::Challenge& given) const {
    const auto& key = by.statement_key();
    return app::BundledEvidence{by.bundle(key, fresh(given, key, unit->id()))};
  }
  [[nodiscard]] app::DeviceEvidence about(const PaperHardware& by, const crypto::PrivateKey& key,
                                          const app::Challenge& given) const {
    return {.session = given.session,
            .key = app::BundledKeyEvidence{to_bytes(key.public_key().spki()),
                                           {by.bundle(key, fresh(given, key, unit->id()))}},
            .firmware = "4.12.0"};
  }

  Result<app::Issued> provision() { return provision(*unit, unit->birth_key()); }
  /// @param key that the hardware answers for, and that the request is of
  Result<app::Issued> provision(const PaperHardware& by, const crypto::PrivateKey& key) {
    const auto& station = world.line();
    const auto given = must(world.cases->provisioning.begin(station.id(), "B-1"));
    const auto bundle = by.bundle(key, fresh(given, key, std::nullopt));
    const std::array attributes{pkcs10::Attribute{csr_attestation::kAttribute, bundle}};
    BM_TRY(auto answer,
           world.cases->provisioning.evidence_in_request(
               station.id(), "B-1", {given.session, world.next_request_id(), csr_of(key, kEmptyName, attributes)}));
    auto issued = std::get<app::Issued>(std::move(answer));
    idevid = issued.certificate;
    return issued;
  }
  Result<lifecycle::DeviceRecord> seal(const PaperHardware& by) {
    const auto& station = world.lock_check();
    const auto given = must(world.cases->sealing.begin(station.id(), "B-1"));
    return seal(given, itself(by, given));
  }
  Result<lifecycle::DeviceRecord> seal(const app::Challenge& given, const app::SelfEvidence& evidence) {
    const auto& station = world.lock_check();
    const app::LockCheck found{.device = unit->id(),
                               .nonce = given.nonce,
                               .transcript = crypto::sha256(as_bytes("closed")),
                               .debug_locked = true,
                               .secure_boot = true,
                               .lockdown_sealed = true};
    return world.cases->sealing.seal(station.key.public_key(), "B-1",
                                     {.session = given.session,
                                      .record = found,
                                      .record_signature = must(station.key.sign(app::lock_check_message(found))),
                                      .device = evidence});
  }
  Result<app::AppraisalRecord> attest(lifecycle::Purpose purpose, const crypto::PrivateKey& key,
                                      const PaperHardware& by) {
    const auto caller = crypto::sha256(purpose == lifecycle::Purpose::enroll ? idevid : ldevid);
    const auto device = record();
    const auto given = must(world.cases->attestation.begin(purpose, caller, device));
    return world.cases->attestation.attest(purpose, caller, device.row, about(by, key, given));
  }
  Result<app::Issued> enroll(const crypto::PrivateKey& key) {
    BM_CHECK(attest(lifecycle::Purpose::enroll, key, *unit));
    BM_TRY(auto issued, world.cases->enrollment.enroll(world.est_request(idevid, key, lifecycle::Purpose::enroll)));
    ldevid = issued.certificate;
    return issued;
  }
  Result<app::RevalidationStep> revalidate(const crypto::PrivateKey& key, const PaperHardware& by) {
    const auto given = must(world.cases->revalidation.begin(kSomebody));
    return world.cases->revalidation.evidence(kSomebody, {.device = unit->id(),
                                                          .request_id = world.next_request_id(),
                                                          .ek_public = {},
                                                          .evidence = about(by, key, given)});
  }
  [[nodiscard]] lifecycle::DeviceRecord record() { return record(*unit); }
  [[nodiscard]] lifecycle::DeviceRecord record(const PaperHardware& of) {
    return *must(world.store().read_for<std::optional<lifecycle::DeviceRecord>>(
        [&](app::Tx& tx) { return tx.device(of.id()); }));
  }
  Result<policy::Authorized> use() {
    BM_TRY(const auto shown, world.cases->access.present(ldevid));
    return world.cases->access.use(shown, policy::Action::telemetry_publish, "telemetry");
  }
  void act(app::DeviceAction action) {
    must(world.cases->operations.act(action, unit->id(), lifecycle::HoldCause::volume, "operator:test"));
  }
  /// In S3 with the LDevID of that key.
  void live(const crypto::PrivateKey& key) {
    must(provision());
    must(seal(*unit));
    must(enroll(key));
    must(use());
    EXPECT_EQ(record().state, lifecycle::State::operational);
  }

  std::unique_ptr<PaperHardware> unit;
  World world;
  Bytes idevid, ldevid;
};

}  // namespace birthmark::test
