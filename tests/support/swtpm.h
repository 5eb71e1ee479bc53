// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "adapters/files/posix_files.h"
#include "agent/tpm_root.h"
#include "base/instant.h"
#include "fleet/silicon_vendor.h"
#include "fleet/software_tpm.h"

namespace birthmark::support {

/// 2026-11-23T10:00:00Z: when everything in these tests is made.
Instant made_at();
/// Half a year later in seconds since 1970, for tools that take a time to verify at.
std::string verified_at();

/// A directory with a short name that is removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct CommandResult {
  int status = -1;
  std::string output;  ///< standard output and error together
};
/// Runs a tool to its end. Arguments hold no single quotes.
CommandResult run(const std::vector<std::string>& arguments);

Bytes read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, BytesView content);
Bytes random_like(std::uint8_t seed, std::size_t size);  ///< bytes that differ by seed; for secrets of tests
Digest digest_of(std::uint8_t fill);

/// A manufactured software TPM and everything that a test of roots needs.
class SwtpmTest : public ::testing::Test {
 protected:
  SwtpmTest();
  /// Opens the root; one at a time.
  std::unique_ptr<agent::TpmRoot> root();
  std::filesystem::path state() const { return directory_.path() / "state"; }
  std::filesystem::path file(const std::string& name) const { return directory_.path() / name; }
  /// A tpm2-tools command on this TPM.
  CommandResult tool(std::vector<std::string> arguments);

  TemporaryDirectory directory_;
  PosixFiles files_;
  fleet::SiliconVendor vendor_;
  std::unique_ptr<fleet::SoftwareTpm> tpm_;
  Bytes ek_certificate_;
};

}  // namespace birthmark::support
