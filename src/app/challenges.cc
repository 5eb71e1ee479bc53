// SPDX-License-Identifier: Apache-2.0
#include "app/challenges.h"

namespace birthmark::app {
namespace {

template <class Id>
Id draw(Entropy& entropy) {
  typename Id::rep bytes{};
  entropy.fill(bytes);
  return Id{bytes};
}

}  // namespace

Result<Challenge> Challenges::give(lifecycle::Purpose purpose, const Digest& caller) {
  const auto now = clock_.ticks();
  const std::scoped_lock lock{mutex_};
  drop_expired(now);
  if (per_caller_[caller] >= kMaxPerCaller) {
    return fail(Code::rate_limited, "too many open challenges; answer or wait 120 s");
  }
  if (waiting_.size() >= kMax || order_.size() >= 2 * kMax) {
    forget(order_.front().second);
    order_.pop_front();
  }
  const Challenge challenge{
      .session = draw<SessionId>(entropy_), .nonce = draw<Nonce>(entropy_), .purpose = purpose, .caller = caller};
  waiting_.emplace(challenge.session, Waiting{challenge, now});
  order_.emplace_back(now, challenge.session);
  ++per_caller_[caller];
  return challenge;
}

Result<Challenge> Challenges::burn(const SessionId& session, lifecycle::Purpose purpose, const Digest& caller) {
  const auto now = clock_.ticks();
  const std::scoped_lock lock{mutex_};
  const auto found = waiting_.find(session);
  if (found == waiting_.end()) {
    return fail(Code::nonce_used, "this challenge is not open");
  }
  const auto waiting = found->second;
  forget(session);
  if (now - waiting.given > kLifetime) {
    return fail(Code::nonce_expired, "this challenge was given more than 120 s ago");
  }
  if (waiting.challenge.purpose != purpose || waiting.challenge.caller != caller) {
    return fail(Code::nonce_used, "this challenge was given to another caller or for another purpose");
  }
  return waiting.challenge;
}

void Challenges::drop_expired(Ticks now) {
  // Expired ones linger for one more lifetime, so that a late answer is told `nonce_expired`.
  while (!order_.empty() && now - order_.front().first > 2 * kLifetime) {
    forget(order_.front().second);
    order_.pop_front();
  }
}

void Challenges::forget(const SessionId& session) {
  const auto found = waiting_.find(session);
  if (found == waiting_.end()) {
    return;
  }
  const auto count = per_caller_.find(found->second.challenge.caller);
  if (count != per_caller_.end() && --count->second == 0) {
    per_caller_.erase(count);
  }
  waiting_.erase(found);
}

}  // namespace birthmark::app
