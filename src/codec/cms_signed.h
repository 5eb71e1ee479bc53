// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::cms {

inline constexpr std::size_t kSignedMaxBytes = 8192;

/// SignedData in its plainest form; aliases what it was read from.
struct SignedContent {
  BytesView content;    ///< the octets that were signed
  BytesView key_id;     ///< subjectKeyIdentifier of the signer, 1..64 octets
  BytesView signature;  ///< DER Ecdsa-Sig-Value over `content`
};

/// Reads SignedData (RFC 5652 §5) as a Matter Certification Declaration uses it: version 3, one digest algorithm,
/// SHA-256 (parameters absent, or NULL: RFC 5754 §2 has readers take both); content of type id-data, present; no
/// certificates and no CRLs; one signer of version 3 by subjectKeyIdentifier, ecdsa-with-SHA256, no signed and no
/// unsigned attributes. DER, 1..kSignedMaxBytes bytes, nothing behind. It proves nothing: the signature is for the key
/// of that id.
/// @error bad_evidence
Result<SignedContent> read_signed_content(BytesView der);

/// Writes the same; parameters absent.
Bytes write_signed_content(const SignedContent& parts);

}  // namespace birthmark::cms
