// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "agent/link/fd_stream.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace birthmark::cli {

/// What a debug port did when it was really asked.
struct DebugProbe {
  bool locked = false;
  Digest transcript;  ///< SHA-256 over every byte that went over the port, both ways, in the order of time
  Bytes answer;       ///< what an open port said: the IDCODE
};

/// Connects to a debug port over TCP, listens, and then asks for the IDCODE. Refused, closed without a word, or silent
/// within `bound`: locked. A single byte: open.
/// @error unavailable: the address cannot be reached or is none, which proves nothing about the port
Result<DebugProbe> probe_debug_port(const link::Endpoint& port, std::chrono::milliseconds bound);

}  // namespace birthmark::cli
