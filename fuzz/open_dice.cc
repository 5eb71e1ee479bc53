// SPDX-License-Identifier: Apache-2.0
// Law: an extension of the Open Profile for DICE that is read is written byte for byte, and its mode is one of four; a
// certificate of its CBOR form is read again as the same after it was written.
#include <cstdlib>

#include "codec/dice.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace dice = birthmark::dice;
  const birthmark::BytesView bytes{data, size};
  if (const auto certificate = dice::read_open_certificate(bytes)) {
    if (const auto again = dice::read_open_certificate(dice::write(*certificate)); !again || *again != *certificate) {
      std::abort();
    }
  }
  const auto input = dice::read_open_input(bytes);
  if (!input) {
    return 0;
  }
  if (!birthmark::equal(dice::write(*input), bytes)) {
    std::abort();
  }
  if (const auto mode = input->mode_said();
      mode.has_value() != input->mode.has_value() || (mode && dice::name(*mode) == "unknown")) {
    std::abort();
  }
  return 0;
}
