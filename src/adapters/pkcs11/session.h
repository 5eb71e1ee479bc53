// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "adapters/pkcs11/module.h"
#include "base/ids.h"
#include "base/secret.h"
#include "crypto/keys.h"

namespace birthmark::pkcs11 {

/// What a token says of a private key. Statements of a library that nobody signed: good for refusing a key that
/// admits to be weak, never evidence that it is strong (attestation.md §4).
struct KeyAttributes {
  bool local = false;              ///< CKA_LOCAL: made in the token
  bool sensitive = false;          ///< CKA_SENSITIVE
  bool always_sensitive = false;   ///< CKA_ALWAYS_SENSITIVE
  bool extractable = true;         ///< CKA_EXTRACTABLE
  bool never_extractable = false;  ///< CKA_NEVER_EXTRACTABLE
  friend bool operator==(const KeyAttributes&, const KeyAttributes&) = default;
};

/// Whether the attributes say that the private half was made in the token and can never leave it.
constexpr bool stays_inside(const KeyAttributes& key) {
  return key.local && key.sensitive && key.always_sensitive && !key.extractable && key.never_extractable;
}

/// A logged-in session with one token, whose P-256 keys are named by their label. One thread at a time. Every operation
/// may fail with hsm_unavailable: the token or the login is gone; hsm_fault: the token fails otherwise.
class Session {
 public:
  static constexpr std::size_t kLabelMaxBytes = 128;
  static constexpr std::size_t kObjectMaxBytes = std::size_t{16} * 1024;

  /// @param token its label. @error hsm_unavailable: no such token; the PIN is wrong or locked
  static Result<std::unique_ptr<Session>> open(std::shared_ptr<const Module> module, const std::string& token,
                                               const Secret& pin);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// Makes a P-256 key pair that lives in the token and cannot be taken out. @error conflict: the label is taken
  Result<crypto::PublicKey> generate(const std::string& label);
  /// @error not_found; conflict: several have the label; key_attributes: not a P-256 key
  Result<crypto::PublicKey> public_key(const std::string& label);
  /// @error not_found, conflict
  Result<KeyAttributes> attributes(const std::string& label);
  /// @return DER Ecdsa-Sig-Value. @error not_found, conflict
  Result<Bytes> sign_digest(const std::string& label, const Digest& digest);
  /// Destroys both halves; nothing happens if there are none.
  Result<void> destroy(const std::string& label);

  /// Gives a key another label: the private half last, so that after a cut it can be done again. Nothing has that
  /// label.
  /// @error not_found: there is no such key
  Result<void> relabel(const std::string& from, const std::string& to);

  /// Keeps bytes that are no secret, in place of earlier ones. @param value at most kObjectMaxBytes
  Result<void> write_object(const std::string& label, BytesView value);
  /// @error not_found, conflict; hsm_fault: longer than kObjectMaxBytes
  Result<Bytes> read_object(const std::string& label);

 private:
  Session(std::shared_ptr<const Module> module, unsigned long handle) : module_{std::move(module)}, handle_{handle} {}
  [[nodiscard]] const _CK_FUNCTION_LIST& call() const { return module_->functions(); }
  /// Every object of that class and label, at most eight.
  Result<std::vector<unsigned long>> find(unsigned long object_class, const std::string& label);
  /// @error not_found, conflict
  Result<unsigned long> find_only(unsigned long object_class, const std::string& label);
  Result<void> destroy_all(unsigned long object_class, const std::string& label);

  std::shared_ptr<const Module> module_;
  unsigned long handle_;
};

}  // namespace birthmark::pkcs11
