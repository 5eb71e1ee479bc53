// SPDX-License-Identifier: Apache-2.0
#include "memory_store.h"

#include <algorithm>
#include <tuple>

namespace birthmark::bench {
namespace {

using namespace app;  // the store speaks of nothing else

std::uint64_t place_of(CaId ca, std::uint32_t index) {
  return std::uint64_t{ca.get()} << 32 | index;
}

template <class Row>
std::optional<Row> at_row(const std::deque<Row>& rows, std::uint64_t row) {
  return row == 0 || row > rows.size() ? std::optional<Row>{} : std::optional{rows[row - 1]};
}

template <class Map, class Key>
std::optional<typename Map::mapped_type> find_in(const Map& map, const Key& key) {
  const auto at = map.find(key);
  return at == map.end() ? std::optional<typename Map::mapped_type>{} : std::optional{at->second};
}

template <class Map>
std::vector<typename Map::mapped_type> values_of(const Map& map) {
  std::vector<typename Map::mapped_type> out;
  for (const auto& [key, value] : map) {
    out.push_back(value);
  }
  return out;
}

class MemoryTx final : public Tx {
 public:
  /// @param changes so many are probably made.
  explicit MemoryTx(MemoryRows& rows, std::size_t changes = 0) : rows_{rows} { undo_.reserve(changes); }

  Committed committed;
  /// Takes back, last first, what this transaction changed.
  void undo() {
    for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) {
      (*step)();
    }
  }

  Result<std::optional<Instant>> clock_mark() override { return rows_.clock_mark; }
  Result<void> set_clock_mark(Instant mark) override {
    change(rows_.clock_mark, std::optional{mark});
    return {};
  }

  Result<CaId> add_ca(const CaRecord& ca) override {
    auto row = ca;
    row.id = CaId{static_cast<std::uint32_t>(rows_.cas.size() + 1)};
    insert(rows_.cas, row.id, row);
    return row.id;
  }
  Result<void> update_ca(const CaRecord& ca) override {
    change(rows_.cas.at(ca.id), ca);
    return {};
  }
  Result<std::optional<CaRecord>> ca(CaId id) override { return find_in(rows_.cas, id); }
  Result<std::vector<CaRecord>> cas() override { return values_of(rows_.cas); }

  Result<ProductId> put_product(const ProductRecord& product) override {
    auto row = product;
    row.id = ProductId{static_cast<std::uint32_t>(rows_.products.size() + 1)};
    insert(rows_.products, row.id, row);
    return row.id;
  }
  Result<std::vector<ProductRecord>> products() override { return values_of(rows_.products); }
  Result<BatchId> add_batch(const BatchRecord& batch) override {
    auto row = batch;
    row.budget.id = BatchId{static_cast<std::uint32_t>(rows_.batches.size() + 1)};
    insert(rows_.batches, row.budget.id, row);
    return row.budget.id;
  }
  Result<void> update_batch(const BatchRecord& batch) override {
    change(rows_.batches.at(batch.budget.id), batch);
    return {};
  }
  Result<std::optional<BatchRecord>> batch(BatchId id) override { return find_in(rows_.batches, id); }
  Result<std::optional<BatchRecord>> batch_named(const std::string& name) override {
    const auto at = std::ranges::find_if(rows_.batches, [&](const auto& row) { return row.second.name == name; });
    return at == rows_.batches.end() ? std::optional<BatchRecord>{} : std::optional{at->second};
  }
  Result<std::vector<BatchRecord>> batches() override { return values_of(rows_.batches); }
  Result<void> add_plan(BatchId /*batch*/, std::span<const Digest> planned) override {
    return planned.empty() ? Result<void>{} : fail(Code::bad_request, "plans are not kept here");
  }
  Result<std::size_t> plan_size(BatchId /*batch*/) override { return 0; }
  Result<bool> in_plan(BatchId /*batch*/, const Digest& /*ek*/) override { return true; }
  Result<StationId> put_station(const StationRecord& station) override {
    committed.services = true;
    auto row = station;
    row.id = StationId{static_cast<std::uint32_t>(rows_.stations.size() + 1)};
    rows_.stations.push_back(row);
    return row.id;
  }
  Result<void> update_station(const StationRecord& station) override {
    committed.services = true;
    change(rows_.stations.at(station.id.get() - 1), station);
    return {};
  }
  Result<std::optional<StationRecord>> station_of(const Digest& spki) override {
    const auto at = std::ranges::find(rows_.stations, spki, &StationRecord::spki);
    return at == rows_.stations.end() ? std::optional<StationRecord>{} : std::optional{*at};
  }
  Result<std::vector<StationRecord>> stations() override { return rows_.stations; }

