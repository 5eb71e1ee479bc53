// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal, as crypto/openssl.h.

#include <atomic>
#include <memory>

#include "crypto/openssl.h"

namespace birthmark::crypto {

/// Multiples of one P-256 public key, worked out before, as the library has them of the base point: verifying takes
/// half of the time. 151 KiB, and 15 ms to make: for keys that verify by the thousand. Safe from any thread.
class VerifyTable {
 public:
  /// @param point 04 || x || y, on the curve. Null if the library cannot make a table.
  static std::unique_ptr<const VerifyTable> make(BytesView point);

  /// P-256 with the key in the place of the base point, and the table of its multiples.
  [[nodiscard]] const EC_GROUP* group() const { return multiples_.get(); }

 private:
  using GroupPtr = OpensslPtr<EC_GROUP, EC_GROUP_free>;
  explicit VerifyTable(GroupPtr multiples) : multiples_{std::move(multiples)} {}

  GroupPtr multiples_;
};

/// Makes the table of a key once the key is known to be used over and over.
class TableWhenHot {
 public:
  TableWhenHot() = default;
  TableWhenHot(const TableWhenHot&) = delete;
  TableWhenHot& operator=(const TableWhenHot&) = delete;
  ~TableWhenHot() { delete table_.load(); }

  /// A table pays for itself after 700 verifications; whoever came that far will go on.
  static constexpr unsigned kUses = 512;

  /// Counts one use. @return null before the key is hot, or where the library has no table for it.
  const VerifyTable* use(BytesView point);

 private:
  std::atomic<unsigned> uses_{0};
  std::atomic<const VerifyTable*> table_{nullptr};
};

}  // namespace birthmark::crypto
