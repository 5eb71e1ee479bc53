// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace birthmark::agent::tss {

struct EsysFree {
  void operator()(void* p) const noexcept { Esys_Free(p); }
};
/// A response structure that ESAPI allocated.
template <class T>
using Esys = std::unique_ptr<T, EsysFree>;

/// Receives an out-parameter of ESAPI into an owning pointer: `Esys_X(..., out(pointer))`.
template <class T>
class Out {
 public:
  explicit Out(Esys<T>& target) : target_{target} {}
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;
  ~Out() { target_.reset(raw_); }
  operator T**() noexcept { return &raw_; }  // NOLINT: the one purpose of this type

 private:
  Esys<T>& target_;
  T* raw_ = nullptr;
};
template <class T>
Out<T> out(Esys<T>& target) {
  return Out<T>{target};
}

/// Success, or `unavailable` with the command's name and the decoded response code.
Result<void> check(TSS2_RC rc, std::string_view command);

/// "0x81020001".
std::string hex32(std::uint32_t value);

/// Whether the TPM judged a parameter or handle wrong (format-one codes), rather than being unable to answer.
bool refused_input(TSS2_RC rc);

/// One connection to a TPM. Handles refer to it: it must outlive them, and it does not move.
class Context {
 public:
  /// @error unavailable: no TPM answers there.
  static Result<std::unique_ptr<Context>> open(const std::string& tcti);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  [[nodiscard]] ESYS_CONTEXT* get() const noexcept { return esys_; }

  /// The authorization that later commands use for a hierarchy.
  Result<void> set_auth(ESYS_TR hierarchy, BytesView auth);
  /// Whether this persistent or NV handle exists; asks for capabilities, so that absence is no error.
  Result<bool> exists(TPM2_HANDLE handle);
  /// The handles in use from `first` to `last`, at most 256.
  Result<std::vector<TPM2_HANDLE>> handles(TPM2_HANDLE first, TPM2_HANDLE last);
  /// One TPM property (TPM2_PT_...). @error unavailable: the TPM does not know it.
  Result<std::uint32_t> property(TPM2_PT which);

 private:
  Context() = default;
  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
};

/// An object or session that is open in the TPM, ended when this goes: transient ones are flushed, because a chip has
/// three slots; of persistent ones only the local reference is dropped.
class Handle {
 public:
  enum class End : std::uint8_t { flush, close };
  Handle() = default;
  Handle(Context& context, ESYS_TR tr, End end) : context_{&context}, tr_{tr}, end_{end} {}
  Handle(Handle&& other) noexcept
      : context_{other.context_}, tr_{std::exchange(other.tr_, ESYS_TR_NONE)}, end_{other.end_} {}
  Handle& operator=(Handle&& other) noexcept;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { end(); }

  [[nodiscard]] ESYS_TR tr() const noexcept { return tr_; }

 private:
  void end() noexcept;
  Context* context_ = nullptr;
  ESYS_TR tr_ = ESYS_TR_NONE;
  End end_ = End::flush;
};

/// References a persistent object or NV index that exists. @error unavailable
Result<Handle> bind(Context& context, TPM2_HANDLE handle);

/// A policy session that satisfies PolicySecret(endorsement), the policy of the low-range endorsement keys. It is
/// salted to `salt_key`, so that the first parameter of a response is encrypted on the bus. @error unavailable
Result<Handle> endorsement_policy_session(Context& context, ESYS_TR salt_key);

}  // namespace birthmark::agent::tss
