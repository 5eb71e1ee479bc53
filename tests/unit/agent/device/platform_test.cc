// SPDX-License-Identifier: Apache-2.0
// What a device says of the platform around its TPM: of a real one what the firmware says, and nothing better.
#include "agent/device/platform.h"

#include <gtest/gtest.h>

#include "adapters/files/posix_files.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

constexpr auto* kVariable = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

class Platform : public ::testing::Test {
 protected:
  /// What a chip claims where the firmware's variable holds these octets.
  agent::PlatformClaims with(const Bytes& octets, std::string_view tcti = "device:/dev/tpmrm0") {
    EXPECT_TRUE(write_atomically(files_, directory_ / kVariable, octets));
    return agent::platform_claims(files_, nature(tcti), directory_ / "");
  }
  static agent::RootNature nature(std::string_view tcti) {
    return agent::is_software_tpm(tcti) ? agent::RootNature::simulated : agent::RootNature::hardware;
  }
  TempDir directory_;
  PosixFiles files_;
};

TEST_F(Platform, secure_boot_of_a_chip_is_what_the_firmware_says) {
  const auto on = with({6, 0, 0, 0, 1});
  EXPECT_TRUE(on.secure_boot);
  EXPECT_FALSE(on.simulated);
  EXPECT_FALSE(with({6, 0, 0, 0, 0}).secure_boot);
}

TEST_F(Platform, a_chip_whose_firmware_does_not_say_claims_no_secure_boot) {
  for (const auto* const tcti :
       {"device:/dev/tpmrm0", "tabrmd", "tabrmd:bus_type=session", "", "libtss2-tcti-any.so"}) {
    const auto claims = agent::platform_claims(files_, nature(tcti), directory_ / "none");
    EXPECT_FALSE(claims.secure_boot) << tcti;
    EXPECT_FALSE(claims.simulated) << tcti;
  }
  const std::vector<Bytes> unreadable{{}, {1}, {6, 0, 0, 0}, {6, 0, 0, 0, 2}, {6, 0, 0, 0, 1, 0}, {6, 0, 0, 0, 0, 1}};
  for (const auto& octets : unreadable) {
    EXPECT_FALSE(with(octets).secure_boot) << to_hex(octets);
  }
  std::filesystem::remove(directory_ / kVariable);
  std::filesystem::create_directory(directory_ / kVariable);
  EXPECT_FALSE(agent::platform_claims(files_, agent::RootNature::hardware, directory_ / "").secure_boot);
}

TEST_F(Platform, a_software_tpm_simulates_it_and_says_so_whatever_the_host_says) {
  for (const auto* const tcti : {"swtpm", "swtpm:path=run/sock", "mssim:host=127.0.0.1,port=2321"}) {
    const auto claims = with({6, 0, 0, 0, 0}, tcti);
    EXPECT_TRUE(claims.secure_boot) << tcti;
    EXPECT_TRUE(claims.simulated) << tcti;
  }
  for (const auto* const tcti : {"swtpms:path=x", "device:swtpm:path=x", ":swtpm"}) {
    EXPECT_FALSE(with({6, 0, 0, 0, 0}, tcti).secure_boot) << tcti;
  }
}

}  // namespace
}  // namespace birthmark::test
