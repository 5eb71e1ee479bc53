// SPDX-License-Identifier: Apache-2.0
#include "support/fake_store.h"

#include <algorithm>

namespace birthmark::test {

using namespace app;  // the fake speaks of nothing else
using lifecycle::DeviceRecord;

namespace {

template <class Map, class Key>
auto find_in(const Map& map, const Key& key) -> Result<std::optional<typename Map::mapped_type>> {
  const auto found = map.find(key);
  return found == map.end() ? std::optional<typename Map::mapped_type>{} : std::optional{found->second};
}

template <class Map>
auto values_of(const Map& map) -> Result<std::vector<typename Map::mapped_type>> {
  std::vector<typename Map::mapped_type> out;
  for (const auto& [key, value] : map) {
    out.push_back(value);
  }
  return out;
}

template <class Id, class Map>
Id next_id(const Map& map) {
  return Id{map.empty() ? 1 : map.rbegin()->first.get() + 1};
}

template <class Map>
typename Map::const_iterator named(const Map& map, const std::string& name) {
  return std::ranges::find_if(map, [&](const auto& row) { return row.second.name == name; });
}

class FakeTx final : public Tx {
 public:
  /// @param rows null in a read: everything that writes fails.
  FakeTx(const FakeRows& seen, FakeRows* rows) : seen_{seen}, rows_{rows} {}

  std::vector<Bytes> entries;
  std::vector<Publication> publications;
  bool services = false;

  Result<std::optional<Instant>> clock_mark() override { return seen_.clock_mark; }
  Result<void> set_clock_mark(Instant mark) override {
    BM_CHECK(writable());
    rows_->clock_mark = mark;
    return {};
  }

  Result<CaId> add_ca(const CaRecord& ca) override { return add_named<CaId>(&FakeRows::cas, ca); }
  Result<void> update_ca(const CaRecord& ca) override { return update_named(&FakeRows::cas, ca.id, ca); }
  Result<std::optional<CaRecord>> ca(CaId id) override { return find_in(seen_.cas, id); }
  Result<std::vector<CaRecord>> cas() override { return values_of(seen_.cas); }

  Result<ProductId> put_product(const ProductRecord& product) override {
    BM_CHECK(writable());
    const auto known = named(seen_.products, product.name);
    const auto id = known == seen_.products.end() ? next_id<ProductId>(seen_.products) : known->first;
    auto row = product;
    row.id = id;
    rows_->products[id] = row;
    return id;
  }
  Result<std::vector<ProductRecord>> products() override { return values_of(seen_.products); }

  Result<BatchId> add_batch(const BatchRecord& batch) override {
    BM_CHECK(writable());
    if (named(seen_.batches, batch.name) != seen_.batches.end()) {
      return fail(Code::conflict, "the name is taken");
    }
    auto row = batch;
    row.budget.id = next_id<BatchId>(seen_.batches);
    rows_->batches[row.budget.id] = row;
    return row.budget.id;
  }
  Result<void> update_batch(const BatchRecord& batch) override {
    return update_named(&FakeRows::batches, batch.budget.id, batch);
  }
  Result<std::optional<BatchRecord>> batch(BatchId id) override { return find_in(seen_.batches, id); }
  Result<std::optional<BatchRecord>> batch_named(const std::string& name) override {
    const auto found = named(seen_.batches, name);
    return found == seen_.batches.end() ? std::optional<BatchRecord>{} : std::optional{found->second};
  }
  Result<std::vector<BatchRecord>> batches() override { return values_of(seen_.batches); }
  Result<void> add_plan(BatchId batch, std::span<const Digest> ek_certificates) override {
    BM_CHECK(writable());
    for (const auto& certificate : ek_certificates) {
      rows_->plan[{batch, certificate}] = true;
    }
    return {};
  }
  Result<std::size_t> plan_size(BatchId batch) override {
    return static_cast<std::size_t>(
        std::ranges::count(seen_.plan, batch, [](const auto& row) { return row.first.first; }));
  }
  Result<bool> in_plan(BatchId batch, const Digest& ek_certificate) override {
    return seen_.plan.contains({batch, ek_certificate});
  }

