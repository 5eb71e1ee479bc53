// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace birthmark {

/// An object identifier as its DER contents, made at compile time: `oid<1, 2, 840, 10045, 2, 1>`.
namespace oid_detail {
constexpr std::size_t arc_size(std::uint64_t arc) {
  std::size_t size = 1;
  while (arc >>= 7) {
    ++size;
  }
  return size;
}
template <std::uint64_t First, std::uint64_t Second, std::uint64_t... Rest>
constexpr auto encode() {
  constexpr std::size_t size = (arc_size(First * 40 + Second) + ... + arc_size(Rest));
  std::array<std::uint8_t, size> out{};
  std::size_t at = 0;
  const auto put = [&](std::uint64_t arc) {
    const std::size_t n = arc_size(arc);
    for (std::size_t i = 0; i < n; ++i) {
      out[at + i] = static_cast<std::uint8_t>(((arc >> (7 * (n - 1 - i))) & 0x7F) | (i + 1 < n ? 0x80 : 0));
    }
    at += n;
  };
  put(First * 40 + Second);
  (put(Rest), ...);
  return out;
}
}  // namespace oid_detail

template <std::uint64_t... Arcs>
inline constexpr auto oid = oid_detail::encode<Arcs...>();

/// "1.2.840.10045.2.1" for the contents of an OBJECT IDENTIFIER; arcs above 64 bits as "…".
std::string oid_text(BytesView contents);

