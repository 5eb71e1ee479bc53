// SPDX-License-Identifier: Apache-2.0
#include "agent/tpm_root.h"

#include <array>
#include <utility>

#include "agent/tpm_context.h"
#include "agent/tpm_keys.h"
#include "agent/tpm_nv.h"
#include "agent/tpm_operational.h"
#include "agent/tpm_statements.h"
#include "crypto/hash.h"

namespace birthmark::agent {
namespace {

using namespace tss;

/// Which endorsement key the vendor certified, and where.
struct EkKind {
  TPM2_HANDLE certificate;
  TPM2_HANDLE persistent;
  tpm::Template made_of;
};
/// P-256 first: it is much faster to make, and its activation as well.
constexpr std::array kEkKinds{
    EkKind{kEkP256Certificate, kEkP256Handle, tpm::Template::ek_p256_low},
    EkKind{kEkRsaCertificate, kEkRsaHandle, tpm::Template::ek_rsa2048_low},
};

class EsapiRoot final : public TpmRoot {
 public:
  EsapiRoot(std::unique_ptr<Context> context, Files& files, std::filesystem::path directory,
            std::optional<IdevidTemplate> idevid)
      : context_{std::move(context)}, operational_{*context_, files, std::move(directory)}, idevid_{idevid} {}

  Result<Endorsement> endorsement() override;
  Result<IdentityKeys> create_identity_keys() override;
  Result<Bytes> public_area(DeviceKey key) override;
  Result<Bytes> storage_key_public() override;
  Result<Statement> certify(DeviceKey key, const Digest& freshness) override;
  Result<CreationStatement> certify_creation(IdentityKey key, const Digest& freshness) override;
  Result<Secret> activate(BytesView id_object, BytesView encrypted_secret) override;
  Result<Quote> quote(const Digest& freshness, std::span<const std::uint8_t> pcrs) override;
  Result<Bytes> sign(DeviceKey key, BytesView message) override { return sign_digest(key, crypto::sha256(message)); }
  Result<Bytes> sign_digest(DeviceKey key, const Digest& digest) override;
  Result<Bytes> create_pending_key() override { return operational_.create_pending(); }
  Result<void> adopt_pending_key() override { return operational_.adopt_pending(); }
  Result<void> clear() override;
  Result<RootState> state() override;

  /// Leaves a dictionary-attack lockout if there is one; best effort.
  Result<void> leave_lockout();

 private:
  Result<tpm::Template> made_of(IdentityKey key);
  Result<Object> load(DeviceKey key);
  Result<EkKind> ek_kind();

