// SPDX-License-Identifier: Apache-2.0
// A bundle has one width and one spelling; a tile's path has one name. The first byte is the width, 0 for 256.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "audit/tile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace birthmark::audit;
  const birthmark::BytesView input{data, size};
  if (const auto name = read_tile_path(birthmark::as_text(input));
      name && path_of(*name) != birthmark::as_text(input)) {
    std::abort();
  }
  if (input.empty()) {
    return 0;
  }
  const unsigned width = input[0] == 0 ? 256 : input[0];
  const auto body = input.subspan(1);
  if (const auto entries = read_entry_bundle(body, width)) {
    std::vector<birthmark::Bytes> owned;
    for (const auto entry : *entries) {
      owned.push_back(birthmark::to_bytes(entry));
    }
    if (write_entry_bundle(owned).value() != birthmark::to_bytes(body) || read_entry_bundle(body, width + 1)) {
      std::abort();
    }
  }
  if (const auto hashes = read_hash_tile(body, width);
      hashes && write_hash_tile(*hashes) != birthmark::to_bytes(body)) {
    std::abort();
  }
  return 0;
}
