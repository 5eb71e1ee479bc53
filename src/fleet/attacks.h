// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/hardware/tpm_root.h"
#include "app/ports/entropy.h"
#include "base/result.h"
#include "cli/api_client.h"

namespace birthmark::fleet {

/// What an attacker at the line has in his hands.
struct AttackScene {
  cli::ApiClient& station;           ///< a real station: its certificate opens the line's routes
  const std::string& batch;          ///< open, and the station's
  agent::TpmRoot& chip;              ///< the attacker's own, genuine chip
  agent::TpmRoot* victim = nullptr;  ///< another chip, whose endorsement certificate anybody can read
  Entropy& entropy;
};

/// One way to ask for a certificate that nobody should get.
struct Attack {
  std::string_view name;
  std::string_view words;  ///< what it tries
  Code expected;           ///< the one right answer
  std::string_view check;  ///< and the step that finds it; empty: none is named
  bool needs_victim = false;
  /// Runs it. @return nothing: the server went along, the attack worked. @error the refusal; unavailable: not tried
  Result<void> (*run)(const AttackScene& scene);
};

std::span<const Attack> attacks();
/// Null if there is none of that name.
const Attack* attack_named(std::string_view name);

}  // namespace birthmark::fleet
