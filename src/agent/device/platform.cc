// SPDX-License-Identifier: Apache-2.0
#include "agent/device/platform.h"

#include <algorithm>
#include <array>

namespace birthmark::agent {
namespace {

/// EFI_GLOBAL_VARIABLE.
constexpr std::string_view kSecureBoot = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
constexpr std::array<std::string_view, 2> kSoftwareTpms{"swtpm", "mssim"};

/// As Linux gives a variable: u32 attributes, then its value, here one octet.
constexpr std::size_t kVariableBytes = 5;

}  // namespace

bool is_software_tpm(std::string_view tcti) {
  return std::ranges::find(kSoftwareTpms, tcti.substr(0, tcti.find(':'))) != kSoftwareTpms.end();
}

bool reads_secure_boot(Files& files, const std::filesystem::path& efi_variables) {
  const auto variable = files.read(efi_variables / kSecureBoot, kVariableBytes);
  return variable && variable->size() == kVariableBytes && variable->back() == 1;
}

PlatformClaims platform_claims(Files& files, RootNature nature, const std::filesystem::path& efi_variables) {
  const bool simulated = nature == RootNature::simulated;
  return {.secure_boot = simulated || reads_secure_boot(files, efi_variables), .simulated = simulated};
}

}  // namespace birthmark::agent
