// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace birthmark {

/// The newest of a series of immutable values: few publish, many look. std::atomic<std::shared_ptr> takes a lock for
/// every load in libstdc++ 12 and makes all readers write one reference count; here each thread keeps what it saw last,
/// and a look costs one load of a counter until something newer is published. Safe from any thread.
template <class T>
class Published {
 public:
  /// @param first never null, as nothing that is published
  explicit Published(std::shared_ptr<const T> first) : newest_{std::move(first)} {}
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  void publish(std::shared_ptr<const T> next) {
    const std::scoped_lock lock{mutex_};
    newest_.swap(next);  // the old one ends outside the lock
    version_.store(new_version(), std::memory_order_release);
  }

  /// The newest, to keep; takes the lock.
  [[nodiscard]] std::shared_ptr<const T> get() const {
    const std::scoped_lock lock{mutex_};
    return newest_;
  }

  /// The newest; good until this thread looks at a published T again, at this one or at another. Whoever sees an effect
  /// of a `publish` that returned sees at least what it published.
  [[nodiscard]] const T& look() const {
    thread_local Seen seen;
    if (version_.load(std::memory_order_acquire) != seen.version) {
      Seen newer;
      {
        const std::scoped_lock lock{mutex_};
        newer = {version_.load(std::memory_order_relaxed), newest_};
      }
      std::swap(seen, newer);
    }
    return *seen.value;
  }

 private:
  struct Seen {
    std::uint64_t version = 0;  ///< of nothing
    std::shared_ptr<const T> value;
  };
  /// Never the same twice in a process: a version tells the holder too.
  static std::uint64_t new_version() {
    static std::atomic<std::uint64_t> last = 0;
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<const T> newest_;
  std::atomic<std::uint64_t> version_ = new_version();
};

}  // namespace birthmark
