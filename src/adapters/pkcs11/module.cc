// SPDX-License-Identifier: Apache-2.0
#include "adapters/pkcs11/module.h"

#include <p11-kit/p11-kit.h>

#include <algorithm>

namespace birthmark::pkcs11 {
namespace {

/// A text of fixed size, padded with blanks (PKCS#11 §3.2).
template <std::size_t N>
std::string text_of(const unsigned char (&padded)[N]) {
  std::string out{padded, padded + N};
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

constexpr std::size_t kTokenLabelBytes = 32;  // CK_TOKEN_INFO

/// As the standard's C functions want what they only read.
CK_UTF8CHAR_PTR writable(BytesView text) {
  return const_cast<CK_UTF8CHAR_PTR>(text.data());  // NOLINT
}

Result<void> done(const char* call, CK_RV result) {
  return result == CKR_OK ? Result<void>{} : fail(refused(call, result));
}

}  // namespace

Error refused(const char* call, unsigned long result) {
  constexpr std::array<CK_RV, 10> kGone{CKR_DEVICE_REMOVED,  CKR_TOKEN_NOT_PRESENT,        CKR_TOKEN_NOT_RECOGNIZED,
                                        CKR_SESSION_CLOSED,  CKR_SESSION_HANDLE_INVALID,   CKR_USER_NOT_LOGGED_IN,
                                        CKR_SLOT_ID_INVALID, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_PIN_INCORRECT,
                                        CKR_PIN_LOCKED};
  const bool gone = std::ranges::find(kGone, result) != kGone.end();
  return {.code = gone ? Code::hsm_unavailable : Code::hsm_fault,
          .detail = std::string{call} + ": " + p11_kit_strerror(result)};
}

Result<std::shared_ptr<const Module>> Module::load(const std::filesystem::path& library) {
  auto* const functions = p11_kit_module_load(library.c_str(), 0);
  if (functions == nullptr) {
    const auto* const why = p11_kit_message();
    return fail(Code::hsm_unavailable, library.string() + ": " + (why != nullptr ? why : "no PKCS#11 module"));
  }
  if (const auto result = p11_kit_module_initialize(functions); result != CKR_OK) {
    p11_kit_module_release(functions);
    return fail(Code::hsm_unavailable, refused("C_Initialize", result).detail);
  }
  return std::shared_ptr<const Module>{new Module{functions}};
}

Module::~Module() {
  p11_kit_module_finalize(functions_);
  p11_kit_module_release(functions_);
}

Result<std::vector<TokenInfo>> Module::tokens() const {
  std::array<CK_SLOT_ID, kTokensMax> slots{};
  CK_ULONG count = slots.size();
  if (const auto result = functions_->C_GetSlotList(CK_TRUE, slots.data(), &count); result != CKR_OK) {
    return fail(Code::hsm_unavailable, refused("C_GetSlotList", result).detail);
  }
  std::vector<TokenInfo> out;
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_TOKEN_INFO info{};
    const auto result = functions_->C_GetTokenInfo(slots.at(i), &info);
    if (result != CKR_OK || (info.flags & CKF_TOKEN_INITIALIZED) == 0) {
      continue;  // pulled out in between, or never made ready
    }
    out.push_back({.slot = slots.at(i),
                   .label = text_of(info.label),
                   .manufacturer = text_of(info.manufacturerID),
                   .model = text_of(info.model),
                   .serial = text_of(info.serialNumber)});
  }
  return out;
}

Result<unsigned long> Module::blank() const {
  std::array<CK_SLOT_ID, kTokensMax> slots{};
  CK_ULONG count = slots.size();
  BM_CHECK(done("C_GetSlotList", functions_->C_GetSlotList(CK_TRUE, slots.data(), &count)));
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_TOKEN_INFO info{};
    if (functions_->C_GetTokenInfo(slots.at(i), &info) == CKR_OK && (info.flags & CKF_TOKEN_INITIALIZED) == 0) {
      return slots.at(i);
    }
  }
  return fail(Code::hsm_unavailable, "every token that is plugged in was made ready before");
}

Result<void> Module::init_token(std::string label, const Secret& officer_pin, const Secret& pin) const {
  if (label.empty() || label.size() > kTokenLabelBytes) {
    return fail(Code::bad_request, "a token's label has 1 to 32 octets");
  }
  BM_TRY(const auto slot, blank());
  label.resize(kTokenLabelBytes, ' ');
  const auto officer = officer_pin.reveal(), user = pin.reveal();
  BM_CHECK(done("C_InitToken", functions_->C_InitToken(slot, writable(officer), officer.size(),
                                                       reinterpret_cast<CK_UTF8CHAR_PTR>(label.data()))));
  CK_SESSION_HANDLE session = 0;
  BM_CHECK(done("C_OpenSession",
                functions_->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session)));
  auto result = functions_->C_Login(session, CKU_SO, writable(officer), officer.size());
  if (result == CKR_OK) {
    result = functions_->C_InitPIN(session, writable(user), user.size());
  }
  functions_->C_CloseSession(session);
  return done("C_InitPIN", result);
}

Result<TokenInfo> Module::token(const std::string& label) const {
  BM_TRY(auto all, tokens());
  if (const auto of_label = std::ranges::count(all, label, &TokenInfo::label); of_label != 1) {
    return fail(Code::hsm_unavailable, (of_label == 0 ? "no token" : "several tokens") + (" \"" + label + "\""));
  }
  return std::move(*std::ranges::find(all, label, &TokenInfo::label));
}

}  // namespace birthmark::pkcs11
