// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "app/ports/entropy.h"
#include "app/ports/files.h"
#include "base/secret.h"

namespace birthmark {

/// Where the passphrase of the key files lies, for the server and for every command: the file that was named, else the
/// systemd credential `birthmark-passphrase` where there is one ($CREDENTIALS_DIRECTORY), else `<data>/passphrase`.
/// @param named empty: none was.
std::filesystem::path passphrase_file(const std::filesystem::path& data, const std::filesystem::path& named);

/// The passphrase in a file, line ends at its end cut off; never an argument.
/// @error not_found: there is no such file; key_attributes: it is empty; storage
Result<Secret> read_passphrase(Files& files, const std::filesystem::path& file);

/// Makes a file (0600) with a random passphrase of 256 bits where there is none. @error storage
Result<void> ensure_passphrase(Files& files, const std::filesystem::path& file, Entropy& entropy);

/// Whether the passphrase lies in the directory whose keys it opens: then one copy of the directory opens them all.
bool lies_beside_keys(const std::filesystem::path& passphrase, const std::filesystem::path& data);
/// What to do about it, for people.
inline constexpr const char* kPassphraseElsewhere =
    "move it out of the data directory and name it with passphrase_file, or give it as the systemd credential "
    "birthmark-passphrase";

}  // namespace birthmark
