// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"
#include "codec/pkcs10.h"

namespace birthmark::cli {

/// Says what some bytes are, as `inspect` does: an OCSP request or response, a firmware's event log, TPMT_SIGNATURE,
/// TPMS_CREATION_DATA, TPMS_ID_OBJECT, a bundle of evidence, the attributes that EST asks for, a key or certificate of
/// an algorithm that is to come; PEM or bytes. Nothing is verified. @error bad_request: none of these
Result<boost::json::object> inspect_requests(BytesView bytes);

/// Adds what evidence a request carries: `attestation`, the types of its statements; nothing if it carries none.
void add_attestation(boost::json::object& out, const pkcs10::Request& request);

}  // namespace birthmark::cli
