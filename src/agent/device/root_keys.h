// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/hardware/hardware_root.h"
#include "base/ids.h"
#include "crypto/keys.h"

namespace birthmark::agent {

/// Who this device is, computed as the registry does it (design §2), from what the root shows
/// now. @error not_found: the vendor left no certificate. unavailable
Result<DeviceId> own_device_id(HardwareRoot& root);

/// A certification request for `key`, signed by it, with an empty subject unless told.
struct CsrParts {
  BytesView subject = {};                 ///< a whole Name; empty: one without any attribute
  BytesView subject_alt_name = {};        ///< value of the extension to ask for; empty: none
  std::string_view channel_binding = {};  ///< for challengePassword; empty: none
  BytesView evidence = {};                ///< AttestationBundle for the attribute; empty: none
};
/// @error not_found: no such key. unavailable. bad_request: the parts do not make a request.
Result<Bytes> make_csr(HardwareRoot& root, DeviceKey key, const CsrParts& parts);

}  // namespace birthmark::agent
