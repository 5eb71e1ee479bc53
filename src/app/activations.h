// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "app/challenges.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/tpm_crypto.h"

namespace birthmark::app {

/// A secret that only the right TPM can open.
struct ActivationChallenge {
  SessionId session;
  Bytes id_object;
  Bytes encrypted_secret;
};

/// Devices that have shown everything but that their keys live in the chip of their endorsement key: what is known of
/// each waits here for the opened secret, 120 s at most and for one attempt (docs/wire/evidence.md, ACTIVATION). A chip
/// waits once: its next activation takes the place of the one before, so that it cannot take the places of others.
template <class Facts>
class Activations {
 public:
  static constexpr std::size_t kMax = 16 * 1024;
  static constexpr std::size_t kMaxPerCaller = 512;  ///< one caller cannot take the places of the others

  struct Ports {
    const Clock& clock;
    Entropy& entropy;
    crypto::EphemeralSource& ephemerals;
  };
  explicit Activations(Ports ports) : ports_{ports} {}

  /// @param ak_name Name of the key that must live beside the endorsement key. It has signed this attempt's challenge,
  /// so that only its holder can end his own earlier attempt.
  /// @error rate_limited: too many wait, of this caller or of all; unavailable, bad_request: as
  /// crypto::make_credential.
  Result<ActivationChallenge> give(const Digest& caller, const crypto::EndorsementKey& ek, BytesView ak_name,
                                   Facts facts) {
    const auto chip = crypto::sha256(ak_name);
    {
      const std::scoped_lock lock{mutex_};
      BM_CHECK(has_place(caller, chip));  // before the work that a refusal would waste
    }
    BM_TRY(auto secret, ports_.ephemerals.seed(kSecretBytes));
    BM_TRY(auto blob, crypto::make_credential(ek, ak_name, secret, ports_.ephemerals));
    SessionId::rep id{};
    ports_.entropy.fill(id);
    const std::scoped_lock lock{mutex_};
    BM_CHECK(has_place(caller, chip));
    if (const auto before = of_chip_.find(chip); before != of_chip_.end()) {
      remove(before->second);
    }
    add({SessionId{id}, caller, chip, ports_.clock.ticks(), std::move(secret), std::move(facts)});
    return ActivationChallenge{SessionId{id}, std::move(blob.id_object), std::move(blob.encrypted_secret)};
  }

  /// Compares the answer in constant time, once. @error nonce_used: not open, of another caller, or one that the same
  /// chip's next attempt has replaced; nonce_expired; bad_evidence with check "activation": another secret.
  Result<Facts> take(const Digest& caller, const SessionId& session, BytesView secret) {
    const std::scoped_lock lock{mutex_};
    const auto found = of_session_.find(session);
    if (found == of_session_.end() || found->second->caller != caller) {
      return fail(Code::nonce_used, "this activation is not open");
    }
    auto waiting = remove(found->second);
    if (expired(waiting)) {
      return fail(Code::nonce_expired, "this activation was given more than 120 s ago");
    }
    if (!waiting.secret.matches(secret)) {
      return fail(Code::bad_evidence, "the secret was not opened by this chip", "activation");
    }
    return std::move(waiting.facts);
  }

 private:
  static constexpr std::size_t kSecretBytes = 32;  // at most a digest of the EK's nameAlg
  struct Waiting {
    SessionId session;
    Digest caller;
    Digest chip;
    Ticks given;
    Secret secret;
    Facts facts;
  };
  using Place = typename std::list<Waiting>::iterator;

  bool expired(const Waiting& waiting) const { return ports_.clock.ticks() - waiting.given > Challenges::kLifetime; }

  /// With the lock held: forgets what has expired; the chip's own earlier attempt is not in its way.
  Result<void> has_place(const Digest& caller, const Digest& chip) {
    while (!waiting_.empty() && expired(waiting_.front())) {
      remove(waiting_.begin());
    }
    const auto before = of_chip_.find(chip);
    const bool again = before != of_chip_.end();
    const bool again_here = again && before->second->caller == caller;
    const auto own = of_caller_.find(caller);
    const std::size_t others_here = own == of_caller_.end() ? 0 : own->second - (again_here ? 1 : 0);
    return others_here < kMaxPerCaller && waiting_.size() - (again ? 1 : 0) < kMax
               ? Result<void>{}
               : fail(Code::rate_limited, "too many activations are under way; answer or wait 120 s");
  }

  void add(Waiting waiting) {
    const auto place = waiting_.insert(waiting_.end(), std::move(waiting));
    of_session_.emplace(place->session, place);
    of_chip_.emplace(place->chip, place);
    ++of_caller_[place->caller];
  }

  Waiting remove(Place place) {
    Waiting out = std::move(*place);
    of_session_.erase(out.session);
    of_chip_.erase(out.chip);
    if (const auto own = of_caller_.find(out.caller); --own->second == 0) {
      of_caller_.erase(own);
    }
    waiting_.erase(place);
    return out;
  }

  Ports ports_;
  std::mutex mutex_;
  std::list<Waiting> waiting_;  // the oldest first
  std::map<SessionId, Place> of_session_;
  std::map<Digest, Place> of_chip_;
  std::map<Digest, std::size_t> of_caller_;
};

}  // namespace birthmark::app
