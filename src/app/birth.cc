// SPDX-License-Identifier: Apache-2.0
#include "app/birth.h"

#include <algorithm>

#include "app/registration.h"
#include "app/subjects.h"
#include "crypto/hash.h"

namespace birthmark::app {
namespace {

using lifecycle::Purpose;

/// Steps of the registry's own, kept with the device as those of its evidence are.
constexpr std::string_view kIntent = "docs/wire/evidence.md, PROVISION 8";

lifecycle::DeviceRecord new_device(const ProvenHardware& hardware, const BatchRecord& batch, const Doing& doing) {
  lifecycle::DeviceRecord device;
  device.id = hardware.id;
  device.root = hardware.kind;
  device.root_class = hardware.root_class;
  device.product = batch.budget.product;
  device.batch = batch.budget.id;
  device.epoch = doing.epoch;
  device.provisioned_at = doing.now;
  device.appraised_at = doing.now;
  return device;
}

bool lists_hardware(const BatchRecord& batch) {
  return batch.budget.plan == lifecycle::PlanOfHardware::present;
}

/// Whether the batch takes this hardware: it lists it, or it lists none.
Result<bool> is_planned(Tx& tx, const BatchRecord& batch, const ProvenHardware& hardware) {
  return lists_hardware(batch) ? tx.in_plan(batch.budget.id, hardware.listed_as) : Result<bool>{true};
}

/// What held in the transaction that put this evidence on record.
enum class Unit : std::uint8_t { taken_now, taken_before };
attest::Findings held_at_intent(const BatchRecord& batch, Unit unit) {
  return {attest::held("plan", kIntent, Code::not_in_plan,
                       lists_hardware(batch) ? "listed" : "the batch lists no hardware"),
          attest::held("known", kIntent, Code::key_reuse, "no other device has this hardware or key"),
          attest::held("budget", kIntent, Code::quota_exhausted, unit == Unit::taken_before ? "has its unit" : "")};
}

/// Whether the device has its unit of the budget: one that was only held in a collision has none.
Result<bool> unit_taken(Tx& tx, DeviceRow device) {
  BM_TRY(const auto certificates, tx.heads_of(device));
  return std::ranges::any_of(certificates, [](const auto& certificate) { return certificate.counted; });
}

/// Another identity than `device` that has one of the hardware's marks.
Result<std::optional<DeviceRow>> other_holder(Tx& tx, DeviceRow device, const ProvenHardware& hardware) {
  for (const auto& [digest, kind] : hardware.marks) {
    BM_TRY(const auto holder, tx.known(digest));
    if (holder && holder->device != device) {
      return std::optional{holder->device};
    }
  }
  return std::optional<DeviceRow>{};
}

}  // namespace

Result<Issued> Birth::register_newborn(const Newborn& newborn, const StationGrant& grant, const std::string& product) {
  BM_TRY(auto present, resume(newborn, grant));
  if (present) {
    return std::move(*present);
  }
  const auto& hardware = newborn.hardware;
  Order order;
  order.ca = grant.batch.manufacturing_ca;
  order.list = grant.batch.list;
  order.profile = pki::ProfileId::idevid;
  order.kind = lifecycle::CredentialKind::idevid;
  order.purpose = Purpose::provision;
  order.actor = "station:" + grant.station.name;
  order.reason = "provision";
  order.subject = device_subject(grant.batch, product, hardware.id, newborn.spki,
                                 {.hardware_serial = hardware.hardware_serial,
                                  .root = hardware.kind,
                                  .root_class = hardware.root_class,
                                  .appraised_at = std::nullopt});
  order.newcomer = [&](Tx& tx) { return find_or_add(tx, hardware, grant); };
  auto issued = ports_.issuance.issue(order, RequestKey{grant.station.spki, newborn.request_id},
                                      [&](Tx& tx, CertificateRecord& record, const lifecycle::ClockReading& clock) {
                                        return at_intent(tx, record, newborn, grant, clock);
                                      });
  if (!issued && issued.error().code == Code::hardware_known) {
    BM_CHECK(report_known(hardware.id, grant));
  }
  return issued;
}

Result<void> Birth::at_intent(Tx& tx, CertificateRecord& record, const Newborn& newborn, const StationGrant& grant,
                              const lifecycle::ClockReading& clock) {
  const Doing doing{clock.now, ports_.store.epoch(), "station:" + grant.station.name};
  BM_TRY(auto batch, tx.batch(grant.batch.budget.id));
  if (!batch) {
    return fail(Code::batch_closed, "the batch is gone");
  }
  BM_TRY(const bool planned, is_planned(tx, *batch, newborn.hardware));
  if (!planned) {
    return fail(Code::not_in_plan, "this hardware is not on the batch's list");
  }
  BM_TRY(const auto known, tx.device(newborn.hardware.id));
  if (known) {
    const auto where =
        known->batch == batch->budget.id ? lifecycle::SeenIn::same_batch : lifecycle::SeenIn::other_batch;
    BM_CHECK(lifecycle::judge_known_hardware(known->state, where, lifecycle::ReworkPermission::none));
    if (!known->holds.empty()) {
      return fail(Code::held, lifecycle::why_left(known->holds, {}));
    }
    record.device = known->row;
  }
  BM_TRY(const bool taken, known ? unit_taken(tx, known->row) : Result<bool>{false});
  if (!taken) {
    BM_TRY(batch->budget, lifecycle::reserve(batch->budget, clock));
    BM_CHECK(tx.update_batch(*batch));
    record.counted = true;
  }
  if (!known) {
    BM_TRY(record.device, tx.add_device(new_device(newborn.hardware, *batch, doing)));
  }
  return remember(tx, record.device, newborn, grant,
                  held_at_intent(*batch, taken ? Unit::taken_before : Unit::taken_now), clock.now);
}

/// What recognises the hardware again, and what was found of it.
Result<void> Birth::remember(Tx& tx, DeviceRow device, const Newborn& newborn, const StationGrant& grant,
                             attest::Findings at_intent, Instant now) const {
  BM_TRY(const auto other, other_holder(tx, device, newborn.hardware));
  if (other) {
    return fail(Code::key_reuse, "another identity holds this hardware", std::to_string(other->get()));
  }
  for (const auto& [digest, kind] : newborn.hardware.marks) {
    BM_CHECK(tx.add_known(digest, {kind, device}));
  }
  BM_CHECK(tx.put_root({.device = device,
                        .ak_public = newborn.hardware.statement_key,
                        .hardware_serial = newborn.hardware.hardware_serial,
                        .provisioned_by = grant.station.id,
                        .ek_modulus = newborn.hardware.ek_modulus}));
  auto found = newborn.findings;
  found.insert(found.end(), std::make_move_iterator(at_intent.begin()), std::make_move_iterator(at_intent.end()));
  const auto findings = attest::write(found);
  BM_CHECK(tx.put_findings(device, Purpose::provision, now, findings));
  return without_value(tx.audit({.kind = audit::EntryKind::appraisal,
                                 .at = now,
                                 .epoch = ports_.store.epoch().get(),
                                 .device = newborn.hardware.id,
                                 .evidence_hash = crypto::sha256(findings),
                                 .actor = "station:" + grant.station.name,
                                 .reason = "provision"}));
}

/// The same unit with the same key before its seal: its IDevID goes on, no serial and no quota is used, and this
/// request is answered by it from now on (design rule 1). Nothing: whatever else there is to say, the issuance says.
Result<std::optional<Issued>> Birth::resume(const Newborn& newborn, const StationGrant& grant) {
  const auto spki = crypto::sha256(newborn.spki);
  const auto find = [&](Tx& tx) -> Result<std::optional<CertificateRecord>> {
    BM_TRY(const auto device, tx.device(newborn.hardware.id));
    BM_TRY(const auto request, tx.request(grant.station.spki, newborn.request_id));
    BM_TRY(const bool planned, is_planned(tx, grant.batch, newborn.hardware));
    if (!planned || !device || device->state != lifecycle::State::uninitialized || !device->holds.empty() ||
        device->batch != grant.batch.budget.id || request) {
      return std::optional<CertificateRecord>{};
    }
    BM_TRY(const auto other, other_holder(tx, device->row, newborn.hardware));
    if (other) {
      return std::optional<CertificateRecord>{};
    }
    BM_TRY(const auto certificates, tx.certificates_of(device->row));
    const auto found = std::ranges::find_if(certificates, [&](const CertificateRecord& record) {
      return record.kind == lifecycle::CredentialKind::idevid && record.issuance == IssuanceState::registered &&
             record.standing == lifecycle::Standing::live && record.spki == spki &&
             record.ca == grant.batch.manufacturing_ca;
    });
    return found == certificates.end() ? std::optional<CertificateRecord>{} : std::optional{*found};
  };
  BM_TRY(const auto seen, ports_.store.read_for<std::optional<CertificateRecord>>(find));
  if (!seen) {
    return std::optional<Issued>{};
  }
  return ports_.store.write_for<std::optional<Issued>>([&](Tx& tx) -> Result<std::optional<Issued>> {
    BM_TRY(auto record, find(tx));
    if (!record) {
      return std::optional<Issued>{};
    }
    const auto now = ports_.clock.now();
    BM_CHECK(remember(tx, record->device, newborn, grant, held_at_intent(grant.batch, Unit::taken_before), now));
    BM_CHECK(tx.add_request({grant.station.spki, newborn.request_id, spki, record->row, now}));
    auto certificate = certificate_of(*record);
    return std::optional{Issued{std::move(*record), std::move(certificate)}};
  });
}

/// Proven hardware of an identity in the field at a line: an incident, no hold (design rule 1).
Result<void> Birth::report_known(const DeviceId& device, const StationGrant& grant) {
  return ports_.store.write([&](Tx& tx) {
    return without_value(tx.audit({.kind = audit::EntryKind::incident,
                                   .at = ports_.clock.now(),
                                   .epoch = ports_.store.epoch().get(),
                                   .device = device,
                                   .actor = "station:" + grant.station.name,
                                   .refusal = Code::hardware_known,
                                   .reason = "hardware of a known identity was provisioned again"}));
  });
}

/// One that is only held has no certificate and no unit of the budget.
Result<lifecycle::DeviceRecord> Birth::find_or_add(Tx& tx, const ProvenHardware& hardware,
                                                   const StationGrant& grant) const {
  BM_TRY(auto known, tx.device(hardware.id));
  if (known) {
    return std::move(*known);
  }
  auto device = new_device(hardware, grant.batch, {ports_.clock.now(), ports_.store.epoch()});
  BM_TRY(device.row, tx.add_device(device));
  return device;
}

}  // namespace birthmark::app
