// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "base/ids.h"
#include "cli/kept_file.h"
#include "codec/json.h"

namespace birthmark::cli {

/// The signed seal statement of one unit, durable until it is answered: a station that lost the answer, or its power,
/// hands in the same one, which the server answers as it did before (docs/flows/seal.md).
class PendingSeal {
 public:
  /// Finds the statement of this device that waits in `directory`, if there is one. @error storage
  static Result<PendingSeal> of(Files& files, const std::filesystem::path& directory, const DeviceId& device);

  using Make = std::function<Result<boost::json::object>()>;
  using HandIn = std::function<Result<boost::json::object>(const boost::json::object& statement)>;
  /// Hands the waiting statement in; where there is none, or the server refuses it, a new one, kept before.
  /// @return the answer; the statement is forgotten.
  /// @error of `make` and `hand_in`; if what failed may pass the statement waits, else it is forgotten; storage.
  Result<boost::json::object> settle(const Make& make, const HandIn& hand_in);

 private:
  explicit PendingSeal(KeptFile file) : file_{std::move(file)} {}
  Result<boost::json::object> hand_in_kept(const HandIn& hand_in);
  Result<void> forget();

  KeptFile file_;
  std::optional<boost::json::object> statement_;
};

}  // namespace birthmark::cli
