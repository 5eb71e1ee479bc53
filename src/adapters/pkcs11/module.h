// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

struct _CK_FUNCTION_LIST;  // NOLINT: its name in the standard's header

namespace birthmark::pkcs11 {

/// What a token says of itself (PKCS#11 v2.40 §3.2, CK_TOKEN_INFO), without the padding; unsigned, nothing is proved.
struct TokenInfo {
  unsigned long slot = 0;
  std::string label;
  std::string manufacturer;
  std::string model;
  std::string serial;
};

/// A PKCS#11 module in this process: a hardware element's or an HSM's library, or SoftHSM. Safe from any thread; other
/// parts of the process may have loaded the same library.
class Module {
 public:
  /// Loads and initialises it. @param library path of the shared object.
  /// @error hsm_unavailable: no such library, or it does not initialise
  static Result<std::shared_ptr<const Module>> load(const std::filesystem::path& library);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  /// The initialised tokens that are plugged in, at most kTokensMax. @error hsm_unavailable
  [[nodiscard]] Result<std::vector<TokenInfo>> tokens() const;
  /// The only token of that label. @error hsm_unavailable: none, or several
  [[nodiscard]] Result<TokenInfo> token(const std::string& label) const;

  /// Makes the first token that is plugged in and was never made ready into one of that label and PIN.
  /// @param label printable, at most 32 octets. @param officer_pin with which it could be made anew.
  /// @error bad_request: the label; hsm_unavailable: no token waits for it, or the module refuses
  [[nodiscard]] Result<void> init_token(std::string label, const Secret& officer_pin, const Secret& pin) const;

  static constexpr std::size_t kTokensMax = 64;

  /// The module's functions; never null, valid while this lives.
  [[nodiscard]] const _CK_FUNCTION_LIST& functions() const { return *functions_; }

 private:
  /// The first slot whose token was never made ready.
  [[nodiscard]] Result<unsigned long> blank() const;

  explicit Module(_CK_FUNCTION_LIST* functions) : functions_{functions} {}
  _CK_FUNCTION_LIST* functions_;
};

/// The refusal of a call. @param result CK_RV: a device, session or login that is gone is `hsm_unavailable`, everything
/// else `hsm_fault`
Error refused(const char* call, unsigned long result);

}  // namespace birthmark::pkcs11
