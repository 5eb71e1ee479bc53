// SPDX-License-Identifier: Apache-2.0
#include "agent/tpm_context.h"

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace birthmark::agent::tss {
namespace {

constexpr std::uint32_t kHandlesMax = 256;

}  // namespace

std::string hex32(std::uint32_t value) {
  std::array<char, 11> text{};
  std::snprintf(text.data(), text.size(), "0x%08X", value);
  return text.data();
}

Result<void> check(TSS2_RC rc, std::string_view command) {
  if (rc == TSS2_RC_SUCCESS) {
    return {};
  }
  return fail(Code::unavailable, std::string{command} + ": " + Tss2_RC_Decode(rc) + " (" + hex32(rc) + ")");
}

bool refused_input(TSS2_RC rc) {
  const auto layer = rc & TSS2_RC_LAYER_MASK;
  return (layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER) && (rc & TPM2_RC_FMT1) != 0;
}

Result<std::unique_ptr<Context>> Context::open(const std::string& tcti) {
  std::unique_ptr<Context> context{new Context};
  BM_CHECK(check(Tss2_TctiLdr_Initialize(tcti.c_str(), &context->tcti_), "connect to " + tcti));
  BM_CHECK(check(Esys_Initialize(&context->esys_, context->tcti_, nullptr), "Esys_Initialize"));
  // A socket may accept and nobody answer: one cheap command tells whether a started TPM is there.
  BM_CHECK(context->property(TPM2_PT_MANUFACTURER));
  return context;
}

Context::~Context() {
  Esys_Finalize(&esys_);
  Tss2_TctiLdr_Finalize(&tcti_);
}

Result<void> Context::set_auth(ESYS_TR hierarchy, BytesView auth) {
  TPM2B_AUTH value{};
  if (auth.size() > sizeof(value.buffer)) {
    return fail(Code::bad_request, "authorization value too long");
  }
  value.size = static_cast<UINT16>(auth.size());
  std::ranges::copy(auth, value.buffer);
  const auto done = check(Esys_TR_SetAuth(esys_, hierarchy, &value), "Esys_TR_SetAuth");
  explicit_bzero(&value, sizeof(value));
  return done;
}

Result<std::vector<TPM2_HANDLE>> Context::handles(TPM2_HANDLE first, TPM2_HANDLE last) {
  std::vector<TPM2_HANDLE> found;
  TPM2_HANDLE from = first;
  TPMI_YES_NO more = TPM2_YES;
  while (more == TPM2_YES && from <= last && found.size() < kHandlesMax) {
    Esys<TPMS_CAPABILITY_DATA> data;
    BM_CHECK(check(Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES, from,
                                      kHandlesMax, &more, out(data)),
                   "TPM2_GetCapability(handles)"));
    const auto& list = data->data.handles;
    if (list.count == 0) {
      break;
    }
    for (UINT32 i = 0; i < list.count && list.handle[i] <= last; ++i) {
      found.push_back(list.handle[i]);
    }
    from = list.handle[list.count - 1] + 1;
  }
  return found;
}

Result<bool> Context::exists(TPM2_HANDLE handle) {
  BM_TRY(const auto found, handles(handle, handle));
  return !found.empty();
}

Result<std::uint32_t> Context::property(TPM2_PT which) {
  TPMI_YES_NO more = TPM2_NO;
  Esys<TPMS_CAPABILITY_DATA> data;
  BM_CHECK(check(Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES, which, 1,
                                    &more, out(data)),
                 "TPM2_GetCapability(properties)"));
  const auto& list = data->data.tpmProperties;
  if (list.count == 0 || list.tpmProperty[0].property != which) {
    return fail(Code::unavailable, "the TPM does not report property " + hex32(which));
  }
  return list.tpmProperty[0].value;
}

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    end();
    context_ = other.context_;
    tr_ = std::exchange(other.tr_, ESYS_TR_NONE);
    end_ = other.end_;
  }
  return *this;
}

void Handle::end() noexcept {
  if (tr_ == ESYS_TR_NONE) {
    return;
  }
  if (end_ == End::flush) {
    Esys_FlushContext(context_->get(), tr_);
  } else {
    Esys_TR_Close(context_->get(), &tr_);
  }
  tr_ = ESYS_TR_NONE;
}

Result<Handle> bind(Context& context, TPM2_HANDLE handle) {
  ESYS_TR tr = ESYS_TR_NONE;
  BM_CHECK(check(Esys_TR_FromTPMPublic(context.get(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &tr),
                 "read handle"));
  return Handle{context, tr, Handle::End::close};
}

Result<Handle> endorsement_policy_session(Context& context, ESYS_TR salt_key) {
  const TPMT_SYM_DEF aes{.algorithm = TPM2_ALG_AES, .keyBits = {.aes = 128}, .mode = {.aes = TPM2_ALG_CFB}};
  ESYS_TR tr = ESYS_TR_NONE;
  BM_CHECK(check(Esys_StartAuthSession(context.get(), salt_key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                       nullptr, TPM2_SE_POLICY, &aes, TPM2_ALG_SHA256, &tr),
                 "TPM2_StartAuthSession"));
  Handle session{context, tr, Handle::End::flush};
  // Continued, so that ending it is always ours to do.
  constexpr TPMA_SESSION kAttributes = TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_ENCRYPT;
  BM_CHECK(check(Esys_TRSess_SetAttributes(context.get(), tr, kAttributes, 0xFF), "session attributes"));
  BM_CHECK(check(Esys_PolicySecret(context.get(), ESYS_TR_RH_ENDORSEMENT, tr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE, nullptr, nullptr, nullptr, 0, nullptr, nullptr),
                 "TPM2_PolicySecret"));
  return session;
}

}  // namespace birthmark::agent::tss
