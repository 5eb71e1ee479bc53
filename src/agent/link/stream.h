// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::link {

/// A byte stream to the other side of a device link. One thread at a time.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;
  /// Waits for bytes and takes at most `out.size()` of them. @return how many; 0: the other side has ended it.
  /// @error unavailable: broken, or nothing came in the stream's time.
  virtual Result<std::size_t> read(std::span<std::uint8_t> out) = 0;
  /// Writes all bytes. @error unavailable
  virtual Result<void> write(BytesView bytes) = 0;
};

/// Reads until one frame is whole. The stream may hold more behind it only if the other side breaks the rule of one
/// request, one reply: that is refused.
/// @return its body; empty: the stream ended between frames. @error bad_request; unavailable
Result<Bytes> read_frame(Stream& stream);

}  // namespace birthmark::link
