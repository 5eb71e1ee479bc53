// SPDX-License-Identifier: Apache-2.0
#include "agent/link/stream.h"

#include <array>

#include "codec/frame.h"

namespace birthmark::link {

Result<Bytes> read_frame(Stream& stream) {
  frame::FrameReader reader;
  std::array<std::uint8_t, 4096> buffer{};
  while (true) {
    BM_TRY(const auto size, stream.read(buffer));
    if (size == 0) {
      return reader.idle() ? Result<Bytes>{Bytes{}} : fail(Code::unavailable, "link: ended inside a frame");
    }
    const auto taken = reader.feed(BytesView{buffer}.first(size));
    if (!taken) {
      return fail(Code::bad_request, "link: " + taken.error().detail);
    }
    if (auto body = reader.take()) {
      return *taken == size ? Result<Bytes>{std::move(*body)} : fail(Code::bad_request, "link: bytes behind a frame");
    }
  }
}

}  // namespace birthmark::link
