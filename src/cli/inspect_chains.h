// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"
#include "codec/json.h"
#include "codec/x509.h"

namespace birthmark::cli {

/// Says what some bytes are, if they are a part of a chain of hardware: the value of a DICE extension (DiceTcbInfo,
/// MultiTcbInfo, Open Profile), a certificate of the Open Profile in CBOR, a Matter certification declaration (CMS or
/// content), attestation elements or other TLV, a JWS (compact or flattened), a manifest of secure elements. Nothing is
/// verified, and text from the file is shown as text. Nothing if it is none of these.
std::optional<boost::json::object> inspect_chain_part(BytesView bytes);

/// Adds what a certificate says by the extensions and names of DICE, Matter and secure elements; what it does not say,
/// or says in a form that cannot be read, is left out.
void add_chain_facts(const x509::Certificate& certificate, boost::json::object& out);

}  // namespace birthmark::cli
