// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/hierarchy.h"
#include "app/ports/files.h"
#include "base/secret.h"
#include "crypto/keys.h"

namespace birthmark::daemon {

/// A key with its certificate chain, as `make_identity` and `station enroll` leave them in a directory.
struct Identity {
  crypto::PrivateKey key;
  std::vector<Bytes> chain;  ///< DER, leaf first
};
/// Reads `<name>.key` and `<name>.pem`; ends what a `make_identity` was cut off in behind its certificate.
/// @error not_found, bad_request; key_attributes: unreadable, or not the key of the certificate
Result<Identity> read_identity(Files& files, const std::filesystem::path& directory, const std::string& name,
                               const Secret& passphrase);

/// Makes a key, has it certified, and leaves `<name>.key`, encrypted with the passphrase, and `<name>.pem`: nothing
/// that is there is touched before the certificate is on the books, and whatever fails or is cut off, the certificate
/// that is there has its key beside it.
/// @param order its key is set here. @return the certificate, DER. @error of the hierarchy and the file layer
Result<Bytes> make_identity(Files& files, const std::filesystem::path& directory, const std::string& name,
                            const Secret& passphrase, app::Hierarchy& hierarchy, app::ServiceOrder order);

}  // namespace birthmark::daemon
