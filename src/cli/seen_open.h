// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "agent/link/fd_stream.h"
#include "base/ids.h"
#include "cli/kept_file.h"

namespace birthmark::cli {

/// That this station saw a unit's debug port open, and where: only then does a port that refuses show that the unit was
/// locked, and not that the address is a wrong one. Durable before the unit is asked to lock itself, so that a station
/// that fails in between can still seal it (docs/flows/seal.md).
class SeenOpen {
 public:
  /// Finds what is kept of this device in `directory`, if there is anything. @error storage
  static Result<SeenOpen> of(Files& files, const std::filesystem::path& directory, const DeviceId& device);

  /// What went over the port when it was seen open at this address; nothing: it never was.
  [[nodiscard]] std::optional<Bytes> at(const link::Endpoint& port) const;
  /// Replaces what was kept. @param said what went over the open port @error storage
  Result<void> keep(const link::Endpoint& port, BytesView said);
  /// Of a unit that is sealed. @error storage
  Result<void> forget();

 private:
  struct Sight {
    std::string port;
    Bytes said;
  };
  explicit SeenOpen(KeptFile file) : file_{std::move(file)} {}
  static Result<Sight> read(BytesView text);

  KeptFile file_;
  std::optional<Sight> sight_;
};

}  // namespace birthmark::cli
