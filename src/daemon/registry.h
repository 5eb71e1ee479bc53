// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/api/services.h"
#include "app/ports/files.h"
#include "app/refusals.h"
#include "daemon/config.h"
#include "daemon/counts.h"

namespace birthmark::daemon {

/// A chore of `Registry::tidy` that failed; it is tried again at the next tick.
struct TidyFailure {
  std::string_view chore;  ///< journal, intents, refusals, log, rows or requests
  Error error;
};

/// What became of the server's certificate.
enum class ServerCertificate : std::uint8_t { kept, made };

struct Numbers {
  const EventCounts& events;
  app::Decisions decisions;
  std::uint64_t writes = 0;
  std::uint64_t commits = 0;
  std::chrono::nanoseconds commit_time{};
};

/// The parts of one server process, composed once and in the order in which they depend on one another. What a role
/// does not get it cannot do: nothing here asks for a role's name.
class Registry {
 public:
  /// Where the parts keep their files: below the data directory, but for what the settings place elsewhere.
  struct Paths {
    std::filesystem::path store, log, keys, journal, trust, tls, operators, passphrase;
  };
  static Paths paths(const Config& config);

  /// Opens everything and brings it to one state: the log compared with the store, the read path rebuilt, what an
  /// earlier process left behind completed, pending denies replayed. Nothing is served before.
  /// @error behind_checkpoint, storage, key_attributes, unavailable: with the words for the operator
  static Result<std::unique_ptr<Registry>> open(const Config& config);
  virtual ~Registry() = default;

  /// Makes keys, roots, the server's and the first operator's certificate where they are missing.
  virtual Result<void> init() = 0;
  /// Makes the server's key and certificate anew if they are due. @error as `ensure_server_certificate`
  virtual Result<ServerCertificate> renew_server_certificate() = 0;
  [[nodiscard]] virtual api::Services& services() = 0;
  /// Whose connections are cut when a device is denied; set once before serving.
  virtual void set_sessions(std::function<std::size_t(const std::set<DeviceRow>&)> cut) = 0;
  [[nodiscard]] virtual Clock& clock() = 0;
  [[nodiscard]] virtual Files& files() = 0;
  /// What the parts have counted since start.
  [[nodiscard]] virtual Numbers numbers() const = 0;
  /// The vkey of the log, for `audit verify`.
  [[nodiscard]] virtual std::string log_key() const = 0;
  /// Work that waits for a quiet moment: intents that are stuck, flush of aggregates, pruning. Called by a timer.
  /// @return what failed, for the log and the metrics
  virtual std::vector<TidyFailure> tidy(app::Refusals::Minutes minutes = app::Refusals::Minutes::past) = 0;
};

}  // namespace birthmark::daemon
