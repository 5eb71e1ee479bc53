// SPDX-License-Identifier: Apache-2.0
#include "codec/frame.h"

#include <algorithm>
#include <utility>

#include "codec/cbor.h"

namespace birthmark::frame {
namespace {

Result<void> check_body(BytesView body) {
  cbor::Reader reader{body, {.bytes_max = kBodyMaxBytes}};
  BM_TRY(const auto type, reader.peek());
  if (type != cbor::Type::map) {
    return fail(Code::bad_evidence, "frame: the body is not a map");
  }
  BM_CHECK(reader.skip());
  return reader.finish();
}

}  // namespace

Result<Bytes> write_frame(BytesView body) {
  BM_CHECK(check_body(body));
  Bytes out;
  out.reserve(kHeaderBytes + body.size());
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(body.size() >> shift));
  }
  append(out, body);
  return out;
}

Result<void> FrameReader::check_length() {
  wanted_ = 0;
  for (const auto byte : header_) {
    wanted_ = wanted_ << 8 | byte;
  }
  if (wanted_ == 0 || wanted_ > kBodyMaxBytes) {
    return fail(Code::bad_evidence, "frame: length is zero or over the bound");
  }
  return {};
}

Result<std::size_t> FrameReader::feed(BytesView bytes) {
  if (error_) {
    return fail(*error_);
  }
  if (whole_) {
    return std::size_t{0};
  }
  std::size_t taken = 0;
  while (header_size_ < kHeaderBytes && taken < bytes.size()) {
    header_[header_size_++] = bytes[taken++];
    if (header_size_ == kHeaderBytes) {
      if (auto checked = check_length(); !checked) {
        error_ = checked.error();
        return fail(*error_);
      }
    }
  }
  if (header_size_ < kHeaderBytes) {
    return taken;
  }
  const auto more = std::min(bytes.size() - taken, wanted_ - body_.size());
  append(body_, bytes.subspan(taken, more));
  if (body_.size() == wanted_) {
    if (auto checked = check_body(body_); !checked) {
      error_ = checked.error();
      return fail(*error_);
    }
    whole_ = true;
  }
  return taken + more;
}

std::optional<Bytes> FrameReader::take() {
  if (!whole_ || error_) {
    return std::nullopt;
  }
  whole_ = false;
  header_size_ = 0;
  return std::exchange(body_, {});
}

}  // namespace birthmark::frame
