// SPDX-License-Identifier: Apache-2.0
// Law: what the readers of the TCG's DICE extensions take, the writers write byte for byte.
#include <cstdlib>

#include "codec/dice.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace dice = birthmark::dice;
  const birthmark::BytesView input{data, size};
  const auto same = [&](const birthmark::Bytes& written) {
    if (!birthmark::equal(written, input)) {
      std::abort();
    }
  };
  if (const auto info = dice::read_tcb_info(input)) {
    same(dice::write(*info));
    if ((info->set_flags() & ~info->reported_flags()) != 0) {
      std::abort();
    }
  }
  if (const auto infos = dice::read_multi_tcb_info(input)) {
    same(dice::write(std::span<const dice::TcbInfo>{*infos}));
  }
  if (const auto ueid = dice::read_ueid(input)) {
    same(dice::write_ueid(*ueid));
  }
  if (const auto nonce = dice::read_freshness(input)) {
    same(dice::write_freshness(*nonce));
  }
  return 0;
}
