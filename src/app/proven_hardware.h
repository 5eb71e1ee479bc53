// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/ports/records.h"
#include "attest/appraisal.h"
#include "attest/endorsement.h"
#include "base/ids.h"
#include "lifecycle/device_id.h"

namespace birthmark::app {

/// A piece of hardware that its evidence has proved, whatever its kind: what the registry knows it by.
struct ProvenHardware {
  lifecycle::RootKind kind = lifecycle::RootKind::tpm;
  lifecycle::RootClass root_class = lifecycle::RootClass::simulated;
  DeviceId id;
  std::string vendor;  ///< as policies name it
  std::string hardware_serial;
  Digest listed_as;                                 ///< what a batch's plan lists it under
  std::vector<std::pair<Digest, KnownKind>> marks;  ///< that no other identity may ever have, beside the IDevID key
  Bytes statement_key;                              ///< as `RootRecord::ak_public`
  Bytes ek_modulus = {};                            ///< as `RootRecord::ek_modulus`
};

/// A TPM whose endorsement was appraised. @param ak_name SHA-256 of the Name of its AK
ProvenHardware proven_tpm(const attest::EndorsedChip& chip, Bytes ak_public, const Digest& ak_name);

/// Hardware of any other kind whose evidence was appraised. @error policy: a kind that no identity is rooted in
Result<ProvenHardware> proven(const attest::Claims& claims);

lifecycle::RootClass root_class(attest::AnchorClass of);
/// What an identity is rooted in, by the kind of its evidence; nothing for a kind that no identity is rooted in.
std::optional<lifecycle::RootKind> root_kind(attest::EvidenceKind of);

}  // namespace birthmark::app
