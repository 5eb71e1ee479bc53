// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/tpm_types.h"

namespace birthmark::tpm {

/// TPMS_ATTEST and TPMS_CREATION_DATA of what is known here stay well below this.
inline constexpr std::size_t kAttestMaxBytes = 1024;
inline constexpr std::size_t kPcrBanksMax = 3;  ///< one for each hash known here

/// TPMS_PCR_SELECTION (Part 2, §10.6.2) with 24 PCRs, bit n for PCR n.
struct PcrBank {
  Hash hash = Hash::sha256;
  std::uint32_t pcrs = 0;  ///< below 2^kPcrCount
  friend bool operator==(const PcrBank&, const PcrBank&) = default;
};
using PcrSelection = std::vector<PcrBank>;

/// TPM_ST of the statements known here (Part 2, §6.9).
enum class AttestType : std::uint16_t { certify = 0x8017, quote = 0x8018, creation = 0x801A };

/// TPMS_CLOCK_INFO (Part 2, §10.11.1).
struct ClockInfo {
  std::uint64_t clock_ms = 0;
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool safe = false;
  friend bool operator==(const ClockInfo&, const ClockInfo&) = default;
};

/// TPMS_CERTIFY_INFO: the key that was certified.
struct CertifyInfo {
  Bytes name;
  Bytes qualified_name;
  friend bool operator==(const CertifyInfo&, const CertifyInfo&) = default;
};

/// TPMS_QUOTE_INFO.
struct QuoteInfo {
  PcrSelection selection;
  Bytes pcr_digest;
  friend bool operator==(const QuoteInfo&, const QuoteInfo&) = default;
};

/// TPMS_CREATION_INFO: the object and the hash of its TPMS_CREATION_DATA.
struct CreationInfo {
  Bytes object_name;
  Bytes creation_hash;
  friend bool operator==(const CreationInfo&, const CreationInfo&) = default;
};

/// TPMS_ATTEST (Part 2, §10.12.12): what a signature covers, without a size before it. Names are nameAlg and digest.
struct Attest {
  Bytes qualified_signer;
  Bytes extra_data;  ///< at most kExtraDataMaxBytes
  ClockInfo clock;
  std::uint64_t firmware_version = 0;
  std::variant<CertifyInfo, QuoteInfo, CreationInfo> attested;

  [[nodiscard]] AttestType type() const;
  [[nodiscard]] const CertifyInfo* certify() const { return std::get_if<CertifyInfo>(&attested); }
  [[nodiscard]] const QuoteInfo* quote() const { return std::get_if<QuoteInfo>(&attested); }
  [[nodiscard]] const CreationInfo* creation() const { return std::get_if<CreationInfo>(&attested); }
  friend bool operator==(const Attest&, const Attest&) = default;
};

/// TPMS_CREATION_DATA (Part 2, §15.1).
struct CreationData {
  PcrSelection selection;
  Bytes pcr_digest;
  std::uint8_t locality = 0;
  std::optional<Hash> parent_name_hash;  ///< none: the parent is a hierarchy
  Bytes parent_name;                     ///< nameAlg and digest, or the handle of the hierarchy (4 bytes)
  Bytes parent_qualified_name;
  Bytes outside_info;  ///< at most kExtraDataMaxBytes
  friend bool operator==(const CreationData&, const CreationData&) = default;
};

/// Reads one TPMS_ATTEST, at most kAttestMaxBytes bytes: magic, a known type, everything in it, nothing after it.
/// @error bad_evidence: also a name or digest of another size than its hash has, SHA-1, and `safe` beyond 0 and 1.
Result<Attest> read_attest(BytesView tpms_attest);
Bytes write(const Attest& attest);

/// Reads one TPMS_CREATION_DATA, at most kAttestMaxBytes bytes. @error bad_evidence
Result<CreationData> read_creation_data(BytesView tpms_creation_data);
Bytes write(const CreationData& data);

/// Reads one TPML_PCR_SELECTION: each bank once, three octets of PCRs. @error bad_evidence
Result<PcrSelection> read_pcr_selection(BytesView tpml_pcr_selection);
Bytes write(const PcrSelection& selection);

}  // namespace birthmark::tpm
