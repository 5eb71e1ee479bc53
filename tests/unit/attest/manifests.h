// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "attest/manifest.h"
#include "codec/base64.h"
#include "codec/jws.h"
#include "crypto/ecdsa_signature.h"
#include "unit/attest/chains.h"

/// A supplier whose key the test holds, and the lists that it signs.
namespace birthmark::attest::testing {

struct Supplier {
  crypto::PrivateKey key = pki::testing::new_key();
  CertSpec spec{name_cn("Log signer"), name_cn("Log signer"), {usage(kSigns), subject_key(octets20(key.public_key()))}};
  Bytes certificate = certify(spec, key.public_key(), key);

  [[nodiscard]] ManifestSigner pinned(AnchorClass anchor_class = AnchorClass::genuine) const {
    return ManifestSigner::pin(certificate, "Chips", anchor_class).value();
  }
  [[nodiscard]] std::string header() const {
    return R"({"typ":"JWT","alg":"ES256","kid":")" + base64::encode_url(octets20(key.public_key())) +
           R"(","x5t#S256":")" + base64::encode_url(crypto::sha256(certificate).get()) + "\"}";
  }
  [[nodiscard]] Bytes sign(std::string_view input) const {
    return crypto::ecdsa_der_to_raw(crypto::KeyType::p256, key.sign(as_bytes(input)).value()).value();
  }
  [[nodiscard]] std::string list(std::string_view payload) const {
    const auto input = jws::signing_input(header(), as_bytes(payload));
    return jws::write_compact(input, sign(input));
  }
};

/// One entry of a chip manifest, to be spoilt before it is signed.
struct Chip {
  crypto::PrivateKey slot = pki::testing::new_key();
  std::string id = "0123a1b2c3d4e5f601";
  std::string outer_id = id;
  std::string header;  ///< empty: the supplier's
  bool with_certificate = true;
  std::string more = {};  ///< members of the payload
  const crypto::PrivateKey* certified = nullptr;

  [[nodiscard]] std::string payload() const {
    const auto point = slot.public_key().point();
    const auto& in_certificate = certified != nullptr ? *certified : slot;
    const CertSpec spec{name_cn("signer"), name_cn("chip")};
    const auto certificate = certify(spec, in_certificate.public_key(), slot);
    return R"({"version":1,"model":"ATECC608A","partNumber":"ATECC608A-TNGTLS","manufacturer":{"organizationName":"M"},)"
           R"("provisioningTimestamp":"2026-11-01T00:00:00.000Z","uniqueId":")" +
           id + R"(","publicKeySet":{"keys":[{"kid":"0","kty":"EC","crv":"P-256","x":")" +
           base64::encode_url(point.subspan(1, 32)) + R"(","y":")" + base64::encode_url(point.subspan(33)) + "\"" +
           (with_certificate ? R"(,"x5c":[")" + base64::encode(certificate) + "\"]" : std::string{}) + "}]}" + more +
           "}";
  }
  [[nodiscard]] std::string entry(const Supplier& supplier) const {
    const auto input = jws::signing_input(header.empty() ? supplier.header() : header, as_bytes(payload()));
    return jws::write_flattened(input, supplier.sign(input), boost::json::object{{"uniqueId", outer_id}});
  }
};

inline std::string manifest_of(std::initializer_list<std::string> entries) {
  std::string out = "[";
  for (const auto& one : entries) {
    out += (out.size() > 1 ? "," : "") + one;
  }
  return out + "]";
}

}  // namespace birthmark::attest::testing
