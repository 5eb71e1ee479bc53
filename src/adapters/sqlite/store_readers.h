// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "adapters/sqlite/connection.h"

namespace birthmark::sqlite {

/// A few read-only connections, opened when they are first needed and lent to one reader at a time; a reader waits
/// while all are out. Safe from any thread.
class ReaderPool {
 public:
  ReaderPool(OpenOptions options, std::size_t connections_max) : options_{std::move(options)}, max_{connections_max} {
    options_.access = Access::read;
  }

  /// Runs `use` with a connection inside one read transaction, so that all it reads is of one moment.
  /// @error whatever `use` returned; storage
  Result<void> with(const std::function<Result<void>(Connection&)>& use);

  /// Waits for the readers, closes all connections, and runs `alone` while none is open.
  Result<void> closed(const std::function<Result<void>()>& alone);

 private:
  Result<std::unique_ptr<Connection>> borrow();
  void give_back(std::unique_ptr<Connection> connection);

  OpenOptions options_;
  const std::size_t max_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t lent_ = 0;
  bool closing_ = false;
};

}  // namespace birthmark::sqlite
