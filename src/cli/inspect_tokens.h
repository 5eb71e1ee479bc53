// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"
#include "codec/json.h"
#include "codec/x509.h"

namespace birthmark::cli {

/// Says what some bytes are, if they are a token or what goes with one: COSE_Sign1 with what it signs, the claims of a
/// PSA token or EAT, COSE_Key, CoRIM, CoMID, CMW in CBOR or JSON. Nothing is verified, and text from the file is shown
/// as text. Nothing if it is none of these.
std::optional<boost::json::object> inspect_token(BytesView bytes);

/// Adds what the extension id-pe-cmw of a certificate wraps, as `cmw`; nothing if there is none that can be read.
void add_wrapped_messages(const x509::Certificate& certificate, boost::json::object& out);

}  // namespace birthmark::cli
