// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "app/ports/records.h"
#include "audit/entry.h"
#include "base/result.h"

namespace birthmark::app {

/// The registry inside one transaction. Every call may fail with `storage`; what else can happen is said at each.
/// Nothing is visible to others, or durable, before the whole write returns.
class Tx {
 public:
  virtual ~Tx() = default;

  // Time (AC-10): the highest moment at which anything was issued.
  virtual Result<std::optional<Instant>> clock_mark() = 0;
  virtual Result<void> set_clock_mark(Instant mark) = 0;

  // CAs, products, batches, stations.
  virtual Result<CaId> add_ca(const CaRecord& ca) = 0;     ///< `id` is ignored. @error conflict: the name is taken
  virtual Result<void> update_ca(const CaRecord& ca) = 0;  ///< @error not_found, as every update_ below
  virtual Result<std::optional<CaRecord>> ca(CaId id) = 0;
  virtual Result<std::vector<CaRecord>> cas() = 0;
  virtual Result<ProductId> put_product(const ProductRecord& product) = 0;  ///< by name; `id` is ignored
  virtual Result<std::vector<ProductRecord>> products() = 0;
  virtual Result<BatchId> add_batch(const BatchRecord& batch) = 0;  ///< @error conflict: the name is taken
  virtual Result<void> update_batch(const BatchRecord& batch) = 0;
  virtual Result<std::optional<BatchRecord>> batch(BatchId id) = 0;
  virtual Result<std::optional<BatchRecord>> batch_named(const std::string& name) = 0;
  virtual Result<std::vector<BatchRecord>> batches() = 0;
  virtual Result<void> add_plan(BatchId batch, std::span<const Digest> ek_certificates) = 0;
  virtual Result<std::size_t> plan_size(BatchId batch) = 0;  ///< parts, each counted once
  virtual Result<bool> in_plan(BatchId batch, const Digest& ek_certificate) = 0;
  virtual Result<StationId> put_station(const StationRecord& station) = 0;  ///< by name; `id` is ignored
  virtual Result<void> update_station(const StationRecord& station) = 0;
  virtual Result<std::optional<StationRecord>> station_of(const Digest& spki) = 0;
  virtual Result<std::vector<StationRecord>> stations() = 0;

  // Devices and what is known of their hardware, for ever.
  virtual Result<DeviceRow> add_device(
      const lifecycle::DeviceRecord& device) = 0;  ///< @error conflict: the id is known
  /// Stores `after` if the stored version is `after.version - 1`. @error conflict: another writer won.
  virtual Result<void> update_device(const lifecycle::DeviceRecord& after) = 0;
  virtual Result<std::optional<lifecycle::DeviceRecord>> device(DeviceRow row) = 0;
  virtual Result<std::optional<lifecycle::DeviceRecord>> device(const DeviceId& id) = 0;
  /// Devices with a row above `after`, in order, at most `limit`.
  virtual Result<std::vector<lifecycle::DeviceRecord>> devices(DeviceRow after, std::size_t limit) = 0;
  virtual Result<void> put_root(const RootRecord& root) = 0;
  virtual Result<std::optional<RootRecord>> root(DeviceRow device) = 0;
  /// The RSA endorsement keys of a batch's devices, by row. Looks at all devices. @error storage
  virtual Result<std::vector<RootRecord>> rsa_roots(BatchId batch) = 0;
  virtual Result<std::optional<Known>> known(const Digest& digest) = 0;
  /// @error conflict: another device holds it. The same device again is no change.
  virtual Result<void> add_known(const Digest& digest, const Known& known) = 0;
  virtual Result<void> put_findings(DeviceRow device, lifecycle::Purpose purpose, Instant at, BytesView findings) = 0;
  virtual Result<std::optional<Bytes>> findings(DeviceRow device, lifecycle::Purpose purpose) = 0;

  // Certificates.
  /// Records an intent. @error conflict: the index of that CA is taken (draw another).
  virtual Result<CertificateRow> add_certificate(const CertificateRecord& certificate) = 0;
  /// Stores issuance, counted, standing, published, signature and log_index; the rest is what the intent made it.
  virtual Result<void> update_certificate(const CertificateRecord& certificate) = 0;
  /// The same but the signature, which stays.
  virtual Result<void> update_head(const CertificateHead& certificate) = 0;
  virtual Result<std::optional<CertificateRecord>> certificate(CertificateRow row) = 0;
  virtual Result<std::optional<CertificateRecord>> certificate(CaId ca, std::uint32_t index) = 0;
  virtual Result<std::vector<CertificateRecord>> certificates_of(DeviceRow device) = 0;
  /// Those of certificates_of(device), for a fraction of the cost.
  virtual Result<std::vector<CertificateHead>> heads_of(DeviceRow device) = 0;
  /// All of a CA, in the order of their intents: for the service CA, which issues little.
  virtual Result<std::vector<CertificateRecord>> certificates_of(CaId ca) = 0;
  virtual Result<std::vector<CertificateRecord>> certificates_in(IssuanceState state) = 0;  ///< intended or orphaned
  virtual Result<std::optional<RequestRecord>> request(const Digest& caller, const Octets<16>& id) = 0;
  /// Takes the place of an earlier one of that caller and id.
  virtual Result<void> add_request(const RequestRecord& request) = 0;
  virtual Result<void> put_appraisal(const AppraisalRecord& appraisal) = 0;
  virtual Result<std::optional<AppraisalRecord>> appraisal(DeviceRow device, const Digest& spki) = 0;
  /// Removes and returns the one of that device and key.
  virtual Result<std::optional<AppraisalRecord>> take_appraisal(DeviceRow device, const Digest& spki) = 0;

