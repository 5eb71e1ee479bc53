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

/// `POST /v1/revalidate/challenge` and `/v1/retire/challenge` take no certificate (docs/wire/api.md).
Challenges::Book& Challenges::book(lifecycle::Purpose purpose) {
  const bool open_to_all = purpose == lifecycle::Purpose::revalidate || purpose == lifecycle::Purpose::retire;
  return open_to_all ? strangers_ : callers_;
}

Result<Challenge> Challenges::give(lifecycle::Purpose purpose, const Digest& caller) {
  const auto now = clock_.ticks();
  const std::scoped_lock lock{mutex_};
  auto& mine = book(purpose);
  mine.make_room(now);
  if (mine.per_caller[caller] >= kMaxPerCaller) {
    return fail(Code::rate_limited, "too many open challenges; answer or wait 120 s");
  }
  const Challenge challenge{
      .session = draw<SessionId>(entropy_), .nonce = draw<Nonce>(entropy_), .purpose = purpose, .caller = caller};
  mine.waiting.emplace(challenge.session, Waiting{challenge, now});
  mine.order.emplace_back(now, challenge.session);
  ++mine.per_caller[caller];
  return challenge;
}

Result<Challenge> Challenges::burn(const SessionId& session, lifecycle::Purpose purpose, const Digest& caller) {
  const auto now = clock_.ticks();
  const std::scoped_lock lock{mutex_};
  auto* mine = &book(purpose);
  if (!mine->waiting.contains(session)) {
    mine = mine == &callers_ ? &strangers_ : &callers_;  // given for another purpose: burnt all the same
  }
  const auto found = mine->waiting.find(session);
  if (found == mine->waiting.end()) {
    return fail(Code::nonce_used, "this challenge is not open");
  }
  const auto waiting = found->second;
  mine->forget(session);
  if (now - waiting.given > kLifetime) {
    return fail(Code::nonce_expired, "this challenge was given more than 120 s ago");
  }
  if (waiting.challenge.purpose != purpose || waiting.challenge.caller != caller) {
    return fail(Code::nonce_used, "this challenge was given to another caller or for another purpose");
  }
  return waiting.challenge;
}

void Challenges::Book::make_room(Ticks now) {
  // Expired ones linger for one more lifetime, so that a late answer is told `nonce_expired`.
  while (!order.empty() && (now - order.front().first > 2 * kLifetime || !waiting.contains(order.front().second))) {
    forget(order.front().second);
    order.pop_front();
  }
  if (order.size() >= 2 * kMax) {
    std::erase_if(order, [this](const auto& entry) { return !waiting.contains(entry.second); });
  }
  while (waiting.size() >= kMax) {
    forget(order.front().second);
    order.pop_front();
  }
}

void Challenges::Book::forget(const SessionId& session) {
  const auto found = waiting.find(session);
  if (found == waiting.end()) {
    return;
  }
  const auto count = per_caller.find(found->second.challenge.caller);
  if (count != per_caller.end() && --count->second == 0) {
    per_caller.erase(count);
  }
  waiting.erase(found);
}

}  // namespace birthmark::app
