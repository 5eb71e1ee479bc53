// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace birthmark {

/// What the caller does next; chosen by cause, few on purpose.
enum class Errc : std::uint8_t { malformed, untrusted, forbidden, not_found, conflict, exhausted, unavailable };

/// The stable codes of every refusal (design rule 9). A code, once shipped, keeps its meaning.
enum class Code : std::uint8_t {
  // What was sent cannot be read.
  bad_request,
  bad_evidence,
  bad_json,
  too_large,
  header_too_large,
  request_timeout,
  unsupported_media_type,
  method_not_allowed,
  not_found,
  // The evidence does not prove what it must.
  nonce_used,
  nonce_expired,
  key_not_attested,
  test_anchor,
  ek_untrusted,
  ek_not_canonical,
  evidence_missing,
  appraisal_stale,
  binding,
  csr_policy,
  fw_rollback,
  // What is known of the hardware forbids it.
  hardware_known,
  key_reuse,
  state_forbids,
  held,
  credential_ended,
  not_registered,
  not_sealed,
  not_released,
  // The batch, the station or the caller may not.
  unauthenticated,
  role,
  station_not_authorised,
  scope,
  not_in_plan,
  batch_closed,
  quota_exhausted,
  clock_suspect,
  issuer_expires_first,
  policy,
  second_person_required,
  // Another writer, another request.
  request_conflict,
  conflict,
  fenced,
  rate_limited,
  // The server cannot, now.
  storage,
  hsm_unavailable,
  hsm_fault,
  key_attributes,
  behind_checkpoint,
  internal,
  unavailable,
};

/// One row of the table that HTTP answers, audit entries and docs/errors.md are made from.
struct CodeInfo {
  Code code;
  std::string_view name;  ///< as it stands in problem+json and in the audit log
  Errc errc;
  int http_status;
  std::string_view cause;
  std::string_view remedy;
};

/// Every code, in the order of the enumeration.
std::span<const CodeInfo> all_codes();

/// The row of one code; total over the enumeration.
const CodeInfo& info(Code code);

/// The code with that name, if there is one.
std::optional<Code> code_named(std::string_view name);

}  // namespace birthmark
