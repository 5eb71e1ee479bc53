// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "app/ports/store.h"

namespace birthmark::test {

/// Which call fails, and with what: the calls of a store and of its transactions are counted together, from 1.
class FailingCalls {
 public:
  /// The `nth` call fails; 0: none does, the calls are only counted.
  explicit FailingCalls(std::uint64_t nth, Error error = {Code::storage, "told to fail"})
      : nth_{nth}, error_{std::move(error)} {}

  /// Counts one call. @error if it is the one
  Result<void> next() { return ++calls_ == nth_ ? Result<void>{fail(error_)} : Result<void>{}; }
  /// Counts anew from 1; the `nth` call from now on fails, 0: none. Not while calls are under way.
  void arm(std::uint64_t nth, Error error = {Code::storage, "told to fail"}) {
    calls_ = 0;
    nth_ = nth;
    error_ = std::move(error);
  }
  /// Calls so far: run a use case once to learn how many there are, then fail each in turn.
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] bool failed() const { return nth_ != 0 && calls_ >= nth_; }

 private:
  std::atomic<std::uint64_t> nth_;
  Error error_;
  std::atomic<std::uint64_t> calls_ = 0;
};

/// A transaction that may fail before it asks the real one. A failed call makes the work fail if the work is honest.
class FailingTx final : public app::Tx {
 public:
  FailingTx(app::Tx& real, FailingCalls& calls) : real_{real}, calls_{calls} {}

#define BM_FORWARD(result, name, parameters, arguments) \
  result name parameters override {                     \
    BM_CHECK(calls_.next());                            \
    return real_.name arguments;                        \
  }
  BM_FORWARD(Result<std::optional<Instant>>, clock_mark, (), ())
  BM_FORWARD(Result<void>, set_clock_mark, (Instant mark), (mark))
  BM_FORWARD(Result<CaId>, add_ca, (const app::CaRecord& row), (row))
  BM_FORWARD(Result<void>, update_ca, (const app::CaRecord& row), (row))
  BM_FORWARD(Result<std::optional<app::CaRecord>>, ca, (CaId id), (id))
  BM_FORWARD(Result<std::vector<app::CaRecord>>, cas, (), ())
  BM_FORWARD(Result<ProductId>, put_product, (const app::ProductRecord& row), (row))
  BM_FORWARD(Result<std::vector<app::ProductRecord>>, products, (), ())
  BM_FORWARD(Result<BatchId>, add_batch, (const app::BatchRecord& row), (row))
  BM_FORWARD(Result<void>, update_batch, (const app::BatchRecord& row), (row))
  BM_FORWARD(Result<std::optional<app::BatchRecord>>, batch, (BatchId id), (id))
  BM_FORWARD(Result<std::optional<app::BatchRecord>>, batch_named, (const std::string& name), (name))
  BM_FORWARD(Result<std::vector<app::BatchRecord>>, batches, (), ())
  BM_FORWARD(Result<void>, add_plan, (BatchId batch, std::span<const Digest> hardware), (batch, hardware))
  BM_FORWARD(Result<std::size_t>, plan_size, (BatchId batch), (batch))
  BM_FORWARD(Result<bool>, in_plan, (BatchId batch, const Digest& hardware), (batch, hardware))
  BM_FORWARD(Result<app::StationId>, put_station, (const app::StationRecord& row), (row))
  BM_FORWARD(Result<void>, update_station, (const app::StationRecord& row), (row))
  BM_FORWARD(Result<std::optional<app::StationRecord>>, station_of, (const Digest& spki), (spki))
  BM_FORWARD(Result<std::vector<app::StationRecord>>, stations, (), ())
  BM_FORWARD(Result<DeviceRow>, add_device, (const lifecycle::DeviceRecord& row), (row))
  BM_FORWARD(Result<void>, update_device, (const lifecycle::DeviceRecord& row), (row))
  BM_FORWARD(Result<std::optional<lifecycle::DeviceRecord>>, device, (DeviceRow row), (row))
  BM_FORWARD(Result<std::optional<lifecycle::DeviceRecord>>, device, (const DeviceId& id), (id))
  BM_FORWARD(Result<std::vector<lifecycle::DeviceRecord>>, devices, (DeviceRow after, std::size_t most), (after, most))
  BM_FORWARD(Result<void>, put_root, (const app::RootRecord& row), (row))
  BM_FORWARD(Result<std::optional<app::RootRecord>>, root, (DeviceRow device), (device))
  BM_FORWARD(Result<std::vector<app::RootRecord>>, rsa_roots, (BatchId batch), (batch))
  BM_FORWARD(Result<std::optional<app::Known>>, known, (const Digest& digest), (digest))
  BM_FORWARD(Result<void>, add_known, (const Digest& digest, const app::Known& known), (digest, known))
  BM_FORWARD(Result<void>, put_findings, (DeviceRow device, lifecycle::Purpose purpose, Instant at, BytesView findings),
             (device, purpose, at, findings))
  BM_FORWARD(Result<std::optional<Bytes>>, findings, (DeviceRow device, lifecycle::Purpose purpose), (device, purpose))
  BM_FORWARD(Result<app::CertificateRow>, add_certificate, (const app::CertificateRecord& row), (row))
  BM_FORWARD(Result<void>, update_certificate, (const app::CertificateRecord& row), (row))
  BM_FORWARD(Result<std::optional<app::CertificateRecord>>, certificate, (app::CertificateRow row), (row))
  BM_FORWARD(Result<std::optional<app::CertificateRecord>>, certificate, (CaId ca, std::uint32_t index), (ca, index))
  BM_FORWARD(Result<void>, update_head, (const app::CertificateHead& row), (row))
  BM_FORWARD(Result<std::vector<app::CertificateRecord>>, certificates_of, (DeviceRow device), (device))
  BM_FORWARD(Result<std::vector<app::CertificateHead>>, heads_of, (DeviceRow device), (device))
  BM_FORWARD(Result<std::vector<app::CertificateRecord>>, certificates_of, (CaId ca), (ca))
  BM_FORWARD(Result<std::vector<app::CertificateRecord>>, certificates_in, (app::IssuanceState state), (state))
  BM_FORWARD(Result<std::optional<app::RequestRecord>>, request, (const Digest& caller, const Octets<16>& id),
             (caller, id))
  BM_FORWARD(Result<void>, add_request, (const app::RequestRecord& row), (row))
  BM_FORWARD(Result<void>, put_appraisal, (const app::AppraisalRecord& row), (row))
  BM_FORWARD(Result<std::optional<app::AppraisalRecord>>, appraisal, (DeviceRow device, const Digest& spki),
             (device, spki))
  BM_FORWARD(Result<std::optional<app::AppraisalRecord>>, take_appraisal, (DeviceRow device, const Digest& spki),
             (device, spki))
  BM_FORWARD(Result<std::uint64_t>, audit, (const audit::Entry& entry), (entry))
  BM_FORWARD(Result<void>, publish, (const app::Publication& publication), (publication))
#undef BM_FORWARD

