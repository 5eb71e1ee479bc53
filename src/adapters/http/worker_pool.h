// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace birthmark::http {

/// A bounded queue in front of a fixed number of threads. What does not fit is refused at once, never waited for.
class WorkerPool {
 public:
  WorkerPool(unsigned threads, std::size_t queue_max);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Runs `job` on a worker soon. False: the queue is full or the pool is stopping; `job` was not taken.
  [[nodiscard]] bool post(std::function<void()> job);
  /// Finishes what runs, drops what waits, joins the threads. Idempotent.
  void stop();

 private:
  void run(const std::stop_token& stopping);

  const std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::jthread> threads_;
};

}  // namespace birthmark::http
