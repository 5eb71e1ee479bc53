// SPDX-License-Identifier: Apache-2.0
#include "app/revalidation.h"

#include <algorithm>

#include "app/registration.h"
#include "app/subjects.h"
#include "attest/endorsement.h"
#include "crypto/hash.h"

namespace birthmark::app {
namespace {

using lifecycle::Purpose;
using lifecycle::State;

/// Whether the device is served again after this appraisal, and so gets a credential.
bool serves(State state) {
  return state == State::enrolled || state == State::operational;
}

/// A device that asks on and on would use up its batch's list.
constexpr std::size_t kCredentialsAnHour = 6;

Result<void> within_rate(Tx& tx, DeviceRow device, Instant now) {
  constexpr std::chrono::hours kHour{1};
  BM_TRY(const auto all, tx.heads_of(device));
  std::vector<Instant> recent;
  for (const auto& certificate : all) {
    if (certificate.kind == lifecycle::CredentialKind::ldevid && now - certificate.not_before < kHour) {
      recent.push_back(certificate.not_before);
    }
  }
  if (recent.size() < kCredentialsAnHour) {
    return {};
  }
  std::ranges::sort(recent);
  Error error{Code::rate_limited, "six credentials within an hour"};
  error.retry_after = std::chrono::ceil<std::chrono::seconds>(*(recent.end() - kCredentialsAnHour) + kHour - now);
  return fail(std::move(error));
}

Result<crypto::EndorsementKey> endorsement_of(const RevalidationEvidence& evidence) {
  BM_TRY(const auto ek, tpm::read_public(evidence.ek_public));
  BM_TRY(auto key, attest::endorsement_key(ek));
  if (lifecycle::device_id(lifecycle::RootKind::tpm, key.key.spki()) != evidence.device) {
    return fail(Code::ek_untrusted, "this endorsement key is another device's", "ek.device");
  }
  return key;
}

}  // namespace

Result<Challenge> Revalidation::begin(const Digest& caller) {
  return ports_.challenges.give(Purpose::revalidate, caller);
}

Result<RevalidationStep> Revalidation::evidence(const Digest& caller, const RevalidationEvidence& evidence) {
  BM_TRY(const auto challenge, ports_.challenges.burn(evidence.evidence.session, Purpose::revalidate, caller));
  BM_TRY(const auto known,
         ports_.store.read_for<KnownDevice>([&](Tx& tx) { return known_device(tx, evidence.device); }));
  std::optional<crypto::EndorsementKey> endorsement;
  if (known.device.root == lifecycle::RootKind::tpm) {
    BM_TRY(endorsement, endorsement_of(evidence));
  }
  BM_TRY(const auto judged, ports_.hardware.judge_key(evidence.evidence.key, known, challenge));
  BM_TRY(const auto policy, ports_.catalog.find(known.device.product));
  lifecycle::Appraisal appraisal{.result = lifecycle::Appraised::passed,
                                 .at = ports_.clock.now(),
                                 .firmware = lifecycle::FirmwareVersion::parse(evidence.evidence.firmware),
                                 .minimum = policy->minimum_firmware};
  // Refuses S0, S5, S6 and old firmware before a secret is made; decided again when the answer comes.
  BM_CHECK(lifecycle::decide_revalidate(known.device, appraisal, lifecycle::SuccessorIssuer::yes));
  BM_CHECK(policy::grants(*policy, known.device.state, policy::Action::revalidate));
  Shown shown{.device = known.device.row,
              .request_id = evidence.request_id,
              .spki = to_bytes(judged.key.spki()),
              .appraisal = appraisal,
              .findings = attest::write(judged.findings)};
  if (!endorsement) {
    BM_TRY(auto answered, answer(shown));
    return RevalidationStep{std::move(answered)};
  }
  BM_TRY(const auto name, attest::ak_name(known.root.ak_public));
  BM_TRY(auto given, activations_.give(caller, *endorsement, name, std::move(shown)));
  return RevalidationStep{std::move(given)};
}

Result<RevalidationAnswer> Revalidation::activate(const Digest& caller, const SessionId& session, BytesView secret) {
  BM_TRY(const auto shown, activations_.take(caller, session, secret));
  return answer(shown);
}

Result<RevalidationAnswer> Revalidation::answer(const Shown& shown) {
  BM_TRY(const auto known, ports_.store.read_for<KnownDevice>([&](Tx& tx) { return known_device(tx, shown.device); }));
  BM_TRY(const auto decision,
         lifecycle::decide_revalidate(known.device, shown.appraisal, lifecycle::SuccessorIssuer::yes));
  if (!serves(decision.to) || !decision.holds.empty()) {
    return record_only(shown);
  }
  BM_TRY(auto issued, issue(shown));
  return RevalidationAnswer{std::move(issued)};
}

Result<RevalidationAnswer> Revalidation::record_only(const Shown& shown) {
  return ports_.store.write_for<RevalidationAnswer>([&](Tx& tx) -> Result<RevalidationAnswer> {
    BM_TRY(const auto known, known_device(tx, shown.device));
    BM_TRY(const auto decision,
           lifecycle::decide_revalidate(known.device, shown.appraisal, lifecycle::SuccessorIssuer::yes));
    const auto now = ports_.clock.now();
    BM_CHECK(tx.put_findings(shown.device, Purpose::revalidate, now, shown.findings));
    BM_CHECK(tx.audit({.kind = audit::EntryKind::appraisal,
                       .at = now,
                       .epoch = ports_.store.epoch().get(),
                       .device = known.device.id,
                       .evidence_hash = crypto::sha256(shown.findings),
                       .actor = kDeviceActor,
                       .reason = "revalidate"}));
    BM_TRY(const auto after, advance(tx, known.device, decision, {now, ports_.store.epoch(), kDeviceActor}));
    auto left = after.holds;
    if (after.suspended_for) {
      left = left.with(*after.suspended_for);
    }
    return RevalidationAnswer{StillHeld{after.state, left,
                                        lifecycle::why_left(left, {.reproved = lifecycle::Reproved::yes,
                                                                   .successor = lifecycle::SuccessorIssuer::yes,
                                                                   .approval = lifecycle::Approval::none})}};
  });
}

/// By which its answer is found again. The same key asks for the same certificate while that stands. Once the device
/// was held since, or the credential or its CA has ended, it has proved its hardware for a new one.
Result<RequestKey> Revalidation::request_of(const Shown& shown, const lifecycle::DeviceRecord& device) const {
  const bool served = serves(device.state) && device.holds.empty();
  const auto spki = crypto::sha256(shown.spki);
  BM_TRY(const auto lost, ports_.store.read_for<std::size_t>([&](Tx& tx) -> Result<std::size_t> {
    std::size_t count = 0;
    BM_TRY(const auto certificates, tx.certificates_of(device.row));
    for (const auto& certificate : certificates) {
      BM_TRY(const auto ca, tx.ca(certificate.ca));
      const bool stands =
          served && certificate.standing == lifecycle::Standing::live && ca && ca->state == CaState::active;
      count += certificate.spki == spki && !stands ? 1 : 0;
    }
    return count;
  }));
  RequestKey key{Digest{device.id.get()}, shown.request_id};
  if (lost != 0) {
    const auto next = crypto::sha256({shown.request_id, as_bytes(std::to_string(lost))});
    std::copy_n(next.get().begin(), key.id.size(), key.id.begin());
  }
  return key;
}

Result<Issued> Revalidation::issue(const Shown& shown) {
  struct Facts {
    KnownDevice known;
    BatchRecord batch;
  };
  BM_TRY(const auto facts, ports_.store.read_for<Facts>([&](Tx& tx) -> Result<Facts> {
    BM_TRY(auto known, known_device(tx, shown.device));
    BM_TRY(auto batch, tx.batch(known.device.batch));
    return batch ? Result<Facts>{Facts{std::move(known), std::move(*batch)}}
                 : fail(Code::not_found, "the device's batch is gone");
  }));
  const auto& device = facts.known.device;
  BM_TRY(const auto policy, ports_.catalog.find(device.product));
  const auto now = ports_.clock.now();
  Order order;
  BM_TRY(order.ca, ports_.issuing_ca(facts.batch.budget.id));
  order.profile = pki::ProfileId::ldevid;
  order.kind = lifecycle::CredentialKind::ldevid;
  order.purpose = Purpose::revalidate;
  order.not_after = Instant{std::chrono::floor<std::chrono::seconds>(now)} + policy->ldevid_lifetime;
  order.actor = kDeviceActor;
  order.reason = "revalidate";
  order.subject = device_subject(facts.batch, policy->name, device.id, shown.spki,
                                 {.hardware_serial = facts.known.root.hardware_serial,
                                  .root = device.root,
                                  .root_class = device.root_class,
                                  .appraised_at = shown.appraisal.at});
  BM_TRY(const auto request, request_of(shown, device));
  order.newcomer = [&](Tx& tx) { return device_of(tx, shown.device); };
  return ports_.issuance.issue(
      order, request, [&](Tx& tx, CertificateRecord& record, const lifecycle::ClockReading& clock) -> Result<void> {
        record.device = shown.device;
        BM_TRY(const auto present, known_device(tx, shown.device));
        BM_CHECK(lifecycle::decide_revalidate(present.device, shown.appraisal, lifecycle::SuccessorIssuer::yes));
        BM_CHECK(within_rate(tx, shown.device, clock.now));
        BM_CHECK(note_appraisal(tx, present.device,
                                {.device = shown.device,
                                 .spki = record.spki,
                                 .purpose = Purpose::revalidate,
                                 .at = clock.now,
                                 .firmware = shown.appraisal.firmware}));
        BM_CHECK(tx.put_findings(shown.device, Purpose::revalidate, clock.now, shown.findings));
        return without_value(tx.audit({.kind = audit::EntryKind::appraisal,
                                       .at = clock.now,
                                       .epoch = ports_.store.epoch().get(),
                                       .device = device.id,
                                       .evidence_hash = crypto::sha256(shown.findings),
                                       .actor = kDeviceActor,
                                       .reason = "revalidate"}));
      });
}

}  // namespace birthmark::app
