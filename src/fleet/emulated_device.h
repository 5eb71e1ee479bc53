// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "agent/emulated/message.h"
#include "app/ports/entropy.h"
#include "app/ports/files.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/instant.h"
#include "base/result.h"
#include "crypto/keys.h"
#include "fleet/component_vendor.h"
#include "fleet/owner_keys.h"

namespace birthmark::fleet {

/// What an emulated device runs.
struct EmulatedFirmware {
  Digest boot_loader;  ///< SHA-256 of it
  Digest application;
  std::string version = "1.0.0";
  std::uint64_t svn = 1;  ///< of the application
  bool debug = false;     ///< its debug is open, and it says so
};

/// Who makes a device that is not there yet.
struct Birth {
  const ComponentVendor& vendor;
  Entropy& entropy;
  Instant now;
};

/// A device with a SIMULATED root of trust: its secrets, and what it answers by them. One thread at a time.
class EmulatedDevice {
 public:
  EmulatedDevice(const EmulatedDevice&) = delete;
  EmulatedDevice& operator=(const EmulatedDevice&) = delete;
  virtual ~EmulatedDevice() = default;

  [[nodiscard]] virtual std::string_view kind() const = 0;
  /// The key that speaks for the hardware: what its identity is made of.
  [[nodiscard]] virtual const crypto::PrivateKey& root_key() const = 0;
  /// What came of a request. Of `identify` only the kind, the identity and the security version are filled in.
  emulated::Outcome answer(const emulated::Request& request);

 protected:
  EmulatedDevice(OwnerKeys keys, EmulatedFirmware firmware) : keys_{std::move(keys)}, firmware_{std::move(firmware)} {}
  [[nodiscard]] virtual const crypto::PrivateKey& idevid_key() const = 0;
  /// @param proved the key that the answer is about; the one of `which`
  virtual Result<Bytes> attest(emulated::Key which, const crypto::PrivateKey& proved, const Digest& freshness) = 0;
  [[nodiscard]] const EmulatedFirmware& firmware() const { return firmware_; }

 private:
  /// @error not_found: there is no such key
  Result<const crypto::PrivateKey*> find(emulated::Key key) const;
  Result<emulated::Outcome> act(const emulated::Request& request);

  OwnerKeys keys_;
  EmulatedFirmware firmware_;
};

/// The file `name` of a device, made where it is not there yet. @param make its content. @error storage; of `make`
Result<Bytes> kept_or_made(Files& files, const std::filesystem::path& directory, const char* name,
                           const std::function<Result<Bytes>()>& make);

/// A PSA root of trust (RFC 9783): initial attestation key, certified by its vendor, instance id of that key, the
/// implementation id that all of them have, and keys of the secure world. What it is made of lies in `directory`, and
/// is made there by `birth` where there is nothing.
/// @param files outlives the device. @error storage: also what is damaged; unavailable
Result<std::unique_ptr<EmulatedDevice>> open_psa_device(Files& files, const std::filesystem::path& directory,
                                                        const EmulatedFirmware& firmware, const Birth& birth);
/// SHA-256 of a text: which immutable root of trust the emulated one is.
Digest psa_implementation_id();

/// A DICE: a unique device secret, the device key that is derived of it and certified by its vendor, and above it one
/// layer for the boot loader and one for the application, whose keys follow from what they measure. As above.
Result<std::unique_ptr<EmulatedDevice>> open_dice_device(Files& files, const std::filesystem::path& directory,
                                                         const EmulatedFirmware& firmware, const Birth& birth);
/// As the lowest layer names the hardware.
inline constexpr std::string_view kDiceVendor = "birthmark simulated", kDiceModel = "dice-1";

}  // namespace birthmark::fleet