  Result<DeviceRow> add_device(const lifecycle::DeviceRecord& device) override {
    auto row = device;
    row.row = DeviceRow{static_cast<std::uint32_t>(rows_.devices.size() + 1)};
    if (!rows_.device_ids.emplace(row.id, row.row).second) {
      return fail(Code::conflict, "the id is known");
    }
    rows_.devices.push_back(row);
    rows_.roots.emplace_back();
    rows_.of_device.emplace_back();
    undo_.emplace_back([this, id = row.id] {
      rows_.device_ids.erase(id);
      rows_.devices.pop_back();
      rows_.roots.pop_back();
      rows_.of_device.pop_back();
    });
    return row.row;
  }
  Result<void> update_device(const lifecycle::DeviceRecord& after) override {
    auto& stored = rows_.devices.at(after.row.get() - 1);
    if (stored.version + 1 != after.version) {
      return fail(Code::conflict, "another writer won");
    }
    change(stored, after);
    return {};
  }
  Result<std::optional<lifecycle::DeviceRecord>> device(DeviceRow row) override {
    return at_row(rows_.devices, row.get());
  }
  Result<std::optional<lifecycle::DeviceRecord>> device(const DeviceId& id) override {
    const auto row = find_in(rows_.device_ids, id);
    return row ? device(*row) : Result<std::optional<lifecycle::DeviceRecord>>{};
  }
  Result<std::vector<lifecycle::DeviceRecord>> devices(DeviceRow after, std::size_t limit) override {
    const auto from = std::min<std::size_t>(after.get(), rows_.devices.size());
    const auto to = std::min(from + limit, rows_.devices.size());
    return std::vector(rows_.devices.begin() + static_cast<std::ptrdiff_t>(from),
                       rows_.devices.begin() + static_cast<std::ptrdiff_t>(to));
  }
  Result<void> put_root(const RootRecord& root) override {
    change(rows_.roots.at(root.device.get() - 1), root);
    return {};
  }
  Result<std::optional<RootRecord>> root(DeviceRow device) override { return at_row(rows_.roots, device.get()); }
  Result<std::vector<RootRecord>> rsa_roots(BatchId) override { return std::vector<RootRecord>{}; }
  Result<std::optional<Known>> known(const Digest& digest) override { return find_in(rows_.known, digest); }
  Result<void> add_known(const Digest& digest, const Known& known) override {
    const auto [at, added] = rows_.known.emplace(digest, known);
    if (added) {
      undo_.emplace_back([this, digest] { rows_.known.erase(digest); });
    }
    return at->second.device == known.device ? Result<void>{} : fail(Code::conflict, "another holds it");
  }
  Result<void> put_findings(DeviceRow device, lifecycle::Purpose purpose, Instant /*at*/, BytesView findings) override {
    change(rows_.findings[std::uint64_t{device.get()} << 8 | static_cast<std::uint64_t>(purpose)], to_bytes(findings));
    return {};
  }
  Result<std::optional<Bytes>> findings(DeviceRow device, lifecycle::Purpose purpose) override {
    return find_in(rows_.findings, std::uint64_t{device.get()} << 8 | static_cast<std::uint64_t>(purpose));
  }

