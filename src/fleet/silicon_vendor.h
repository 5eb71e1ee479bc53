// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "app/ports/files.h"
#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "crypto/keys.h"

namespace birthmark::fleet {

/// What the certificate says of the chip (TCG EK Credential Profile §3.1.2).
struct ChipModel {
  std::string manufacturer = "53494D31";      ///< eight hex digits of four ASCII characters: "SIM1"
  std::string model = "birthmark-sim";        ///< 1..64 bytes of UTF-8
  std::string firmware_version = "00010000";  ///< eight hex digits
};

/// A SIMULATED silicon vendor: root CA and intermediate (P-256), made at run time, that certify endorsement keys of
/// software TPMs. Its names say "birthmark simulated silicon"; no production policy may pin it.
/// Several threads may issue at once.
class SiliconVendor {
 public:
  /// Makes a vendor. @param now start of both CA certificates, which have no end. @error unavailable
  static Result<SiliconVendor> create(Instant now);
  /// Reads the vendor that `save` wrote. @error not_found: there is none. @error storage, key_attributes: unusable.
  static Result<SiliconVendor> load(Files& files, const std::filesystem::path& directory);
  /// Writes root.pem, intermediate.pem, root.key and intermediate.key; keys are plain PEM with mode 0600, as fits keys
  /// that vouch for nothing real. @param directory made if absent. @error storage
  [[nodiscard]] Result<void> save(Files& files, const std::filesystem::path& directory) const;

  /// Certificates, DER; valid while this object lives.
  [[nodiscard]] BytesView root_certificate() const;
  [[nodiscard]] BytesView intermediate_certificate() const;

  /// Issues the endorsement certificate of a chip: v3, empty subject, critical directoryName SAN, keyAgreement (keys on
  /// a curve) or keyEncipherment (RSA), EKU 2.23.133.8.1, TPM specification; without end. The serial is derived from
  /// the key: the same key gets the same serial. @error bad_request: `model` breaks its sizes. @error hsm_fault
  [[nodiscard]] Result<Bytes> issue_endorsement(const crypto::PublicKey& ek, const ChipModel& model, Instant now) const;
  /// The serial (magnitude) of the certificate that this vendor gives to a key.
  [[nodiscard]] Bytes serial_of(const crypto::PublicKey& ek) const;
  /// A CRL of the intermediate, good for 30 days, with these keys' certificates on it. @error hsm_fault
  [[nodiscard]] Result<Bytes> issue_crl(std::span<const crypto::PublicKey> revoked, std::uint64_t number,
                                        Instant now) const;

  SiliconVendor(SiliconVendor&&) noexcept;
  SiliconVendor& operator=(SiliconVendor&&) noexcept;
  ~SiliconVendor();

 private:
  struct Impl;
  explicit SiliconVendor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace birthmark::fleet