  Result<StationId> put_station(const StationRecord& station) override {
    BM_CHECK(writable());
    services = true;
    const auto known = named(seen_.stations, station.name);
    auto row = station;
    row.id = known == seen_.stations.end() ? next_id<StationId>(seen_.stations) : known->first;
    BM_CHECK(key_is_free(row));
    rows_->stations[row.id] = row;
    return row.id;
  }
  Result<void> update_station(const StationRecord& station) override {
    BM_CHECK(writable());
    services = true;
    BM_CHECK(key_is_free(station));
    return update_named(&FakeRows::stations, station.id, station);
  }
  Result<std::optional<StationRecord>> station_of(const Digest& spki) override {
    for (const auto& [id, station] : seen_.stations) {
      if (station.spki == spki) {
        return std::optional{station};
      }
    }
    return std::optional<StationRecord>{};
  }
  Result<std::vector<StationRecord>> stations() override { return values_of(seen_.stations); }

  Result<DeviceRow> add_device(const DeviceRecord& device) override {
    BM_CHECK(writable());
    BM_TRY(const auto known, this->device(device.id));
    if (known) {
      return fail(Code::conflict, "the id is known");
    }
    auto row = device;
    row.row = next_id<DeviceRow>(seen_.devices);
    rows_->devices[row.row] = row;
    return row.row;
  }
  Result<void> update_device(const DeviceRecord& after) override {
    BM_CHECK(writable());
    const auto found = rows_->devices.find(after.row);
    if (found == rows_->devices.end() || found->second.version + 1 != after.version) {
      return fail(Code::conflict, "another writer won");
    }
    auto row = after;
    row.id = found->second.id;
    found->second = row;
    return {};
  }
  Result<std::optional<DeviceRecord>> device(DeviceRow row) override { return find_in(seen_.devices, row); }
  Result<std::optional<DeviceRecord>> device(const DeviceId& id) override {
    for (const auto& [row, device] : seen_.devices) {
      if (device.id == id) {
        return std::optional{device};
      }
    }
    return std::optional<DeviceRecord>{};
  }
  Result<std::vector<DeviceRecord>> devices(DeviceRow after, std::size_t limit) override {
    std::vector<DeviceRecord> out;
    for (auto at = seen_.devices.upper_bound(after); at != seen_.devices.end() && out.size() < limit; ++at) {
      out.push_back(at->second);
    }
    return out;
  }
  Result<void> put_root(const RootRecord& root) override { return put(&FakeRows::roots, root.device, root); }
  Result<std::optional<RootRecord>> root(DeviceRow device) override { return find_in(seen_.roots, device); }
  Result<std::vector<RootRecord>> rsa_roots(BatchId batch) override {
    std::vector<RootRecord> out;
    for (const auto& [row, root] : seen_.roots) {
      BM_TRY(const auto device, this->device(row));
      if (device && device->batch == batch && !root.ek_modulus.empty()) {
        out.push_back(root);
      }
    }
    return out;
  }
  Result<std::optional<Known>> known(const Digest& digest) override { return find_in(seen_.known, digest); }
  Result<void> add_known(const Digest& digest, const Known& known) override {
    BM_CHECK(writable());
    const auto [at, added] = rows_->known.emplace(digest, known);
    return added || at->second.device == known.device ? Result<void>{} : fail(Code::conflict, "another holds it");
  }
  Result<void> put_findings(DeviceRow device, lifecycle::Purpose purpose, Instant /*at*/, BytesView findings) override {
    return put(&FakeRows::findings, std::pair{device, purpose}, to_bytes(findings));
  }
  Result<std::optional<Bytes>> findings(DeviceRow device, lifecycle::Purpose purpose) override {
    return find_in(seen_.findings, std::pair{device, purpose});
  }

