// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/extensions.h"

/// What layers of DICE say of each other in certificates: the extensions of the TCG (DICE Attestation Architecture 1.1
/// §6.1) and of the Open Profile for DICE. Every reader takes one whole DER value and refuses what lies behind it;
/// every value owns its bytes. That a value could be read proves nothing: the certificate around it must be verified.
namespace birthmark::dice {

inline constexpr std::size_t kTcbInfosMax = 16, kFwidsMax = 16, kRegistersMax = 32;
inline constexpr std::size_t kTextMaxBytes = 256, kOctetsMaxBytes = 1024;
inline constexpr std::size_t kUeidMaxBytes = 33, kNonceMaxBytes = 64;

/// Bits of OperationalFlags; the higher ones are shown and not judged.
namespace flag {
inline constexpr std::uint32_t not_configured = 1U << 0, not_secure = 1U << 1, recovery = 1U << 2, debug = 1U << 3;
}

/// FWID: a digest by SHA-256, -384, -512 or SHA3 of the same sizes.
struct Fwid {
  Bytes algorithm;  ///< contents of the OID
  Bytes digest;     ///< as long as the algorithm's

  friend bool operator==(const Fwid&, const Fwid&) = default;
};

struct IntegrityRegister {
  std::optional<std::string> name = {};
  std::optional<std::uint64_t> number = {};
  std::vector<Fwid> digests = {};

  friend bool operator==(const IntegrityRegister&, const IntegrityRegister&) = default;
};

/// DiceTcbInfo: every field may be left out. Empty lists stand for absent ones: no reader takes an empty list.
struct TcbInfo {
  std::optional<std::string> vendor = {}, model = {}, version = {};
  std::optional<std::uint64_t> svn = {}, layer = {}, index = {};
  std::vector<Fwid> fwids = {};
  std::optional<std::uint32_t> flags = {};
  std::optional<Bytes> vendor_info = {}, type = {};
  std::optional<std::uint32_t> flags_mask = {};
  std::vector<IntegrityRegister> integrity_registers = {};

  /// The bits that it says anything of: a flag counts only if it is masked in; without a mask all count, without flags
  /// none does.
  [[nodiscard]] std::uint32_t reported_flags() const {
    return flags ? flags_mask.value_or(~std::uint32_t{0}) : std::uint32_t{0};
  }
  /// The reported bits that are set.
  [[nodiscard]] std::uint32_t set_flags() const { return flags.value_or(0) & reported_flags(); }

  friend bool operator==(const TcbInfo&, const TcbInfo&) = default;
};

/// Reads DiceTcbInfo. Older encoders put integrityRegisters under [10], where flagsMask is now: that form is refused,
/// not guessed at. Numbers are 0..2^64-1. @error bad_request
Result<TcbInfo> read_tcb_info(BytesView whole);
Bytes write(const TcbInfo& info);

/// MultiTcbInfo: 1..kTcbInfosMax of them. @error bad_request
Result<std::vector<TcbInfo>> read_multi_tcb_info(BytesView whole);
Bytes write(std::span<const TcbInfo> infos);

/// TCGUeid: 1..kUeidMaxBytes octets. @error bad_request
Result<Bytes> read_ueid(BytesView whole);
Bytes write_ueid(BytesView ueid);

/// TcbFreshness: a nonce of 1..kNonceMaxBytes octets. @error bad_request
Result<Bytes> read_freshness(BytesView whole);
Bytes write_freshness(BytesView nonce);

/// Open Profile for DICE, mode: anything else than these stands for not_configured.
enum class Mode : std::uint8_t { not_configured = 0, normal = 1, debug = 2, recovery = 3 };
/// "normal"; "unknown" for a value outside the enumeration.
std::string_view name(Mode mode);

/// The extension of the Open Profile for DICE, explicit tags 0 to 7. Hashes have 32, 48 or 64 octets, descriptors
/// 1..kOctetsMaxBytes.
struct OpenInput {
  std::optional<Bytes> code_hash = {}, code_descriptor = {};
  std::optional<Bytes> configuration_hash = {}, configuration_descriptor = {};
  std::optional<Bytes> authority_hash = {}, authority_descriptor = {};
  std::optional<std::uint8_t> mode = {};  ///< as it stands there
  std::optional<std::string> profile_name = {};

  /// What `mode` means; nothing if it is not said.
  [[nodiscard]] std::optional<Mode> mode_said() const;

  friend bool operator==(const OpenInput&, const OpenInput&) = default;
};

/// @error bad_request
Result<OpenInput> read_open_input(BytesView whole);
Bytes write(const OpenInput& input);

/// What the CBOR form of a certificate of the Open Profile says: the claims of a CWT, in a COSE_Sign1 without a tag.
struct OpenCertificate {
  std::string issuer, subject;  ///< ids, 40 lower-case hex digits each
  OpenInput input = {};         ///< empty: of a device key, which nobody measured
  Bytes subject_key;            ///< an encoded COSE_Key, 1..kOctetsMaxBytes octets
  std::uint32_t key_usage = 0;  ///< bits of RFC 5280 §4.2.1.3, bit 0 first

  friend bool operator==(const OpenCertificate&, const OpenCertificate&) = default;
};

/// Reads the claims; of others than these it knows nothing, and passes them over.
/// @param payload of the COSE_Sign1. @error bad_evidence
Result<OpenCertificate> read_open_certificate(BytesView payload);
/// Deterministic CBOR.
Bytes write(const OpenCertificate& certificate);

// Typed readers of a certificate's or a request's extensions, as those of codec/extensions.h.

/// What DiceTcbInfo or MultiTcbInfo say; empty if neither is there. @error bad_request: malformed, or both are there.
Result<std::vector<TcbInfo>> tcb_infos(x509::Extensions extensions);
Result<std::optional<Bytes>> ueid(x509::Extensions extensions);
Result<std::optional<Bytes>> freshness(x509::Extensions extensions);
/// @error bad_request: malformed, or not critical.
Result<std::optional<OpenInput>> open_input(x509::Extensions extensions);

/// The DICE key purposes of extKeyUsage (2.23.133.5.4.100), by their last arc.
enum class Purpose : std::uint8_t {
  identity_init = 6,
  identity_loc = 7,
  attest_init = 8,
  attest_loc = 9,
  assert_init = 10,
  assert_loc = 11,
  eca = 12,
};
/// The DICE purposes among the usages, in their order; others are passed over. @error bad_request
Result<std::vector<Purpose>> purposes(x509::Extensions extensions);
/// The contents of the purpose's OID.
Bytes purpose_oid(Purpose purpose);

}  // namespace birthmark::dice