  std::unique_ptr<Context> context_;
  OperationalKeys operational_;
  std::optional<IdevidTemplate> idevid_;  ///< nothing: not asked for, and not looked up so far
};

/// Looked up once: after an owner clear there is no persistent handle that tells.
Result<tpm::Template> EsapiRoot::made_of(IdentityKey key) {
  if (key == IdentityKey::iak) {
    return kIakTemplate;
  }
  if (!idevid_) {
    BM_TRY(const auto kept, kept_idevid_template(*context_));
    idevid_ = kept.value_or(IdevidTemplate::birthmark);
  }
  return row_of(*idevid_).made_of;
}

Result<EkKind> EsapiRoot::ek_kind() {
  for (const auto& kind : kEkKinds) {
    BM_TRY(const bool there, context_->exists(kind.certificate));
    if (there) {
      return kind;
    }
  }
  return fail(Code::not_found, "the TPM holds no endorsement certificate at 0x01C0000A or 0x01C00002");
}

Result<Endorsement> EsapiRoot::endorsement() {
  BM_TRY(const auto which, ek_kind());
  BM_TRY(const auto stored, nv_read(*context_, which.certificate));
  BM_TRY(auto certificate, first_certificate(stored));
  BM_TRY(auto ek, endorsement_primary(*context_, which.made_of, which.persistent));
  BM_TRY(auto chain, vendor_chain(*context_));
  return Endorsement{std::move(certificate), std::move(ek.area), std::move(chain)};
}

Result<IdentityKeys> EsapiRoot::create_identity_keys() {
  IdentityKeys keys;
  for (const auto which : {IdentityKey::iak, IdentityKey::idevid}) {
    BM_TRY(const auto from, made_of(which));
    BM_TRY(auto made, create_primary(*context_, ESYS_TR_RH_ENDORSEMENT, tpm::make(from)));
    BM_CHECK(keep(*context_, made.object, which == IdentityKey::iak ? kIakHandle : kIdevidHandle));
    (which == IdentityKey::iak ? keys.iak : keys.idevid) = std::move(made.object.area);
  }
  return keys;
}

Result<Object> EsapiRoot::load(DeviceKey key) {
  if (key != DeviceKey::idevid) {
    return operational_.load(key);
  }
  BM_TRY(const auto from, made_of(IdentityKey::idevid));
  return endorsement_primary(*context_, from, kIdevidHandle);
}

Result<Bytes> EsapiRoot::public_area(DeviceKey key) {
  BM_TRY(auto object, load(key));
  return std::move(object.area);
}

Result<Bytes> EsapiRoot::storage_key_public() {
  BM_TRY(auto parent, storage_root(*context_));
  return std::move(parent.area);
}

Result<Statement> EsapiRoot::certify(DeviceKey key, const Digest& freshness) {
  BM_TRY(const auto subject, load(key));
  BM_TRY(const auto iak, tss::iak(*context_));
  return tss::certify(*context_, iak, subject, freshness);
}

Result<CreationStatement> EsapiRoot::certify_creation(IdentityKey key, const Digest& freshness) {
  BM_TRY(const auto from, made_of(key));
  BM_TRY(const auto iak, tss::iak(*context_));
  return tss::certify_creation(*context_, iak, from, freshness);
}

Result<Secret> EsapiRoot::activate(BytesView id_object, BytesView encrypted_secret) {
  BM_TRY(const auto which, ek_kind());
  BM_TRY(const auto ek, endorsement_primary(*context_, which.made_of, which.persistent));
  BM_TRY(const auto iak, tss::iak(*context_));
  return tss::activate(*context_, ek, iak, id_object, encrypted_secret);
}

Result<Quote> EsapiRoot::quote(const Digest& freshness, std::span<const std::uint8_t> pcrs) {
  BM_TRY(const auto iak, tss::iak(*context_));
  return tss::quote(*context_, iak, freshness, pcrs);
}

Result<Bytes> EsapiRoot::sign_digest(DeviceKey key, const Digest& digest) {
  BM_TRY(const auto object, load(key));
  return tss::sign_digest(*context_, object, digest);
}

Result<void> EsapiRoot::clear() {
  BM_CHECK(made_of(IdentityKey::idevid));
  BM_CHECK(check(Esys_Clear(context_->get(), ESYS_TR_RH_LOCKOUT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
                 "TPM2_Clear"));
  // TPM2_Clear sets these three to empty (TPM 2.0 Part 3, TPM2_Clear).
  for (const auto hierarchy : {ESYS_TR_RH_OWNER, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_RH_LOCKOUT}) {
    BM_CHECK(context_->set_auth(hierarchy, {}));
  }
  return operational_.forget();
}

Result<RootState> EsapiRoot::state() {
  Esys<TPMS_TIME_INFO> now;
  BM_CHECK(
      check(Esys_ReadClock(context_->get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, out(now)), "TPM2_ReadClock"));
  BM_TRY(const std::uint64_t high, context_->property(TPM2_PT_FIRMWARE_VERSION_1));
  BM_TRY(const std::uint64_t low, context_->property(TPM2_PT_FIRMWARE_VERSION_2));
  const auto& clock = now->clockInfo;
  return RootState{clock.clock, clock.resetCount, clock.restartCount, clock.safe == TPM2_YES, high << 32 | low};
}

Result<void> EsapiRoot::leave_lockout() {
  BM_TRY(const auto permanent, context_->property(TPM2_PT_PERMANENT));
  if ((permanent & TPMA_PERMANENT_INLOCKOUT) != 0) {
    // Refused where lockout has an authorization that we were not given; then commands say so themselves.
    Esys_DictionaryAttackLockReset(context_->get(), ESYS_TR_RH_LOCKOUT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<TpmRoot>> open_tpm_root(TpmOptions options, Files& files) {
  BM_TRY(auto context, Context::open(options.tcti));
  BM_CHECK(context->set_auth(ESYS_TR_RH_OWNER, options.owner_auth.reveal()));
  BM_CHECK(context->set_auth(ESYS_TR_RH_ENDORSEMENT, options.endorsement_auth.reveal()));
  BM_CHECK(context->set_auth(ESYS_TR_RH_LOCKOUT, options.lockout_auth.reveal()));
  auto root =
      std::make_unique<EsapiRoot>(std::move(context), files, std::move(options.state_directory), options.idevid);
  BM_CHECK(root->leave_lockout());
  return root;
}

}  // namespace birthmark::agent
