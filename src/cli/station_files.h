// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "adapters/files/passphrase.h"
#include "cli/api_client.h"

namespace birthmark::cli {

/// Where a station's key, certificate and anchor lie on the line PC; the directory is all that it needs besides the
/// passphrase.
struct StationFiles {
  std::string name;
  std::string data = "run/birthmark";
  std::string directory;   ///< empty: <data>/stations
  std::string passphrase;  ///< a file; empty: as adapters/files/passphrase.h finds it

  [[nodiscard]] CredentialFiles credentials() const {
    const std::filesystem::path root{data};
    const auto where = directory.empty() ? root / "stations" : std::filesystem::path{directory};
    return {.directory = where,
            .name = name,
            .service_root = where / "service-root.pem",
            .passphrase = passphrase_file(root, passphrase)};
  }
};

}  // namespace birthmark::cli
