// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "adapters/pkcs11/session.h"
#include "fleet/component_vendor.h"

namespace birthmark::fleet {

/// Makes a token a SIMULATED secure element of this vendor: a key that attests its slots, the vendor's certificate of
/// it, and the id of the chip. Done once in its life. @param chip_id printable, at most 32 octets
/// @error conflict: it was done before; hsm_unavailable, hsm_fault
Result<void> make_element(pkcs11::Session& token, const ComponentVendor& vendor, const std::string& chip_id,
                          Instant now);

}  // namespace birthmark::fleet
