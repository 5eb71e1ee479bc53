// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace birthmark::crypto {

/// The places of the RSA moduli that have a prime in common with another one, equal ones included: who finds that prime
/// has both private keys. Chips that begin with too little entropy make such keys (Heninger et al., "Mining Your Ps and
/// Qs", 2012). By a product tree and a tree of remainders, so the work grows with n log² n and not with the pairs.
/// @param moduli big-endian, of any size; one that is zero is passed over. Memory: about 2 log2 n times all of them.
/// @return ascending
std::vector<std::size_t> sharing_a_factor(std::span<const Bytes> moduli);

}  // namespace birthmark::crypto
