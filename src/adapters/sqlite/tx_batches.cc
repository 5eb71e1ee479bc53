// SPDX-License-Identifier: Apache-2.0
// Batches and their plans of hardware.
#include "adapters/sqlite/tx.h"

namespace birthmark::sqlite {

using app::BatchRecord;

namespace {

#define BM_BATCH_COLUMNS                                                                                          \
  "id, name, product, factory, quantity, issued, reserved, opens, closes, per_hour, burst, plan, state, credit, " \
  "credited_at, manufacturing_ca, list_first, list_places, operational_ca"

Result<BatchRecord> read_batch(const Statement& row) {
  BatchRecord batch;
  auto& budget = batch.budget;
  std::optional<std::uint32_t> per_hour;
  std::optional<std::uint32_t> burst;
  Columns columns{row};
  columns.take(budget.id, batch.name, budget.product, budget.factory, budget.quantity, budget.issued, budget.reserved,
               budget.opens, budget.closes, per_hour, burst, budget.plan, budget.state, budget.credit,
               budget.credited_at, batch.manufacturing_ca, batch.list.first, batch.list.count, batch.operational_ca);
  BM_CHECK(columns.intact("batch"));
  if (per_hour && burst) {
    budget.rate = lifecycle::Rate{*per_hour, *burst};
  }
  return batch;
}

std::optional<std::uint32_t> per_hour(const BatchRecord& batch) {
  return batch.budget.rate ? std::optional{batch.budget.rate->per_hour} : std::nullopt;
}
std::optional<std::uint32_t> burst(const BatchRecord& batch) {
  return batch.budget.rate ? std::optional{batch.budget.rate->burst} : std::nullopt;
}

}  // namespace

Result<BatchId> SqliteTx::add_batch(const BatchRecord& batch) {
  const auto& budget = batch.budget;
  BM_CHECK(tell(
      "INSERT INTO batch(name, product, factory, quantity, issued, reserved, opens, closes, per_hour, burst, "
      "plan, state, credit, credited_at, manufacturing_ca, list_first, list_places, operational_ca, epoch, version) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 1)",
      batch.name, budget.product, budget.factory, budget.quantity, budget.issued, budget.reserved, budget.opens,
      budget.closes, per_hour(batch), burst(batch), budget.plan, budget.state, budget.credit, budget.credited_at,
      batch.manufacturing_ca, batch.list.first, batch.list.count, batch.operational_ca, context_.epoch));
  return BatchId{static_cast<std::uint32_t>(connection_.last_insert_row())};
}

Result<void> SqliteTx::update_batch(const BatchRecord& batch) {
  const auto& budget = batch.budget;
  return change(Code::not_found,
                "UPDATE batch SET name = ?2, product = ?3, factory = ?4, quantity = ?5, issued = ?6, reserved = ?7, "
                "opens = ?8, closes = ?9, per_hour = ?10, burst = ?11, plan = ?12, state = ?13, credit = ?14, "
                "credited_at = ?15, manufacturing_ca = ?16, operational_ca = ?17, epoch = ?18, version = version + 1 "
                "WHERE id = ?1",
                budget.id, batch.name, budget.product, budget.factory, budget.quantity, budget.issued, budget.reserved,
                budget.opens, budget.closes, per_hour(batch), burst(batch), budget.plan, budget.state, budget.credit,
                budget.credited_at, batch.manufacturing_ca, batch.operational_ca, context_.epoch);
}

Result<std::optional<BatchRecord>> SqliteTx::batch(BatchId id) {
  return one(ask("SELECT " BM_BATCH_COLUMNS " FROM batch WHERE id = ?1", id), read_batch);
}

Result<std::optional<BatchRecord>> SqliteTx::batch_named(const std::string& name) {
  return one(ask("SELECT " BM_BATCH_COLUMNS " FROM batch WHERE name = ?1", name), read_batch);
}

Result<std::vector<BatchRecord>> SqliteTx::batches() {
  return all(ask("SELECT " BM_BATCH_COLUMNS " FROM batch ORDER BY id"), read_batch);
}

Result<void> SqliteTx::add_plan(BatchId batch, std::span<const Digest> ek_certificates) {
  for (const auto& certificate : ek_certificates) {
    BM_CHECK(tell("INSERT INTO plan(batch, ek_certificate) VALUES(?1, ?2) ON CONFLICT DO NOTHING", batch, certificate));
  }
  return {};
}

Result<std::size_t> SqliteTx::plan_size(BatchId batch) {
  BM_TRY(auto query, ask("SELECT count(*) FROM plan WHERE batch = ?1", batch));
  BM_CHECK(query.step());
  return static_cast<std::size_t>(query.integer(0));
}

Result<bool> SqliteTx::in_plan(BatchId batch, const Digest& ek_certificate) {
  BM_TRY(auto query, ask("SELECT 1 FROM plan WHERE batch = ?1 AND ek_certificate = ?2", batch, ek_certificate));
  return query.step();
}

}  // namespace birthmark::sqlite
