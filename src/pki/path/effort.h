// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "crypto/keys.h"

namespace birthmark::pki::path {

/// How much one judgement may cost, whatever it was given (AC-38): certificates that sign each other must not buy the
/// work of many. Signatures are counted by what verifying them takes, so that slow curves do not count as fast ones.
class Effort {
 public:
  /// In units of one P-256 verification without a table, about 90 µs where P-384 and P-521 take 1 ms (OpenSSL 3.0).
  static constexpr unsigned kSignatureUnitsMax = 200;
  static constexpr unsigned kSignaturesMax = 64;
  static constexpr unsigned kVisitsMax = 2048;  ///< certificates looked at by the search
  static constexpr unsigned kPathsMax = 32;     ///< complete paths judged
  static constexpr std::size_t kNameComparisonsMax = std::size_t{1} << 17;

  /// Takes one signature by a key of this type; false if it is not there to take.
  [[nodiscard]] bool spend_signature(crypto::KeyType type) {
    const auto units = units_of(type);
    if (signatures_ == kSignaturesMax || signature_units_ + units > kSignatureUnitsMax) {
      exhausted_ = true;
      return false;
    }
    ++signatures_;
    signature_units_ += units;
    return true;
  }
  [[nodiscard]] bool spend_visit() { return take(visits_, kVisitsMax); }
  [[nodiscard]] bool spend_path() { return take(paths_, kPathsMax); }

  [[nodiscard]] unsigned signatures() const { return signatures_; }
  /// Something was asked for and was not there: what was found is not all there may be.
  [[nodiscard]] bool exhausted() const { return exhausted_; }

 private:
  static unsigned units_of(crypto::KeyType type) {
    switch (type) {
      case crypto::KeyType::p256:
      case crypto::KeyType::rsa:
        return 1;
      case crypto::KeyType::ed25519:
        return 2;
      case crypto::KeyType::p384:
      case crypto::KeyType::p521:
        return 12;
    }
    return kSignatureUnitsMax;
  }
  bool take(unsigned& spent, unsigned max) {
    exhausted_ = exhausted_ || spent == max;
    spent += exhausted_ ? 0 : 1;
    return !exhausted_;
  }

  unsigned signatures_ = 0, signature_units_ = 0, visits_ = 0, paths_ = 0;
  bool exhausted_ = false;
};

}  // namespace birthmark::pki::path
