// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/tpm_public.h"
#include "codec/tpm_template.h"

namespace birthmark::agent {

/// What an IDevID key is made of. Its password signs with either; only birthmark's is certified with it. Of the TCG's
/// adminWithPolicy is set: TPM2_Certify refuses a password (0x124), so its creation is attested instead.
enum class IdevidTemplate : std::uint8_t { birthmark, tcg_h2 };

struct IdevidTemplateRow {
  IdevidTemplate which;
  std::string_view name;  ///< in settings and in the device's state
  tpm::Template made_of;
};
inline constexpr std::array kIdevidTemplates{
    IdevidTemplateRow{IdevidTemplate::birthmark, "birthmark", tpm::Template::idevid_birthmark},
    IdevidTemplateRow{IdevidTemplate::tcg_h2, "tcg-h2", tpm::Template::idevid_h2},
};

inline const IdevidTemplateRow& row_of(IdevidTemplate which) {
  return *std::ranges::find(kIdevidTemplates, which, &IdevidTemplateRow::which);
}

/// Nothing: not one of the names above.
inline std::optional<IdevidTemplate> idevid_template_named(std::string_view name) {
  const auto* const row = std::ranges::find(kIdevidTemplates, name, &IdevidTemplateRow::name);
  return row == kIdevidTemplates.end() ? std::nullopt : std::optional{row->which};
}

/// What a key was made of. @param tpmt_public TPMT_PUBLIC. @return nothing: no IDevID key, or no public area.
inline std::optional<IdevidTemplate> idevid_template_of(BytesView tpmt_public) {
  const auto key = tpm::read_public(tpmt_public);
  const auto* const row = std::ranges::find_if(
      kIdevidTemplates, [&](const auto& candidate) { return key && tpm::made_of(*key, candidate.made_of); });
  return row == kIdevidTemplates.end() ? std::nullopt : std::optional{row->which};
}

}  // namespace birthmark::agent
