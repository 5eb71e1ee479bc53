// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/bytes.h"

/// Certificates, requests and bundles made by OpenSSL, as a second opinion on our readers.
namespace birthmark::openssl_samples {

struct Expected {
  const char* name = nullptr;
  Bytes der;
  Bytes tbs, serial, issuer, subject, spki, signature;  ///< as OpenSSL encodes them
  std::int64_t not_before_s = 0, not_after_s = 0;
  std::size_t extensions = 0;
};

/// P-256, P-384, RSA-2048 and Ed25519, with few and many extensions, short and 20-octet serials, both time types.
std::vector<Expected> certificates();
/// A P-256 request with challengePassword and extensionRequest, and a plain RSA one.
std::vector<Bytes> requests();

bool takes_certificate(BytesView der);
bool takes_request(BytesView der);
/// How many certificates OpenSSL finds in a PKCS#7 without signers, or -1.
int certificates_in_pkcs7(BytesView der);
/// A PKCS#7 without signers of all those certificates.
Bytes pkcs7_of(const std::vector<Expected>& certificates);
/// Whether the request's signature verifies under its own key.
bool proves_possession(BytesView request);

}  // namespace birthmark::openssl_samples
