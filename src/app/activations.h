// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <utility>

#include "app/challenges.h"
#include "base/secret.h"
#include "crypto/tpm_crypto.h"

namespace birthmark::app {

/// A secret that only the right TPM can open.
struct ActivationChallenge {
  SessionId session;
  Bytes id_object;
  Bytes encrypted_secret;
};

/// Devices that have shown everything but that their keys live in the chip of their endorsement key: what is known of
/// each waits here for the opened secret, 120 s at most and for one attempt (docs/wire/evidence.md, ACTIVATION).
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

  /// @param ak_name Name of the key that must live beside the endorsement key.
  /// @error rate_limited: too many wait, of this caller or of all; unavailable, bad_request: as
  /// crypto::make_credential.
  Result<ActivationChallenge> give(const Digest& caller, const crypto::EndorsementKey& ek, BytesView ak_name,
                                   Facts facts) {
    {
      const std::scoped_lock lock{mutex_};
      BM_CHECK(has_place(caller));  // before the work that a refusal would waste
    }
    BM_TRY(auto secret, ports_.ephemerals.seed(kSecretBytes));
    BM_TRY(auto blob, crypto::make_credential(ek, ak_name, secret, ports_.ephemerals));
    SessionId::rep id{};
    ports_.entropy.fill(id);
    const std::scoped_lock lock{mutex_};
    BM_CHECK(has_place(caller));
    waiting_.emplace(SessionId{id}, Waiting{caller, ports_.clock.ticks(), std::move(secret), std::move(facts)});
    return ActivationChallenge{SessionId{id}, std::move(blob.id_object), std::move(blob.encrypted_secret)};
  }

  /// Compares the answer in constant time, once. @error nonce_used: not open, or of another caller; nonce_expired;
  /// bad_evidence with check "activation": another secret.
  Result<Facts> take(const Digest& caller, const SessionId& session, BytesView secret) {
    const std::scoped_lock lock{mutex_};
    auto node = waiting_.extract(session);
    if (node.empty() || node.mapped().caller != caller) {
      return fail(Code::nonce_used, "this activation is not open");
    }
    if (ports_.clock.ticks() - node.mapped().given > Challenges::kLifetime) {
      return fail(Code::nonce_expired, "this activation was given more than 120 s ago");
    }
    if (!node.mapped().secret.matches(secret)) {
      return fail(Code::bad_evidence, "the secret was not opened by this chip", "activation");
    }
    return std::move(node.mapped().facts);
  }

 private:
  static constexpr std::size_t kSecretBytes = 32;  // at most a digest of the EK's nameAlg
  struct Waiting {
    Digest caller;
    Ticks given;
    Secret secret;
    Facts facts;
  };

  /// With the lock held: forgets what has expired, and counts the rest.
  Result<void> has_place(const Digest& caller) {
    const auto now = ports_.clock.ticks();
    std::size_t own = 0;
    std::erase_if(waiting_, [&](const auto& entry) {
      const bool expired = now - entry.second.given > Challenges::kLifetime;
      own += !expired && entry.second.caller == caller ? 1 : 0;
      return expired;
    });
    return own < kMaxPerCaller && waiting_.size() < kMax
               ? Result<void>{}
               : fail(Code::rate_limited, "too many activations are under way; answer or wait 120 s");
  }

  Ports ports_;
  std::mutex mutex_;
  std::map<SessionId, Waiting> waiting_;
};

}  // namespace birthmark::app
