// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "agent/link/fd_stream.h"
#include "base/ids.h"
#include "cli/kept_file.h"

namespace birthmark::cli {

/// That this station saw a unit's debug port open at one address: only then does a port there that refuses show that
/// the unit was locked, and not that the address is a wrong one. Durable before the unit is asked to lock itself, so
/// that a station that fails in between can still seal it (docs/flows/seal.md).
class SeenOpen {
 public:
  /// Finds what is kept of this device and address in `directory`, if there is anything. @error storage
  static Result<SeenOpen> of(Files& files, const std::filesystem::path& directory, const DeviceId& device,
                             const link::Endpoint& port);

  /// What went over the port when it was seen open; nothing: it never was.
  [[nodiscard]] const std::optional<Bytes>& said() const { return said_; }
  /// Replaces what was kept. @param said what went over the open port @error storage
  Result<void> keep(BytesView said);
  /// Of a unit that is sealed, or whose port this turned out not to be. @error storage
  Result<void> forget();

 private:
  SeenOpen(KeptFile file, std::string port) : file_{std::move(file)}, port_{std::move(port)} {}
  [[nodiscard]] Result<Bytes> read(BytesView text) const;

  KeptFile file_;
  std::string port_;
  std::optional<Bytes> said_;
};

}  // namespace birthmark::cli
