// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "fleet/process.h"
#include "fleet/silicon_vendor.h"

namespace birthmark::fleet {

/// One software TPM: an swtpm process with its state in a directory. One client at a time. The process ends with this
/// object, at the latest with this program; the state stays.
class SoftwareTpm {
 public:
  /// How power goes away.
  enum class Power : std::uint8_t {
    orderly,  ///< TPM2_Shutdown first
    cut,      ///< SIGKILL: what a pulled plug does
  };

  /// Starts a TPM. @param directory made if absent; its absolute path has at most 90 bytes (Unix sockets are in it).
  /// @return when commands can be sent: the sockets listen before the process exists.
  /// @error unavailable: no swtpm, the path is too long, or another object or program uses this directory.
  static Result<std::unique_ptr<SoftwareTpm>> start(const std::filesystem::path& directory);

  /// How TSS programs reach it: "swtpm:path=...".
  [[nodiscard]] std::string tcti() const;
  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  [[nodiscard]] bool running() const { return process_->running(); }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  /// Plays the silicon vendor's line: makes the P-256 endorsement key, has it certified, stores the certificate and the
  /// intermediate in the chip. Returns the certificate. Done once in a TPM's life. @error conflict: it was done before.
  Result<Bytes> manufacture(const SiliconVendor& vendor, const ChipModel& model, Instant now);

  /// Power off and on with the same state. @error unavailable
  Result<void> power_cycle(Power how);
  /// Power off. Does nothing if it is off.
  void power_off(Power how);
  /// Copies the persistent state to `directory`: a TPM started there is a perfect clone (AC-39).
  /// @error storage
  [[nodiscard]] Result<void> clone_state_to(const std::filesystem::path& directory) const;

 private:
  SoftwareTpm(std::filesystem::path directory, Descriptor lock)
      : directory_{std::move(directory)}, lock_{std::move(lock)} {}
  Result<void> power_on();
  Result<void> start_process();

  std::filesystem::path directory_;
  Descriptor lock_;
  std::unique_ptr<ChildProcess> process_;
};

/// Starts and manufactures `count` TPMs in directories "tpm-00000" and so on below `parent`, `workers` at a time.
/// @param made_so_far told of each that is done, how many there are; by one thread at a time.
/// @return all of them, in order. @error as start and manufacture: the first failure; then none is left running.
Result<std::vector<std::unique_ptr<SoftwareTpm>>> manufacture_many(
    const SiliconVendor& vendor, const ChipModel& model, Instant now, const std::filesystem::path& parent,
    std::size_t count, std::size_t workers, const std::function<void(std::size_t)>& made_so_far = {});

}  // namespace birthmark::fleet
