// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/hardware/hardware_root.h"
#include "codec/hardware_answer.h"

namespace birthmark::agent {

// What hardware answered to a challenge, as the AttestationBundle that the registry reads (docs/wire/evidence.md
// BUNDLE): one statement, and no certificates beside it. All: @error bad_request: a part past its limit

/// @param token COSE_Sign1 with tag 18
Result<BundleProof> psa_bundle(BytesView token);
/// @param answer a DiceAnswer, whole
Result<BundleProof> dice_bundle(BytesView answer);
Result<BundleProof> element_bundle(const hardware_answer::Element& answer);
Result<BundleProof> listed_bundle(const hardware_answer::Listed& answer);

}  // namespace birthmark::agent
