// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "adapters/pkcs11/session.h"
#include "app/ports/entropy.h"
#include "app/ports/files.h"
#include "base/ids.h"
#include "fleet/component_vendor.h"

namespace birthmark::fleet {

/// Makes a token a SIMULATED secure element of this vendor: a key that attests its slots, the vendor's certificate of
/// it, and the id of the chip. Done once in its life. @param chip_id printable, at most 32 octets
/// @error conflict: it was done before; hsm_unavailable, hsm_fault
Result<void> make_element(pkcs11::Session& token, const ComponentVendor& vendor, const std::string& chip_id,
                          Instant now);

/// A SIMULATED secure element: a token of SoftHSM in a directory of its own.
struct SoftwareElement {
  std::filesystem::path directory;  ///< softhsm2.conf, pin and tokens/
  DeviceId device;

  /// As `birthmark-agent --root` takes it, with the environment variable SOFTHSM2_CONF of `configuration`.
  [[nodiscard]] std::string root() const;
  [[nodiscard]] std::filesystem::path configuration() const { return directory / "softhsm2.conf"; }
};

/// Makes an element, or opens the one that the directory holds, and the key of its birth with it. SoftHSM reads where
/// its tokens are from the environment of the process: so one at a time.
/// @param chip_id as `make_element`. @error hsm_unavailable: no SoftHSM; storage; as `make_element`
Result<SoftwareElement> software_element(Files& files, Entropy& entropy, const std::filesystem::path& directory,
                                         const ComponentVendor& vendor, const std::string& chip_id, Instant now);

}  // namespace birthmark::fleet
