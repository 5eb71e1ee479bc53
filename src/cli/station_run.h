// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "cli/device_link.h"
#include "cli/station_files.h"
#include "cli/station_wire.h"
#include "cli/task_report.h"

namespace birthmark::cli {

/// How often a request that found no server, or a busy one, is sent again, and how long to wait before; the pause
/// doubles each time.
struct Patience {
  unsigned attempts = 5;
  std::chrono::milliseconds pause{200};
};

struct StationRun {
  StationFiles files;
  std::string batch;
  std::string server = "127.0.0.1:8443";  ///< device listener
  std::vector<DeviceLink> links;          ///< unit n is at link n modulo their number
  std::size_t units = 0;                  ///< 0: one for each link
  std::chrono::milliseconds wait{5000};   ///< for a device that does not listen yet
  std::string field_server;               ///< where devices enroll later; empty: as `server`
  std::uint16_t public_port = 0;          ///< of that host; 0: none
  Patience patience;
  Form form = Form::words;
};

/// Provisions units one after the other: hello, keys, challenge, evidence, activation, installation. A request whose
/// answer is lost goes out again under the same id and costs nothing (AC-05).
/// @return 0: all of them; 1: one was refused; 3: a device or the server was not there. What makes every further unit
/// fail as well (station_not_authorised, batch_closed, no server) ends the run.
int run_station(const StationRun& order);

/// Where a station keeps what it has asked for in a batch and not seen answered.
std::filesystem::path pending_directory(const StationFiles& files, const std::string& batch);
/// Whether the same request may succeed a little later.
bool passes(const Error& error);
/// Whether the error concerns the line rather than one unit.
bool concerns_all_units(const Error& error);

}  // namespace birthmark::cli
