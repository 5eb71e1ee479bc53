// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/station_files.h"
#include "lifecycle/device_id.h"

namespace birthmark::fleet {

// The commands of `birthmark-fleet`. Each returns the exit code: 0 done, 1 refused or found wrong, 3 environment.

struct TpmsFlags {
  std::string directory;  ///< one subdirectory a TPM; its absolute path at most 80 bytes
  std::string vendor;     ///< where the simulated silicon vendor is kept; empty: <directory>/vendor
  std::size_t count = 1;
  std::size_t workers = 2;  ///< made at a time
  bool as_json = false;     ///< also refusals; the readiness line is JSON in any case
};
/// Makes software TPMs of a simulated silicon vendor, telling how many there are on standard error, prints one
/// readiness line of JSON that lists them, and keeps them running until SIGTERM or SIGINT. The vendor's directory holds
/// `vendors.toml` beside the certificates that it names: copied to <data>/trust of a server in development, it makes
/// the chips known there.
int run_tpms(const TpmsFlags& flags);

struct DevicesFlags {
  lifecycle::RootKind kind = lifecycle::RootKind::psa;  ///< psa or dice
  std::string directory;  ///< of the secrets, one subdirectory a device, and of the socket <kind>.sock
  std::string vendor;     ///< where the simulated vendors are kept; empty: <directory>/vendor
  std::size_t count = 1;
  std::string firmware;  ///< a file whose SHA-256 is what the devices measure; empty: one of ours
  std::string firmware_version = "1.0.0";
  std::uint64_t svn = 1;
  bool debug = false;  ///< their debug is open, as evidence says
  bool as_json = false;
};
/// Emulates devices with a PSA root of trust or a DICE in this process, as many as are asked for, prints one readiness
/// line of JSON that lists them, and answers for them over one socket until SIGTERM or SIGINT. Those that the directory
/// holds already are the same ones again. The vendor's directory is as that of `run_tpms`, and may be the same one.
int run_devices(const DevicesFlags& flags);

struct ElementsFlags {
  std::string directory;  ///< one subdirectory an element
  std::string vendor;     ///< as in DevicesFlags
  std::size_t count = 1;
  bool as_json = false;
};
/// Makes secure elements, tokens of SoftHSM with a simulated vendor's certificate, tells how many there are, and prints
/// one readiness line of JSON that lists them. Those that the directory holds already are the same ones again.
int run_elements(const ElementsFlags& flags);

struct AttackFlags {
  std::vector<std::string> names;  ///< of attacks.h
  std::string server;              ///< device listener, host:port
  std::string batch;
  std::string tcti;    ///< the attacker's own chip
  std::string victim;  ///< tcti of another chip, for attacks that need one
  cli::StationFiles station;
  bool as_json = false;
};
/// Runs attacks one after the other. 0: every one was refused with the code that it should be refused with.
int run_attacks(const AttackFlags& flags);

/// Prints the names with what they try, and the code with which each is to be refused.
int list_attacks(bool as_json);

}  // namespace birthmark::fleet
