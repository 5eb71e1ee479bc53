// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "attest/appraise.h"
#include "base/ids.h"
#include "crypto/keys.h"
#include "lifecycle/device_id.h"
#include "policy/policy.h"

namespace birthmark::test {

/// Which evidence a device on paper has.
enum class PaperKind : std::uint8_t { psa, dice, attested_element, listed_element };
std::string_view name(PaperKind kind);

/// A device with a root that is no TPM, on paper: evidence in memory, with keys of the crypto library, so that hundreds
/// of devices and every forgery can be made in milliseconds. Emulated devices in processes of their own are for flows.
class PaperHardware {
 public:
  virtual ~PaperHardware() = default;

  [[nodiscard]] virtual lifecycle::RootKind kind() const = 0;
  [[nodiscard]] virtual Bytes public_identity() const = 0;
  [[nodiscard]] DeviceId id() const { return lifecycle::device_id(kind(), public_identity()); }
  /// The key that is certified at birth.
  [[nodiscard]] virtual const crypto::PrivateKey& birth_key() const = 0;
  /// The key with which it answers for itself.
  [[nodiscard]] virtual const crypto::PrivateKey& statement_key() const = 0;
  /// A key for the field.
  virtual crypto::PrivateKey make_key() = 0;
  /// An AttestationBundle for a key, at birth or in the field.
  [[nodiscard]] virtual Bytes bundle(const crypto::PrivateKey& key, const Digest& fresh) const = 0;
  /// What its maker gives to the registry.
  virtual void deliver_to(attest::Trust& trust) const = 0;
  /// From now on evidence says that somebody may debug it. @return whether this kind can tell
  virtual bool open_debug() = 0;
  /// From now on evidence measures an older version than `policy` allows. @return whether this kind can tell
  virtual bool roll_back() { return false; }
  /// From now on the vendor's trust refuses it.
  virtual void denied_by(attest::Trust& trust) const = 0;
  /// A policy under which it becomes a product.
  [[nodiscard]] virtual policy::ProductPolicy policy() const = 0;
};

/// A device of that kind with keys of its own, by a vendor of its own.
std::unique_ptr<PaperHardware> paper_hardware(PaperKind kind);

}  // namespace birthmark::test
