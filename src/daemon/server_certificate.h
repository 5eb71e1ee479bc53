// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/identity.h"
#include "daemon/registry.h"

namespace birthmark::daemon {

/// What the server's certificate is judged and made with.
struct ServerCertificatePorts {
  Files& files;
  app::Store& store;
  app::Hierarchy& hierarchy;
  const Clock& clock;
};

/// Sees to it that the server has a TLS key and certificate (`<tls>/server.key`, `server.pem`) that are good for a long
/// while: they stay if they belong together, the registry has the certificate on its books, it names what the settings
/// name (if they name anything but the default) and it is not in the last third of its life; else both are made anew.
/// Every other server certificate ends. As this happens at a start only, it happens early: in the last third, 132 days
/// of 398, ordinary restarts for updates of program or machine come in time. Repeating it changes nothing.
/// @error not_found: `init` has not run; clock_suspect: time alone makes it due, and nothing was issued for as long as
/// that third; of the hierarchy, the store and the file layer. What is there stays.
Result<ServerCertificate> ensure_server_certificate(const Config& config, const std::filesystem::path& tls,
                                                    const Secret& passphrase, const ServerCertificatePorts& ports);

/// When to say that the server's certificate ends soon: once a day, from 30 days before on.
class EndNotice {
 public:
  static constexpr std::chrono::days kFrom{30};
  static constexpr std::chrono::days kEvery{1};

  explicit EndNotice(Instant until) : until_{until} {}
  [[nodiscard]] Instant until() const { return until_; }
  /// Whether to say it now; then not again for a day.
  bool is_due(Instant now, Ticks ticks);

 private:
  Instant until_;
  std::optional<Ticks> said_;
};

}  // namespace birthmark::daemon
