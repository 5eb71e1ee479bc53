// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "crypto/keys.h"

namespace birthmark::agent {

/// NV indices of TCG EK Credential Profile §2.2.1.4 that a silicon vendor fills.
inline constexpr std::uint32_t kNvEkP256Certificate = 0x01C0000A;
inline constexpr std::uint32_t kNvEkChain = 0x01C00100;

/// What is done to a TPM before it is a product: the part of a silicon vendor and of the platform's firmware. For
/// software TPMs; on a chip that has left its maker the platform hierarchy is closed and all of this is refused.
class TpmManufacture {
 public:
  /// @param tcti as for open_tpm_root. @error unavailable: no TPM answers there.
  static Result<TpmManufacture> open(const std::string& tcti);

  /// The P-256 endorsement key (template L-2) that the chip makes from its seed. @error unavailable
  Result<crypto::PublicKey> endorsement_key();
  /// Stores certificates at an NV index, readable by anybody, locked against writing.
  /// @param content at most 2,048 bytes. @error conflict: the index exists. @error bad_request: too long or empty.
  Result<void> store_certificate(std::uint32_t nv_index, BytesView content);
  /// Extends a SHA-256 PCR, as firmware does when it measures. @param pcr below 24. @error bad_request
  Result<void> extend_pcr(std::uint8_t pcr, const Digest& measurement);
  /// Orderly shutdown (TPM2_Shutdown(CLEAR)): power can be cut afterwards without a trace. @error unavailable
  Result<void> shut_down();

  TpmManufacture(TpmManufacture&&) noexcept;
  TpmManufacture& operator=(TpmManufacture&&) noexcept;
  ~TpmManufacture();

 private:
  struct Impl;
  explicit TpmManufacture(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace birthmark::agent
