// SPDX-License-Identifier: Apache-2.0
#include "agent/field/daily_life.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/field/renewal.h"

namespace birthmark::agent {
namespace {

constexpr unsigned kDoublingsMax = 10;
constexpr unsigned kRenewalDoublingsMax = 6;

/// Refusals after which the hardware may still speak for the device (design rule 5).
bool hardware_may_help(Code code) {
  constexpr std::array kCodes{Code::held,           Code::credential_ended, Code::appraisal_stale, Code::state_forbids,
                              Code::not_registered, Code::unauthenticated,  Code::not_found};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

boost::json::object certificate_members(const x509::Certificate& certificate) {
  return {{"serial", to_hex(certificate.serial())}, {"not_after", to_rfc3339(certificate.not_after())}};
}

}  // namespace

bool DailyLife::renewal_is_due() const {
  const auto& present = state_.operational();
  if (!present || !client_.clock().told()) {
    return false;
  }
  const auto certificate = x509::Certificate::read(present->certificate);
  return certificate && client_.clock().now() >= renewal_due(*certificate);
}

LifeEvent DailyLife::step() {
  if (next_ == Next::prove) {
    return prove();
  }
  const bool renew = renewal_is_due() && messages_before_renewal_ == 0;
  return !state_.operational() || renew ? keep_certified() : use();
}

LifeEvent DailyLife::keep_certified() {
  const bool first = !state_.operational();
  const auto certificate = first ? client_.enroll() : client_.renew();
  if (!certificate) {
    return first ? failed(certificate.error()) : renewal_failed(certificate.error());
  }
  renewals_failed_ = 0;
  proofs_wanted_ = true;
  failures_ = 0;
  pause_ = {};
  return {first ? "enrolled" : "renewed", certificate_members(*certificate)};
}

/// The credential is good until its own end: a renewal that fails keeps no message back.
LifeEvent DailyLife::renewal_failed(const Error& error) {
  messages_before_renewal_ = 1U << std::min(renewals_failed_, kRenewalDoublingsMax);
  ++renewals_failed_;
  return failed(error);
}

LifeEvent DailyLife::use() {
  messages_before_renewal_ -= messages_before_renewal_ == 0 ? 0 : 1;
  const auto accepted = client_.telemetry(settings_.message);
  if (!accepted) {
    return failed(accepted.error());
  }
  if (std::exchange(proofs_wanted_, false)) {
    keep_log_proofs();
  }
  rest();
  return {"telemetry", {{"n", ++sent_}, {"max_age_ms", accepted->max_age.count()}}};
}

/// For those who are shown its certificates. A device works as well without: what cannot be had now is asked for when
/// the next certificate comes.
void DailyLife::keep_log_proofs() {
  for (const auto key : {DeviceKey::idevid, DeviceKey::operational}) {
    (void)client_.log_proof(key);
  }
}

LifeEvent DailyLife::prove() {
  const auto outcome = client_.revalidate();
  if (!outcome) {
    auto event = failed(outcome.error());
    next_ = Next::use;
    return event;
  }
  if (!outcome->certificate) {
    back_off();
    return {"still_held", {{"state", outcome->state}, {"waits_for", outcome->waits_for}}};
  }
  next_ = Next::use;
  proofs_wanted_ = true;
  failures_ = 0;
  pause_ = {};
  return {"revalidated", certificate_members(*outcome->certificate)};
}

LifeEvent DailyLife::failed(const Error& error) {
  const auto& row = info(error.code);
  const bool unreachable = row.errc == Errc::unavailable;
  if (!unreachable && next_ == Next::use && hardware_may_help(error.code)) {
    next_ = Next::prove;
  }
  client_.close();
  back_off();
  boost::json::object more{{"code", row.name}, {"detail", error.detail}, {"remedy", row.remedy}};
  if (!error.check.empty()) {
    more["check"] = error.check;
  }
  more["retry_in_ms"] = pause_.count();
  return {unreachable ? "unreachable" : "refused", std::move(more)};
}

void DailyLife::rest() {
  failures_ = 0;
  pause_ = settings_.interval;
}

/// Half of the doubled wait is certain, half is drawn.
void DailyLife::back_off() {
  const auto most = std::min(kBackoffMin * (1U << std::min(failures_, kDoublingsMax)), kBackoffMax);
  ++failures_;
  Octets<2> drawn{};
  entropy_.fill(drawn);
  const auto share = (drawn[0] << 8) | drawn[1];
  pause_ = most / 2 + most / 2 * share / 65536;
}

}  // namespace birthmark::agent