 private:
  app::Tx& real_;
  FailingCalls& calls_;
};

/// A store one of whose calls fails. A failing write() fails before anything was done.
class FailingStore final : public app::Store {
 public:
  FailingStore(app::Store& real, FailingCalls& calls) : real_{real}, calls_{calls} {}

  Result<void> write(const Work& work) override {
    BM_CHECK(calls_.next());
    return real_.write([&](app::Tx& tx) { return run(work, tx); });
  }
  Result<void> read(const Work& work) const override {
    BM_CHECK(calls_.next());
    return real_.read([&](app::Tx& tx) { return run(work, tx); });
  }
  Result<void> each_publication(const std::function<void(const app::Publication&)>& row) const override {
    BM_CHECK(calls_.next());
    return real_.each_publication(row);
  }
  Result<std::vector<Bytes>> entries(std::uint64_t first, std::size_t limit) const override {
    BM_CHECK(calls_.next());
    return real_.entries(first, limit);
  }
  Result<app::LogSpan> log_span() const override {
    BM_CHECK(calls_.next());
    return real_.log_span();
  }
  [[nodiscard]] Epoch epoch() const override { return real_.epoch(); }
  void set_listener(Listener listener) override { real_.set_listener(std::move(listener)); }

 private:
  Result<void> run(const Work& work, app::Tx& tx) const {
    FailingTx failing{tx, calls_};
    return work(failing);
  }

  app::Store& real_;
  FailingCalls& calls_;
};

}  // namespace birthmark::test
