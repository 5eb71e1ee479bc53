// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/root.h"
#include "base/ids.h"
#include "crypto/keys.h"

namespace birthmark::agent {

/// The key that a TPMT_PUBLIC holds. @error bad_evidence: not one that is read here, or a template.
Result<crypto::PublicKey> key_of(BytesView tpmt_public);

/// The public half of a key of the root. @error not_found, unavailable
Result<crypto::PublicKey> public_key(HardwareRoot& root, DeviceKey key);

/// Who this device is, computed as the registry does it (design §2), from the endorsement key that the root makes now.
/// @error not_found: the vendor left no certificate. unavailable
Result<DeviceId> own_device_id(HardwareRoot& root);

/// A certification request for `key`, signed by it, with an empty subject unless told.
struct CsrParts {
  BytesView subject = {};                 ///< a whole Name; empty: one without any attribute
  BytesView subject_alt_name = {};        ///< value of the extension to ask for; empty: none
  std::string_view channel_binding = {};  ///< for challengePassword; empty: none
};
/// @error not_found: no such key. unavailable. bad_request: the parts do not make a request.
Result<Bytes> make_csr(HardwareRoot& root, DeviceKey key, const CsrParts& parts);

}  // namespace birthmark::agent
