// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attest/appraisal.h"
#include "attest/token_trust.h"

namespace birthmark::attest {

/// Judges an EAT (RFC 9711) that is no PSA token by the steps of docs/wire/evidence.md EAT, in their order. Its nonce
/// is the fresh value of the challenge, which names the key that is asked for: KeyBinding::freshness. Nested tokens are
/// not believed: a submodule that is one, or a digest of one, says nothing.
/// @param token 1..64 KiB; not kept
Appraisal appraise_eat(BytesView token, const Challenge& challenge, const EvidencePolicy& policy,
                       const TokenRoots& roots);

}  // namespace birthmark::attest
