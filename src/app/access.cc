// SPDX-License-Identifier: Apache-2.0
#include "app/access.h"

#include <algorithm>
#include <array>

#include "app/issuance.h"
#include "app/registration.h"
#include "app/subjects.h"
#include "codec/extensions.h"
#include "codec/oid.h"
#include "crypto/hash.h"
#include "lifecycle/serial.h"
#include "pki/receipt.h"

namespace birthmark::app {
namespace {

using pki::ProfileId;

/// What a certificate under this CA can be. A service CA makes several kinds, told apart by the unit in the name.
Result<ProfileId> leaf_profile(const Ca& ca, const x509::Certificate& leaf) {
  if (ca.record.profile == ProfileId::operational_ca) {
    return ProfileId::ldevid;
  }
  if (ca.record.profile != ProfileId::service_ca) {
    return ProfileId::idevid;
  }
  const auto unit = leaf.find_attribute(oids::organizational_unit);
  const auto named = unit ? pki::profile_named(as_text(unit->value)) : std::nullopt;
  return named && pki::may_issue(ca.record.profile, *named) ? Result<ProfileId>{*named}
                                                            : fail(Code::scope, "no service of ours");
}

policy::Proof receipt_proof(const x509::Certificate& leaf, const crypto::PublicKey& registry) {
  const auto taken = pki::take_receipt(leaf.tbs());
  if (!taken) {
    return policy::Proof::unknown;
  }
  const auto& digest = registry.spki_sha256().get();
  const bool ours = std::equal(taken->receipt.key_id.begin(), taken->receipt.key_id.end(), digest.begin());
  const auto message =
      pki::receipt_message(taken->tbs_without_receipt, taken->receipt.key_id, taken->receipt.issued_at);
  return ours && registry.verify(crypto::SignatureScheme::ecdsa_sha256, message, taken->receipt.signature)
             ? policy::Proof::passed
             : policy::Proof::failed;
}

/// The answer, or its denial as an error. A birth certificate is on the books and yet no operational credential.
Result<policy::Authorized> admitted(const Presentation& presentation, const policy::Authorized& answer) {
  const auto& decision = answer.decision;
  if (decision.verdict == policy::Verdict::allow) {
    return answer;
  }
  const std::string step{policy::name(decision.rule)};
  if (presentation.profile == ProfileId::idevid && decision.rule == policy::Step::credential &&
      decision.code != Code::credential_ended) {
    return fail(Code::role, "an IDevID enrolls and proves the hardware; everything else asks for the LDevID", step);
  }
  return fail(decision.code.value_or(Code::policy), "denied by the step " + step, step);
}

Result<const Ca*> issuer_of(const CaDirectory& directory, const x509::Certificate& leaf) {
  BM_TRY(const auto key, x509::authority_key_identifier(leaf.extensions()));
  const Ca* const ca = key && key->key_id ? directory.by_key_id(*key->key_id) : nullptr;
  return ca != nullptr ? Result<const Ca*>{ca} : fail(Code::unauthenticated, "issued by nobody here");
}

}  // namespace

Result<Presentation> Access::present(BytesView der) const {
  BM_TRY(const auto leaf, x509::Certificate::read(der));
  const auto directory = ports_.cas.get();
  BM_TRY(const Ca* const ca, issuer_of(*directory, leaf));
  BM_TRY(const auto profile, leaf_profile(*ca, leaf));
  BM_CHECK(pki::verify_issued(leaf, ca->certificate, profile, ports_.clock.now()));
  const auto serial = lifecycle::serial_from(leaf.serial());
  const auto index = serial ? lifecycle::index_of(*serial) : std::nullopt;
  if (!index) {
    return fail(Code::not_registered, "a serial of another form than ours");
  }
  BM_TRY(auto key, crypto::PublicKey::from_spki(leaf.spki()));
  const auto* const alt_name = leaf.extension(oids::subject_alt_name);
  const auto name = leaf.find_attribute(oids::common_name);
  const bool device = pki::profile(profile).device;
  return Presentation{.presented = {.issuer = policy::IssuerKeyId{ca->certificate.issuer.key_id},
                                    .serial = *serial,
                                    .path = policy::Proof::passed,
                                    .receipt = device ? receipt_proof(leaf, receipt_key_) : policy::Proof::unknown,
                                    .device = device ? device_in(leaf) : std::nullopt},
                      .profile = profile,
                      .ca = ca->record.id,
                      .index = *index,
                      .certificate = crypto::sha256(der),
                      .not_after = leaf.not_after(),
                      .subject = to_bytes(leaf.subject()),
                      .alt_name = alt_name != nullptr ? to_bytes(alt_name->value) : Bytes{},
                      .key = std::move(key),
                      .common_name = name ? std::string{as_text(name->value)} : std::string{}};
}

DeviceRow Access::owner(const Presentation& presentation) const {
  const auto* const issuer = ports_.read_path.snapshots().look().issuer(presentation.ca);
  return issuer != nullptr ? issuer->credentials->load(presentation.index).device : DeviceRow{};
}

Result<void> Access::check_service(const Presentation& presentation) const {
  const auto& book = ports_.read_path.services().look();
  BM_CHECK(book.check_certificate(presentation.certificate));
  return presentation.profile == ProfileId::station ? book.check_station(presentation.key.spki_sha256())
                                                    : Result<void>{};
}

policy::Authorized Access::decide(const Presentation& presentation, policy::Action action,
                                  std::string_view resource) const {
  const auto& snapshot = ports_.read_path.snapshots().look();
  return counted(policy::authorize(snapshot, presentation.presented, {action, resource}, ports_.clock.now()));
}

Result<policy::Authorized> Access::use(const Presentation& presentation, policy::Action action,
                                       std::string_view resource) {
  const auto& snapshot = ports_.read_path.snapshots().look();
  const auto* const issuer = snapshot.issuer(presentation.ca);
  const auto record = issuer != nullptr ? issuer->credentials->load(presentation.index) : policy::CredentialRecord{};
  const bool proved = presentation.presented.path == policy::Proof::passed &&
                      presentation.presented.receipt == policy::Proof::passed && issuer != nullptr &&
                      issuer->status == policy::IssuerStatus::trusted;
  if (proved && presentation.profile == ProfileId::ldevid && record.state == lifecycle::State::enrolled) {
    // What is refused moves nothing: a use is one that a device in S3 may make.
    const auto as_used = policy::authorize(snapshot, presentation.presented, {action, resource}, ports_.clock.now(),
                                           policy::As::first_used);
    if (as_used.decision.verdict == policy::Verdict::deny) {
      return admitted(presentation, counted(as_used));
    }
    BM_CHECK(first_use(presentation, record.device));
  }
  return admitted(presentation, decide(presentation, action, resource));
}

Decisions Access::decisions() const {
  Decisions out{.allowed = allowed_, .denied = {}};
  std::ranges::copy(denied_, out.denied.begin());
  return out;
}

const policy::Authorized& Access::counted(const policy::Authorized& answer) const {
  auto& count = answer.decision.verdict == policy::Verdict::allow
                    ? allowed_
                    : denied_.at(static_cast<std::size_t>(answer.decision.rule));
  count.fetch_add(1, std::memory_order_relaxed);
  return answer;
}

Result<void> Access::first_use(const Presentation& presentation, DeviceRow row) {
  return ports_.store.write([&](Tx& tx) -> Result<void> {
    BM_TRY(const auto device, tx.device(row));
    BM_TRY(const auto certificate, tx.certificate(presentation.ca, presentation.index));
    if (!device || !certificate || crypto::sha256(certificate_of(*certificate)) != presentation.certificate) {
      return fail(Code::not_registered, "the registry does not know this certificate");
    }
    if (device->state == lifecycle::State::operational) {
      return {};  // a request of the same device was faster
    }
    BM_TRY(const auto decision,
           lifecycle::decide_first_use(*device, {.presented = certificate->kind, .published = certificate->published}));
    return without_value(advance(tx, *device, decision, {ports_.clock.now(), ports_.store.epoch(), kDeviceActor}));
  });
}

}  // namespace birthmark::app
