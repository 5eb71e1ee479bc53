// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace birthmark::agent::program {

/// Which root of trust a device has, and where: "tpm:TCTI", "psa:SOCKET" or "dice:SOCKET", the latter two of an
/// emulator and with "#NUMBER" for another than its first device.
struct RootAddress {
  std::string kind;   ///< as in the DeviceId: that of pkcs11 is "se"
  std::string place;  ///< what stands behind the colon
  friend bool operator==(const RootAddress&, const RootAddress&) = default;
};

/// @error bad_request
Result<RootAddress> parse_root_address(std::string_view text);

/// A token of PKCS#11: "token=LABEL?module-path=LIBRARY&pin-source=FILE".
struct TokenAddress {
  std::string token;
  std::filesystem::path module_path;
  std::filesystem::path pin_source;
};
/// Reads what stands behind "pkcs11:": these three attributes, each once, and no others; nothing is percent-encoded.
/// @error bad_request
Result<TokenAddress> parse_token_address(std::string_view text);

/// Whether what stands there simulates hardware: an emulator always, a TPM by its TCTI, a token by its library, which
/// is SoftHSM.
bool is_simulated(const RootAddress& address);

}  // namespace birthmark::agent::program
