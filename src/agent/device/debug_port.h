// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/link/fd_stream.h"

namespace birthmark::agent {

/// A SIMULATED debug port: a TCP port that tells its identification code to whoever connects, as a debug probe would
/// read it from an open unit. Fused, it is closed: connections are refused.
class DebugPort {
 public:
  /// What an open port says to a probe.
  static constexpr std::string_view kIdcode = "IDCODE 0x6ba02477 simulated\n";

  /// Listens, in a thread of its own. @param at port 0: any free one. @error unavailable
  static Result<std::unique_ptr<DebugPort>> open(const link::Endpoint& at);
  DebugPort(const DebugPort&) = delete;
  DebugPort& operator=(const DebugPort&) = delete;
  ~DebugPort();

  [[nodiscard]] const link::Endpoint& endpoint() const;
  /// Closes it: no later connection is answered. Idempotent.
  void close();

 private:
  struct Impl;
  explicit DebugPort(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace birthmark::agent
