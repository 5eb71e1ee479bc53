// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_template.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace birthmark::tpm {
namespace {

constexpr std::array kTemplates{
    Template::ek_rsa2048_low, Template::ek_p256_low,      Template::ek_rsa2048_high, Template::ek_p256_high,
    Template::ek_p384_high,   Template::ek_rsa3072_high,  Template::iak_h2,          Template::idevid_h2,
    Template::iak_birthmark,  Template::idevid_birthmark,
};

// PolicySecret(TPM_RH_ENDORSEMENT).
constexpr std::string_view kPolicyA = "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa";
// PolicyOR(A, C), where C is PolicyAuthorizeNV of index 0x01C07F01 (SHA-256) or 0x01C07F02 (SHA-384).
constexpr std::string_view kPolicyB256 = "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0";
constexpr std::string_view kPolicyB384 =
    "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12";
// As published by the TCG and made by a TPM; their branches are not needed to recognise them.
constexpr std::string_view kPolicyIak = "5437182326e414fca797d5f174615a1641f61255797c3a2b22c21d120b2d1e07";
constexpr std::string_view kPolicyIdevid = "ad6b3a2284fd698a0710bf5cc1b9bdf15e2532e3f601fa4b93a6a8fa8de579ea";

constexpr Attributes kEkLow{0x000300B2};
constexpr Attributes kEkHigh{0x000300F2};
constexpr Attributes kIakH2{0x000500F2};
constexpr Attributes kIdevidH2{0x000400F2};
constexpr Attributes kIakBirthmark{0x00050072};
constexpr Attributes kIdevidBirthmark{0x00040072};

constexpr std::string_view kIakUnique = "IAK";
constexpr std::string_view kIdevidUnique = "IDEVID";

Bytes digest(std::string_view hex) {
  return from_hex(hex).value_or(Bytes{});
}

Public rsa_ek(RsaKeyBits bits, Attributes attributes, std::string_view policy, Bytes unique) {
  const bool long_key = bits == RsaKeyBits::rsa3072;
  return {.name_hash = long_key ? Hash::sha384 : Hash::sha256,
          .attributes = attributes,
          .auth_policy = digest(policy),
          .symmetric = long_key ? AesKeyBits::aes256 : AesKeyBits::aes128,
          .key = RsaKey{.bits = bits, .rsassa = {}, .exponent_spelled_out = false, .modulus = std::move(unique)}};
}

Public ecc_ek(Curve curve, Attributes attributes, std::string_view policy, Bytes unique) {
  const bool long_key = curve == Curve::p384;
  return {.name_hash = long_key ? Hash::sha384 : Hash::sha256,
          .attributes = attributes,
          .auth_policy = digest(policy),
          .symmetric = long_key ? AesKeyBits::aes256 : AesKeyBits::aes128,
          .key = EccKey{.curve = curve, .ecdsa = {}, .x = unique, .y = unique}};
}

Public signing(Attributes attributes, std::string_view policy, std::string_view unique) {
  return {.name_hash = Hash::sha256,
          .attributes = attributes,
          .auth_policy = digest(policy),
          .symmetric = {},
          .key = EccKey{.curve = Curve::p256,
                        .ecdsa = Hash::sha256,
                        .x = to_bytes(as_bytes(unique)),
                        .y = to_bytes(as_bytes(unique))}};
}

Public without_unique(Public key) {
  if (auto* ecc = std::get_if<EccKey>(&key.key)) {
    ecc->x.clear();
    ecc->y.clear();
  }
  if (auto* rsa = std::get_if<RsaKey>(&key.key)) {
    rsa->modulus.clear();
  }
  return key;
}

[[noreturn]] void no_such_template() {
  std::fputs("tpm: no such template\n", stderr);
  std::abort();
}

}  // namespace

std::span<const Template> all_templates() {
  return kTemplates;
}

std::string_view name_of(Template which) {
  switch (which) {
    case Template::ek_rsa2048_low:
      return "ek.rsa2048.low";
    case Template::ek_p256_low:
      return "ek.p256.low";
    case Template::ek_rsa2048_high:
      return "ek.rsa2048.high";
    case Template::ek_p256_high:
      return "ek.p256.high";
    case Template::ek_p384_high:
      return "ek.p384.high";
    case Template::ek_rsa3072_high:
      return "ek.rsa3072.high";
    case Template::iak_h2:
      return "iak.h2";
    case Template::idevid_h2:
      return "idevid.h2";
    case Template::iak_birthmark:
      return "iak.birthmark";
    case Template::idevid_birthmark:
      return "idevid.birthmark";
  }
  no_such_template();
}

Public make(Template which) {
  switch (which) {
    // The low range fills `unique` with zeros, the high range leaves it empty.
    case Template::ek_rsa2048_low:
      return rsa_ek(RsaKeyBits::rsa2048, kEkLow, kPolicyA, Bytes(256, 0));
    case Template::ek_p256_low:
      return ecc_ek(Curve::p256, kEkLow, kPolicyA, Bytes(32, 0));
    case Template::ek_rsa2048_high:
      return rsa_ek(RsaKeyBits::rsa2048, kEkHigh, kPolicyB256, {});
    case Template::ek_p256_high:
      return ecc_ek(Curve::p256, kEkHigh, kPolicyB256, {});
    case Template::ek_p384_high:
      return ecc_ek(Curve::p384, kEkHigh, kPolicyB384, {});
    case Template::ek_rsa3072_high:
      return rsa_ek(RsaKeyBits::rsa3072, kEkHigh, kPolicyB384, {});
    case Template::iak_h2:
      return signing(kIakH2, kPolicyIak, kIakUnique);
    case Template::idevid_h2:
      return signing(kIdevidH2, kPolicyIdevid, kIdevidUnique);
    case Template::iak_birthmark:
      return signing(kIakBirthmark, {}, kIakUnique);
    case Template::idevid_birthmark:
      return signing(kIdevidBirthmark, {}, kIdevidUnique);
  }
  no_such_template();
}

bool made_of(const Public& key, Template which) {
  return without_unique(key) == without_unique(make(which));
}

std::optional<Template> template_of(const Public& key) {
  const auto* found = std::ranges::find_if(kTemplates, [&](Template which) { return made_of(key, which); });
  return found == kTemplates.end() ? std::nullopt : std::optional{*found};
}

}  // namespace birthmark::tpm
