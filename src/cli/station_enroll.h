// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cli/operator_call.h"
#include "cli/station_files.h"

namespace birthmark::cli {

struct StationOrder {
  StationFiles files;
  std::string role;   ///< provision or lock-check
  std::string batch;  ///< the only one that it will work on
  std::string shift_from;
  std::string shift_to;  ///< "HH:MM" in UTC, both or neither; neither: the whole day
  bool anew = false;     ///< a station that has a certificate gets a new key and a new one
};

/// Minutes of the day from "HH:MM"; nothing for another form.
std::optional<std::uint16_t> minutes_of_day(std::string_view text);

/// Makes the station's key here, has it certified by the server and leaves `<name>.key` (encrypted), `<name>.pem` and
/// `service-root.pem`. An interrupted run uses its key again; the certificate is written last.
/// @error conflict: the station has a certificate; bad_evidence: the server certified another key; storage, and the
/// server's refusals (csr_policy, not_found: no such batch, role).
Result<boost::json::value> enroll_station(ApiClient& client, Files& files, const StationOrder& order,
                                          const std::vector<Bytes>& anchors);

}  // namespace birthmark::cli