  Result<CertificateRow> add_certificate(const CertificateRecord& certificate) override {
    const CertificateRow row{static_cast<std::uint32_t>(rows_.certificates.size() + 1)};
    const auto place = place_of(certificate.ca, certificate.index);
    if (!rows_.places.emplace(place, row).second) {
      return fail(Code::conflict, "the index is taken");
    }
    rows_.certificates.push_back(certificate);
    rows_.certificates.back().row = row;
    const auto device = certificate.device.get();
    if (device != 0) {
      rows_.of_device.at(device - 1).push_back(row);
    }
    undo_.emplace_back([this, place, device] {
      rows_.places.erase(place);
      rows_.certificates.pop_back();
      if (device != 0) {
        rows_.of_device.at(device - 1).pop_back();
      }
    });
    return row;
  }
  Result<void> update_certificate(const CertificateRecord& certificate) override {
    change(rows_.certificates.at(certificate.row.get() - 1).signature, certificate.signature);
    return update_head(certificate);
  }
  Result<void> update_head(const CertificateHead& certificate) override {
    committed.services |= is_of_service(certificate);
    auto& row = rows_.certificates.at(certificate.row.get() - 1);
    const auto parts = [](auto& of) {
      return std::tie(of.issuance, of.counted, of.standing, of.published, of.log_index);
    };
    const std::tuple before{row.issuance, row.counted, row.standing, row.published, row.log_index};
    parts(row) = parts(certificate);
    undo_.emplace_back([&row, parts, before] { parts(row) = before; });
    return {};
  }
  Result<std::optional<CertificateRecord>> certificate(CertificateRow row) override {
    return at_row(rows_.certificates, row.get());
  }
  Result<std::optional<CertificateRecord>> certificate(CaId ca, std::uint32_t index) override {
    const auto row = find_in(rows_.places, place_of(ca, index));
    return row ? certificate(*row) : Result<std::optional<CertificateRecord>>{};
  }
  Result<std::vector<CertificateRecord>> certificates_of(CaId ca) override {
    std::vector<CertificateRecord> out;
    std::ranges::copy_if(rows_.certificates, std::back_inserter(out), [&](const auto& row) { return row.ca == ca; });
    return out;
  }
  Result<std::vector<CertificateRecord>> certificates_of(DeviceRow device) override {
    return of_device<CertificateRecord>(device);
  }
  Result<std::vector<CertificateHead>> heads_of(DeviceRow device) override {
    return of_device<CertificateHead>(device);
  }
  Result<std::vector<CertificateRecord>> certificates_in(IssuanceState state) override {
    std::vector<CertificateRecord> out;
    std::ranges::copy_if(rows_.certificates, std::back_inserter(out),
                         [&](const CertificateRecord& row) { return row.issuance == state; });
    return out;
  }
  Result<std::optional<RequestRecord>> request(const Digest& caller, const Octets<16>& id) override {
    return find_in(rows_.requests, std::pair{caller, id});
  }
  Result<void> add_request(const RequestRecord& request) override {
    const auto key = std::pair{request.caller, request.id};
    insert(rows_.requests, key, request);
    return {};
  }
  Result<void> put_appraisal(const AppraisalRecord& appraisal) override {
    insert(rows_.appraisals, appraisal.spki, appraisal);
    return {};
  }
  Result<std::optional<AppraisalRecord>> appraisal(DeviceRow device, const Digest& spki) override {
    const auto found = find_in(rows_.appraisals, spki);
    return found && found->device == device ? found : std::optional<AppraisalRecord>{};
  }
  Result<std::optional<AppraisalRecord>> take_appraisal(DeviceRow device, const Digest& spki) override {
    auto found = appraisal(device, spki);
    if (!found || !*found) {
      return found;
    }
    rows_.appraisals.erase(spki);
    undo_.emplace_back([this, row = **found] { rows_.appraisals.emplace(row.spki, row); });
    return found;
  }

  Result<std::uint64_t> audit(const audit::Entry& entry) override {
    BM_TRY(auto bytes, audit::write_entry(entry));
    committed.entries.push_back(std::move(bytes));
    return rows_.log_size + committed.entries.size() - 1;
  }
  Result<void> publish(const Publication& publication) override {
    committed.publications.push_back(publication);
    return {};
  }

 private:
  template <class Row>
  std::vector<Row> of_device(DeviceRow device) const {
    std::vector<Row> out;
    if (device.get() != 0) {
      const auto& rows = rows_.of_device.at(device.get() - 1);
      out.reserve(rows.size());
      for (const auto row : rows) {
        out.push_back(rows_.certificates[row.get() - 1]);
      }
    }
    return out;
  }
  template <class T>
  void change(T& place, T value) {
    undo_.emplace_back([&place, before = std::exchange(place, std::move(value))] { place = before; });
  }
  template <class Map>
  void insert(Map& map, const typename Map::key_type& key, const typename Map::mapped_type& value) {
    map.insert_or_assign(key, value);
    undo_.emplace_back([&map, key] { map.erase(key); });
  }

  MemoryRows& rows_;
  std::vector<std::function<void()>> undo_;
};

}  // namespace

void MemoryRows::reserve(std::size_t count) {
  device_ids.reserve(count);
  known.reserve(8 * count);
  findings.reserve(4 * count);
  places.reserve(4 * count);
  requests.reserve(4 * count);
  appraisals.reserve(count);
}

Result<void> MemoryStore::write(const Work& work) {
  const std::scoped_lock lock{mutex_};
  MemoryTx tx{rows_, 16};
  if (auto done = work(tx); !done) {
    tx.undo();
    return done;
  }
  tx.committed.first_log_index = rows_.log_size;
  rows_.log_size += tx.committed.entries.size();
  return listener_ ? listener_(tx.committed) : Result<void>{};
}

Result<void> MemoryStore::read(const Work& work) const {
  const std::scoped_lock lock{mutex_};
  MemoryTx tx{rows_};
  return work(tx);
}

Result<void> MemoryStore::each_publication(const std::function<void(const app::Publication&)>& row) const {
  for (const auto& certificate : rows_.certificates) {
    if (certificate.device.get() != 0 && certificate.issuance != IssuanceState::intended) {
      const auto& device = rows_.devices.at(certificate.device.get() - 1);
      row({certificate.ca, certificate.index, certificate.published, device.state, device.product, device.row,
           device.appraised_at.value_or(device.provisioned_at)});
    }
  }
  return {};
}

Result<std::vector<Bytes>> MemoryStore::entries(std::uint64_t /*first*/, std::size_t /*limit*/) const {
  return fail(Code::not_found, "entries are not kept here");
}

}  // namespace birthmark::bench
