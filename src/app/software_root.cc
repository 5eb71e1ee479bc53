// SPDX-License-Identifier: Apache-2.0
#include "app/software_root.h"

#include <algorithm>

#include "app/registration.h"
#include "app/subjects.h"
#include "attest/step.h"
#include "crypto/hash.h"
#include "pki/csr_policy.h"

namespace birthmark::app {
namespace {

using lifecycle::Purpose;
using lifecycle::RootClass;
using lifecycle::RootKind;

constexpr std::string_view kLabel = "software";
constexpr std::string_view kClause = "labelled software root";  // of findings, where hardware has a standard's clause

std::string hardware_serial(const Digest& spki) {
  auto text = to_hex(spki.get());
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return "SOFTWARE:" + text;
}

/// Device and key are one here: whoever asks again for the same batch asks for the same. In another batch it is the
/// same hardware again, and judged as such.
RequestKey request_key(const DeviceId& id, const std::string& batch) {
  const auto digest = crypto::sha256({as_bytes(kLabel), as_bytes(batch)});
  Octets<16> name{};
  std::copy_n(digest.get().begin(), name.size(), name.begin());
  return {Digest{id.get()}, name};
}

/// What operators see of its appraisal: the label, and in the place of each proof that hardware gives, that there is
/// none.
Bytes findings_of(std::string_view check, std::string_view missing) {
  const auto step = [&](std::string_view name, attest::Outcome outcome, std::string_view detail) {
    return attest::Finding{.check = std::string{name},
                           .clause = std::string{kClause},
                           .outcome = outcome,
                           .code = Code::evidence_missing,
                           .detail = std::string{detail}};
  };
  return attest::write(
      {step("software.label", attest::Outcome::passed, "the product's policy names root kind software"),
       step(check, attest::Outcome::not_reached, missing)});
}

}  // namespace

Result<SoftwareRoots::Registered> SoftwareRoots::register_device(const SoftwareOrder& order) {
  static const Bytes kEmptyName{0x30, 0x00};
  BM_TRY(const auto csr, pkcs10::Request::read(order.csr));
  BM_TRY(const auto key, pki::judge_csr(csr, {.subject = kEmptyName, .subject_alt_name = {}, .channel_binding = {}}));
  BM_TRY(const auto batch, ports_.store.read_for<BatchRecord>([&](Tx& tx) -> Result<BatchRecord> {
    BM_TRY(auto found, tx.batch_named(order.batch));
    return found ? Result<BatchRecord>{std::move(*found)} : fail(Code::not_found, "no batch " + order.batch);
  }));
  BM_TRY(const auto policy, ports_.catalog.find(batch.budget.product));
  BM_CHECK(policy::admits_root(*policy, RootKind::software, RootClass::simulated, kLabel));

  const auto id = lifecycle::device_id(RootKind::software, key.spki());
  Order wanted;
  wanted.ca = batch.manufacturing_ca;
  wanted.list = batch.list;
  wanted.profile = pki::ProfileId::idevid;
  wanted.kind = lifecycle::CredentialKind::idevid;
  wanted.purpose = Purpose::provision;
  wanted.actor = order.actor;
  wanted.reason = "software root: nothing was attested";
  wanted.subject = device_subject(batch, policy->name, id, key.spki(),
                                  {.hardware_serial = hardware_serial(key.spki_sha256()),
                                   .root = RootKind::software,
                                   .root_class = RootClass::simulated,
                                   .appraised_at = std::nullopt});
  wanted.newcomer = [&](Tx& tx) -> Result<lifecycle::DeviceRecord> {
    BM_TRY(auto known, tx.device(id));
    return known ? Result<lifecycle::DeviceRecord>{std::move(*known)}
                 : add_device(tx, id, batch.budget, ports_.clock.now());
  };
  BM_TRY(auto issued,
         ports_.issuance.issue(wanted, request_key(id, order.batch),
                               [&](Tx& tx, CertificateRecord& record, const lifecycle::ClockReading& clock) {
                                 return at_intent(tx, record, order, id, clock);
                               }));
  BM_TRY(auto device, seal(id, order));
  return Registered{std::move(issued), std::move(device)};
}

Result<lifecycle::DeviceRecord> SoftwareRoots::add_device(Tx& tx, const DeviceId& id, const lifecycle::Batch& of,
                                                          Instant now) const {
  lifecycle::DeviceRecord device;
  device.id = id;
  device.root = RootKind::software;
  device.root_class = RootClass::simulated;
  device.product = of.product;
  device.batch = of.id;
  device.epoch = ports_.store.epoch();
  device.provisioned_at = now;
  BM_TRY(device.row, tx.add_device(device));
  return device;
}

Result<void> SoftwareRoots::at_intent(Tx& tx, CertificateRecord& record, const SoftwareOrder& order, const DeviceId& id,
                                      const lifecycle::ClockReading& clock) const {
  BM_TRY(auto batch, tx.batch_named(order.batch));
  if (!batch) {
    return fail(Code::batch_closed, "the batch is gone");
  }
  BM_TRY(const auto known, tx.device(id));
  if (known) {
    const auto where =
        known->batch == batch->budget.id ? lifecycle::SeenIn::same_batch : lifecycle::SeenIn::other_batch;
    BM_CHECK(lifecycle::judge_known_hardware(known->state, where, lifecycle::ReworkPermission::none));
    if (!known->holds.empty()) {
      return fail(Code::held, lifecycle::why_left(known->holds, {}));
    }
    record.device = known->row;
  } else {
    BM_TRY(batch->budget, lifecycle::reserve(batch->budget, clock));
    BM_CHECK(tx.update_batch(*batch));
    BM_TRY(const auto device, add_device(tx, id, batch->budget, clock.now));
    record.device = device.row;
    record.counted = true;
  }
  BM_CHECK(tx.put_findings(record.device, Purpose::provision, clock.now,
                           findings_of("software.evidence", "nothing was attested")));
  // No AK and no endorsement certificate: every appraisal of it fails.
  return tx.put_root({.device = record.device,
                      .ak_public = {},
                      .hardware_serial = hardware_serial(record.spki),
                      .provisioned_by = std::nullopt});
}

Result<lifecycle::DeviceRecord> SoftwareRoots::seal(const DeviceId& id, const SoftwareOrder& order) const {
  return ports_.store.write_for<lifecycle::DeviceRecord>([&](Tx& tx) -> Result<lifecycle::DeviceRecord> {
    BM_TRY(const auto device, tx.device(id));
    if (!device) {
      return fail(Code::not_found, "no such device");
    }
    if (device->state != lifecycle::State::uninitialized) {
      return *device;  // asked again
    }
    lifecycle::SealFacts facts;
    facts.witness = lifecycle::SealWitness::software_exempt;
    BM_TRY(auto decision, lifecycle::decide_seal(*device, facts));
    decision.reason = "seal: software root, nothing was probed";
    const auto now = ports_.clock.now();
    BM_CHECK(
        tx.put_findings(device->row, Purpose::seal, now, findings_of("software.lock_check", "nothing was probed")));
    return advance(tx, *device, decision, {now, ports_.store.epoch(), order.actor});
  });
}

}  // namespace birthmark::app
