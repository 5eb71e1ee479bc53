// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace birthmark {

/// Where the passphrase of the key files lies, for the server and for every command: the file that was named, else the
/// systemd credential `birthmark-passphrase` where there is one ($CREDENTIALS_DIRECTORY), else `<data>/passphrase`.
/// @param named empty: none was.
std::filesystem::path passphrase_file(const std::filesystem::path& data, const std::filesystem::path& named);

}  // namespace birthmark
