// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"

namespace birthmark::bench {

/// A P-256 signature that somebody else made: 04 || x || y, what was signed, DER.
struct Signed {
  Bytes point;
  Bytes message;
  Bytes signature;
};

/// What an issuance cannot do without, and nothing else: OpenSSL's fastest calls on keys and contexts that are made
/// once. All P-256 with SHA-256.
class Floor {
 public:
  /// What varies from device to device; every list has the same length, and its entries take turns.
  struct Inputs {
    std::vector<Signed> requests;      ///< CSRs, by the keys to be certified
    std::vector<Signed> statements;    ///< by attestation keys; empty where only `renew` is run
    std::vector<Signed> endorsements;  ///< EK certificates, all by one vendor key; likewise
    std::vector<Bytes> ek_points;      ///< likewise
    std::size_t receipt_bytes = 0;     ///< how much is signed for a receipt
    std::size_t tbs_bytes = 0;         ///< and for a certificate
  };
  explicit Floor(Inputs inputs);
  ~Floor();
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

  /// EST: the request's signature, a receipt, a certificate, and that the certificate verifies.
  void renew();
  /// Provisioning: the same, and before it the vendor's signature, the chip's, a new key and ECDH.
  void provision();

 private:
  struct Keys;
  Inputs inputs_;
  std::unique_ptr<Keys> keys_;
  std::size_t next_ = 0;
};

}  // namespace birthmark::bench
