// SPDX-License-Identifier: Apache-2.0
// Law: however the stream is cut, the same frames come out, and written again they are the bytes that were taken.
#include "codec/frame.h"

#include <algorithm>
#include <cstdlib>

namespace {

using birthmark::Bytes;
using birthmark::BytesView;

/// Every frame of the stream, written again; the stream is offered in pieces.
Bytes frames(BytesView stream, std::size_t piece_bytes) {
  namespace frame = birthmark::frame;
  frame::FrameReader reader;
  Bytes out;
  while (!stream.empty()) {
    const auto taken = reader.feed(stream.first(std::min(piece_bytes, stream.size())));
    if (!taken) {
      break;
    }
    stream = stream.subspan(*taken);
    if (const auto body = reader.take()) {
      const auto again = frame::write_frame(*body);
      if (!again) {
        std::abort();
      }
      birthmark::append(out, *again);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView stream{data, size};
  const auto whole = frames(stream, std::max<std::size_t>(size, 1));
  if (whole != frames(stream, 1) || whole.size() > size || !birthmark::equal(whole, stream.first(whole.size()))) {
    std::abort();
  }
  return 0;
}
