// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/instant.h"
#include "cli/operator_call.h"

namespace birthmark::cli {

enum class Health : std::uint8_t {
  good,
  risky,  ///< it works; what could be better is said
  wrong,
  absent,
};

/// One thing that was looked at.
struct Diagnosis {
  std::string check;  ///< data, passphrase, keys, operator, server_certificate, clock, log, listeners
  Health health = Health::good;
  std::string words;
};

/// Looks at an installation from outside and changes nothing: its files, who may read them, whether keys and
/// certificates open and are valid at `now`, the log's signature, size and age, and whether the server answers.
/// What depends on something that is absent is left out.
std::vector<Diagnosis> diagnose(Files& files, const OperatorFlags& flags, Instant now);

}  // namespace birthmark::cli
