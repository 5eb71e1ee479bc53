// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"

namespace birthmark::pki {

/// The registration receipt (design rule 3): the registry's own signature over a certificate's to-be-signed bytes
/// without the receipt itself, by a key apart from all CAs. It is the last extension, so that it can be taken off
/// exactly.
struct Receipt {
  Octets<4> key_id;   ///< first bytes of SHA-256 over the registry key's SPKI
  Instant issued_at;  ///< milliseconds
  Bytes signature;    ///< DER Ecdsa-Sig-Value, at most 72 bytes
};

/// The bytes that the registry signs: context string, zero byte, version, key id, ms u64, to-be-signed bytes.
Bytes receipt_message(BytesView tbs_without_receipt, const Octets<4>& key_id, Instant issued_at);

/// The to-be-signed bytes with the receipt appended as the last extension.
/// @param tbs DER TBSCertificate with an extensions field and no receipt.
/// @error bad_request: of another form, or a receipt that `take_receipt` would refuse.
Result<Bytes> append_receipt(BytesView tbs, const Receipt& receipt);

/// A certificate's to-be-signed bytes taken apart again.
struct Receipted {
  Bytes tbs_without_receipt;
  Receipt receipt;
};

/// Takes the receipt off; `append_receipt` of what comes back gives `tbs` again, byte for byte.
/// It proves nothing of the receipt: its signature is for the registry's key.
/// @error not_registered: there is none or more than one, it is not the last extension, critical, or malformed.
Result<Receipted> take_receipt(BytesView tbs);

}  // namespace birthmark::pki
