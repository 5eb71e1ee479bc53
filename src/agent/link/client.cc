// SPDX-License-Identifier: Apache-2.0
#include "agent/link/client.h"

#include "codec/frame.h"

namespace birthmark::link {

Result<Reply> LinkClient::exchange(const Request& request) {
  auto framed = frame::write_frame(write(request));
  if (!framed) {
    return fail(Code::too_large, "link: the request does not fit into a frame");
  }
  BM_CHECK(stream_.write(*framed));
  BM_TRY(const auto body, read_frame(stream_));
  if (body.empty()) {
    return fail(Code::unavailable, "link: the device has ended it");
  }
  BM_TRY(auto reply, read_reply(body));
  auto* const refused = std::get_if<ErrorReply>(&reply.body);
  if (refused != nullptr && (reply.id == request.id || reply.id == 0)) {
    return fail(std::move(refused->error));
  }
  if (reply.id != request.id) {
    return fail(Code::bad_request, "link: the reply has another number");
  }
  return reply;
}

}  // namespace birthmark::link
