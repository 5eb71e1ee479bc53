// SPDX-License-Identifier: Apache-2.0
// Roots: the one kind of certificate whose issuer is not there before it.
#include <algorithm>

#include "app/issuance.h"
#include "crypto/hash.h"

namespace birthmark::app {
namespace {

/// What a root contributes to its own certificate.
Result<pki::Issuer> issuer_of(const Order& order) {
  BM_TRY(const auto key, crypto::PublicKey::from_spki(order.subject.spki));
  return pki::Issuer{.profile = order.profile,
                     .name = pki::encode(order.subject.name),
                     .key_id = pki::key_id(key.spki()),
                     .not_after = kNoEnd,
                     .crl_url = {},
                     .scope_organization = {},
                     .scope_units = {}};
}

}  // namespace

/// The unfinished one of a root.
Result<std::optional<CertificateRecord>> Issuance::intent_of(CaId root) const {
  BM_TRY(auto left, ports_.store.read_for<std::vector<CertificateRecord>>(
                        [](Tx& tx) { return tx.certificates_in(IssuanceState::intended); }));
  const auto found = std::ranges::find_if(
      left, [&](const CertificateRecord& record) { return record.ca == root && pki::is_root(record.profile); });
  return found == left.end() ? std::optional<CertificateRecord>{} : std::optional{std::move(*found)};
}

Result<Issued> Issuance::issue_root(const CaRecord& root, Order order) {
  order.ca = root.id;
  BM_TRY(auto begun, intent_of(root.id));
  if (begun) {
    return complete(std::move(*begun));
  }
  BM_TRY(const auto self, issuer_of(order));
  BM_TRY(auto prepared, prepare(order, self, draw_place(places_of(root))));
  const auto put_on_books = [&](Tx& tx, CertificateRecord& intent, const lifecycle::ClockReading&) -> Result<void> {
    if (root.id == CaId{}) {
      BM_TRY(intent.ca, tx.add_ca(root));
    }
    return {};
  };
  BM_TRY(prepared.record.row, ports_.store.write_for<CertificateRow>(
                                  [&](Tx& tx) { return record(tx, prepared, order, std::nullopt, put_on_books); }));
  ports_.faults.reached("issue.after_intent");
  return complete(std::move(prepared.record));
}

/// The key of a root that has no certificate yet. @error scope: there is no such root; key_attributes: another key has
/// come in its place; not_found: it is gone
Result<Issuance::IssuerKey> Issuance::own_key(const CertificateRecord& record) const {
  BM_TRY(auto root, ports_.store.read_for<std::optional<CaRecord>>([&](Tx& tx) { return tx.ca(record.ca); }));
  if (!root || !root->certificate.empty()) {
    return fail(Code::scope, "this CA is gone");
  }
  BM_TRY(auto key, ports_.signer.public_key(root->key));
  return key.spki_sha256() == record.spki
             ? Result<IssuerKey>{IssuerKey{std::move(root->key), std::move(key)}}
             : fail(Code::key_attributes, "the key of " + root->name + " is not the one that was recorded");
}

}  // namespace birthmark::app
