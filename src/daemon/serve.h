// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "cli/output.h"
#include "daemon/config.h"
#include "daemon/registry.h"

namespace birthmark::daemon {

/// The listeners of one process; ends them when destroyed.
class Listeners {
 public:
  virtual ~Listeners() = default;
  [[nodiscard]] virtual std::uint16_t device_port() const = 0;
  [[nodiscard]] virtual std::uint16_t operator_port() const = 0;
  [[nodiscard]] virtual std::uint16_t public_port() const = 0;
  /// Logs and counts chores that failed; says when the server's certificate ends soon.
  virtual void report(const std::vector<TidyFailure>& failures) = 0;
};

/// Starts the device, operator and public listeners on a registry that was initialised.
/// @error not_found: `init` has not run; unavailable: an address cannot be bound; key_attributes
Result<std::unique_ptr<Listeners>> listen(const Config& config, Registry& registry);

/// Serves until SIGTERM or SIGINT. Prints one readiness line of JSON with the ports on standard output once everything
/// answers. @return the exit code: 0, or 3 with the refusal in that form.
int serve(const Config& config, bool development, cli::Form form);

}  // namespace birthmark::daemon
