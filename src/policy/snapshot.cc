// SPDX-License-Identifier: Apache-2.0
#include "policy/snapshot.h"

#include <limits>
#include <utility>

namespace birthmark::policy {

Snapshot::Snapshot(Parts parts) : parts_{std::move(parts)} {
  for (std::size_t i = 0; i < parts_.issuers.size(); ++i) {
    by_key_id_.emplace(parts_.issuers[i].key_id, i);
    by_ca_.emplace(parts_.issuers[i].ca.get(), i);
  }
}

Result<std::shared_ptr<const Snapshot>> Snapshot::make(Parts parts) {
  if (parts.products.size() > std::size_t{std::numeric_limits<std::uint8_t>::max()} + 1) {
    return fail(Code::bad_request, "too many products");
  }
  for (const auto& issuer : parts.issuers) {
    if (!issuer.credentials) {
      return fail(Code::bad_request, "an issuer without a table");
    }
  }
  std::shared_ptr<const Snapshot> made{new Snapshot{std::move(parts)}};
  const std::size_t issuers = made->parts_.issuers.size();
  if (made->by_key_id_.size() != issuers || made->by_ca_.size() != issuers) {
    return fail(Code::bad_request, "one issuer twice");
  }
  return made;
}

const Issuer* Snapshot::issuer(const IssuerKeyId& key_id) const {
  const auto at = by_key_id_.find(key_id);
  return at == by_key_id_.end() ? nullptr : &parts_.issuers[at->second];
}

const Issuer* Snapshot::issuer(CaId ca) const {
  const auto at = by_ca_.find(ca.get());
  return at == by_ca_.end() ? nullptr : &parts_.issuers[at->second];
}

const ProductPolicy* Snapshot::product(std::uint8_t place) const {
  return place < parts_.products.size() ? parts_.products[place].get() : nullptr;
}

Result<void> SnapshotHolder::publish(std::shared_ptr<const Snapshot> next) {
  if (!next) {
    return fail(Code::conflict, "no snapshot");
  }
  const std::scoped_lock lock{publishing_};
  const auto before = newest_.get()->head();
  if (next->head().epoch < before.epoch) {
    return fail(Code::fenced, "a snapshot of an older epoch");
  }
  if (next->head() <= before) {
    return fail(Code::conflict, "a snapshot that is not newer");
  }
  newest_.publish(std::move(next));
  return {};
}

}  // namespace birthmark::policy
