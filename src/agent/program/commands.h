// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "agent/program/device.h"

namespace birthmark::agent::program {

// Each does one command and returns the exit code of the program.

int enroll(const Common& common);
int renew(const Common& common);
int attest(const Common& common);
int revalidate(const Common& common);
int telemetry(const Common& common, const std::string& message);
int time(const Common& common);
int proofs(const Common& common);
int status(const Common& common);
int retire(const Common& common);

struct ProvisionOptions {
  std::optional<std::string> listen;        ///< host:port for links
  bool stdio = false;                       ///< one link over standard input and output instead
  std::optional<std::string> debug_listen;  ///< of the simulated debug port; nothing: there is none
  std::optional<IdevidTemplate> idevid;     ///< what the IDevID key is made of, at the first provisioning
  bool never_fuse = false;
  bool insecure_boot = false;
};
/// Serves the device link until SIGTERM or SIGINT, or until standard input ends.
int provision(const Common& common, const ProvisionOptions& options);

struct RunOptions {
  std::string message = "{}";
  double interval_s = 60;
  unsigned count = 0;  ///< telemetry messages to send; 0: until SIGTERM
};
/// The device's daily life, one JSON line an event.
int run(const Common& common, const RunOptions& options);

}  // namespace birthmark::agent::program
