// SPDX-License-Identifier: Apache-2.0
#include "app/registration.h"

#include <algorithm>

#include "app/cas.h"
#include "app/issuance.h"
#include "crypto/hash.h"

namespace birthmark::app {
namespace {

using lifecycle::CredentialKind;
using lifecycle::DeviceRecord;
using lifecycle::Purpose;
using lifecycle::Standing;

audit::Entry entry(audit::EntryKind kind, const Doing& doing) {
  return {.kind = kind, .at = doing.now, .epoch = doing.epoch.get(), .actor = doing.actor};
}

lifecycle::Appraisal passed(const CertificateRecord& record, const DeviceRecord& device) {
  return {
      .result = lifecycle::Appraised::passed, .at = record.appraised_at, .firmware = device.firmware, .minimum = {}};
}

/// The facts at the intent were judged there; what may have changed since is the device's own state.
Result<lifecycle::Decision> enroll_again(const CertificateRecord& record, const DeviceRecord& device) {
  return lifecycle::decide_enroll(device, {.appraisal = passed(record, device),
                                           .released = lifecycle::Claim::yes,
                                           .release_required = lifecycle::Claim::no});
}

Result<void> commit_unit(Tx& tx, const CertificateRecord& record, const DeviceRecord& device) {
  if (!record.counted) {
    return {};
  }
  BM_TRY(auto batch, tx.batch(device.batch));
  if (!batch) {
    return fail(Code::not_found, "the batch of a device is gone");
  }
  BM_TRY(batch->budget, lifecycle::commit(batch->budget));
  return tx.update_batch(*batch);
}

Result<void> touch_appraisal(Tx& tx, DeviceRecord device, Instant appraised_at) {
  device.appraised_at = appraised_at;
  ++device.version;
  BM_CHECK(tx.update_device(device));
  return publish_device(tx, device);
}

/// What registering a certificate of this purpose does to its device.
Result<void> device_consequence(Tx& tx, const CertificateRecord& record, const Doing& doing) {
  BM_TRY(auto device, device_of(tx, record.device));
  switch (*record.purpose) {
    case Purpose::provision:
      BM_CHECK(commit_unit(tx, record, device));
      BM_CHECK(end_others(tx, device, record.kind, {record.row}, "superseded by provisioning", doing));
      return publish_device(tx, device);
    case Purpose::enroll: {
      BM_TRY(const auto decision, enroll_again(record, device));
      return without_value(advance(tx, device, decision, doing));
    }
    case Purpose::renew:
      if (device.state != lifecycle::State::enrolled && device.state != lifecycle::State::operational) {
        return fail(Code::state_forbids, "renewal from " + std::string{lifecycle::short_name(device.state)});
      }
      return touch_appraisal(tx, std::move(device), record.appraised_at);
    case Purpose::revalidate: {
      BM_TRY(const auto decision,
             lifecycle::decide_revalidate(device, passed(record, device), lifecycle::SuccessorIssuer::yes));
      BM_CHECK(end_others(tx, device, record.kind, {record.row}, "superseded by revalidation", doing));
      return without_value(advance(tx, device, decision, doing));
    }
    case Purpose::seal:
    case Purpose::routine:
    case Purpose::retire:
      break;
  }
  return fail(Code::state_forbids, "no certificate is issued for this purpose");
}

Result<void> audit_holds(Tx& tx, const DeviceRecord& device, lifecycle::HoldSet holds, audit::EntryKind kind,
                         const Doing& doing) {
  for (const auto& rule : lifecycle::kHoldRules) {
    if (holds.contains(rule.cause)) {
      auto row = entry(kind, doing);
      row.device = device.id;
      row.reason = rule.name;
      BM_CHECK(tx.audit(row));
    }
  }
  return {};
}

/// A root is a CA from the moment when its own certificate is on the books.
Result<void> make_root(Tx& tx, const CertificateRecord& record, const Doing& doing) {
  BM_TRY(auto ca, tx.ca(record.ca));
  if (!ca || !ca->certificate.empty()) {
    return fail(Code::scope, "this root is made already");
  }
  ca->certificate = certificate_of(record);
  BM_CHECK(tx.update_ca(*ca));
  return audit_ca(tx, *ca, record.spki, doing);
}

}  // namespace

Result<CertificateRecord> on_the_books(Tx& tx, CaId ca, std::uint32_t index, const Digest& shown) {
  BM_TRY(auto record, tx.certificate(ca, index));
  return record && record->issuance == IssuanceState::registered && crypto::sha256(certificate_of(*record)) == shown
             ? Result<CertificateRecord>{std::move(*record)}
             : fail(Code::not_registered, "the registry does not know this certificate");
}

Result<DeviceRecord> device_of(Tx& tx, DeviceRow row) {
  BM_TRY(auto device, tx.device(row));
  return device ? Result<DeviceRecord>{std::move(*device)}
                : fail(Code::not_found, "the device of a certificate is gone");
}

Result<void> audit_ca(Tx& tx, const CaRecord& ca, const Digest& spki, const Doing& doing) {
  auto row = entry(audit::EntryKind::ca_created, doing);
  row.subject_hash = crypto::sha256(ca.certificate);
  row.spki_hash = spki;
  row.reason = ca.name;
  return without_value(tx.audit(row));
}

Result<DeviceRecord> advance(Tx& tx, const DeviceRecord& device, const lifecycle::Decision& decision,
                             const Doing& doing) {
  auto after = lifecycle::apply(device, decision, doing.now);
  after.epoch = doing.epoch;
  BM_CHECK(tx.update_device(after));
  if (decision.from != decision.to) {
    auto row = entry(audit::EntryKind::transition, doing);
    row.device = after.id;
    row.state_from = static_cast<std::uint8_t>(decision.from);
    row.state_to = static_cast<std::uint8_t>(decision.to);
    row.reason = decision.reason;
    BM_CHECK(tx.audit(row));
  }
  BM_CHECK(audit_holds(tx, after, decision.laid, audit::EntryKind::hold_set, doing));
  BM_CHECK(audit_holds(tx, after, decision.lifted, audit::EntryKind::hold_lifted, doing));
  BM_CHECK(publish_device(tx, after));
  return after;
}

Publication publication(const CertificateHead& certificate, const DeviceRecord& device, lifecycle::Status status) {
  return {.ca = certificate.ca,
          .index = certificate.index,
          .status = status,
          .state = device.state,
          .product = device.product,
          .device = device.row,
          .appraised_at = device.appraised_at.value_or(device.provisioned_at)};
}

Result<void> publish_device(Tx& tx, const DeviceRecord& device) {
  BM_TRY(auto certificates, tx.heads_of(device.row));
  for (auto& certificate : certificates) {
    if (certificate.issuance != IssuanceState::registered) {
      continue;
    }
    const auto wanted = lifecycle::status_of(device.state, certificate.kind, device.holds, certificate.standing);
    BM_TRY(const auto status, lifecycle::on_wire(certificate.published, wanted));
    if (status != certificate.published) {
      certificate.published = status;
      BM_CHECK(tx.update_head(certificate));
    }
    BM_CHECK(tx.publish(publication(certificate, device, status)));
  }
  return {};
}

Result<void> note_appraisal(Tx& tx, DeviceRecord device, const AppraisalRecord& appraisal) {
  const bool serves = device.state == lifecycle::State::enrolled || device.state == lifecycle::State::operational;
  if (appraisal.purpose == Purpose::routine && serves && device.holds.empty()) {
    device.firmware = appraisal.firmware;
    return touch_appraisal(tx, std::move(device), appraisal.at);
  }
  if (!appraisal.firmware || device.firmware == appraisal.firmware) {
    return {};
  }
  device.firmware = appraisal.firmware;
  ++device.version;
  return tx.update_device(device);
}

Result<void> end_others(Tx& tx, const DeviceRecord& device, CredentialKind kind,
                        std::initializer_list<CertificateRow> kept, const std::string& reason, const Doing& doing) {
  BM_TRY(auto certificates, tx.heads_of(device.row));
  bool ended = false;
  for (auto& certificate : certificates) {
    if (certificate.kind != kind || std::ranges::find(kept, certificate.row) != kept.end() ||
        certificate.issuance != IssuanceState::registered || certificate.standing != Standing::live ||
        certificate.not_after <= doing.now) {
      continue;
    }
    certificate.standing = Standing::ended;
    BM_CHECK(tx.update_head(certificate));
    BM_TRY(const auto whole, tx.certificate(certificate.row));
    if (!whole) {
      return fail(Code::storage, "a certificate without its bytes");
    }
    auto row = entry(audit::EntryKind::credential_status, doing);
    row.device = device.id;
    row.serial = whole->serial;
    row.reason = reason;
    BM_CHECK(tx.audit(row));
    ended = true;
  }
  return ended ? publish_device(tx, device) : Result<void>{};
}

Result<void> register_certificate(Tx& tx, CertificateRecord& record, Bytes signature, const Doing& doing) {
  BM_TRY(const auto stored, tx.certificate(record.row));
  if (!stored || stored->issuance == IssuanceState::orphaned) {
    return fail(Code::not_registered, "the intent was given up");
  }
  if (stored->issuance == IssuanceState::registered) {
    record = *stored;  // a concurrent retry was first: its certificate is the one
    return {};
  }
  BM_TRY(const auto ca, tx.ca(stored->ca));
  BM_CHECK(check_issues(ca ? &*ca : nullptr));  // a credential of a CA that was revoked since may lift nothing
  record = *stored;
  record.signature = std::move(signature);
  record.issuance = IssuanceState::registered;
  auto row = entry(audit::EntryKind::certificate_registered, doing);
  row.serial = record.serial;  // the intent of this serial says whose it is, and with what key
  row.subject_hash = crypto::sha256(certificate_of(record));
  BM_TRY(record.log_index, tx.audit(row));
  BM_CHECK(tx.update_certificate(record));
  if (pki::is_root(record.profile)) {
    return make_root(tx, record, doing);
  }
  return record.purpose ? device_consequence(tx, record, doing) : Result<void>{};
}

Result<void> orphan(Tx& tx, CertificateRecord record, const std::string& reason, const Doing& doing) {
  record.issuance = IssuanceState::orphaned;
  record.standing = Standing::ended;
  record.published = lifecycle::Status::ended;
  BM_CHECK(tx.update_certificate(record));
  auto row = entry(audit::EntryKind::intent_orphaned, doing);
  row.serial = record.serial;
  row.reason = reason;
  if (record.device.get() != 0) {
    BM_TRY(const auto device, device_of(tx, record.device));
    row.device = device.id;
    BM_CHECK(commit_unit(tx, record, device));
    BM_CHECK(tx.publish({.ca = record.ca,
                         .index = record.index,
                         .status = lifecycle::Status::ended,
                         .state = device.state,
                         .product = device.product,
                         .device = device.row,
                         .appraised_at = record.appraised_at}));
  }
  return without_value(tx.audit(row));
}

}  // namespace birthmark::app
