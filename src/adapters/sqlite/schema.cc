// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/schema.h"

#include <string>

namespace birthmark::sqlite {
namespace {

constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  schema_version INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  commits INTEGER NOT NULL,
  clock_mark INTEGER);
CREATE TABLE ca(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, profile INTEGER NOT NULL, parent INTEGER, batch INTEGER,
  state INTEGER NOT NULL, generation INTEGER NOT NULL, list_bits INTEGER NOT NULL, assigned INTEGER NOT NULL,
  key TEXT NOT NULL, key_destroyed INTEGER NOT NULL, issues_until INTEGER NOT NULL,
  version INTEGER NOT NULL, epoch INTEGER NOT NULL, certificate BLOB NOT NULL);
CREATE TABLE product(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, policy_hash BLOB NOT NULL,
  version INTEGER NOT NULL, epoch INTEGER NOT NULL, policy TEXT NOT NULL);
CREATE TABLE batch(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, product INTEGER NOT NULL, factory TEXT NOT NULL,
  quantity INTEGER NOT NULL, issued INTEGER NOT NULL, reserved INTEGER NOT NULL, opens INTEGER NOT NULL,
  closes INTEGER NOT NULL, per_hour INTEGER, burst INTEGER, plan INTEGER NOT NULL, state INTEGER NOT NULL,
  credit INTEGER NOT NULL, credited_at INTEGER NOT NULL, manufacturing_ca INTEGER NOT NULL,
  list_first INTEGER NOT NULL, list_places INTEGER NOT NULL, operational_ca INTEGER NOT NULL,
  version INTEGER NOT NULL, epoch INTEGER NOT NULL);
CREATE TABLE plan(batch INTEGER NOT NULL, ek_certificate BLOB NOT NULL, PRIMARY KEY(batch, ek_certificate))
  WITHOUT ROWID;
CREATE TABLE station(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, role INTEGER NOT NULL, batch INTEGER NOT NULL,
  spki BLOB NOT NULL UNIQUE, not_after INTEGER NOT NULL, shift_from INTEGER NOT NULL, shift_to INTEGER NOT NULL,
  strikes INTEGER NOT NULL, suspended INTEGER NOT NULL, version INTEGER NOT NULL, epoch INTEGER NOT NULL);
CREATE TABLE device(
  row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, root INTEGER NOT NULL, root_class INTEGER NOT NULL,
  product INTEGER NOT NULL, batch INTEGER NOT NULL, state INTEGER NOT NULL, version INTEGER NOT NULL,
  epoch INTEGER NOT NULL, holds INTEGER NOT NULL, suspended_for INTEGER, restrained_at INTEGER,
  provisioned_at INTEGER NOT NULL, appraised_at INTEGER, firmware INTEGER, enrolled_once INTEGER NOT NULL);
CREATE TABLE root(
  device INTEGER PRIMARY KEY, ak_public BLOB NOT NULL, maker INTEGER NOT NULL, hardware_serial TEXT NOT NULL,
  provisioned_by INTEGER, ek_modulus BLOB);
CREATE TABLE maker(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE known(digest BLOB NOT NULL PRIMARY KEY, kind INTEGER NOT NULL, device INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE finding(key INTEGER PRIMARY KEY, at INTEGER NOT NULL, findings BLOB NOT NULL);
CREATE TABLE certificate(
  row INTEGER PRIMARY KEY, ca INTEGER NOT NULL, list_index INTEGER NOT NULL, profile INTEGER NOT NULL,
  device INTEGER, kind INTEGER NOT NULL, purpose INTEGER, issuance INTEGER NOT NULL, counted INTEGER NOT NULL,
  standing INTEGER NOT NULL, published INTEGER NOT NULL, not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,
  appraised_at INTEGER NOT NULL, log_index INTEGER NOT NULL, version INTEGER NOT NULL, epoch INTEGER NOT NULL,
  UNIQUE(ca, list_index));
CREATE INDEX certificate_of_device ON certificate(device) WHERE device IS NOT NULL;
CREATE INDEX certificate_unsettled ON certificate(issuance) WHERE issuance <> 1;
CREATE TABLE certificate_body(
  row INTEGER PRIMARY KEY, serial BLOB NOT NULL, spki BLOB, profile_hash BLOB, signature BLOB,
  tbs BLOB NOT NULL);
CREATE TABLE template(
  ca INTEGER NOT NULL, profile INTEGER NOT NULL, profile_hash BLOB NOT NULL, tbs BLOB NOT NULL,
  PRIMARY KEY(ca, profile));
CREATE TABLE request(
  name BLOB NOT NULL PRIMARY KEY, key BLOB, certificate INTEGER NOT NULL, at INTEGER NOT NULL, status INTEGER,
  answer BLOB) WITHOUT ROWID;
CREATE TABLE appraisal(
  device INTEGER NOT NULL, spki BLOB NOT NULL, purpose INTEGER NOT NULL, at INTEGER NOT NULL, firmware INTEGER,
  PRIMARY KEY(device, spki)) WITHOUT ROWID;
CREATE TABLE log(idx INTEGER PRIMARY KEY, entry BLOB NOT NULL);
INSERT INTO meta(one, schema_version, epoch, commits) VALUES(1, 4, 0, 0);
)sql";

Result<std::int64_t> number(Connection& connection, std::string_view sql) {
  BM_TRY(auto query, connection.prepare(sql));
  BM_TRY(const bool found, query.step());
  return found ? Result<std::int64_t>{query.integer(0)} : fail(Code::storage, "no row: " + std::string{sql});
}

}  // namespace

Result<void> prepare_schema(Connection& connection) {
  BM_TRY(auto transaction, connection.begin());
  BM_TRY(const auto tables, number(connection, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"));
  if (tables == 0) {
    BM_CHECK(connection.execute(kVersion1));
    return transaction.release();
  }
  BM_TRY(const auto registry, number(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'"));
  if (registry == 0) {
    return fail(Code::storage, "this database is not a registry of birthmark");
  }
  BM_TRY(const auto version, number(connection, "SELECT schema_version FROM meta"));
  if (version != kSchemaVersion) {
    return fail(Code::storage, "the registry has schema version " + std::to_string(version) +
                                   ", this birthmark knows version " + std::to_string(kSchemaVersion) +
                                   " only: start the version that wrote it, or a newer one");
  }
  return transaction.release();
}

}  // namespace birthmark::sqlite
