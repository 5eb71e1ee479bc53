// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace birthmark::bench {

/// What one refusal of malformed DER or JSON costs at most (AC-20, AC-22): CPU time and memory. Reports both.
void measure_refusals();

}  // namespace birthmark::bench