/// Names follow the standards that define them.
namespace oids {
inline constexpr auto ec_public_key = oid<1, 2, 840, 10045, 2, 1>;
inline constexpr auto secp256r1 = oid<1, 2, 840, 10045, 3, 1, 7>;
inline constexpr auto secp384r1 = oid<1, 3, 132, 0, 34>;
inline constexpr auto secp521r1 = oid<1, 3, 132, 0, 35>;
inline constexpr auto ecdsa_with_sha256 = oid<1, 2, 840, 10045, 4, 3, 2>;
inline constexpr auto ecdsa_with_sha384 = oid<1, 2, 840, 10045, 4, 3, 3>;
inline constexpr auto ecdsa_with_sha512 = oid<1, 2, 840, 10045, 4, 3, 4>;
inline constexpr auto sha256 = oid<2, 16, 840, 1, 101, 3, 4, 2, 1>;
inline constexpr auto rsa_encryption = oid<1, 2, 840, 113549, 1, 1, 1>;
inline constexpr auto sha256_with_rsa = oid<1, 2, 840, 113549, 1, 1, 11>;
inline constexpr auto sha384_with_rsa = oid<1, 2, 840, 113549, 1, 1, 12>;
inline constexpr auto sha512_with_rsa = oid<1, 2, 840, 113549, 1, 1, 13>;

inline constexpr auto common_name = oid<2, 5, 4, 3>;
inline constexpr auto serial_number = oid<2, 5, 4, 5>;
inline constexpr auto organization = oid<2, 5, 4, 10>;
inline constexpr auto organizational_unit = oid<2, 5, 4, 11>;

inline constexpr auto country = oid<2, 5, 4, 6>;
inline constexpr auto email_address = oid<1, 2, 840, 113549, 1, 9, 1>;

inline constexpr auto subject_directory_attributes = oid<2, 5, 29, 9>;
inline constexpr auto subject_key_identifier = oid<2, 5, 29, 14>;
inline constexpr auto key_usage = oid<2, 5, 29, 15>;
inline constexpr auto private_key_usage_period = oid<2, 5, 29, 16>;
inline constexpr auto subject_alt_name = oid<2, 5, 29, 17>;
inline constexpr auto issuer_alt_name = oid<2, 5, 29, 18>;
inline constexpr auto basic_constraints = oid<2, 5, 29, 19>;
inline constexpr auto crl_number = oid<2, 5, 29, 20>;
inline constexpr auto crl_reason = oid<2, 5, 29, 21>;
inline constexpr auto invalidity_date = oid<2, 5, 29, 24>;
inline constexpr auto delta_crl_indicator = oid<2, 5, 29, 27>;
inline constexpr auto issuing_distribution_point = oid<2, 5, 29, 28>;
inline constexpr auto certificate_issuer = oid<2, 5, 29, 29>;
inline constexpr auto name_constraints = oid<2, 5, 29, 30>;
inline constexpr auto crl_distribution_points = oid<2, 5, 29, 31>;
inline constexpr auto certificate_policies = oid<2, 5, 29, 32>;
inline constexpr auto any_policy = oid<2, 5, 29, 32, 0>;
inline constexpr auto policy_mappings = oid<2, 5, 29, 33>;
inline constexpr auto authority_key_identifier = oid<2, 5, 29, 35>;
inline constexpr auto policy_constraints = oid<2, 5, 29, 36>;
inline constexpr auto extended_key_usage = oid<2, 5, 29, 37>;
inline constexpr auto any_extended_key_usage = oid<2, 5, 29, 37, 0>;
inline constexpr auto freshest_crl = oid<2, 5, 29, 46>;
inline constexpr auto inhibit_any_policy = oid<2, 5, 29, 54>;
inline constexpr auto authority_info_access = oid<1, 3, 6, 1, 5, 5, 7, 1, 1>;
inline constexpr auto subject_info_access = oid<1, 3, 6, 1, 5, 5, 7, 1, 11>;
inline constexpr auto cps_qualifier = oid<1, 3, 6, 1, 5, 5, 7, 2, 1>;
inline constexpr auto user_notice_qualifier = oid<1, 3, 6, 1, 5, 5, 7, 2, 2>;

inline constexpr auto server_auth = oid<1, 3, 6, 1, 5, 5, 7, 3, 1>;
inline constexpr auto client_auth = oid<1, 3, 6, 1, 5, 5, 7, 3, 2>;
inline constexpr auto cmc_ra = oid<1, 3, 6, 1, 5, 5, 7, 3, 28>;
inline constexpr auto hardware_module_name = oid<1, 3, 6, 1, 5, 5, 7, 8, 4>;
inline constexpr auto tpm_hardware_type = oid<2, 23, 133, 1, 2>;

inline constexpr auto tcg_manufacturer = oid<2, 23, 133, 2, 1>;
inline constexpr auto tcg_model = oid<2, 23, 133, 2, 2>;
inline constexpr auto tcg_version = oid<2, 23, 133, 2, 3>;
inline constexpr auto tcg_tpm_specification = oid<2, 23, 133, 2, 16>;
inline constexpr auto tcg_ek_certificate = oid<2, 23, 133, 8, 1>;

inline constexpr auto dice_tcb_info = oid<2, 23, 133, 5, 4, 1>;
inline constexpr auto dice_ueid = oid<2, 23, 133, 5, 4, 4>;
inline constexpr auto dice_multi_tcb_info = oid<2, 23, 133, 5, 4, 5>;
inline constexpr auto dice_tcb_freshness = oid<2, 23, 133, 5, 4, 11>;
inline constexpr auto open_dice_input = oid<1, 3, 6, 1, 4, 1, 11129, 2, 1, 24>;

inline constexpr auto matter_vendor_id = oid<1, 3, 6, 1, 4, 1, 37244, 2, 1>;
inline constexpr auto matter_product_id = oid<1, 3, 6, 1, 4, 1, 37244, 2, 2>;

inline constexpr auto challenge_password = oid<1, 2, 840, 113549, 1, 9, 7>;
inline constexpr auto extension_request = oid<1, 2, 840, 113549, 1, 9, 14>;
inline constexpr auto change_subject_name = oid<1, 3, 6, 1, 5, 5, 7, 7, 36>;
inline constexpr auto signed_data = oid<1, 2, 840, 113549, 1, 7, 2>;
inline constexpr auto data = oid<1, 2, 840, 113549, 1, 7, 1>;
}  // namespace oids

}  // namespace birthmark
