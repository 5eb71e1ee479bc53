// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace birthmark::pki::arc {

/// birthmark's own arc: 2.25.<UUID 6b67aa6e-c105-45f6-b941-7f55607e886e>, made once (ITU-T X.667). Contents octets.
inline constexpr std::array<std::uint8_t, 20> kRoot{0x69, 0x81, 0xd6, 0xe7, 0xd5, 0x9b, 0xd8, 0x90, 0xaa, 0x97,
                                                    0xed, 0xb9, 0xa0, 0xdf, 0xea, 0xd6, 0x83, 0xfa, 0x90, 0x6e};

/// One arc below the root; `number` below 128.
constexpr std::array<std::uint8_t, 21> below(std::uint8_t number) {
  std::array<std::uint8_t, 21> out{};
  for (std::size_t i = 0; i < kRoot.size(); ++i) {
    out[i] = kRoot[i];
  }
  out[20] = number;
  return out;
}

inline constexpr auto registration_receipt = below(1);  ///< certificate extension, non-critical
inline constexpr auto tpm_evidence = below(2);          ///< attestation statement type
inline constexpr auto appraised_at = below(3);          ///< certificate extension, non-critical: GeneralizedTime
inline constexpr auto key_in_hardware = below(4);  ///< certificate policy: the key was attested as made in its root
inline constexpr auto software_root = below(5);    ///< certificate policy: the root is software; labelled for ever
inline constexpr auto simulated_root = below(6);   ///< certificate policy: evidence class `simulated`
inline constexpr auto dice_evidence = below(7);    ///< attestation statement types (docs/wire/evidence.md BUNDLE)
inline constexpr auto element_evidence = below(8);
inline constexpr auto listed_evidence = below(9);
inline constexpr auto software_evidence = below(10);
inline constexpr auto psa_root = below(11);  ///< hwType of a hardwareModuleName, where no registry has one
inline constexpr auto dice_root = below(12);
inline constexpr auto element_root = below(13);

}  // namespace birthmark::pki::arc
