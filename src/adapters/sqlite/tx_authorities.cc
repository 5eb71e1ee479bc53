// SPDX-License-Identifier: Apache-2.0
// Time, CAs, products and stations.
#include "adapters/sqlite/tx.h"

namespace birthmark::sqlite {

using app::CaRecord;
using app::ProductRecord;
using app::StationId;
using app::StationRecord;

namespace {

#define BM_CA_COLUMNS \
  "id, name, profile, parent, batch, state, generation, list_bits, assigned, key, key_destroyed, issues_until, "
#define BM_STATION_COLUMNS "id, name, role, batch, spki, not_after, shift_from, shift_to, strikes, suspended"

Result<CaRecord> read_ca(const Statement& row) {
  CaRecord ca;
  Columns columns{row};
  columns.take(ca.id, ca.name, ca.profile, ca.parent, ca.batch, ca.state, ca.generation, ca.list_bits, ca.assigned,
               ca.key, ca.key_destroyed, ca.issues_until, ca.certificate);
  BM_CHECK(columns.intact("ca"));
  return ca;
}

Result<ProductRecord> read_product(const Statement& row) {
  ProductRecord product;
  Columns columns{row};
  columns.take(product.id, product.name, product.policy_hash, product.policy);
  BM_CHECK(columns.intact("product"));
  return product;
}

Result<StationRecord> read_station(const Statement& row) {
  StationRecord station;
  Columns columns{row};
  columns.take(station.id, station.name, station.role, station.batch, station.spki, station.not_after,
               station.shift_from, station.shift_to, station.strikes, station.suspended);
  BM_CHECK(columns.intact("station"));
  return station;
}

Result<std::uint32_t> read_id(const Statement& row) {
  std::uint32_t id = 0;
  Columns columns{row};
  columns.take(id);
  BM_CHECK(columns.intact("an id"));
  return id;
}

}  // namespace

Result<std::optional<Instant>> SqliteTx::clock_mark() {
  BM_TRY(auto query, ask("SELECT clock_mark FROM meta"));
  BM_TRY(const bool found, query.step());
  std::optional<Instant> mark;
  if (found) {
    Columns{query}.take(mark);
  }
  return mark;
}

Result<void> SqliteTx::set_clock_mark(Instant mark) {
  return tell("UPDATE meta SET clock_mark = ?1", mark);
}

Result<CaId> SqliteTx::add_ca(const CaRecord& ca) {
  BM_CHECK(
      tell("INSERT INTO ca(name, profile, parent, batch, state, generation, list_bits, assigned, key, "
           "key_destroyed, issues_until, certificate, epoch, version) "
           "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1)",
           ca.name, ca.profile, ca.parent, ca.batch, ca.state, ca.generation, ca.list_bits, ca.assigned, ca.key,
           ca.key_destroyed, ca.issues_until, ca.certificate, context_.epoch));
  return CaId{static_cast<std::uint32_t>(connection_.last_insert_row())};
}

Result<void> SqliteTx::update_ca(const CaRecord& ca) {
  return change(Code::not_found,
                "UPDATE ca SET name = ?2, profile = ?3, parent = ?4, batch = ?5, state = ?6, generation = ?7, "
                "list_bits = ?8, assigned = ?9, key = ?10, key_destroyed = ?11, issues_until = ?12, certificate = ?13, "
                "epoch = ?14, version = version + 1 WHERE id = ?1",
                ca.id, ca.name, ca.profile, ca.parent, ca.batch, ca.state, ca.generation, ca.list_bits, ca.assigned,
                ca.key, ca.key_destroyed, ca.issues_until, ca.certificate, context_.epoch);
}

Result<std::optional<CaRecord>> SqliteTx::ca(CaId id) {
  return one(ask("SELECT " BM_CA_COLUMNS "certificate FROM ca WHERE id = ?1", id), read_ca);
}

Result<std::vector<CaRecord>> SqliteTx::cas() {
  return all(ask("SELECT " BM_CA_COLUMNS "certificate FROM ca ORDER BY id"), read_ca);
}

Result<ProductId> SqliteTx::put_product(const ProductRecord& product) {
  BM_TRY(const auto known, one(ask("SELECT id FROM product WHERE name = ?1", product.name), read_id));
  if (known) {
    BM_CHECK(tell("UPDATE product SET policy_hash = ?2, policy = ?3, epoch = ?4, version = version + 1 WHERE id = ?1",
                  *known, product.policy_hash, product.policy, context_.epoch));
    return ProductId{*known};
  }
  BM_CHECK(tell("INSERT INTO product(name, policy_hash, policy, epoch, version) VALUES(?1, ?2, ?3, ?4, 1)",
                product.name, product.policy_hash, product.policy, context_.epoch));
  return ProductId{static_cast<std::uint32_t>(connection_.last_insert_row())};
}

Result<std::vector<ProductRecord>> SqliteTx::products() {
  return all(ask("SELECT id, name, policy_hash, policy FROM product ORDER BY id"), read_product);
}

Result<StationId> SqliteTx::put_station(const StationRecord& station) {
  services = true;
  BM_TRY(const auto known, one(ask("SELECT id FROM station WHERE name = ?1", station.name), read_id));
  if (known) {
    auto changed = station;
    changed.id = StationId{*known};
    BM_CHECK(update_station(changed));
    return changed.id;
  }
  BM_CHECK(
      tell("INSERT INTO station(name, role, batch, spki, not_after, shift_from, shift_to, strikes, suspended, "
           "epoch, version) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1)",
           station.name, station.role, station.batch, station.spki, station.not_after, station.shift_from,
           station.shift_to, station.strikes, station.suspended, context_.epoch));
  return StationId{static_cast<std::uint32_t>(connection_.last_insert_row())};
}

Result<void> SqliteTx::update_station(const StationRecord& station) {
  services = true;
  return change(Code::not_found,
                "UPDATE station SET name = ?2, role = ?3, batch = ?4, spki = ?5, not_after = ?6, shift_from = ?7, "
                "shift_to = ?8, strikes = ?9, suspended = ?10, epoch = ?11, version = version + 1 WHERE id = ?1",
                station.id, station.name, station.role, station.batch, station.spki, station.not_after,
                station.shift_from, station.shift_to, station.strikes, station.suspended, context_.epoch);
}

Result<std::optional<StationRecord>> SqliteTx::station_of(const Digest& spki) {
  return one(ask("SELECT " BM_STATION_COLUMNS " FROM station WHERE spki = ?1", spki), read_station);
}

Result<std::vector<StationRecord>> SqliteTx::stations() {
  return all(ask("SELECT " BM_STATION_COLUMNS " FROM station ORDER BY id"), read_station);
}

}  // namespace birthmark::sqlite
