// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attest/appraisal.h"
#include "codec/json.h"

namespace birthmark::cli {

/// The claims of an appraisal; a claim that is absent is null, which is no "false".
boost::json::object words_of(const attest::Claims& claims);

/// One row a step: check, clause, outcome, detail.
boost::json::array words_of(const attest::Findings& findings);

}  // namespace birthmark::cli
