// SPDX-License-Identifier: Apache-2.0
// What reads as a proof is the one spelling of that proof, and what holds for one entry does not hold for another.
#include <cstdint>
#include <cstdlib>

#include "audit/proof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace birthmark::audit;
  const auto input = birthmark::as_text({data, size});
  const auto proof = read_proof(input);
  if (!proof) {
    return 0;
  }
  if (write_proof(*proof).value() != input) {
    std::abort();
  }
  const auto note = read_note(proof->checkpoint);
  const auto head = read_checkpoint(note.value().text).value();
  const auto holds = [&](std::string_view entry) {
    const auto leaf = leaf_hash(birthmark::as_bytes(entry));
    return verify_inclusion(proof->index, head.size, leaf, proof->path, head.root).has_value();
  };
  if (holds("one") && holds("two")) {
    std::abort();
  }
  return 0;
}
