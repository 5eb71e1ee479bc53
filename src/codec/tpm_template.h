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

/// The public areas that birthmark makes and takes. EK: TCG EK Credential Profile; H-1 to H-4: TCG Keys for Device
/// Identity and Attestation v1.0 r12, §7.3.4, §7.3.6; the others are birthmark's own, which a password may administer.
/// In H-1 the IAK signs by RSAPSS and the IDevID by any scheme; birthmark's RSA keys sign by RSASSA.
enum class Template : std::uint8_t {
  ek_rsa2048_low,   ///< L-1
  ek_p256_low,      ///< L-2
  ek_rsa2048_high,  ///< H-1
  ek_p256_high,     ///< H-2
  ek_p384_high,     ///< H-3
  ek_rsa3072_high,  ///< H-6
  iak_h1,           ///< RSA-2048
  idevid_h1,
  iak_h2,  ///< P-256
  idevid_h2,
  iak_h3,  ///< P-384, SHA-384
  idevid_h3,
  iak_h4,  ///< P-521, SHA-512
  idevid_h4,
  iak_birthmark,  ///< P-256
  idevid_birthmark,
  iak_birthmark_rsa2048,
  idevid_birthmark_rsa2048,
  iak_birthmark_p384,
  idevid_birthmark_p384,
  iak_birthmark_p521,
  idevid_birthmark_p521,
};

/// What keys of a template are for: to decrypt for the TPM, to sign what it says, to sign what anybody says.
enum class TemplateUse : std::uint8_t { endorsement, attestation, identity };
TemplateUse use_of(Template which);

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
