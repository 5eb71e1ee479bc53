// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "attest/step.h"
#include "codec/dice.h"
#include "codec/pkcs10.h"
#include "codec/x509.h"
#include "crypto/keys.h"

namespace birthmark::attest {

// The certificates of a DICE chain, whatever their form. Private to src/attest.

/// The CBOR form, as it came and as it was read.
struct OpenLayer {
  Bytes whole;  ///< COSE_Sign1
  dice::OpenCertificate says;
};

/// One key of a chain and what shows it: exactly one of the three.
struct DiceLayer {
  crypto::PublicKey key;
  std::optional<x509::Certificate> certificate = {};
  std::optional<pkcs10::Request> request = {};  ///< of a device key only
  std::optional<OpenLayer> open = {};

  /// Those of the certificate, or that the request asks for; the CBOR form has none.
  [[nodiscard]] x509::Extensions extensions() const;
  /// keyUsage, in either form; nothing if it is not said, or cannot be read.
  [[nodiscard]] std::optional<std::uint32_t> key_usage() const;
  /// Whether its own key is to have signed it.
  [[nodiscard]] bool self_issued() const;
};

/// A certificate in DER, or of the Open Profile in CBOR. @error bad_request, bad_evidence
Result<DiceLayer> read_layer(BytesView bytes);
/// The same, or a PKCS#10 request.
Result<DiceLayer> read_device(BytesView bytes);

/// The names chain, key identifiers agree, and the issuer's key signed it; both are of one form (a request goes with
/// X.509). Of what signed itself, both are the same.
Failure issued_by(const DiceLayer& layer, const DiceLayer& issuer);
/// A CA with room for so many below it. The CBOR form has keyCertSign and no path lengths; a request that asks for no
/// extension shows a bare key.
Failure may_issue(const DiceLayer& issuer, std::size_t cas_below);

}  // namespace birthmark::attest
