// SPDX-License-Identifier: Apache-2.0
// The audit log's rows, and what is handed to the read path.
#include "adapters/sqlite/tx.h"

namespace birthmark::sqlite {

Result<std::uint64_t> SqliteTx::audit(const audit::Entry& entry) {
  BM_TRY(auto bytes, audit::write_entry(entry));
  const auto index = context_.next_log_index + entries.size();
  BM_CHECK(tell("INSERT INTO log(idx, entry) VALUES(?1, ?2)", index, bytes));
  entries.push_back(std::move(bytes));
  return index;
}

Result<void> SqliteTx::publish(const app::Publication& publication) {
  if (context_.access == Access::read) {
    return fail(Code::storage, "publish: this transaction only reads");
  }
  publications.push_back(publication);
  return {};
}

}  // namespace birthmark::sqlite
