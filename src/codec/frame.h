// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::frame {

inline constexpr std::size_t kHeaderBytes = 4;  ///< length of the body, big-endian
inline constexpr std::size_t kBodyMaxBytes = 65536;

/// One frame of the device link: the header, then the body.
/// @param body one whole map of deterministic CBOR, 1..kBodyMaxBytes bytes.
/// @error bad_evidence: anything else.
Result<Bytes> write_frame(BytesView body);

/// Cuts the byte stream of a device link into frames. Keeps at most one frame, and of that only what has arrived: the
/// length a peer claims takes no memory. After an error the stream is lost: every later call returns it again.
class FrameReader {
 public:
  /// Takes bytes until one frame is whole; takes none while a frame waits for `take`.
  /// @return how many bytes were taken; the caller offers the rest again after `take`.
  /// @error bad_evidence: a length outside 1..kBodyMaxBytes, or a body that is not one map of deterministic CBOR.
  Result<std::size_t> feed(BytesView bytes);

  /// The body of the frame that is whole, once; nothing if more bytes are needed.
  std::optional<Bytes> take();

  /// Whether the stream may end here: no part of a frame has arrived, and none waits.
  [[nodiscard]] bool idle() const { return header_size_ == 0 && !error_; }

 private:
  Result<void> check_length();

  Octets<kHeaderBytes> header_{};
  std::size_t header_size_ = 0;
  std::size_t wanted_ = 0;  ///< bytes of the body, once the header is whole
  Bytes body_;
  bool whole_ = false;
  std::optional<Error> error_;
};

}  // namespace birthmark::frame
