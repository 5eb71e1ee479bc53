// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_template.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace birthmark::tpm {
namespace {

// PolicySecret(TPM_RH_ENDORSEMENT).
constexpr std::string_view kPolicyA = "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa";
// PolicyOR(A, C), where C is PolicyAuthorizeNV of index 0x01C07F01 (SHA-256) or 0x01C07F02 (SHA-384).
constexpr std::string_view kPolicyB256 = "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0";
constexpr std::string_view kPolicyB384 =
    "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12";
// As published by the TCG and made by a TPM; their branches are not needed to recognise them.
constexpr std::string_view kPolicyIak256 = "5437182326e414fca797d5f174615a1641f61255797c3a2b22c21d120b2d1e07";
constexpr std::string_view kPolicyIak384 =
    "129d94ebf84556652c6eef43bbb757512ac87e52be7b349ca6ce4d826f749fcf672f51716c5cbb605f313bf345aab312";
constexpr std::string_view kPolicyIak512 =
    "8060d1fb31716a29e48a6e5fece088bcfc1b278fc162255e81c3eca3544cd44af94410c3715d561cccd9e39a6cb2646d"
    "43535bb54ea88710deb5f7836bd9b586";
constexpr std::string_view kPolicyIdevid256 = "ad6b3a2284fd698a0710bf5cc1b9bdf15e2532e3f601fa4b93a6a8fa8de579ea";
constexpr std::string_view kPolicyIdevid384 =
    "4db1aa836d0b5615df6ee53a40ef70c61c217f4303d44695925972bc927006cfa5cbdf6dc18c4dbe329b2f1542c3dd33";
constexpr std::string_view kPolicyIdevid512 =
    "7dd7500fd6c1b94f97a6af910da147301ef28f662fee06f225a4ccadda3b4e6b38e66b2f3ad5dee1a0503cd2daedb1e6"
    "8cfe4f84b03a8cd22bb6a976f071a72f";

constexpr Attributes kEkLow{0x000300B2};
constexpr Attributes kEkHigh{0x000300F2};
constexpr Attributes kIakTcg{0x000500F2};
constexpr Attributes kIdevidTcg{0x000400F2};
constexpr Attributes kIakBirthmark{0x00050072};
constexpr Attributes kIdevidBirthmark{0x00040072};

/// One template: what differs between them.
struct Row {
  Template which;
  std::string_view name;
  TemplateUse use;
  Attributes attributes;
  std::string_view policy;  ///< hex
  Hash name_hash;
  std::variant<Curve, RsaKeyBits> kind;
  std::optional<RsaScheme> rsa_scheme = {};
  std::size_t zeros = 0;  ///< the low range fills `unique` of an EK with zeros, the high range leaves it empty
};

constexpr RsaScheme kRsassa{RsaPadding::pkcs1, Hash::sha256}, kRsapss{RsaPadding::pss, Hash::sha256};

using enum Template;
using enum TemplateUse;
constexpr std::array kRows{
    Row{ek_rsa2048_low, "ek.rsa2048.low", endorsement, kEkLow, kPolicyA, Hash::sha256, RsaKeyBits::rsa2048, {}, 256},
    Row{ek_p256_low, "ek.p256.low", endorsement, kEkLow, kPolicyA, Hash::sha256, Curve::p256, {}, 32},
    Row{ek_rsa2048_high, "ek.rsa2048.high", endorsement, kEkHigh, kPolicyB256, Hash::sha256, RsaKeyBits::rsa2048},
    Row{ek_p256_high, "ek.p256.high", endorsement, kEkHigh, kPolicyB256, Hash::sha256, Curve::p256},
    Row{ek_p384_high, "ek.p384.high", endorsement, kEkHigh, kPolicyB384, Hash::sha384, Curve::p384},
    Row{ek_rsa3072_high, "ek.rsa3072.high", endorsement, kEkHigh, kPolicyB384, Hash::sha384, RsaKeyBits::rsa3072},
    Row{iak_h1, "iak.h1", attestation, kIakTcg, kPolicyIak256, Hash::sha256, RsaKeyBits::rsa2048, kRsapss},
    Row{idevid_h1, "idevid.h1", identity, kIdevidTcg, kPolicyIdevid256, Hash::sha256, RsaKeyBits::rsa2048},
    Row{iak_h2, "iak.h2", attestation, kIakTcg, kPolicyIak256, Hash::sha256, Curve::p256},
    Row{idevid_h2, "idevid.h2", identity, kIdevidTcg, kPolicyIdevid256, Hash::sha256, Curve::p256},
    Row{iak_h3, "iak.h3", attestation, kIakTcg, kPolicyIak384, Hash::sha384, Curve::p384},
    Row{idevid_h3, "idevid.h3", identity, kIdevidTcg, kPolicyIdevid384, Hash::sha384, Curve::p384},
    Row{iak_h4, "iak.h4", attestation, kIakTcg, kPolicyIak512, Hash::sha512, Curve::p521},
    Row{idevid_h4, "idevid.h4", identity, kIdevidTcg, kPolicyIdevid512, Hash::sha512, Curve::p521},
    Row{iak_birthmark, "iak.birthmark", attestation, kIakBirthmark, {}, Hash::sha256, Curve::p256},
    Row{idevid_birthmark, "idevid.birthmark", identity, kIdevidBirthmark, {}, Hash::sha256, Curve::p256},
    Row{iak_birthmark_rsa2048,
        "iak.birthmark.rsa2048",
        attestation,
        kIakBirthmark,
        {},
        Hash::sha256,
        RsaKeyBits::rsa2048,
        kRsassa},
    Row{idevid_birthmark_rsa2048,
        "idevid.birthmark.rsa2048",
        identity,
        kIdevidBirthmark,
        {},
        Hash::sha256,
        RsaKeyBits::rsa2048,
        kRsassa},
    Row{iak_birthmark_p384, "iak.birthmark.p384", attestation, kIakBirthmark, {}, Hash::sha384, Curve::p384},
    Row{idevid_birthmark_p384, "idevid.birthmark.p384", identity, kIdevidBirthmark, {}, Hash::sha384, Curve::p384},
    Row{iak_birthmark_p521, "iak.birthmark.p521", attestation, kIakBirthmark, {}, Hash::sha512, Curve::p521},
    Row{idevid_birthmark_p521, "idevid.birthmark.p521", identity, kIdevidBirthmark, {}, Hash::sha512, Curve::p521},
};

constexpr auto kTemplates = [] {
  std::array<Template, kRows.size()> out{};
  std::ranges::transform(kRows, out.begin(), &Row::which);
  return out;
}();

Bytes digest(std::string_view hex) {
  return from_hex(hex).value_or(Bytes{});
}

/// What stands in `unique` when a key is made.
Bytes unique_of(const Row& row) {
  switch (row.use) {
    case endorsement:
      return Bytes(row.zeros, 0);
    case attestation:
      return to_bytes(as_bytes("IAK"));
    case identity:
      return to_bytes(as_bytes("IDEVID"));
  }
  return {};
}

Public make(const Row& row) {
  Public out{.name_hash = row.name_hash,
             .attributes = row.attributes,
             .auth_policy = digest(row.policy),
             .symmetric = {},
             .key = {}};
  if (row.use == endorsement) {
    out.symmetric = row.name_hash == Hash::sha256 ? AesKeyBits::aes128 : AesKeyBits::aes256;
  }
  const auto unique = unique_of(row);
  if (const auto* const curve = std::get_if<Curve>(&row.kind)) {
    const auto ecdsa = row.use == endorsement ? std::nullopt : std::optional{row.name_hash};
    out.key = EccKey{.curve = *curve, .ecdsa = ecdsa, .x = unique, .y = unique};
  } else {
    out.key = RsaKey{.bits = std::get<RsaKeyBits>(row.kind),
                     .scheme = row.rsa_scheme,
                     .exponent_spelled_out = false,
                     .modulus = unique};
  }
  return out;
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

/// A template without `unique`, for keys to be held against. All are made once: every appraisal asks for several.
const Public& bare(const Row& row) {
  static const auto all = [] {
    std::array<Public, kRows.size()> out;
    std::ranges::transform(kRows, out.begin(), [](const Row& one) { return without_unique(make(one)); });
    return out;
  }();
  return all.at(static_cast<std::size_t>(&row - kRows.data()));
}

const Row& row_of(Template which) {
  const auto* const row = std::ranges::find(kRows, which, &Row::which);
  if (row == kRows.end()) {
    std::fputs("tpm: no such template\n", stderr);
    std::abort();
  }
  return *row;
}

}  // namespace

std::span<const Template> all_templates() {
  return kTemplates;
}

std::string_view name_of(Template which) {
  return row_of(which).name;
}

TemplateUse use_of(Template which) {
  return row_of(which).use;
}

Public make(Template which) {
  return make(row_of(which));
}

bool made_of(const Public& key, Template which) {
  return without_unique(key) == bare(row_of(which));
}

std::optional<Template> template_of(const Public& key) {
  const auto of_key = without_unique(key);
  const auto* const found = std::ranges::find_if(kRows, [&](const Row& row) { return of_key == bare(row); });
  return found == kRows.end() ? std::nullopt : std::optional{found->which};
}

}  // namespace birthmark::tpm
