// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attest/appraisal.h"

namespace birthmark::attest {

/// As policies name the vendor of a software root.
inline constexpr std::string_view kSoftwareVendor = "software";

/// A key that lies in a file. Nothing attests it, and nothing is claimed of any hardware.
struct SoftwareEvidence {
  Bytes spki;       ///< DER SubjectPublicKeyInfo
  Bytes signature;  ///< of the key over the 32 octets of the freshness value
};

/// Walks the steps of docs/wire/evidence.md SOFTWARE: refused unless the policy names `kSoftwareVendor` itself. What
/// passes is labelled: class simulated, binding by possession, no claim besides freshness.
Appraisal appraise_software(const SoftwareEvidence& evidence, const Challenge& challenge, const EvidencePolicy& policy);

}  // namespace birthmark::attest
