// SPDX-License-Identifier: Apache-2.0
#include "base/code.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace birthmark {
namespace {

using enum Errc;

constexpr std::array kCodes{
    CodeInfo{Code::bad_request, "bad_request", malformed, 400, "The body or a field cannot be read.",
             "Correct the request; see docs/wire."},
    CodeInfo{Code::bad_evidence, "bad_evidence", untrusted, 400, "A step of the appraisal failed; `check` names it.",
             "Look at the step in docs/wire/evidence.md; provision again with a fresh challenge."},
    CodeInfo{Code::bad_json, "bad_json", malformed, 400,
             "The JSON is malformed, has a duplicate or unknown member, or is too deep.",
             "Send strict JSON with the documented members only."},
    CodeInfo{Code::too_large, "too_large", malformed, 413, "The body is larger than this path takes.",
             "Send at most 64 KiB; for a batch with its plan at most 8 MiB and 100,000 parts."},
    CodeInfo{Code::header_too_large, "header_too_large", malformed, 431,
             "The request line and headers are larger than the server takes.", "Send at most 8 KiB of them."},
    CodeInfo{Code::request_timeout, "request_timeout", malformed, 408, "The request did not arrive whole in time.",
             "Send the whole request within ten seconds, on a new connection."},
    CodeInfo{Code::unsupported_media_type, "unsupported_media_type", malformed, 415,
             "The content type is not the one of this path.", "Set Content-Type as docs/wire says."},
    CodeInfo{Code::method_not_allowed, "method_not_allowed", malformed, 405, "The path exists, the method does not.",
             "Use the method that Allow names."},
    CodeInfo{Code::not_found, "not_found", Errc::not_found, 404, "There is no such path, device, batch or record.",
             "Check the name or id."},
    CodeInfo{Code::nonce_used, "nonce_used", conflict, 409, "The challenge was answered before, or was never given.",
             "Ask for a new challenge."},
    CodeInfo{Code::nonce_expired, "nonce_expired", conflict, 409, "The challenge is older than 120 s.",
             "Ask for a new challenge."},
    CodeInfo{Code::key_not_attested, "key_not_attested", untrusted, 403,
             "The attested key is not the key of the request.",
             "Attest the key that the CSR holds, under the same challenge."},
    CodeInfo{Code::test_anchor, "test_anchor", untrusted, 403,
             "The evidence chains to a test or simulated root that the policy does not name.",
             "Use production hardware, or a product whose policy names the simulated class."},
    CodeInfo{
        Code::ek_untrusted, "ek_untrusted", untrusted, 403,
        "The endorsement certificate does not chain to a pinned vendor, or breaks its profile; `check` names the step.",
        "Pin the vendor's root in `vendors.toml`, or reject the part."},
    CodeInfo{Code::ek_not_canonical, "ek_not_canonical", untrusted, 403,
             "The chip has several endorsement keys and this is not the one fixed for its model.",
             "Send the endorsement key type that `vendors.toml` fixes for this model."},
    CodeInfo{Code::evidence_missing, "evidence_missing", untrusted, 403,
             "No fresh appraisal stands for this device and key.",
             "Call POST /v1/attest, then repeat within ten minutes."},
    CodeInfo{Code::appraisal_stale, "appraisal_stale", untrusted, 403,
             "The last appraisal is older than the product allows.", "Attest again, or renew."},
    CodeInfo{Code::binding, "binding", untrusted, 403, "The proof of possession is bound to another channel.",
             "Compute challengePassword from this very connection."},
    CodeInfo{Code::csr_policy, "csr_policy", forbidden, 403, "The CSR asks for something that a device never gets.",
             "Send a CSR with the registered subject, a P-256 key and no such extension."},
    CodeInfo{Code::fw_rollback, "fw_rollback", forbidden, 403, "The firmware is older than the policy's minimum.",
             "Update the firmware, then revalidate."},
    CodeInfo{Code::hardware_known, "hardware_known", conflict, 409, "This hardware already is an identity.",
             "See the incident: the unit is a clone, or came back and goes on with the identity that it has."},
    CodeInfo{Code::key_reuse, "key_reuse", conflict, 409, "Another identity holds this key.",
             "Both identities are held; look for a clone or a broken generator."},
    CodeInfo{Code::state_forbids, "state_forbids", forbidden, 403,
             "The lifecycle allows no such move from the device's state.",
             "Look at `birthmark device show`; nothing leads back from S5 and S6."},
    CodeInfo{Code::held, "held", forbidden, 403, "A hold lies on the device or its credential.",
             "Revalidate, or ask the operator who may lift this cause."},
    CodeInfo{Code::credential_ended, "credential_ended", forbidden, 403,
             "The certificate was superseded, revoked or has expired.",
             "Use the current certificate, or revalidate by the hardware."},
    CodeInfo{Code::not_registered, "not_registered", forbidden, 403,
             "The certificate carries no registration receipt, or the registry does not know it.",
             "None for this certificate: it was not issued on the books."},
    CodeInfo{Code::not_sealed, "not_sealed", forbidden, 403,
             "The debug port is open or was never seen open, or no lock-check of a second station stands.",
             "Check the debug port's address, lock the port and repeat the lock-check, or reject the unit."},
    CodeInfo{Code::not_released, "not_released", forbidden, 403,
             "The product asks for a shipment or owner record and there is none.",
             "Take `released_for_field` out of the product's policy: no shipment can be recorded yet."},
    CodeInfo{Code::unauthenticated, "unauthenticated", forbidden, 401, "This path needs a client certificate.",
             "Connect with the certificate that the path names."},
    CodeInfo{Code::role, "role", forbidden, 403, "The caller's role may not do this.",
             "Use a certificate of the right role."},
    CodeInfo{Code::station_not_authorised, "station_not_authorised", forbidden, 403,
             "The station's role, batch or shift does not fit, or it is suspended.",
             "Enroll the station for this batch and role; a suspended one anew."},
    CodeInfo{Code::scope, "scope", forbidden, 403, "This CA is asked to sign outside its own scope.",
             "Use the CA of that batch, product and factory."},
    CodeInfo{Code::not_in_plan, "not_in_plan", forbidden, 403,
             "The batch lists its hardware and this part is not on the list.",
             "Check the part; a part that the plan forgot goes into another batch."},
    CodeInfo{Code::batch_closed, "batch_closed", forbidden, 403, "The batch is sealed, revoked or outside its window.",
             "Open a new batch; a sealed one stays sealed."},
    CodeInfo{Code::quota_exhausted, "quota_exhausted", exhausted, 403,
             "The batch has issued all its units; or there is no room for what was ordered, which `detail` names.",
             "Open a new batch for the rest, or order a smaller one."},
    CodeInfo{Code::clock_suspect, "clock_suspect", unavailable, 503, "The clock went back, or jumped beyond the limit.",
             "Set the clock right. Where something was issued while it was ahead, issuance waits for that moment; "
             "after a jump of a clock that is right, restart the server."},
    CodeInfo{Code::issuer_expires_first, "issuer_expires_first", forbidden, 403,
             "The issuer ends before the certificate would.",
             "Ask for a shorter lifetime, or order from a CA that lives longer."},
    CodeInfo{Code::policy, "policy", forbidden, 403, "The product's policy does not allow it.",
             "See `birthmark policy show`."},
    CodeInfo{Code::second_person_required, "second_person_required", forbidden, 403,
             "This action needs the approval of another person.", "None yet: approvals cannot be given here."},
    CodeInfo{Code::request_conflict, "request_conflict", conflict, 409,
             "This request id or idempotency key was used for something else.", "Use a new one for a new request."},
    CodeInfo{Code::conflict, "conflict", conflict, 409, "Another writer changed the record first.",
             "Read it again and decide again."},
    CodeInfo{Code::fenced, "fenced", conflict, 409, "A newer server has taken over.",
             "Stop this server; it may not write any more."},
    CodeInfo{Code::rate_limited, "rate_limited", exhausted, 429, "Too many requests from this caller or source.",
             "Wait as long as Retry-After says."},
    CodeInfo{Code::storage, "storage", unavailable, 503, "The store cannot make the change durable.",
             "Check disk space and the disk; repeat the request, nothing was half done."},
    CodeInfo{Code::hsm_unavailable, "hsm_unavailable", unavailable, 503, "The signer or its token does not answer.",
             "Check the signer; service resumes by itself."},
    CodeInfo{Code::hsm_fault, "hsm_fault", unavailable, 503, "The signer returned a signature that does not verify.",
             "Take the token out of service."},
    CodeInfo{Code::key_attributes, "key_attributes", forbidden, 503,
             "A CA key is extractable, imported, shared or unreadable.",
             "Restore the key from a backup, or make the CA anew."},
    CodeInfo{Code::behind_checkpoint, "behind_checkpoint", unavailable, 503,
             "The database is older than what was published.", "Restore the newest backup and replay what is missing."},
    CodeInfo{Code::internal, "internal", unavailable, 500, "The server failed at this request.",
             "Look for `transport_fault` in the server's log under this request's time; report it."},
    CodeInfo{
        Code::unavailable, "unavailable", unavailable, 503,
        "What is needed is not there now: a server that is starting, stopping, full or out of reach, or a file that "
        "another process has locked.",
        "If the server answered, repeat after Retry-After; else see that it runs at this address, and that no other "
        "process works on the same files."},
};

consteval bool in_order() {
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    if (static_cast<std::size_t>(kCodes[i].code) != i) {
      return false;
    }
  }
  return kCodes.back().code == Code::unavailable;
}
static_assert(in_order(), "one row for each code, in the order of the enumeration");

}  // namespace

std::span<const CodeInfo> all_codes() {
  return kCodes;
}

const CodeInfo& info(Code code) {
  return kCodes.at(static_cast<std::size_t>(code));
}

std::optional<Code> code_named(std::string_view name) {
  const auto* const row = std::ranges::find(kCodes, name, &CodeInfo::name);
  return row == kCodes.end() ? std::nullopt : std::optional{row->code};
}

}  // namespace birthmark
