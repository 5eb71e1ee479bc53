// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "app/ports/store.h"

namespace birthmark::bench {

/// A request of a caller: its id is a digest as well, or random.
struct RequestHash {
  std::size_t operator()(const std::pair<Digest, Octets<16>>& request) const {
    std::size_t id = 0;
    std::memcpy(&id, request.second.data(), sizeof(id));
    return id;
  }
};

/// Everything a MemoryStore holds. Deques: what a transaction changed is found again in its place when it is undone.
struct MemoryRows {
  std::optional<Instant> clock_mark;
  std::map<CaId, app::CaRecord> cas;
  std::map<ProductId, app::ProductRecord> products;
  std::map<BatchId, app::BatchRecord> batches;
  std::vector<app::StationRecord> stations;
  std::deque<lifecycle::DeviceRecord> devices;  ///< by row - 1
  std::unordered_map<DeviceId, DeviceRow, DigestHash> device_ids;
  std::deque<app::RootRecord> roots;  ///< by row - 1
  std::unordered_map<Digest, app::Known, DigestHash> known;
  std::unordered_map<std::uint64_t, Bytes> findings;
  std::deque<app::CertificateRecord> certificates;  ///< by row - 1
  std::unordered_map<std::uint64_t, app::CertificateRow> places;
  std::deque<std::vector<app::CertificateRow>> of_device;  ///< by row - 1
  std::unordered_map<std::pair<Digest, Octets<16>>, app::RequestRecord, RequestHash> requests;
  std::unordered_map<Digest, app::AppraisalRecord, DigestHash> appraisals;  ///< by key; one device has it
  std::uint64_t log_size = 0;

  /// Room for so many devices with two certificates each and a renewal: no table grows while something is measured.
  void reserve(std::size_t devices);
};

/// A registry in memory for measures of everything but storage: hash tables, one lock, undo of a refused work, audit
/// entries encoded and handed to the listener. Nothing is durable. It can be brought back to an earlier content, so
/// that the same thousand devices can be measured again and again.
class MemoryStore final : public app::Store {
 public:
  Result<void> write(const Work& work) override;
  Result<void> read(const Work& work) const override;
  Result<void> each_publication(const std::function<void(const app::Publication&)>& row) const override;
  Result<std::vector<Bytes>> entries(std::uint64_t first, std::size_t limit) const override;
  Result<app::LogSpan> log_span() const override { return app::LogSpan{0, rows_.log_size}; }
  [[nodiscard]] Epoch epoch() const override { return Epoch{1}; }
  void set_listener(Listener listener) override { listener_ = std::move(listener); }

  /// For the benchmark's own arrangements, between works.
  MemoryRows& rows() { return rows_; }

 private:
  mutable std::recursive_mutex mutex_;  ///< the listener reads
  mutable MemoryRows rows_;
  Listener listener_;
};

}  // namespace birthmark::bench
