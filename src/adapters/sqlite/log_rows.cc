// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/log_rows.h"

#include <limits>

#include "adapters/sqlite/connection.h"

namespace birthmark::sqlite {
namespace {

constexpr auto kRowidMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

class DatabaseRows final : public LogRows {
 public:
  explicit DatabaseRows(std::unique_ptr<Connection> connection) : connection_{std::move(connection)} {}

  Result<std::vector<audit::LogRow>> read(std::uint64_t first, std::size_t most) override {
    std::vector<audit::LogRow> out;
    if (first > kRowidMax) {
      return out;
    }
    BM_TRY(auto rows, connection_->prepare("SELECT idx, entry FROM log WHERE idx >= ?1 ORDER BY idx LIMIT ?2"));
    rows.bind(1, static_cast<std::int64_t>(first))
        .bind(2, static_cast<std::int64_t>(std::min<std::size_t>(most, 65'536)));
    while (true) {
      BM_TRY(const bool row, rows.step());
      if (!row) {
        return out;
      }
      out.push_back({static_cast<std::uint64_t>(rows.integer(0)), to_bytes(rows.blob(1))});
    }
  }

 private:
  std::unique_ptr<Connection> connection_;
};

}  // namespace

Result<std::unique_ptr<LogRows>> LogRows::open(const std::filesystem::path& database) {
  BM_TRY(auto connection, Connection::open({.path = database, .access = Access::read}));
  return std::unique_ptr<LogRows>{std::make_unique<DatabaseRows>(std::move(connection))};
}

}  // namespace birthmark::sqlite
