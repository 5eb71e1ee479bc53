// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "base/bytes.h"

namespace birthmark {

/// Bytes that must not linger: wiped when destroyed, not copyable, not printable, compared in constant time.
class Secret {
 public:
  Secret() = default;
  explicit Secret(Bytes value) : value_{std::move(value)} {}
  Secret(Secret&& other) noexcept : value_{std::exchange(other.value_, {})} {}
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  /// The bytes, for the one call that needs them; valid while this object lives.
  [[nodiscard]] BytesView reveal() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }
  [[nodiscard]] bool matches(BytesView other) const { return equal_constant_time(value_, other); }

 private:
  void wipe() noexcept;
  Bytes value_;
};

}  // namespace birthmark
