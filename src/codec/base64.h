// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::base64 {

/// RFC 4648 §4 with padding, on one line.
std::string encode(BytesView bytes);
/// RFC 4648 §5 without padding.
std::string encode_url(BytesView bytes);

/// Reads RFC 4648 §4: only its alphabet, padding always, unused bits zero, no whitespace; so that one value has one
/// text.
/// @param decoded_max most bytes that may come out; checked before memory is taken.
/// @error bad_request: any other form, or more than `decoded_max`.
Result<Bytes> decode(std::string_view text, std::size_t decoded_max);

/// As `decode`, but spaces, tabs, CR and LF may stand anywhere or nowhere: bodies of EST (RFC 8951 §3.1). No PEM
/// armour. Takes time linear in the text, whose size the caller has bounded.
/// @error bad_request
Result<Bytes> decode_lax_whitespace(std::string_view text, std::size_t decoded_max);

/// Reads RFC 4648 §5 without padding; otherwise as strict as `decode`. @error bad_request
Result<Bytes> decode_url(std::string_view text, std::size_t decoded_max);

}  // namespace birthmark::base64
