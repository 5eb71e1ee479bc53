// SPDX-License-Identifier: Apache-2.0
#include "agent/tpm_keys.h"

#include <utility>

#include "agent/tpm_bytes.h"

namespace birthmark::agent::tss {
namespace {

constexpr std::uint32_t kStorageParent =
    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;

/// The P-256 storage root key of the TCG provisioning guidance; not subject to dictionary-attack protection, so that
/// power cuts cannot lock the owner out.
tpm::Public srk_template() {
  constexpr std::uint32_t kAttributes =
      kStorageParent | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA;
  return {.name_hash = tpm::Hash::sha256,
          .attributes = tpm::Attributes{kAttributes},
          .auth_policy = {},
          .symmetric = tpm::AesKeyBits::aes128,
          .key = tpm::EccKey{.curve = tpm::Curve::p256, .ecdsa = {}, .x = Bytes(32), .y = Bytes(32)}};
}

}  // namespace

Result<Primary> create_primary(Context& context, ESYS_TR hierarchy, const tpm::Public& from) {
  BM_TRY(const auto in_public, to_tss(from));
  const TPM2B_SENSITIVE_CREATE no_secret{};
  const TPM2B_DATA no_outside_info{};
  const TPML_PCR_SELECTION no_pcrs{};
  ESYS_TR tr = ESYS_TR_NONE;
  Primary made;
  Esys<TPM2B_PUBLIC> area;
  BM_CHECK(check(Esys_CreatePrimary(context.get(), hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &no_secret,
                                    &in_public, &no_outside_info, &no_pcrs, &tr, out(area), out(made.creation_data),
                                    out(made.creation_hash), out(made.ticket)),
                 "TPM2_CreatePrimary"));
  made.object.handle = Handle{context, tr, Handle::End::flush};
  BM_TRY(made.object.area, public_bytes(*area));
  return made;
}

Result<std::optional<Object>> persistent(Context& context, TPM2_HANDLE handle) {
  BM_TRY(const bool there, context.exists(handle));
  if (!there) {
    return std::nullopt;
  }
  BM_TRY(auto bound, bind(context, handle));
  Esys<TPM2B_PUBLIC> area;
  BM_CHECK(check(
      Esys_ReadPublic(context.get(), bound.tr(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, out(area), nullptr, nullptr),
      "TPM2_ReadPublic"));
  BM_TRY(auto bytes, public_bytes(*area));
  return Object{std::move(bound), std::move(bytes)};
}

Result<void> keep(Context& context, const Object& primary, TPM2_HANDLE handle) {
  BM_TRY(const auto there, persistent(context, handle));
  if (there) {
    return there->area == primary.area ? Result<void>{}
                                       : fail(Code::conflict, "another key sits at persistent handle " + hex32(handle));
  }
  ESYS_TR tr = ESYS_TR_NONE;
  BM_CHECK(check(Esys_EvictControl(context.get(), ESYS_TR_RH_OWNER, primary.handle.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE, handle, &tr),
                 "TPM2_EvictControl"));
  const Handle reference{context, tr, Handle::End::close};
  return {};
}

Result<Object> endorsement_primary(Context& context, tpm::Template from, TPM2_HANDLE handle) {
  BM_TRY(auto kept, persistent(context, handle));
  if (kept) {
    const auto key = tpm::read_public(kept->area);
    if (key && tpm::made_of(*key, from)) {
      return std::move(*kept);
    }
  }
  BM_TRY(auto made, create_primary(context, ESYS_TR_RH_ENDORSEMENT, tpm::make(from)));
  return std::move(made.object);
}

Result<Object> iak(Context& context) {
  return endorsement_primary(context, kIakTemplate, kIakHandle);
}

Result<std::optional<IdevidTemplate>> kept_idevid_template(Context& context) {
  BM_TRY(const auto kept, persistent(context, kIdevidHandle));
  return kept ? idevid_template_of(kept->area) : std::nullopt;
}

Result<Object> storage_root(Context& context) {
  BM_TRY(auto kept, persistent(context, kSrkHandle));
  if (kept) {
    const auto key = tpm::read_public(kept->area);
    if (!key || (key->attributes.bits() & kStorageParent) != kStorageParent) {
      return fail(Code::conflict, "the key at the handle of the storage root key cannot be a parent");
    }
    return std::move(*kept);
  }
  BM_TRY(auto made, create_primary(context, ESYS_TR_RH_OWNER, srk_template()));
  BM_CHECK(keep(context, made.object, kSrkHandle));
  return std::move(made.object);
}

tpm::Public operational_template() {
  auto made = tpm::make(tpm::Template::idevid_birthmark);
  made.key = tpm::EccKey{.curve = tpm::Curve::p256, .ecdsa = tpm::Hash::sha256, .x = {}, .y = {}};
  return made;
}

}  // namespace birthmark::agent::tss
