// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "attest/step.h"
#include "base/instant.h"
#include "codec/x509.h"

namespace birthmark::attest {

/// What a response or a list says of a certificate; `unusable`: nothing may be concluded from it.
enum class StatusVerdict : std::uint8_t { good, revoked, unknown, unusable };
/// "good", "revoked", "unknown", "unusable".
std::string_view name(StatusVerdict verdict);

/// Whose status is asked for, and when. References outlive the call.
struct StatusQuestion {
  const x509::Certificate& certificate;
  const x509::Certificate& issuer;  ///< that is trusted; nobody looks here whether it is
  Instant now;
  std::optional<BytesView> nonce = {};  ///< that the answer must repeat; nothing: it may be an older answer
};

struct StatusAppraisal {
  Findings findings;
  StatusVerdict verdict = StatusVerdict::unusable;
  std::optional<Instant> revoked_at = {};
  std::optional<std::uint8_t> reason = {};  ///< CRLReason (RFC 5280 §5.3.1)
  std::optional<Instant> this_update = {}, next_update = {};
};

/// Judges one OCSP response (RFC 6960 §3.2), offline: its signer is the issuer, or a responder whose certificate the
/// issuer itself signed for that purpose; it speaks of this certificate; it is in date, or without an end at most a
/// week old. Where several of its answers are about the certificate, the worst one stands.
StatusAppraisal appraise_ocsp(BytesView response, const StatusQuestion& question);

/// Judges one complete CRL (RFC 5280 §6.3.3) of the issuer itself, offline: its name and key, which may sign lists, and
/// in date. A certificate is good that is not on it. A list of some reasons or of changes only is unusable.
StatusAppraisal appraise_crl(BytesView crl, const StatusQuestion& question);

/// The one of the two that the bytes are: a response begins with its status, a list with what is signed.
StatusAppraisal appraise_status(BytesView response_or_crl, const StatusQuestion& question);

}  // namespace birthmark::attest
