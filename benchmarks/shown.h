// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "attest/appraise.h"
#include "floor.h"

namespace birthmark::bench {

/// Genuine evidence of one device, and what nobody who believes it can do without computing.
struct Shown {
  attest::Evidence evidence;
  Digest freshness;
  Bytes requested_spki;
  std::vector<Signed> by_device;  ///< signatures of keys that come with the evidence
  std::vector<Signed> by_known;   ///< and of keys that were there before, the same for all devices
  std::vector<Bytes> points;      ///< keys that sign nothing here, but must lie on their curve
  std::vector<Bytes> hashed;      ///< SHA-256 besides those of what is signed: Names, what hardware is listed as
};

/// Devices of one kind and the trust that believes them.
struct ShownKind {
  std::string name;
  attest::Trust trust;
  attest::EvidencePolicy policy;
  attest::KindRules rules;
  std::vector<Shown> devices;

  /// Appraises one device's evidence, from its octets to its claims; ends the program if it is refused.
  void appraise(const Shown& device) const;
};

/// Every kind of evidence, all P-256 with SHA-256, made here and now.
/// @param devices of each kind
std::vector<ShownKind> shown_kinds(std::size_t devices);

}  // namespace birthmark::bench
