// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace birthmark::test {

/// Every way in which bytes from outside become something: the readers that a fuzz target's corpus is for.
struct NamedReader {
  std::string_view name;    ///< of the fuzz target and of its folder in fuzz/corpus
  bool (*read)(BytesView);  ///< through all of that target's readers; whether one of them took the input
};

/// In the order of their names; all fuzz targets but "path" and "receipt", whose input is none from outside, and
/// "manifest", whose input is signed by whoever reads it.
const std::vector<NamedReader>& named_readers();

}  // namespace birthmark::test
