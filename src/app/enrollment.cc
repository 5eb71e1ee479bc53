// SPDX-License-Identifier: Apache-2.0
#include "app/enrollment.h"

#include "app/registration.h"
#include "app/subjects.h"
#include "crypto/hash.h"
#include "pki/csr_policy.h"

namespace birthmark::app {
namespace {

using lifecycle::CredentialKind;
using lifecycle::Purpose;
using lifecycle::RootKind;
using lifecycle::State;

/// A product with the labelled software root has nothing to appraise (design "Evidence for EST").
bool exempt(const lifecycle::DeviceRecord& device) {
  return device.root == RootKind::software;
}

/// Asked before anything else, a retry included: over a connection without channel binding hardware gets nothing
/// (docs/adr/0003).
Result<void> channel_allows(const EstRequest& request, const lifecycle::DeviceRecord& device) {
  return !request.channel_binding.empty() || exempt(device)
             ? Result<void>{}
             : fail(Code::binding, "this connection has no channel binding", "channel");
}

/// What challengePassword has to be; nothing: a request that has one is refused.
std::optional<std::string_view> binding_of(const EstRequest& request) {
  return request.channel_binding.empty() ? std::nullopt : std::optional<std::string_view>{request.channel_binding};
}

/// How much of the presented certificate's names a request repeats; the certificate takes none of them from it.
pki::CsrExpectation::Names names_of(const lifecycle::DeviceRecord& device, Purpose purpose) {
  using enum pki::CsrExpectation::Names;
  if (purpose != Purpose::renew) {
    return registered_or_empty;
  }
  return exempt(device) ? exactly_but_alt_name_optional : exactly;
}

/// EST names no request: identity and key recognise a retry (protocols.md §1.4), and the certificate it was asked with,
/// for a device that keeps its key asks again with the one it got.
Octets<16> request_id(Purpose purpose, const Digest& spki, const Digest& presented) {
  const auto name = lifecycle::name(purpose);
  const auto digest = crypto::sha256({as_bytes(name), spki.get(), presented.get()});
  Octets<16> id{};
  std::copy_n(digest.get().begin(), id.size(), id.begin());
  return id;
}

/// A repeat asks for what there is: its first attempt has moved the device on.
enum class Asked : std::uint8_t { first, repeat };

Result<void> state_allows(const lifecycle::DeviceRecord& device, Purpose purpose, Asked asked = Asked::first) {
  const bool served = device.state == State::enrolled || device.state == State::operational;
  const bool allowed =
      purpose == Purpose::enroll ? device.state == State::provisioned || (served && asked == Asked::repeat) : served;
  if (!allowed) {
    auto words = std::string{lifecycle::name(purpose)} + " from " + std::string{lifecycle::short_name(device.state)};
    return purpose == Purpose::enroll ? fail(lifecycle::state_forbids(device.state, State::enrolled, std::move(words)))
                                      : fail(Code::state_forbids, std::move(words));
  }
  return device.holds.empty() ? Result<void>{} : fail(Code::held, "a hold lies on the device: revalidate");
}

/// What a revoked CA has issued renews nothing: its devices revalidate (design rule 5).
Result<void> issuer_stands(Tx& tx, CaId issuer) {
  BM_TRY(const auto ca, tx.ca(issuer));
  return ca && ca->state == CaState::active
             ? Result<void>{}
             : fail(Code::credential_ended, "the CA of this certificate was revoked: revalidate");
}

}  // namespace

Result<Caller> Enrollment::caller(const EstRequest& request, CredentialKind kind) const {
  BM_TRY(auto found, ports_.store.read_for<Caller>([&](Tx& tx) -> Result<Caller> {
    BM_TRY(auto certificate, on_the_books(tx, request.ca, request.index, request.certificate));
    BM_CHECK(issuer_stands(tx, certificate.ca));
    BM_TRY(auto device, tx.device(certificate.device));
    return device ? Result<Caller>{Caller{std::move(certificate), std::move(*device)}}
                  : fail(Code::not_registered, "no device");
  }));
  if (found.certificate.kind != kind) {
    return fail(Code::role, kind == CredentialKind::idevid ? "an IDevID enrolls" : "an LDevID renews");
  }
  if (found.certificate.standing != lifecycle::Standing::live) {
    return fail(Code::credential_ended, "this certificate was superseded or revoked");
  }
  return found;
}

Result<Issued> Enrollment::enroll(const EstRequest& request) {
  BM_TRY(const auto who, caller(request, CredentialKind::idevid));
  BM_CHECK(channel_allows(request, who.device));
  return issue(request, who, Purpose::enroll);
}

Result<Issued> Enrollment::reenroll(const EstRequest& request) {
  BM_TRY(const auto who, caller(request, CredentialKind::ldevid));
  BM_CHECK(channel_allows(request, who.device));
  BM_TRY(const auto policy, ports_.catalog.find(who.device.product));
  const auto opens = who.certificate.not_before + policy->renew_from;
  if (ports_.clock.now() < opens && !exempt(who.device)) {
    return fail(Code::policy, "renewal opens " + to_rfc3339(opens), "renew_from");
  }
  return issue(request, who, Purpose::renew);
}

Result<Issued> Enrollment::issue(const EstRequest& request, const Caller& who, Purpose purpose) {
  BM_TRY(const auto csr, pkcs10::Request::read(request.csr));
  const auto spki = crypto::sha256(csr.spki());
  const RequestKey key{Digest{who.device.id.get()}, request_id(purpose, spki, request.certificate)};
  BM_CHECK(state_allows(who.device, purpose, Asked::repeat));
  BM_CHECK(pki::judge_csr(csr, {.subject = request.presented_subject,
                                .names = names_of(who.device, purpose),
                                .subject_alt_name = BytesView{request.presented_alt_name},
                                .channel_binding = binding_of(request)}));
  if (!exempt(who.device) && !csr.challenge_password()) {
    return fail(Code::binding, "challengePassword with this channel's binding is missing");
  }
  BM_TRY(auto earlier, ports_.issuance.repeat(key, spki, kDeviceActor));
  if (earlier) {
    return std::move(*earlier);
  }
  BM_CHECK(state_allows(who.device, purpose));

  struct Facts {
    BatchRecord batch;
    RootRecord root;
    std::optional<AppraisalRecord> appraisal;
  };
  BM_TRY(const auto facts, ports_.store.read_for<Facts>([&](Tx& tx) -> Result<Facts> {
    BM_TRY(const auto batch, tx.batch(who.device.batch));
    BM_TRY(const auto root, tx.root(who.device.row));
    BM_TRY(const auto appraisal, tx.appraisal(who.device.row, spki));
    return batch && root ? Result<Facts>{Facts{*batch, *root, appraisal}}
                         : fail(Code::not_found, "the device's batch or root is gone");
  }));
  BM_TRY(const auto policy, ports_.catalog.find(who.device.product));
  BM_CHECK(policy::grants(*policy, who.device.state,
                          purpose == Purpose::enroll ? policy::Action::enroll : policy::Action::renew));
  const auto now = ports_.clock.now();
  Order order;
  BM_TRY(order.ca, ports_.issuing_ca(facts.batch.budget.id));
  order.profile = pki::ProfileId::ldevid;
  order.kind = CredentialKind::ldevid;
  order.purpose = purpose;
  order.not_after = Instant{std::chrono::floor<std::chrono::seconds>(now)} + policy->ldevid_lifetime;
  order.actor = kDeviceActor;
  order.reason = lifecycle::name(purpose);
  order.subject = device_subject(facts.batch, policy->name, who.device.id, csr.spki(),
                                 {.hardware_serial = facts.root.hardware_serial,
                                  .root = who.device.root,
                                  .root_class = who.device.root_class,
                                  // Of the appraisal that at_intent will use up: it refuses another one.
                                  .appraised_at = facts.appraisal ? facts.appraisal->at : now});
  order.newcomer = [&](Tx& tx) { return device_of(tx, who.device.row); };
  return ports_.issuance.issue(order, key,
                               [&](Tx& tx, CertificateRecord& record, const lifecycle::ClockReading& clock) {
                                 return at_intent(tx, record, who, purpose, clock);
                               });
}

Result<void> Enrollment::at_intent(Tx& tx, CertificateRecord& record, const Caller& who, Purpose purpose,
                                   const lifecycle::ClockReading& clock) const {
  record.device = who.device.row;
  BM_TRY(const auto device, tx.device(who.device.row));
  if (!device) {
    return fail(Code::not_found, "the device is gone");
  }
  BM_CHECK(state_allows(*device, purpose));
  BM_CHECK(issuer_stands(tx, who.certificate.ca));
  if (purpose == Purpose::renew) {
    // At most two LDevIDs are valid (protocols.md §1.4): the one it asks with, and the one it gets. What it lost on the
    // way, or has left behind, ends before a third is signed.
    BM_CHECK(end_others(tx, *device, CredentialKind::ldevid, {who.certificate.row}, "superseded by a second renewal",
                        {clock.now, ports_.store.epoch(), kDeviceActor}));
  }
  BM_TRY(const auto policy, ports_.catalog.find(device->product));
  lifecycle::Appraisal appraisal{
      .result = lifecycle::Appraised::exempt, .at = clock.now, .firmware = {}, .minimum = {}};
  if (!exempt(*device)) {
    BM_TRY(const auto used, use_appraisal(tx, device->row, record.spki, purpose, clock.now));
    if (used.at != record.appraised_at) {
      return fail(Code::evidence_missing, "the device has attested again meanwhile");
    }
    appraisal = {.result = lifecycle::Appraised::passed,
                 .at = used.at,
                 .firmware = used.firmware,
                 .minimum = policy->minimum_firmware};
  }
  if (purpose == Purpose::enroll) {
    const bool asks = policy->released_for_field == policy::RequiresRelease::yes;
    // Nothing records a shipment: a product that asks for one is refused.
    BM_CHECK(
        lifecycle::decide_enroll(*device, {.appraisal = appraisal,
                                           .released = lifecycle::Claim::no,
                                           .release_required = asks ? lifecycle::Claim::yes : lifecycle::Claim::no}));
  }
  return {};
}

}  // namespace birthmark::app
