// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "cli/kept_file.h"

namespace birthmark::cli {

/// The request id of one unit, durable until the unit is finished: a station that lost the answer, or its power, asks
/// again under the same id and gets the same certificate (AC-05). A finished unit that comes back is a new request.
class PendingRequest {
 public:
  /// Finds the id of this key's unfinished request in `directory`, or draws one. @error storage
  static Result<PendingRequest> of(Files& files, const std::filesystem::path& directory, BytesView key_public);

  [[nodiscard]] const Octets<16>& id() const { return id_; }
  /// The unit is finished, or was refused before anything was issued. @error storage
  Result<void> forget() { return file_.forget(); }

 private:
  PendingRequest(KeptFile file, Octets<16> id) : file_{std::move(file)}, id_{id} {}

  KeptFile file_;
  Octets<16> id_;
};

}  // namespace birthmark::cli
