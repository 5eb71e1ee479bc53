// SPDX-License-Identifier: Apache-2.0
#include "app/read_path.h"

namespace birthmark::app {
namespace {

policy::IssuerStatus status_of(CaState state) {
  switch (state) {
    case CaState::active:
      return policy::IssuerStatus::trusted;
    case CaState::held:
    case CaState::ended:
      return policy::IssuerStatus::revoked;
  }
  return policy::IssuerStatus::revoked;
}

policy::CredentialRecord record_of(const Publication& p) {
  return {.status = p.status,
          .state = p.state,
          .product = static_cast<std::uint8_t>(p.product.get()),
          .device = p.device,
          .appraised_at = p.appraised_at};
}

std::shared_ptr<const policy::Snapshot> empty_snapshot() {
  auto made = policy::Snapshot::make({.head = {}, .issuers = {}, .products = {}});
  return made ? *made : nullptr;
}

}  // namespace

ReadPath::ReadPath(const Store& store, const CaDirectoryHolder& cas, const Catalog& catalog)
    : store_{store},
      cas_{cas},
      catalog_{catalog},
      holder_{std::make_unique<policy::SnapshotHolder>(empty_snapshot())} {}

Result<policy::CredentialTable*> ReadPath::table(CaId ca) {
  if (const auto at = tables_.find(ca); at != tables_.end()) {
    return at->second.get();
  }
  const auto directory = cas_.get();
  const Ca* const known = directory->find(ca);
  if (known == nullptr) {
    return fail(Code::storage, "a credential of an unknown CA");
  }
  return tables_.emplace(ca, std::make_shared<policy::CredentialTable>(known->record.list_bits)).first->second.get();
}

Result<std::shared_ptr<const policy::Snapshot>> ReadPath::make() {
  policy::Snapshot::Parts parts;
  parts.head = {store_.epoch(), ++number_};
  const auto directory = cas_.get();
  for (const auto& ca : directory->all()) {
    BM_CHECK(table(ca.record.id));
    parts.issuers.push_back({ca.record.id, policy::IssuerKeyId{ca.certificate.issuer.key_id},
                             status_of(ca.record.state), tables_.at(ca.record.id)});
  }
  for (const auto& [id, product] : catalog_.all()) {
    if (id.get() >= 256) {
      return fail(Code::bad_request, "more than 255 products");
    }
    parts.products.resize(std::max<std::size_t>(parts.products.size(), id.get() + 1));
    parts.products[id.get()] = product;
  }
  return policy::Snapshot::make(std::move(parts));
}

Result<void> ReadPath::refresh() {
  const std::scoped_lock lock{mutex_};
  BM_TRY(auto snapshot, make());
  return holder_->publish(std::move(snapshot));
}

Result<void> ReadPath::rebuild() {
  {
    const std::scoped_lock lock{mutex_};
    tables_.clear();
    Result<void> outcome;
    BM_CHECK(store_.each_publication([&](const Publication& publication) {
      if (!outcome) {
        return;
      }
      const auto place = table(publication.ca);
      outcome =
          place ? (*place)->restore(publication.index, record_of(publication)) : Result<void>{fail(place.error())};
    }));
    BM_CHECK(outcome);
  }
  BM_CHECK(read_services());
  return refresh();
}

Result<void> ReadPath::read_services() {
  BM_TRY(auto book, ServiceBook::read(store_));
  services_.publish(std::move(book));
  return {};
}

Result<void> ReadPath::follow(const Committed& committed) {
  BM_CHECK(apply(committed.publications));
  if (!committed.services) {
    return {};
  }
  // Whatever kept it from being read: the commit stands and is not followed, as with any other fault of the listener.
  auto read = read_services();
  return read ? Result<void>{} : fail(Code::storage, "services: " + read.error().detail);
}

Result<void> ReadPath::put(const Publication& publication) {
  BM_TRY(auto* const place, table(publication.ca));
  if (denied_.contains(publication.device)) {
    // A commit that knows nothing of the deny loosens nothing. The state it shows may be older: the status refuses.
    const auto shown = place->load(publication.index);
    if (publication.status == lifecycle::Status::admitted || shown.status == lifecycle::Status::ended) {
      return {};
    }
  }
  return place->publish(publication.index, record_of(publication));
}

Result<void> ReadPath::apply(std::span<const Publication> publications) {
  const std::scoped_lock lock{mutex_};
  for (const auto& publication : publications) {
    BM_CHECK(put(publication));
  }
  return {};
}

Result<void> ReadPath::deny(DeviceRow device, std::span<const Publication> publications) {
  const std::scoped_lock lock{mutex_};
  denied_.insert(device);
  for (const auto& publication : publications) {
    BM_CHECK(put(publication));
  }
  return {};
}

void ReadPath::denies_recorded() {
  const std::scoped_lock lock{mutex_};
  denied_.clear();
}

}  // namespace birthmark::app
