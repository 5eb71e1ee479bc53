// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/store_readers.h"

namespace birthmark::sqlite {
namespace {

Result<void> run(Connection& connection, std::string_view sql) {
  BM_TRY(auto statement, connection.prepare(sql));
  return statement.run();
}

}  // namespace

Result<std::unique_ptr<Connection>> ReaderPool::borrow() {
  std::unique_lock lock{mutex_};
  free_.wait(lock, [this] { return !closing_ && lent_ < max_; });
  ++lent_;
  if (idle_.empty()) {
    lock.unlock();
    auto opened = Connection::open(options_);
    if (!opened) {
      give_back(nullptr);
    }
    return opened;
  }
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  // What an I/O error has poisoned, or what is still inside a transaction, is of no use any more.
  if (connection && (connection->is_poisoned() || connection->in_transaction())) {
    connection.reset();
  }
  const std::scoped_lock lock{mutex_};
  if (connection) {
    idle_.push_back(std::move(connection));
  }
  --lent_;
  free_.notify_all();
}

Result<void> ReaderPool::with(const std::function<Result<void>(Connection&)>& use) {
  BM_TRY(auto connection, borrow());
  auto result = run(*connection, "BEGIN");
  if (result) {
    try {
      result = use(*connection);
    } catch (const std::exception& e) {
      result = fail(Code::storage, std::string{"read: "} + e.what());
    }
    const auto ended = run(*connection, "ROLLBACK");
    result = result ? ended : result;
  }
  give_back(std::move(connection));
  return result;
}

Result<void> ReaderPool::closed(const std::function<Result<void>()>& alone) {
  std::unique_lock lock{mutex_};
  closing_ = true;
  free_.wait(lock, [this] { return lent_ == 0; });
  idle_.clear();
  lock.unlock();
  auto result = alone();
  lock.lock();
  closing_ = false;
  free_.notify_all();
  return result;
}

}  // namespace birthmark::sqlite
