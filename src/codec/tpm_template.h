// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "codec/tpm_public.h"

namespace birthmark::tpm {

/// Permanent handles of the hierarchies (Part 2, §7.4).
inline constexpr std::uint32_t kOwner = 0x40000001;
inline constexpr std::uint32_t kEndorsement = 0x4000000B;
inline constexpr std::uint32_t kPlatform = 0x4000000C;

/// The public areas that birthmark makes and takes. EK: TCG EK Credential Profile; H-2: TCG Keys for Device Identity
/// and Attestation; the last two are birthmark's own, which a password may administer.
enum class Template : std::uint8_t {
  ek_rsa2048_low,   ///< L-1
  ek_p256_low,      ///< L-2
  ek_rsa2048_high,  ///< H-1
  ek_p256_high,     ///< H-2
  ek_p384_high,     ///< H-3
  ek_rsa3072_high,  ///< H-6
  iak_h2,
  idevid_h2,
  iak_birthmark,
  idevid_birthmark,
};

std::span<const Template> all_templates();

/// A short stable name, "ek.p256.low", "iak.birthmark".
std::string_view name_of(Template which);

/// What TPM2_CreatePrimary takes as inPublic, `unique` included.
Public make(Template which);

/// Whether `key` was made of the template: everything equal except `unique`, which holds the key.
bool made_of(const Public& key, Template which);

/// The template that `key` was made of; nothing if it is none of them.
std::optional<Template> template_of(const Public& key);

}  // namespace birthmark::tpm
