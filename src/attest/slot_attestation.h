// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "attest/appraisal.h"
#include "codec/x509.h"

namespace birthmark::attest {

/// Who writes attestation certificates how.
enum class SlotMaker : std::uint8_t { yubikey_piv, yubihsm, vendor_certificate };

/// What the certificate of a slot's key says of the chip and of the key.
struct SlotFacts {
  SlotMaker maker = SlotMaker::vendor_certificate;
  Bytes chip_id;         ///< the part's serial number; never empty
  std::string firmware;  ///< "5.4.3"; empty: not said
  std::optional<KeyOrigin> origin = {};
  bool exportable = false;  ///< a wrapped copy may leave the chip
};

/// Reads the extensions of a YubiKey (1.3.6.1.4.1.41482.3: firmware 3, serial 7, policy 8), of a YubiHSM (.4: firmware
/// 1, serial 2, origin 3, capabilities 5), or the names of a vendor's certificate for a slot: one hardwareModuleName in
/// the subjectAltName (RFC 4108 §5), else one serialNumber in the subject. A YubiKey attests only what it made itself.
/// @error bad_evidence: no chip is named, or an extension of another form.
Result<SlotFacts> read_slot_facts(const x509::Certificate& certificate);

}  // namespace birthmark::attest
