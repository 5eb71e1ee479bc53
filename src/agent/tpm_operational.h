// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <utility>

#include "agent/hardware/tpm_root.h"
#include "agent/tpm_keys.h"
#include "app/ports/files.h"

namespace birthmark::agent::tss {

/// Operational keys: children of the owner's storage root key, kept outside the chip as blobs that only it can open.
class OperationalKeys {
 public:
  /// @param directory made if absent; empty: nothing is kept and nothing found.
  OperationalKeys(Context& context, Files& files, std::filesystem::path directory)
      : context_{context}, files_{files}, directory_{std::move(directory)} {}

  /// Makes a key in the chip and stores it as the pending one; returns its TPMT_PUBLIC. @error storage, unavailable
  Result<Bytes> create_pending();
  /// Loads a key. @param key operational or pending.
  /// @error not_found: none is stored, or it was made under an earlier owner and no chip can open it.
  Result<Object> load(DeviceKey key);
  /// @error not_found: nothing is pending. @error storage
  Result<void> adopt_pending();
  /// Forgets both. @error storage
  Result<void> forget();

 private:
  Context& context_;
  Files& files_;
  std::filesystem::path directory_;
};

}  // namespace birthmark::agent::tss
