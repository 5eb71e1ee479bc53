// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>

#include "base/bytes.h"
#include "base/ids.h"

namespace birthmark::crypto {

enum class HashAlgorithm : std::uint8_t { sha256, sha384, sha512 };

/// The size of a digest in bytes: 32, 48 or 64.
constexpr std::size_t digest_size(HashAlgorithm algorithm) {
  return algorithm == HashAlgorithm::sha256 ? 32 : algorithm == HashAlgorithm::sha384 ? 48 : 64;
}

/// SHA-256 of the parts one after the other. Never fails: a library without SHA-256 ends the process.
Digest sha256(BytesView bytes);
Digest sha256(std::initializer_list<BytesView> parts);

/// The digest of the parts one after the other, `digest_size` bytes. Never fails, as above.
Bytes hash(HashAlgorithm algorithm, std::initializer_list<BytesView> parts);

/// HMAC-SHA-256 of the parts one after the other.
Octets<32> hmac_sha256(BytesView key, std::initializer_list<BytesView> parts);

/// HMAC (FIPS 198-1) of the parts one after the other, `digest_size` bytes; the key may be empty.
Bytes hmac(HashAlgorithm algorithm, BytesView key, std::initializer_list<BytesView> parts);

}  // namespace birthmark::crypto
