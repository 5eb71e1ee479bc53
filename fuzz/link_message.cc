// SPDX-License-Identifier: Apache-2.0
// Law: what reads as a message of the device link is written back as the same bytes.
#include <algorithm>
#include <cstdlib>

#include "agent/link/message.h"

namespace {

template <class Message>
void holds(const birthmark::Result<Message>& message, birthmark::BytesView input) {
  if (message && !birthmark::equal(birthmark::link::write(*message), input)) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const birthmark::BytesView input{data, size};
  holds(birthmark::link::read_request(input), input);
  holds(birthmark::link::read_reply(input), input);
  return 0;
}
