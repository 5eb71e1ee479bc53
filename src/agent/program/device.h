// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/clock/system_clock.h"
#include "adapters/entropy/system_entropy.h"
#include "adapters/files/passphrase.h"
#include "adapters/files/posix_files.h"
#include "agent/device/state.h"
#include "agent/element/element_root.h"
#include "agent/emulated/emulated_root.h"
#include "agent/field/field_client.h"
#include "agent/program/root_address.h"
#include "agent/tpm_root.h"

namespace birthmark::agent::program {

/// What every command takes.
struct Common {
  std::filesystem::path state;
  RootAddress root;
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

using OpenRoot = Result<std::unique_ptr<HardwareRoot>>;

inline OpenRoot open_emulated(const Common& common) {
  BM_TRY(auto at, parse_emulated_address(common.root.place));
  auto root = EmulatedRoot::open(std::move(at), common.root.kind);
  return root ? OpenRoot{std::move(*root)} : fail(root.error().code, root.error().detail, "device.emulator");
}

inline OpenRoot open_element(const Common& common, Files& files) {
  BM_TRY(const auto at, parse_token_address(common.root.place));
  const auto open = [&]() -> OpenRoot {
    BM_TRY(const auto pin, read_passphrase(files, at.pin_source));
    BM_TRY(auto module, pkcs11::Module::load(at.module_path));
    BM_TRY(auto session, pkcs11::Session::open(std::move(module), at.token, pin));
    BM_TRY(auto root, ElementRoot::open(std::move(session)));
    return OpenRoot{std::move(root)};
  };
  auto root = open();
  return root ? std::move(root) : fail(Code::unavailable, root.error().detail, "device.element");
}

/// The device's root of trust, where `common` says it is.
/// @error unavailable with check "device.tpm", "device.emulator" or "device.element": nothing answers there. storage
inline OpenRoot open_root(const Common& common, const DeviceState& state, Files& files,
                          std::optional<IdevidTemplate> idevid) {
  if (common.root.kind != "tpm") {
    return common.root.kind == "se" ? open_element(common, files) : open_emulated(common);
  }
  TpmOptions options;
  options.tcti = common.root.place;
  options.state_directory = DeviceState::key_directory(common.state);
  options.idevid = idevid ? idevid : state.idevid_template();
  auto root = open_tpm_root(std::move(options), files);
  return root ? OpenRoot{std::move(*root)} : fail(root.error().code, root.error().detail, "device.tpm");
}

/// @param idevid what the IDevID key of a TPM is to be made of; nothing: as the device remembers, else as its TPM
/// tells.
/// @error as `lock_device` and `open_root`; conflict with check "device.root": it was born with a root of another kind
inline Result<OpenDevice> open_device(const Common& common, Files& files, std::optional<IdevidTemplate> idevid = {}) {
  OpenDevice device;
  BM_TRY(device.lock, lock_device(common, files));
  BM_TRY(device.state, DeviceState::open(files, common.state));
  if (const auto& born = device.state->root_kind(); born && *born != common.root.kind) {
    return fail(Code::conflict, "this device was born with a root of kind " + *born, "device.root");
  }
  BM_TRY(device.root, open_root(common, *device.state, files, idevid));
  return device;
}

}  // namespace birthmark::agent::program
