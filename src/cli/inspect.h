// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"

namespace birthmark::cli {

/// Says what some bytes are and what they say of themselves: certificate or request (PEM or DER), signed checkpoint,
/// TPMT_PUBLIC, TPM2B_PUBLIC, TPMS_ATTEST, and what cli/inspect_tokens.h and cli/inspect_chains.h know. Nothing is
/// verified.
/// @error bad_request: none of these
Result<boost::json::object> inspect(BytesView bytes);

}  // namespace birthmark::cli
