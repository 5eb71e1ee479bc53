// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal, as crypto/openssl.h.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/openssl.h"

namespace birthmark::crypto {

/// Opens "BEGIN ENCRYPTED PRIVATE KEY" of exactly the form that `write_encrypted_pkcs8` gives: at most 16 KiB, nothing
/// around it, PBES2 with scrypt (N 2^14, r 8, p 1) and AES-256-CBC. No other cost is accepted: less is weak, more is a
/// way to make the server work, and both mean that somebody else wrote the file.
/// @error key_attributes: another form, or a wrong or empty passphrase.
Result<EvpPkeyPtr> read_encrypted_pkcs8(std::string_view pem, const Secret& passphrase);

/// @error key_attributes: empty passphrase. @error unavailable: the library fails.
Result<std::string> write_encrypted_pkcs8(EVP_PKEY* key, const Secret& passphrase);

/// Reads "BEGIN PRIVATE KEY" with nothing around it, at most 16 KiB. @error key_attributes
Result<EvpPkeyPtr> read_plain_pkcs8(std::string_view pem);

/// @error unavailable: the library fails.
Result<std::string> write_plain_pkcs8(EVP_PKEY* key);

}  // namespace birthmark::crypto
