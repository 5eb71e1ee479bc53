// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/worker_pool.h"

namespace birthmark::http {

WorkerPool::WorkerPool(unsigned threads, std::size_t queue_max) : queue_max_{queue_max} {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stopping) { run(stopping); });
  }
}

WorkerPool::~WorkerPool() {
  stop();
}

bool WorkerPool::post(std::function<void()> job) {
  {
    const std::scoped_lock lock{mutex_};
    if (queue_.size() >= queue_max_ || threads_.empty()) {
      return false;
    }
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void WorkerPool::run(const std::stop_token& stopping) {
  while (true) {
    std::unique_lock lock{mutex_};
    if (!wake_.wait(lock, stopping, [this] { return !queue_.empty(); }) || stopping.stop_requested()) {
      return;
    }
    const auto job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job();
  }
}

void WorkerPool::stop() {
  std::vector<std::jthread> threads;
  std::deque<std::function<void()>> dropped;  // a job may own what locks elsewhere: it goes outside the lock
  {
    const std::scoped_lock lock{mutex_};
    threads.swap(threads_);
    dropped.swap(queue_);
  }
  for (auto& thread : threads) {
    thread.request_stop();
  }
}

}  // namespace birthmark::http
