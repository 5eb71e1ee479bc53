// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "app/ports/files.h"
#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "crypto/keys.h"
#include "fleet/simulated_authority.h"
#include "lifecycle/device_id.h"

namespace birthmark::fleet {

/// How the simulated vendors are called in policies.
inline constexpr std::string_view kSimulatedVendor = "simulated silicon";

/// A SIMULATED maker of parts of one kind of root besides the TPM: a root CA (P-256), made at run time, that certifies
/// what each part is born with. No production policy may pin it.
class ComponentVendor {
 public:
  /// Reads the vendor of `kind` in `directory`, or makes it there: <kind>-root.key and <kind>-root.pem.
  /// @param now start of a new CA certificate, which has no end. @error storage, key_attributes, bad_request,
  /// unavailable
  static Result<ComponentVendor> load_or_make(Files& files, const std::filesystem::path& directory,
                                              lifecycle::RootKind kind, Instant now);

  /// DER; valid while this lives.
  [[nodiscard]] BytesView root_certificate() const { return root_.certificate; }
  /// Of the key that signs PSA tokens: for signatures, no CA. @error hsm_fault
  [[nodiscard]] Result<Bytes> certify_attestation_key(const crypto::PublicKey& key, Instant now) const;
  /// Of a DICE's device key, or of the key on an element that attests its slots: a CA. @error hsm_fault
  /// @param name of such parts. @param serial of this one, printable
  [[nodiscard]] Result<Bytes> certify_issuing_key(const crypto::PublicKey& key, std::string_view name,
                                                  std::string_view serial, Instant now) const;

 private:
  explicit ComponentVendor(Authority root) : root_{std::move(root)} {}
  Authority root_;
};

/// Writes `vendors.toml` for every simulated vendor in `directory`, of TPMs too: copied with the certificates that it
/// names to <data>/trust of a server in development, it makes their parts known there. @error storage
Result<void> write_vendors_file(Files& files, const std::filesystem::path& directory);

}  // namespace birthmark::fleet
