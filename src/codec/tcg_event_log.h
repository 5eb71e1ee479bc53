// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/tpm_types.h"

/// The log that firmware keeps of what it extended into PCRs (TCG PC Client Platform Firmware Profile 1.05, §10).
/// Everything in it but the digests is an attacker's text: only they are in the PCRs.
namespace birthmark::tcg_log {

inline constexpr std::size_t kLogMaxBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kEventsMax = 4096;
inline constexpr std::size_t kBanksMax = 6;
inline constexpr std::size_t kDigestMaxBytes = 64;

/// One hash that the log has digests of; also one that is not known here.
struct Bank {
  std::uint16_t algorithm = 0;  ///< TPM_ALG_ID
  std::uint16_t digest_bytes = 0;
  friend bool operator==(const Bank&, const Bank&) = default;
};

/// TCG_PCR_EVENT2; aliases the log.
struct Event {
  std::uint32_t pcr = 0;           ///< below tpm::kPcrCount
  std::uint32_t type = 0;          ///< EventType; no digest covers it
  std::vector<BytesView> digests;  ///< one for each bank of the log, in its order
  BytesView data;                  ///< attacker's text, unless a digest is of it
};

enum class Format : std::uint8_t {
  crypto_agile,  ///< begins with TCG_EfiSpecIdEvent, a digest for each bank
  sha1_only,     ///< TCG_PCClientPCREvent of TPM 1.2: recognised, nothing may be decided on it
};

struct Log {
  Format format = Format::sha1_only;
  std::vector<Bank> banks;    ///< of `sha1_only`: SHA-1 alone
  std::vector<Event> events;  ///< without the header of `crypto_agile`
  [[nodiscard]] bool has(tpm::Hash hash) const;
};

/// Reads one log of 1..kLogMaxBytes bytes; a bank's digests stand in each event once and in any order.
/// @param input outlives the log.
/// @error bad_evidence: cut, bytes left over, another layout, a bank twice or with a size that its hash does not have,
/// an
///     event without a digest for each bank or for a PCR that there is not, past a limit.
Result<Log> read(BytesView input);

/// A log of `crypto_agile`, for tests: the header, then every event. Sizes are asserted by `read` of what came out.
Bytes write(const Log& log);

/// What an event says it is: "EV_SEPARATOR"; "unknown" for a type outside the profile. For people.
std::string_view name_of_type(std::uint32_t type);

}  // namespace birthmark::tcg_log
