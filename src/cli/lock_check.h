// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "cli/station_run.h"

namespace birthmark::cli {

struct LockCheckRun {
  StationFiles files;
  std::string batch;
  std::string server = "127.0.0.1:8443";  ///< device listener
  DeviceLink device;
  link::Endpoint debug;                   ///< the unit's debug port
  std::chrono::milliseconds bound{2000};  ///< of the probe
  std::chrono::milliseconds wait{5000};   ///< for a device that does not listen yet
  Patience patience;
  Form form = Form::words;
};

/// The seal of one unit (S0 to S1): probes the debug port, asks the device what it claims and for a quote of the
/// server's nonce, signs what was seen with the station's key and hands it in. An open port is handed in as well, so
/// that the server refuses it (`not_sealed`) and keeps the record.
/// @return 0: sealed; 1: refused; 3: the device, its debug port's address or the server was not there
int run_lock_check(const LockCheckRun& order);

}  // namespace birthmark::cli
