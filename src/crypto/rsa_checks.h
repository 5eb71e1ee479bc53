// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "crypto/keys.h"

namespace birthmark::crypto {

/// Whether a modulus has the structure of the keys that Infineon's RSALib made (CVE-2017-15361, "ROCA"), whose private
/// halves can be computed. Such primes are k·M + (65537^a mod M) with M a product of the first primes, so their product
/// is a power of 65537 modulo every product of small primes; a sound modulus is one with a chance below 2^-150.
/// @param modulus big-endian, of any size; the work is linear in it.
bool has_roca_fingerprint(BytesView modulus);

/// The same of a key; false for a key that is not RSA.
bool has_roca_fingerprint(const PublicKey& key);

/// Whether anybody finds a factor of an RSA modulus at once: a prime below 752 (SP 800-89 §5.3.3), or two primes so
/// close together that Fermat's method finds them within 100 steps (CVE-2022-26320). False for a key that is not RSA.
bool is_easily_factored(const PublicKey& key);
/// @param modulus big-endian, of any size.
bool is_easily_factored(BytesView modulus);

}  // namespace birthmark::crypto
