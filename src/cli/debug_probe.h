// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "agent/link/fd_stream.h"
#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::cli {

/// What a debug port did when it was really asked.
struct DebugProbe {
  bool refused = false;  ///< the connection: so does the port of a locked unit, and any address where nobody listens
  Bytes transcript;      ///< every byte that went over the port, both ways, in the order of time
  Bytes answer;          ///< what an open port said: the IDCODE
};

/// Connects to a debug port over TCP, listens, and then asks for the IDCODE. What takes a connection is not locked: it
/// may be slow to answer, whatever it says within `bound`.
/// @error unavailable: the address cannot be reached or is none, which proves nothing about the port
Result<DebugProbe> probe_debug_port(const link::Endpoint& port, std::chrono::milliseconds bound);
/// Whether an open debug port answered, and not any service that talks.
bool tells_idcode(const DebugProbe& probe);

}  // namespace birthmark::cli
