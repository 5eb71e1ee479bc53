// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "base/bytes.h"
#include "base/strong.h"

namespace birthmark {

using Digest = Strong<struct DigestTag, Octets<32>>;      ///< SHA-256 of something; see the name of the variable
using DeviceId = Strong<struct DeviceIdTag, Octets<32>>;  ///< design §2: computed from verified evidence, never sent
using Nonce = Strong<struct NonceTag, Octets<32>>;        ///< of the server, single use
using SessionId = Strong<struct SessionIdTag, Octets<32>>;
using Serial = Strong<struct SerialTag, Octets<16>>;  ///< 0x4B, index u32, 88 random bits (design §3)

using DeviceRow = Strong<struct DeviceRowTag, std::uint32_t>;  ///< dense row of a device in the registry, from 1
using CaId = Strong<struct CaIdTag, std::uint32_t>;            ///< dense id of one CA generation (key and list), from 1
using BatchId = Strong<struct BatchIdTag, std::uint32_t>;
using ProductId = Strong<struct ProductIdTag, std::uint32_t>;
using Epoch = Strong<struct EpochTag, std::uint64_t>;  ///< of the writer; an older one is fenced

/// Hashes a digest, or an id that is one, by its first octets: they are spread enough, and nobody chooses them.
struct DigestHash {
  template <class Tag, std::size_t Size>
  std::size_t operator()(const Strong<Tag, Octets<Size>>& digest) const {
    std::size_t out = 0;
    static_assert(sizeof(out) <= Size);
    std::memcpy(&out, digest.get().data(), sizeof(out));
    return out;
  }
};

}  // namespace birthmark