  Result<CertificateRow> add_certificate(const CertificateRecord& certificate) override {
    BM_CHECK(writable());
    BM_TRY(const auto taken, this->certificate(certificate.ca, certificate.index));
    if (taken) {
      return fail(Code::conflict, "the index is taken");
    }
    auto row = certificate;
    row.row = next_id<CertificateRow>(seen_.certificates);
    rows_->certificates[row.row] = row;
    return row.row;
  }
  Result<void> update_certificate(const CertificateRecord& certificate) override {
    BM_CHECK(update_head(certificate));
    rows_->certificates.at(certificate.row).signature = certificate.signature;
    return {};
  }
  Result<void> update_head(const CertificateHead& certificate) override {
    BM_CHECK(writable());
    const auto found = rows_->certificates.find(certificate.row);
    if (found == rows_->certificates.end()) {
      return fail(Code::not_found, "no such row");
    }
    services |= is_of_service(certificate);
    auto& row = found->second;
    row.issuance = certificate.issuance;
    row.counted = certificate.counted;
    row.standing = certificate.standing;
    row.published = certificate.published;
    row.log_index = certificate.log_index;
    return {};
  }
  Result<std::optional<CertificateRecord>> certificate(CertificateRow row) override {
    return find_in(seen_.certificates, row);
  }
  Result<std::optional<CertificateRecord>> certificate(CaId ca, std::uint32_t index) override {
    for (const auto& [row, certificate] : seen_.certificates) {
      if (certificate.ca == ca && certificate.index == index) {
        return std::optional{certificate};
      }
    }
    return std::optional<CertificateRecord>{};
  }
  Result<std::vector<CertificateRecord>> certificates_of(DeviceRow device) override {
    return certificates_where([&](const auto& row) { return device.get() != 0 && row.device == device; });
  }
  Result<std::vector<CertificateHead>> heads_of(DeviceRow device) override {
    BM_TRY(const auto whole, certificates_of(device));
    return std::vector<CertificateHead>(whole.begin(), whole.end());
  }
  Result<std::vector<CertificateRecord>> certificates_of(CaId ca) override {
    return certificates_where([&](const auto& row) { return row.ca == ca; });
  }
  Result<std::vector<CertificateRecord>> certificates_in(IssuanceState state) override {
    if (state == IssuanceState::registered) {
      return fail(Code::bad_request, "registered certificates are listed by device");
    }
    return certificates_where([&](const auto& row) { return row.issuance == state; });
  }
  Result<std::optional<RequestRecord>> request(const Digest& caller, const Octets<16>& id) override {
    return find_in(seen_.requests, std::pair{caller, id});
  }
  Result<void> add_request(const RequestRecord& request) override {
    return put(&FakeRows::requests, std::pair{request.caller, request.id}, request);
  }
  Result<void> put_appraisal(const AppraisalRecord& appraisal) override {
    return put(&FakeRows::appraisals, std::pair{appraisal.device, appraisal.spki}, appraisal);
  }
  Result<std::optional<AppraisalRecord>> appraisal(DeviceRow device, const Digest& spki) override {
    return find_in(seen_.appraisals, std::pair{device, spki});
  }
  Result<std::optional<AppraisalRecord>> take_appraisal(DeviceRow device, const Digest& spki) override {
    BM_TRY(auto found, appraisal(device, spki));
    if (found) {
      BM_CHECK(writable());
      rows_->appraisals.erase({device, spki});
    }
    return found;
  }

  Result<std::uint64_t> audit(const audit::Entry& entry) override {
    BM_CHECK(writable());
    BM_TRY(auto bytes, audit::write_entry(entry));
    rows_->log.push_back(bytes);
    entries.push_back(std::move(bytes));
    return rows_->log.size() - 1;
  }
  Result<void> publish(const Publication& publication) override {
    BM_CHECK(writable());
    publications.push_back(publication);
    return {};
  }

