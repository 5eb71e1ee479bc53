// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "app/ports/clock.h"
#include "app/ports/entropy.h"
#include "base/ids.h"
#include "base/result.h"
#include "lifecycle/device_id.h"

namespace birthmark::app {

/// One challenge that the server gave: what an answer must be fresh for, and to whom it was given.
struct Challenge {
  SessionId session;
  Nonce nonce;
  lifecycle::Purpose purpose = lifecycle::Purpose::routine;
  Digest caller;  ///< who asked: SHA-256 of the client's key, or of the peer's address where there is none
};

/// Challenges that wait for their answer (design "Times"): each lives 120 s and is burnt at the first attempt. In
/// memory only, and bounded: a restart makes devices ask again. Those for purposes that strangers may ask for have a
/// place of their own, so that no crowd of strangers pushes out what a station or an authenticated device was given.
class Challenges {
 public:
  static constexpr std::chrono::seconds kLifetime{120};
  static constexpr std::size_t kMax =
      64 * 1024;  ///< of authenticated callers together, and of strangers; the oldest go first
  static constexpr std::size_t kMaxPerCaller = 1024;  ///< one caller cannot push out the others

  Challenges(const Clock& clock, Entropy& entropy) : clock_{clock}, entropy_{entropy} {}

  /// A new challenge. @error rate_limited: this caller has too many open ones.
  Result<Challenge> give(lifecycle::Purpose purpose, const Digest& caller);
  /// Burns the challenge and returns it, whatever becomes of the answer.
  /// @error nonce_used: burnt before, never given, or given to another caller or for another purpose (it is burnt all
  /// the same); nonce_expired: older than 120 s.
  Result<Challenge> burn(const SessionId& session, lifecycle::Purpose purpose, const Digest& caller);

 private:
  struct Waiting {
    Challenge challenge;
    Ticks given;
  };
  struct Book {
    std::map<SessionId, Waiting> waiting;
    std::deque<std::pair<Ticks, SessionId>> order;  ///< burnt ones stay until they would have expired, or are too many
    std::map<Digest, std::size_t> per_caller;

    void make_room(Ticks now);
    void forget(const SessionId& session);
  };
  Book& book(lifecycle::Purpose purpose);

  const Clock& clock_;
  Entropy& entropy_;
  std::mutex mutex_;
  Book callers_;
  Book strangers_;
};

}  // namespace birthmark::app
