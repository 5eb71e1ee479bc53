// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "crypto/keys.h"

namespace birthmark::cli {

/// "P-256", "RSA"; "unknown" for a value outside the enumeration.
std::string_view name_of(crypto::KeyType type);

/// The same with the size, where the type does not say it: "RSA-3072".
std::string words_of(const crypto::PublicKey& key);

}  // namespace birthmark::cli