  // The log and the outbox; both get the next number inside the commit.
  virtual Result<std::uint64_t> audit(const audit::Entry& entry) = 0;  ///< returns the index in the log
  virtual Result<void> publish(const Publication& publication) = 0;
};

/// What one commit made durable, in order; handed to the listener before any of its writers is answered.
struct Committed {
  std::uint64_t first_log_index = 0;
  std::vector<Bytes> entries;  ///< encoded audit entries
  std::vector<Publication> publications;
  bool services = false;  ///< a station, or a certificate of no device behind its intent, changed
};

/// Which audit entries a store can still serve: those of [first, size). Older ones are in the published log only.
struct LogSpan {
  std::uint64_t first = 0;  ///< a multiple of 256
  std::uint64_t size = 0;   ///< of the whole log

  friend bool operator==(const LogSpan&, const LogSpan&) = default;
};

/// The registry (design §5): one writer with group commit, epoch-fenced. Safe from any thread.
class Store {
 public:
  using Work = std::function<Result<void>(Tx&)>;
  /// Called on the committer's thread after each durable commit and before its writers go on; may read the store, and
  /// sees that commit. An error fails them although the commit stands: the next start makes up for it.
  using Listener = std::function<Result<void>(const Committed&)>;

  virtual ~Store() = default;

  /// Runs `work` in a transaction of its own inside a group commit; returns when it is durable and published.
  /// `work` must be pure but for the Tx; an error from it undoes all it did.
  /// @error whatever `work` returned; storage: not durable, nothing happened; fenced: a newer epoch writes.
  virtual Result<void> write(const Work& work) = 0;
  /// As `write`, but waits at most so long for the outcome. `work` owns what it needs or refers to what lives as long
  /// as the store: once begun it goes on, and may be durable later.
  /// @error also unavailable: not done in that time, or the store has not come back since it kept another one waiting
  virtual Result<void> write_within(std::chrono::milliseconds /*patience*/, Work work) { return write(work); }
  /// Runs `work` on a consistent view; writes through it fail `storage`.
  virtual Result<void> read(const Work& work) const = 0;
  /// Calls `row` for every registered or orphaned certificate of a device, in row order: for the snapshot at start.
  virtual Result<void> each_publication(const std::function<void(const Publication&)>& row) const = 0;
  /// The audit entries from `first` on, at most `limit`; none at the end. @error not_found: pruned, see log_span.
  virtual Result<std::vector<Bytes>> entries(std::uint64_t first, std::size_t limit) const = 0;
  virtual Result<LogSpan> log_span() const = 0;
  [[nodiscard]] virtual Epoch epoch() const = 0;
  virtual void set_listener(Listener listener) = 0;

  /// Returns when all that was committed before, what a reader may have seen among it, is published too. Nothing is
  /// written or flushed: a work that is refused waits its turn behind what is owed.
  /// @param patience waits at most so long @error as write; as write_within where there is a patience
  Result<void> settle(std::optional<std::chrono::milliseconds> patience = {}) {
    const auto reached = std::make_shared<std::atomic<bool>>(false);
    const Work nothing = [reached](Tx&) -> Result<void> {
      *reached = true;
      return fail(Code::conflict, "nothing to write");
    };
    auto refused = patience ? write_within(*patience, nothing) : write(nothing);
    return *reached ? Result<void>{} : refused;
  }

  /// `write` with a value: return_value(store, [&](Tx& tx) -> Result<T> {...}).
  template <class T, class F>
  Result<T> write_for(F&& work) {
    std::optional<T> value;
    BM_CHECK(write([&](Tx& tx) -> Result<void> {
      value.reset();
      BM_TRY(value, std::forward<F>(work)(tx));
      return {};
    }));
    return std::move(*value);
  }
  template <class T, class F>
  Result<T> read_for(F&& work) const {
    std::optional<T> value;
    BM_CHECK(read([&](Tx& tx) -> Result<void> {
      BM_TRY(value, std::forward<F>(work)(tx));
      return {};
    }));
    return std::move(*value);
  }
};

}  // namespace birthmark::app
