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

/// @error unavailable with check "device.lock": another program works on this device. storage with check "device.state"
inline Result<std::unique_ptr<FileLock>> lock_device(const Common& common, Files& files) {
  auto lock = DeviceState::lock(files, common.state);
  if (lock) {
    return lock;
  }
  const bool busy = lock.error().code == Code::unavailable;
  return fail(busy ? Code::unavailable : Code::storage, lock.error().detail, busy ? "device.lock" : "device.state");
}

/// @param idevid what the IDevID key is to be made of; nothing: as the device remembers, else as its TPM tells.
/// @error as `lock_device`; unavailable with check "device.tpm": no TPM answers. storage
inline Result<OpenDevice> open_device(const Common& common, Files& files, std::optional<IdevidTemplate> idevid = {}) {
  OpenDevice device;
  BM_TRY(device.lock, lock_device(common, files));
  BM_TRY(device.state, DeviceState::open(files, common.state));
  TpmOptions options;
  options.tcti = common.tcti;
  options.state_directory = DeviceState::key_directory(common.state);
  options.idevid = idevid ? idevid : device.state->idevid_template();
  auto root = open_tpm_root(std::move(options), files);
  if (!root) {
    return fail(root.error().code, root.error().detail, "device.tpm");
  }
  device.root = std::move(*root);
  return device;
}

}  // namespace birthmark::agent::program
