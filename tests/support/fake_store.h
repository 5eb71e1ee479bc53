// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "app/ports/store.h"

namespace birthmark::test {

/// What the fake registry holds; a work changes a copy, which replaces it when the work succeeds.
struct FakeRows {
  std::optional<Instant> clock_mark;
  std::map<CaId, app::CaRecord> cas;
  std::map<ProductId, app::ProductRecord> products;
  std::map<BatchId, app::BatchRecord> batches;
  std::map<std::pair<BatchId, Digest>, bool> plan;
  std::map<app::StationId, app::StationRecord> stations;
  std::map<DeviceRow, lifecycle::DeviceRecord> devices;
  std::map<DeviceRow, app::RootRecord> roots;
  std::map<Digest, app::Known> known;
  std::map<std::pair<DeviceRow, lifecycle::Purpose>, Bytes> findings;
  std::map<app::CertificateRow, app::CertificateRecord> certificates;
  std::map<std::pair<Digest, Octets<16>>, app::RequestRecord> requests;
  std::map<std::pair<DeviceRow, Digest>, app::AppraisalRecord> appraisals;
  std::vector<Bytes> log;
};

/// The registry in memory, with the semantics of the real one (tests/contract/store_contract.h runs against both).
/// Works run one at a time on the caller's thread; what the listener refuses is owed to it, as in the real one. Readers
/// wait for nobody, a listener's either: a commit replaces the rows that they look at.
class FakeStore final : public app::Store {
 public:
  explicit FakeStore(Epoch epoch = Epoch{1}) : epoch_{epoch} {}

  Result<void> write(const Work& work) override;
  Result<void> read(const Work& work) const override;
  Result<void> each_publication(const std::function<void(const app::Publication&)>& row) const override;
  Result<std::vector<Bytes>> entries(std::uint64_t first, std::size_t limit) const override;
  Result<app::LogSpan> log_span() const override;
  [[nodiscard]] Epoch epoch() const override { return epoch_; }
  void set_listener(Listener listener) override;

  /// Somebody else writes with a newer epoch from now on.
  void fence();
  /// A copy of everything, for a test to look at.
  [[nodiscard]] FakeRows rows() const;
  /// Works that were committed.
  [[nodiscard]] std::uint64_t commits() const;

 private:
  [[nodiscard]] std::shared_ptr<const FakeRows> now() const;
  void commit(std::shared_ptr<const FakeRows> rows);
  Result<void> deliver_owed();

  Epoch epoch_;
  std::recursive_mutex writers_;  // held while a work runs and while the listener hears of it
  Listener listener_;
  std::optional<app::Committed> owed_;
  bool fenced_ = false;
  bool writing_ = false;
  mutable std::mutex mutex_;  // of what follows, held for a moment
  std::shared_ptr<const FakeRows> rows_ = std::make_shared<FakeRows>();
  std::uint64_t commits_ = 0;
};

}  // namespace birthmark::test
