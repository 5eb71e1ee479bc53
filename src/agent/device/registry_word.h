// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/link/message.h"
#include "base/result.h"

namespace birthmark::agent {

/// Whether the registry has signed it: by the statement key that the line installed; nothing else speaks for it.
/// @error bad_evidence: not signed by that key; bad_request: the installed key is none
Result<void> check_signed(const link::InstallRequest& birth, BytesView message, BytesView signature);

}  // namespace birthmark::agent
