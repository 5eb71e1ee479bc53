// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/passphrase.h"

#include <cstdlib>
#include <system_error>

namespace birthmark {

std::filesystem::path passphrase_file(const std::filesystem::path& data, const std::filesystem::path& named) {
  if (!named.empty()) {
    return named;
  }
  if (const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY"); credentials != nullptr) {
    auto path = std::filesystem::path{credentials} / "birthmark-passphrase";
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
      return path;
    }
  }
  return data / "passphrase";
}

}  // namespace birthmark
