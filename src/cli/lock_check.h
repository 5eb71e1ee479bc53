// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/station_run.h"

namespace birthmark::cli {

struct UnitToSeal {
  DeviceLink device;
  link::Endpoint debug;  ///< its debug port
};

struct LockCheckRun {
  StationFiles files;
  std::string batch;
  std::string server = "127.0.0.1:8443";  ///< device listener
  std::vector<UnitToSeal> units;
  std::chrono::milliseconds bound{2000};  ///< of the probe
  std::chrono::milliseconds wait{5000};   ///< for a device that does not listen yet
  Patience patience;
  Form form = Form::words;
};

/// The seal (S0 to S1) of units one after the other: sees the debug port open, has the device lock it and quote the
/// server's nonce, probes the port again and asks the device what it claims, signs what was seen with the station's key
/// and hands it in. A port that stays open is handed in as well, so that the server refuses it (`not_sealed`) and keeps
/// the record. One that was never seen open proves nothing, whatever it does now: `not_sealed` at "seal.seen_open", and
/// the unit is not asked to lock itself. A statement whose answer is lost goes out again as it is.
/// @return 0: all sealed; 1: one was refused; 3: a device, its debug port's address or the server was not there
int run_lock_check(const LockCheckRun& order);

}  // namespace birthmark::cli
