// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "app/ports/files.h"

namespace birthmark::agent {

/// What a device claims of the platform that its root of trust stands in. By default it claims nothing.
struct PlatformClaims {
  bool secure_boot = false;
  bool simulated = false;  ///< a software TPM, an emulator: secure boot is a setting of a test device, nothing was read
};

/// Where Linux shows the firmware's variables.
inline const std::filesystem::path kEfiVariables{"/sys/firmware/efi/efivars"};

/// Whether a TCTI ("swtpm:path=SOCKET", "device:/dev/tpmrm0") names a software TPM: swtpm or mssim. Whatever else it
/// names, with no name at all too, stands in a real platform.
bool is_software_tpm(std::string_view tcti);

/// What the firmware says of secure boot (UEFI §3.3: the global variable SecureBoot is 1 while images are verified).
/// Nothing that can be read, and anything but exactly 1: off.
/// @param efi_variables directory of the variables
bool reads_secure_boot(Files& files, const std::filesystem::path& efi_variables);

/// Whether the root of trust of a device is hardware, or simulates it.
enum class RootNature : std::uint8_t { hardware, simulated };

/// The claims of a device: with hardware what its platform says, of a simulation secure boot.
PlatformClaims platform_claims(Files& files, RootNature nature,
                               const std::filesystem::path& efi_variables = kEfiVariables);

}  // namespace birthmark::agent
