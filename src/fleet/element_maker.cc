// SPDX-License-Identifier: Apache-2.0
#include "fleet/element_maker.h"

#include "agent/element/element_root.h"

namespace birthmark::fleet {

namespace element = agent::element;

Result<void> make_element(pkcs11::Session& token, const ComponentVendor& vendor, const std::string& chip_id,
                          Instant now) {
  BM_TRY(const auto key, token.generate(element::kAttestationKey));
  BM_TRY(const auto certificate, vendor.certify_issuing_key(key, "element", chip_id, now));
  BM_CHECK(token.write_object(element::kAttestationObject, certificate));
  BM_CHECK(token.write_object(element::kVendorObject, vendor.root_certificate()));
  return token.write_object(element::kChipObject, as_bytes(chip_id));
}

}  // namespace birthmark::fleet
