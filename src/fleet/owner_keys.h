// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "app/ports/files.h"
#include "base/result.h"
#include "crypto/keys.h"

namespace birthmark::fleet {

/// The keys that an emulated root makes for its owner: they survive a restart, and die with a clear. Plain PEM (0600)
/// in the emulator's own directory stands for the storage that the hardware protects.
class OwnerKeys {
 public:
  /// @param files outlives this. @param directory is there. @error storage, key_attributes: a file is damaged
  static Result<OwnerKeys> open(Files& files, std::filesystem::path directory);

  /// Null: there is none.
  [[nodiscard]] const crypto::PrivateKey* operational() const { return operational_ ? &*operational_ : nullptr; }
  [[nodiscard]] const crypto::PrivateKey* pending() const { return pending_ ? &*pending_ : nullptr; }
  /// In place of an earlier pending one. @error storage, unavailable
  Result<void> make_pending();
  /// @error not_found: nothing pending; storage
  Result<void> adopt_pending();
  /// @error storage
  Result<void> clear();

 private:
  OwnerKeys(Files& files, std::filesystem::path directory) : files_{&files}, directory_{std::move(directory)} {}

  Files* files_;
  std::filesystem::path directory_;
  std::optional<crypto::PrivateKey> operational_, pending_;
};

}  // namespace birthmark::fleet
