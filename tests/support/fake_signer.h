// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "app/ports/signer.h"
#include "crypto/hash.h"

namespace birthmark::test {

/// What is wrong with the token.
enum class SignerFault : std::uint8_t {
  none,
  unavailable,      ///< every call is refused
  wrong_signature,  ///< keys of one use sign another message
};

/// A token in memory: fenced, counts what it does, and fails as told. Safe from any thread.
class FakeSigner final : public app::Signer {
 public:
  Result<crypto::PublicKey> create(const std::string& key, app::KeyUse use, crypto::KeyType type,
                                   Epoch epoch) override {
    const std::scoped_lock lock{mutex_};
    BM_CHECK(called());
    BM_CHECK(fence(epoch));
    if (const auto at = keys_.find(key); at != keys_.end()) {
      return at->second->first == use ? Result<crypto::PublicKey>{at->second->second.public_key()}
                                      : fail(Code::key_attributes, "another use");
    }
    BM_TRY(auto made, crypto::PrivateKey::generate(type));
    const auto& placed =
        *keys_.emplace(key, std::make_shared<std::pair<app::KeyUse, crypto::PrivateKey>>(use, std::move(made)))
             .first->second;
    return placed.second.public_key();
  }

  Result<crypto::PublicKey> public_key(const std::string& key) override {
    const std::scoped_lock lock{mutex_};
    BM_CHECK(called());
    const auto at = keys_.find(key);
    return at == keys_.end() ? fail(Code::not_found, "no key " + key)
                             : Result<crypto::PublicKey>{at->second->second.public_key()};
  }

  Result<void> destroy(const std::string& key, Epoch epoch) override {
    const std::scoped_lock lock{mutex_};
    BM_CHECK(called());
    BM_CHECK(fence(epoch));
    keys_.erase(key);
    return {};
  }

  /// @param use whose signatures are wrong. @param key the only one that makes them; empty: all of that use
  void set_fault(SignerFault fault, app::KeyUse use = app::KeyUse::certificates, std::string key = {}) {
    const std::scoped_lock lock{mutex_};
    fault_ = fault;
    wrong_use_ = use;
    wrong_key_ = std::move(key);
  }
  /// The `nth` call from now on fails; 0: none.
  void fail_call(std::uint64_t nth) {
    const std::scoped_lock lock{mutex_};
    calls_ = 0;
    fails_ = nth;
  }
  /// Calls since the last `fail_call`.
  [[nodiscard]] std::uint64_t calls() const {
    const std::scoped_lock lock{mutex_};
    return calls_;
  }
  /// Called before each signature, without a lock: where a test looks at the world at that moment.
  void watch(std::function<void(const app::SigningIntent&)> watch) {
    const std::scoped_lock lock{mutex_};
    watch_ = std::move(watch);
  }
  [[nodiscard]] std::uint64_t signatures(app::KeyUse use = app::KeyUse::certificates) const {
    const std::scoped_lock lock{mutex_};
    const auto at = signatures_.find(use);
    return at == signatures_.end() ? 0 : at->second;
  }
  /// What CA keys have signed.
  struct SignedCertificate {
    Digest message;  ///< SHA-256 of the to-be-signed bytes
    Digest profile_hash;
  };
  [[nodiscard]] std::vector<SignedCertificate> signed_certificates() const {
    const std::scoped_lock lock{mutex_};
    return signed_;
  }
  [[nodiscard]] bool has(const std::string& key) const {
    const std::scoped_lock lock{mutex_};
    return keys_.contains(key);
  }
  /// What a thief of the key would do with it. Null if there is none.
  [[nodiscard]] const crypto::PrivateKey* stolen(const std::string& key) const {
    const std::scoped_lock lock{mutex_};
    const auto at = keys_.find(key);
    return at == keys_.end() ? nullptr : &at->second->second;
  }

 private:
  Result<void> fence(Epoch epoch) {
    if (epoch < epoch_) {
      return fail(Code::fenced, "an older epoch");
    }
    epoch_ = epoch;
    return {};
  }
  Result<Bytes> make_signature(const app::SigningIntent& intent) override {
    std::shared_ptr<std::pair<app::KeyUse, crypto::PrivateKey>> key;
    bool wrong = false;
    std::function<void(const app::SigningIntent&)> watch;
    {
      const std::scoped_lock lock{mutex_};
      BM_CHECK(called());
      BM_CHECK(fence(intent.epoch));
      const auto at = keys_.find(intent.key);
      if (at == keys_.end()) {
        return fail(Code::not_found, "no key " + intent.key);
      }
      if (at->second->first != intent.use) {
        return fail(Code::scope, "another use");
      }
      key = at->second;
      wrong = fault_ == SignerFault::wrong_signature && intent.use == wrong_use_ &&
              (wrong_key_.empty() || intent.key == wrong_key_);
      ++signatures_[intent.use];
      if (intent.use == app::KeyUse::certificates) {
        signed_.push_back({crypto::sha256(intent.message), intent.profile_hash});
      }
      watch = watch_;
    }
    if (watch) {
      watch(intent);
    }
    return wrong ? key->second.sign(as_bytes("something else")) : key->second.sign(intent.message);
  }

  Result<void> called() {
    ++calls_;
    return fault_ == SignerFault::unavailable || (fails_ != 0 && calls_ == fails_)
               ? Result<void>{fail(Code::hsm_unavailable, "told to fail")}
               : Result<void>{};
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<std::pair<app::KeyUse, crypto::PrivateKey>>> keys_;
  std::map<app::KeyUse, std::uint64_t> signatures_;
  std::vector<SignedCertificate> signed_;
  std::function<void(const app::SigningIntent&)> watch_;
  Epoch epoch_;
  SignerFault fault_ = SignerFault::none;
  app::KeyUse wrong_use_ = app::KeyUse::certificates;
  std::string wrong_key_;
  std::uint64_t calls_ = 0;
  std::uint64_t fails_ = 0;
};

}  // namespace birthmark::test
