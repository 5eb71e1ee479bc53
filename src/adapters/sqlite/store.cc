// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/tx.h"

namespace birthmark::sqlite {
namespace {

constexpr std::int64_t kBundleEntries = 256;
constexpr std::int64_t kPruneRowsMax = 4096;  // in one work: others write between

/// What a publication takes from its device.
struct DeviceFacts {
  Instant appraised_at;
  ProductId product;
  lifecycle::State state = lifecycle::State::uninitialized;
};

/// By device row, which is dense: one scan in place of a look-up for each certificate.
Result<std::vector<DeviceFacts>> read_facts(Connection& connection) {
  std::vector<DeviceFacts> facts;
  BM_TRY(auto query, connection.prepare("SELECT row, coalesce(appraised_at, provisioned_at), product, state "
                                        "FROM device ORDER BY row"));
  while (true) {
    BM_TRY(const bool found, query.step());
    if (!found) {
      return facts;
    }
    DeviceRow row;
    DeviceFacts device;
    Columns columns{query};
    columns.take(row, device.appraised_at, device.product, device.state);
    BM_CHECK(columns.intact("device"));
    facts.resize(std::size_t{row.get()} + 1);
    facts[row.get()] = device;
  }
}

Result<void> publish_all(Connection& connection, const std::function<void(const app::Publication&)>& row) {
  BM_TRY(const auto facts, read_facts(connection));
  BM_TRY(auto query, connection.prepare("SELECT ca, list_index, published, device FROM certificate "
                                        "WHERE device IS NOT NULL AND issuance <> 0 ORDER BY row"));
  while (true) {
    BM_TRY(const bool found, query.step());
    if (!found) {
      return {};
    }
    app::Publication publication;
    Columns columns{query};
    columns.take(publication.ca, publication.index, publication.status, publication.device);
    BM_CHECK(columns.intact("certificate"));
    if (publication.device.get() >= facts.size()) {
      return fail(Code::storage, "a certificate of a device that is not there");
    }
    const auto& device = facts[publication.device.get()];
    publication.state = device.state;
    publication.product = device.product;
    publication.appraised_at = device.appraised_at;
    row(publication);
  }
}

Result<app::LogSpan> read_span(Connection& connection) {
  BM_TRY(auto query, connection.prepare("SELECT coalesce((SELECT min(idx) FROM log), 0), "
                                        "coalesce((SELECT max(idx) FROM log) + 1, 0)"));
  BM_TRY(const bool found, query.step());
  app::LogSpan span;
  if (found) {
    Columns{query}.take(span.first, span.size);
  }
  return span;
}

Result<std::vector<Bytes>> read_entries(Connection& connection, std::uint64_t first, std::size_t limit) {
  BM_TRY(auto query, connection.prepare("SELECT idx, entry FROM log WHERE idx >= ?1 ORDER BY idx LIMIT ?2"));
  query.bind(1, static_cast<std::int64_t>(first)).bind(2, static_cast<std::int64_t>(limit));
  std::vector<Bytes> out;
  while (true) {
    BM_TRY(const bool found, query.step());
    if (!found) {
      return out;
    }
    if (static_cast<std::uint64_t>(query.integer(0)) != first + out.size()) {
      return out.empty() ? fail(Code::not_found, "these audit entries are in the published log only")
                         : fail(Code::storage, "the audit log has a gap");
    }
    out.push_back(to_bytes(query.blob(1)));
  }
}

/// Requests by name, after one and up to another; without the other, to the end.
struct NameRange {
  Bytes after = {};
  std::optional<Bytes> last = {};
};

/// Each bound where it is can be found by the key; one condition for both would be asked of every row.
Result<Statement> in_range(Connection& connection, std::string_view bounded, std::string_view open,
                           const NameRange& range, Instant before) {
  BM_TRY(auto statement, connection.prepare(range.last ? bounded : open));
  statement.bind(1, BytesView{range.after}).bind(2, to_ms(before));
  if (range.last) {
    statement.bind(3, BytesView{*range.last});
  }
  return statement;
}

/// The last name of the next kPruneRowsMax; nothing: there are fewer.
Result<std::optional<Bytes>> end_of_range(Connection& connection, const NameRange& range) {
  BM_TRY(auto end, connection.prepare("SELECT name FROM request WHERE name > ?1 ORDER BY name LIMIT 1 OFFSET ?2"));
  end.bind(1, BytesView{range.after}).bind(2, kPruneRowsMax - 1);
  BM_TRY(const bool more, end.step());
  return more ? std::optional{to_bytes(end.blob(0))} : std::optional<Bytes>{};
}

Result<bool> has_old(Connection& connection, const NameRange& range, Instant before) {
  BM_TRY(auto query, in_range(connection, "SELECT 1 FROM request WHERE name > ?1 AND name <= ?3 AND at < ?2 LIMIT 1",
                              "SELECT 1 FROM request WHERE name > ?1 AND at < ?2 LIMIT 1", range, before));
  return query.step();
}

/// @return how many
Result<std::uint64_t> drop_old(Connection& connection, const NameRange& range, Instant before) {
  BM_TRY(auto drop, in_range(connection, "DELETE FROM request WHERE name > ?1 AND name <= ?3 AND at < ?2",
                             "DELETE FROM request WHERE name > ?1 AND at < ?2", range, before));
  BM_CHECK(drop.run());
  return static_cast<std::uint64_t>(connection.changes());
}

}  // namespace

SqliteStore::SqliteStore(StoreOptions options)
    : options_{std::move(options)}, readers_{options_.database, options_.readers_max} {}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(StoreOptions options) {
  options.database.path = options.directory / "registry.db";
  options.database.access = Access::write;
  if (options.lock_file.empty()) {
    options.lock_file = options.directory / "lock";
  }
  std::unique_ptr<SqliteStore> store{new SqliteStore{std::move(options)}};
  BM_CHECK(store->start());
  return store;
}

Result<void> SqliteStore::start() {
  BM_CHECK(options_.files.make_directory(options_.directory));
  BM_TRY(lock_, options_.files.lock(options_.lock_file));
  BM_TRY(connection_, Connection::open(options_.database));
  BM_CHECK(prepare_schema(*connection_));
  BM_CHECK(options_.files.sync_directory(options_.directory));
  BM_CHECK(begin_epoch());
  thread_ = std::jthread{[this] { run(); }};
  return {};
}

Result<void> SqliteStore::begin_epoch() {
  BM_TRY(auto transaction, connection_->begin());
  BM_CHECK(connection_->execute("UPDATE meta SET epoch = epoch + 1"));
  BM_TRY(const auto epoch, number("SELECT epoch FROM meta"));
  BM_CHECK(transaction.release());
  epoch_ = Epoch{epoch};
  return {};
}

Result<void> SqliteStore::read(const Work& work) const {
  return readers_.with([&](Connection& connection) {
    SqliteTx tx{connection, {.epoch = epoch_, .access = Access::read}};
    return work(tx);
  });
}

Result<void> SqliteStore::each_publication(const std::function<void(const app::Publication&)>& row) const {
  return readers_.with([&](Connection& connection) { return publish_all(connection, row); });
}

Result<std::vector<Bytes>> SqliteStore::entries(std::uint64_t first, std::size_t limit) const {
  std::vector<Bytes> out;
  BM_CHECK(readers_.with([&](Connection& connection) -> Result<void> {
    BM_TRY(out, read_entries(connection, first, limit));
    return {};
  }));
  return out;
}

Result<app::LogSpan> SqliteStore::log_span() const {
  app::LogSpan span;
  BM_CHECK(readers_.with([&](Connection& connection) -> Result<void> {
    BM_TRY(span, read_span(connection));
    return {};
  }));
  return span;
}

void SqliteStore::set_listener(Listener listener) {
  const std::scoped_lock lock{listener_mutex_};
  listener_ = std::move(listener);
}

StoreCounters SqliteStore::counters() const {
  const std::scoped_lock lock{mutex_};
  return counters_;
}

std::size_t SqliteStore::waiting() const {
  const std::scoped_lock lock{mutex_};
  return queue_.size();
}

Result<std::uint64_t> SqliteStore::number(std::string_view sql) {
  BM_TRY(auto query, connection_->prepare(sql));
  BM_TRY(const bool found, query.step());
  if (!found) {
    return fail(Code::storage, "no row: " + std::string{sql});
  }
  return static_cast<std::uint64_t>(query.integer(0));
}

Result<std::uint64_t> SqliteStore::drop_rows(std::string_view sql, std::int64_t limit) {
  BM_TRY(auto statement, connection_->prepare(sql));
  BM_CHECK(statement.bind(1, limit).run());
  return static_cast<std::uint64_t>(connection_->changes());
}

Result<std::uint64_t> SqliteStore::prune_log(std::uint64_t durable_size) {
  std::uint64_t total = 0;
  std::uint64_t dropped = 0;
  do {
    BM_CHECK(write([&](app::Tx&) -> Result<void> {
      BM_TRY(const auto span, read_span(*connection_));
      const auto keep_from = std::min(durable_size, span.size - std::min<std::uint64_t>(span.size, 1));
      const auto end = static_cast<std::int64_t>(keep_from) / kBundleEntries * kBundleEntries;
      const auto step = static_cast<std::int64_t>(span.first) + kPruneRowsMax;
      BM_TRY(dropped, drop_rows("DELETE FROM log WHERE idx < ?1", std::min(end, step)));
      return {};
    }));
    total += dropped;
  } while (dropped != 0);
  return total;
}

Result<std::uint64_t> SqliteStore::prune_requests(Instant before) {
  std::uint64_t total = 0;
  std::optional<NameRange> range{NameRange{}};
  while (range) {
    bool old = false;
    // Looking holds up nobody; most ranges have nothing to be dropped.
    BM_CHECK(readers_.with([&](Connection& connection) -> Result<void> {
      BM_TRY(range->last, end_of_range(connection, *range));
      BM_TRY(old, has_old(connection, *range, before));
      return {};
    }));
    if (old) {
      BM_CHECK(write([&](app::Tx&) -> Result<void> {
        BM_TRY(const auto dropped, drop_old(*connection_, *range, before));
        total += dropped;
        return {};
      }));
    }
    range = range->last ? std::optional{NameRange{.after = *range->last, .last = {}}} : std::nullopt;
  }
  BM_CHECK(prune_appraisals(before));
  return total;
}

Result<void> SqliteStore::prune_appraisals(Instant before) {
  for (std::int64_t after = 0;; after += kPruneRowsMax) {  // device rows are dense
    bool more = false;
    bool old = false;
    BM_CHECK(readers_.with([&](Connection& connection) -> Result<void> {
      BM_TRY(auto query,
             connection.prepare("SELECT EXISTS(SELECT 1 FROM appraisal WHERE device > ?1), "
                                "EXISTS(SELECT 1 FROM appraisal WHERE device > ?1 AND device <= ?2 AND at < ?3)"));
      BM_TRY(const bool found, query.bind(1, after).bind(2, after + kPruneRowsMax).bind(3, to_ms(before)).step());
      more = found && query.integer(0) != 0;
      old = found && query.integer(1) != 0;
      return {};
    }));
    if (!more) {
      return {};
    }
    if (old) {
      BM_CHECK(write([&](app::Tx&) -> Result<void> {
        BM_TRY(auto drop, connection_->prepare("DELETE FROM appraisal WHERE device > ?1 AND device <= ?2 AND at < ?3"));
        return drop.bind(1, after).bind(2, after + kPruneRowsMax).bind(3, to_ms(before)).run();
      }));
    }
  }
}

}  // namespace birthmark::sqlite
