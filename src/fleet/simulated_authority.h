// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "app/ports/files.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/keys.h"

namespace birthmark::fleet {

/// A CA of a SIMULATED vendor. Its key is plain PEM with mode 0600, as fits a key that vouches for nothing real.
struct Authority {
  crypto::PrivateKey key;
  Bytes certificate;  ///< DER
};

/// Writes `stem`.key and `stem`.pem. @error storage
Result<void> write_authority(Files& files, const std::filesystem::path& stem, const Authority& authority);
/// @error not_found: there is none; storage, key_attributes, bad_request: unusable
Result<Authority> read_authority(Files& files, const std::filesystem::path& stem);

}  // namespace birthmark::fleet
