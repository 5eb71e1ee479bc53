// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/clock/system_clock.h"
#include "adapters/entropy/system_entropy.h"
#include "adapters/files/posix_files.h"
#include "agent/device/state.h"
#include "agent/field/field_client.h"
#include "agent/tpm_root.h"

namespace birthmark::agent::program {

/// What every command takes.
struct Common {
  std::filesystem::path state;
  std::string tcti;
  std::string firmware;
  unsigned timeout_s = 15;
  bool as_json = false;
};

/// A device that this process has to itself: lock, state, root and its client, in the order of their lives.
struct OpenDevice {
  std::unique_ptr<FileLock> lock;
  std::unique_ptr<DeviceState> state;
  std::unique_ptr<HardwareRoot> root;
};

/// @error unavailable: another program works on this device, or no TPM answers. storage
inline Result<OpenDevice> open_device(const Common& common, Files& files) {
  OpenDevice device;
  BM_TRY(device.lock, DeviceState::lock(files, common.state));
  BM_TRY(device.state, DeviceState::open(files, common.state));
  TpmOptions options;
  options.tcti = common.tcti;
  options.state_directory = DeviceState::key_directory(common.state);
  BM_TRY(device.root, open_tpm_root(std::move(options), files));
  return device;
}

}  // namespace birthmark::agent::program
