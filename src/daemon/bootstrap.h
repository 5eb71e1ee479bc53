// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/hierarchy.h"
#include "app/ports/files.h"
#include "base/secret.h"
#include "daemon/config.h"
#include "daemon/registry.h"

namespace birthmark::daemon {

/// The passphrase that all key files are encrypted with: a file or a systemd credential, never an argument.
/// @error not_found: `birthmark init` has not run; storage
Result<Secret> read_passphrase(Files& files, const std::filesystem::path& path);
/// Makes a random passphrase file (0600) where there is none. @error storage
Result<void> ensure_passphrase(Files& files, const std::filesystem::path& path, Entropy& entropy);

/// Makes what a fresh installation lacks: roots, the server's TLS key and certificate, the first operator's key and
/// certificate (encrypted with the same passphrase). What is there stays. @error of the hierarchy and the file layer
Result<void> bootstrap(const Config& config, const Registry::Paths& paths, Files& files, app::Hierarchy& hierarchy);

/// A key with its certificate chain, as `bootstrap` and `station enroll` leave them in a directory.
struct Identity {
  crypto::PrivateKey key;
  std::vector<Bytes> chain;  ///< DER, leaf first
};
/// Reads `<name>.key` and `<name>.pem`. @error not_found, key_attributes, bad_request
Result<Identity> read_identity(Files& files, const std::filesystem::path& directory, const std::string& name,
                               const Secret& passphrase);

}  // namespace birthmark::daemon
