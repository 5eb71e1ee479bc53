// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/appraisal.h"
#include "attest/dice.h"
#include "attest/dice_layer.h"

namespace birthmark::attest {

/// What the certificates of a DICE chain say of the layers, put together. Private to src/attest.
struct LayerClaims {
  bool named = false;                                                ///< a TcbInfo was read
  std::optional<std::string> vendor = {}, model = {}, version = {};  ///< of the first TcbInfo, and of no other
  Bytes ueid = {};
  Claim<DebugState> debug = {};
  std::vector<Measurement> measurements = {};
};

/// Reads every DICE extension of the chain, device first. Components are named by what the layer says of itself: its
/// type, where that is printable, else "layer L index I", else "certificate N" with N counted from the device's, 0;
/// " fwid K" follows from the second digest on, " register R" for integrity registers; of the Open Profile "code",
/// "configuration" and "authority" follow. @error bad_evidence: an extension that cannot be read, or one name twice: no
/// reader may choose between two.
Result<LayerClaims> read_layers(const std::vector<const DiceLayer*>& chain, LayerReports reports);

}  // namespace birthmark::attest
