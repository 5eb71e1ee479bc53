// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/ids.h"
#include "base/instant.h"
#include "policy/decide.h"
#include "policy/snapshot.h"

namespace birthmark::policy {

/// A credential as it was presented, and what was proved of the certificate itself.
struct Presented {
  IssuerKeyId issuer;
  Serial serial;
  Proof path = Proof::unknown;
  Proof receipt = Proof::unknown;
  std::optional<DeviceId> device;  ///< as the certificate names it
};

/// An answer, and whom it is about where the registry knows it.
struct Authorized {
  Decision decision;
  std::optional<DeviceRow> device;
  const ProductPolicy* policy = nullptr;  ///< lives as long as the snapshot
};

/// In which state the device is judged.
enum class As : std::uint8_t {
  recorded,
  first_used,  ///< an LDevID in S2 as if its device were in S3 already; nothing else is judged otherwise
};

/// Decides a request from a snapshot: one load of the credential table, no lock, no allocation. What the snapshot does
/// not know is missing from the facts, and so denied.
Authorized authorize(const Snapshot& snapshot, const Presented& presented, const Request& request, Instant now,
                     As as = As::recorded);

}  // namespace birthmark::policy
