// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "floor.h"
#include "line.h"

namespace birthmark::bench {

/// The signature over a certification request, with the key in it.
Signed signed_request(BytesView der);

/// What the floor of a provisioning needs of these chips; sizes are those of a certificate that the line issues to the
/// first of them.
Floor::Inputs provision_inputs(Line& line, const std::vector<test::PaperTpm>& tpms);

}  // namespace birthmark::bench
