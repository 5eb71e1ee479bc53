// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attest/appraisal.h"
#include "attest/token_trust.h"
#include "codec/psa_token.h"

namespace birthmark::attest {

/// Judges a PSA token (RFC 9783) by the steps of docs/wire/evidence.md PSA, in their order. Its nonce is the fresh
/// value of the challenge, which names the key that is asked for: KeyBinding::freshness. The registry looks whether
/// another identity has the instance id or key, and whether the challenge is used up.
/// @param token 1..64 KiB; not kept. @param profiles those before RFC 9783 only where somebody asks for them
Appraisal appraise_psa(BytesView token, const Challenge& challenge, const EvidencePolicy& policy,
                       const TokenRoots& roots, psa::Profiles profiles = psa::Profiles::rfc9783_only);

}  // namespace birthmark::attest
