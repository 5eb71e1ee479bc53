// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/values.h"
#include "app/ports/store.h"

namespace birthmark::sqlite {

/// What a transaction may do.
struct TxContext {
  Epoch epoch;                       ///< stamped on every row that it writes
  Access access = Access::read;      ///< reading: whatever writes fails `storage`
  std::uint64_t next_log_index = 0;  ///< of its first audit entry
};

/// The registry's tables inside a transaction that somebody else begins and ends (tx_*.cc: a file a group of tables).
class SqliteTx final : public app::Tx {
 public:
  /// @param connection must outlive this.
  SqliteTx(Connection& connection, TxContext context) : connection_{connection}, context_{context} {}

  Result<std::optional<Instant>> clock_mark() override;
  Result<void> set_clock_mark(Instant mark) override;

  Result<CaId> add_ca(const app::CaRecord& ca) override;
  Result<void> update_ca(const app::CaRecord& ca) override;
  Result<std::optional<app::CaRecord>> ca(CaId id) override;
  Result<std::vector<app::CaRecord>> cas() override;
  Result<ProductId> put_product(const app::ProductRecord& product) override;
  Result<std::vector<app::ProductRecord>> products() override;
  Result<BatchId> add_batch(const app::BatchRecord& batch) override;
  Result<void> update_batch(const app::BatchRecord& batch) override;
  Result<std::optional<app::BatchRecord>> batch(BatchId id) override;
  Result<std::optional<app::BatchRecord>> batch_named(const std::string& name) override;
  Result<std::vector<app::BatchRecord>> batches() override;
  Result<void> add_plan(BatchId batch, std::span<const Digest> ek_certificates) override;
  Result<std::size_t> plan_size(BatchId batch) override;
  Result<bool> in_plan(BatchId batch, const Digest& ek_certificate) override;
  Result<app::StationId> put_station(const app::StationRecord& station) override;
  Result<void> update_station(const app::StationRecord& station) override;
  Result<std::optional<app::StationRecord>> station_of(const Digest& spki) override;
  Result<std::vector<app::StationRecord>> stations() override;

  Result<DeviceRow> add_device(const lifecycle::DeviceRecord& device) override;
  Result<void> update_device(const lifecycle::DeviceRecord& after) override;
  Result<std::optional<lifecycle::DeviceRecord>> device(DeviceRow row) override;
  Result<std::optional<lifecycle::DeviceRecord>> device(const DeviceId& id) override;
  Result<std::vector<lifecycle::DeviceRecord>> devices(DeviceRow after, std::size_t limit) override;
  Result<void> put_root(const app::RootRecord& root) override;
  Result<std::optional<app::RootRecord>> root(DeviceRow device) override;
  Result<std::vector<app::RootRecord>> rsa_roots(BatchId batch) override;
  Result<std::optional<app::Known>> known(const Digest& digest) override;
  Result<void> add_known(const Digest& digest, const app::Known& known) override;
  Result<void> put_findings(DeviceRow device, lifecycle::Purpose purpose, Instant at, BytesView findings) override;
  Result<std::optional<Bytes>> findings(DeviceRow device, lifecycle::Purpose purpose) override;

  Result<app::CertificateRow> add_certificate(const app::CertificateRecord& certificate) override;
  Result<void> update_certificate(const app::CertificateRecord& certificate) override;
  Result<void> update_head(const app::CertificateHead& certificate) override;
  Result<std::optional<app::CertificateRecord>> certificate(app::CertificateRow row) override;
  Result<std::optional<app::CertificateRecord>> certificate(CaId ca, std::uint32_t index) override;
  Result<std::vector<app::CertificateRecord>> certificates_of(DeviceRow device) override;
  Result<std::vector<app::CertificateHead>> heads_of(DeviceRow device) override;
  Result<std::vector<app::CertificateRecord>> certificates_of(CaId ca) override;
  Result<std::vector<app::CertificateRecord>> certificates_in(app::IssuanceState state) override;
  Result<std::optional<app::RequestRecord>> request(const Digest& caller, const Octets<16>& id) override;
  Result<void> add_request(const app::RequestRecord& request) override;
  Result<void> put_appraisal(const app::AppraisalRecord& appraisal) override;
  Result<std::optional<app::AppraisalRecord>> appraisal(DeviceRow device, const Digest& spki) override;
  Result<std::optional<app::AppraisalRecord>> take_appraisal(DeviceRow device, const Digest& spki) override;

  Result<std::uint64_t> audit(const audit::Entry& entry) override;
  Result<void> publish(const app::Publication& publication) override;

  // What it wrote, in order.
  std::vector<Bytes> entries;
  std::vector<app::Publication> publications;
  bool services = false;  ///< as app::Committed

 private:
  /// The statement with its parameters.
  template <class... T>
  Result<Statement> ask(std::string_view sql, const T&... values) {
    BM_TRY(auto statement, connection_.prepare(sql));
    Parameters{statement}.add(values...);
    return statement;
  }
  /// Runs a statement that gives no row.
  template <class... T>
  Result<void> tell(std::string_view sql, const T&... values) {
    BM_TRY(auto statement, ask(sql, values...));
    return statement.run();
  }
  /// The same for one that must change exactly one row. @error `missing`: it changed none.
  template <class... T>
  Result<void> change(Code missing, std::string_view sql, const T&... values) {
    BM_CHECK(tell(sql, values...));
    return connection_.changes() == 1 ? Result<void>{} : fail(missing, "no such row");
  }

  Result<app::CertificateRow> insert_certificate(const app::CertificateRecord& certificate);

  /// The newest certificate of this transaction: a request for its key needs no copy of it.
  struct Added {
    app::CertificateRow row;
    Digest spki;
  };

  Connection& connection_;
  TxContext context_;
  std::optional<Added> added_;
};

/// The one row of a statement, or none.
template <class T>
Result<std::optional<T>> one(Result<Statement> statement, Result<T> (*read)(const Statement&)) {
  if (!statement) {
    return fail(std::move(statement).error());
  }
  BM_TRY(const bool found, statement->step());
  if (!found) {
    return std::optional<T>{};
  }
  BM_TRY(auto value, read(*statement));
  return std::optional<T>{std::move(value)};
}

/// Every row of a statement.
template <class T>
Result<std::vector<T>> all(Result<Statement> statement, Result<T> (*read)(const Statement&)) {
  if (!statement) {
    return fail(std::move(statement).error());
  }
  std::vector<T> out;
  while (true) {
    BM_TRY(const bool found, statement->step());
    if (!found) {
      return out;
    }
    BM_TRY(auto value, read(*statement));
    out.push_back(std::move(value));
  }
}

}  // namespace birthmark::sqlite