 private:
  [[nodiscard]] Result<void> writable() const {
    return rows_ != nullptr ? Result<void>{} : fail(Code::storage, "this transaction only reads");
  }
  template <class Map, class Key, class Row>
  Result<void> put(Map FakeRows::*table, const Key& key, const Row& row) {
    BM_CHECK(writable());
    (rows_->*table)[key] = row;
    return {};
  }
  template <class Id, class Map, class Row>
  Result<Id> add_named(Map FakeRows::*table, Row row) {
    BM_CHECK(writable());
    if (named(seen_.*table, row.name) != (seen_.*table).end()) {
      return fail(Code::conflict, "the name is taken");
    }
    row.id = next_id<Id>(seen_.*table);
    (rows_->*table)[row.id] = row;
    return row.id;
  }
  template <class Map, class Id, class Row>
  Result<void> update_named(Map FakeRows::*table, Id id, const Row& row) {
    BM_CHECK(writable());
    if (!(seen_.*table).contains(id)) {
      return fail(Code::not_found, "no such row");
    }
    const auto holder = named(seen_.*table, row.name);
    if (holder != (seen_.*table).end() && holder->first != id) {
      return fail(Code::conflict, "the name is taken");
    }
    (rows_->*table)[id] = row;
    return {};
  }
  [[nodiscard]] Result<void> key_is_free(const StationRecord& station) const {
    const auto taken = std::ranges::any_of(
        seen_.stations, [&](const auto& row) { return row.first != station.id && row.second.spki == station.spki; });
    return taken ? Result<void>{fail(Code::conflict, "another station has this key")} : Result<void>{};
  }
  template <class Matches>
  std::vector<CertificateRecord> certificates_where(Matches matches) const {
    std::vector<CertificateRecord> out;
    for (const auto& [row, certificate] : seen_.certificates) {
      if (matches(certificate)) {
        out.push_back(certificate);
      }
    }
    return out;
  }

  const FakeRows& seen_;
  FakeRows* rows_;
};

}  // namespace

Result<void> FakeStore::write(const Work& work) {
  const std::scoped_lock writer{writers_};
  if (writing_) {
    return fail(Code::unavailable, "a write inside a write would wait for itself");
  }
  writing_ = true;
  const auto done = [&]() -> Result<void> {
    BM_CHECK(deliver_owed());
    const auto before = now();
    if (fenced_) {
      return fail(Code::fenced, "a newer epoch writes");
    }
    auto changed = std::make_shared<FakeRows>(*before);
    FakeTx tx{*changed, changed.get()};
    BM_CHECK(work(tx));
    owed_ = app::Committed{before->log.size(), std::move(tx.entries), std::move(tx.publications), tx.services};
    commit(std::move(changed));
    return deliver_owed();
  }();
  writing_ = false;
  return done;
}

std::shared_ptr<const FakeRows> FakeStore::now() const {
  const std::scoped_lock lock{mutex_};
  return rows_;
}

void FakeStore::commit(std::shared_ptr<const FakeRows> rows) {
  const std::scoped_lock lock{mutex_};
  rows_ = std::move(rows);
  ++commits_;
}

Result<void> FakeStore::deliver_owed() {
  if (owed_ && listener_) {
    BM_CHECK(listener_(*owed_));
  }
  owed_.reset();
  return {};
}

Result<void> FakeStore::read(const Work& work) const {
  const auto rows = now();
  FakeTx tx{*rows, nullptr};
  return work(tx);
}

Result<void> FakeStore::each_publication(const std::function<void(const app::Publication&)>& row) const {
  const auto rows = now();
  for (const auto& [number, certificate] : rows->certificates) {
    if (certificate.device.get() == 0 || certificate.issuance == IssuanceState::intended) {
      continue;
    }
    const auto device = rows->devices.find(certificate.device);
    if (device == rows->devices.end()) {
      return fail(Code::storage, "a certificate of a device that is not there");
    }
    const auto& known = device->second;
    row({certificate.ca, certificate.index, certificate.published, known.state, known.product, known.row,
         known.appraised_at.value_or(known.provisioned_at)});
  }
  return {};
}

Result<std::vector<Bytes>> FakeStore::entries(std::uint64_t first, std::size_t limit) const {
  const auto rows = now();
  const auto size = rows->log.size();
  const auto from = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(first, size));
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, size - static_cast<std::size_t>(from)));
  return std::vector<Bytes>{rows->log.begin() + from, rows->log.begin() + from + count};
}

Result<app::LogSpan> FakeStore::log_span() const {
  return app::LogSpan{0, now()->log.size()};
}

void FakeStore::set_listener(Listener listener) {
  const std::scoped_lock writer{writers_};
  listener_ = std::move(listener);
}

void FakeStore::fence() {
  const std::scoped_lock writer{writers_};
  fenced_ = true;
}

FakeRows FakeStore::rows() const {
  return *now();
}

std::uint64_t FakeStore::commits() const {
  const std::scoped_lock lock{mutex_};
  return commits_;
}

}  // namespace birthmark::test
