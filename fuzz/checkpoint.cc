// SPDX-License-Identifier: Apache-2.0
// A signed note and a checkpoint's text have one spelling each; a vkey too; and nobody's signature is found by chance.
#include <cstdint>
#include <cstdlib>

#include "audit/checkpoint.h"

namespace {

using namespace birthmark::audit;

const VerifierKey& log_key() {
  static const auto key =
      VerifierKey::read("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").value();
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = birthmark::as_text({data, size});
  const auto note = read_note(input);
  if (note && write_note(*note) != input) {
    std::abort();
  }
  const auto checkpoint = read_checkpoint(input);
  if (checkpoint && write_checkpoint(*checkpoint).value() != input) {
    std::abort();
  }
  const auto key = VerifierKey::read(input);
  if (key && key->write() != input) {
    std::abort();
  }
  if (const auto opened = open_checkpoint(input, {log_key()}); opened && !note) {
    std::abort();
  }
  return 0;
}
