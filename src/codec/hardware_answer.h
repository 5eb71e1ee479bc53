// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"

/// What a root that is no TPM answers to a challenge, as statements of an AttestationBundle in types of our own
/// (docs/wire/evidence.md BUNDLE). Syntax only; what an answer proves is for src/attest. Readers alias their input.
namespace birthmark::hardware_answer {

inline constexpr std::size_t kPartMaxBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kPartsMax = 10;  ///< layers, or certificates of a chain
inline constexpr std::size_t kSignatureMaxBytes = 256;
inline constexpr std::size_t kChipIdMaxBytes = 32;

/// DiceAnswer ::= SEQUENCE { device OCTET STRING, layers SEQUENCE SIZE (1..10) OF OCTET STRING,
///                           signature OCTET STRING }
struct Dice {
  BytesView device;  ///< certificate or request of the device key
  std::vector<BytesView> layers;
  BytesView signature;  ///< of the last layer's key over the freshness value
};

/// ElementAnswer ::= SEQUENCE { certificates SEQUENCE SIZE (1..10) OF OCTET STRING, signature OCTET STRING }
struct Element {
  std::vector<BytesView> certificates;  ///< the slot's first
  BytesView signature;                  ///< of the slot's key over the freshness value
};

/// ListedAnswer ::= SEQUENCE { chipId OCTET STRING, signature OCTET STRING }
struct Listed {
  BytesView chip_id;
  BytesView signature;
};

/// SoftwareAnswer ::= SEQUENCE { publicKey OCTET STRING, signature OCTET STRING }
struct Software {
  BytesView spki;
  BytesView signature;
};

// All: @param value the whole element. @error bad_request: another form, an empty part, or one past its limit

Result<Dice> read_dice(BytesView value);
Result<Element> read_element(BytesView value);
Result<Listed> read_listed(BytesView value);
Result<Software> read_software(BytesView value);

Bytes write(const Dice& answer);
Bytes write(const Element& answer);
Bytes write(const Listed& answer);
Bytes write(const Software& answer);

}  // namespace birthmark::hardware_answer
