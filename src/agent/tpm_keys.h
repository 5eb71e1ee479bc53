// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "agent/idevid_template.h"
#include "agent/tpm_context.h"
#include "codec/tpm_template.h"

namespace birthmark::agent::tss {

/// Where the chip keeps what birthmark uses (TCG PC Client and EK profile ranges; IAK and IDevID as is common usage).
inline constexpr TPM2_HANDLE kSrkHandle = 0x81000001;
inline constexpr TPM2_HANDLE kEkRsaHandle = 0x81010001;
inline constexpr TPM2_HANDLE kEkP256Handle = 0x8101000A;
inline constexpr TPM2_HANDLE kIdevidHandle = 0x81020000;
inline constexpr TPM2_HANDLE kIakHandle = 0x81020001;

/// A key that is loaded, and its TPMT_PUBLIC.
struct Object {
  Handle handle;
  Bytes area;
};

/// A primary key that was just made, with the proof of how.
struct Primary {
  Object object;
  Esys<TPM2B_CREATION_DATA> creation_data;
  Esys<TPM2B_DIGEST> creation_hash;
  Esys<TPMT_TK_CREATION> ticket;
};

/// TPM2_CreatePrimary: the same seed and template give the same key. @error unavailable
Result<Primary> create_primary(Context& context, ESYS_TR hierarchy, const tpm::Public& from);

/// The object at a persistent handle, or nothing. @error unavailable
Result<std::optional<Object>> persistent(Context& context, TPM2_HANDLE handle);

/// Keeps a primary at a persistent handle; the same key being there already is success.
/// @error conflict: another key is there; it is left alone. @error unavailable: no room, or the owner's refusal.
Result<void> keep(Context& context, const Object& primary, TPM2_HANDLE handle);

/// A primary of the endorsement hierarchy: the persistent one if it is made of that template, else made again.
Result<Object> endorsement_primary(Context& context, tpm::Template from, TPM2_HANDLE handle);

/// The IAK, by the above. birthmark's template: that of the TCG could not be activated with a password.
inline constexpr auto kIakTemplate = tpm::Template::iak_birthmark;
Result<Object> iak(Context& context);

/// What the IDevID key at its persistent handle is made of; nothing: no such key is there. @error unavailable
Result<std::optional<IdevidTemplate>> kept_idevid_template(Context& context);

/// The owner's storage root key: the one in use if it can be a parent of fixed keys, else made and kept.
/// @error conflict: the handle holds something that is no storage key.
Result<Object> storage_root(Context& context);

/// An unrestricted P-256 signing key made inside the chip, for LDevIDs.
tpm::Public operational_template();

}  // namespace birthmark::agent::tss
