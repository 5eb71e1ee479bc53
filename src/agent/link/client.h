// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/link/message.h"
#include "agent/link/stream.h"

namespace birthmark::link {

/// The station's side of one link.
class LinkClient {
 public:
  /// @param stream outlives this.
  explicit LinkClient(Stream& stream) : stream_{stream} {}

  /// Each sends one request and waits for its reply. @error what the device answered; bad_request: another reply than
  /// the one asked for; unavailable: the link ended.
  Result<HelloReply> hello() { return ask<HelloReply>(HelloRequest{}); }
  Result<KeysReply> keys() { return ask<KeysReply>(KeysRequest{}); }
  Result<EvidenceReply> evidence(EvidenceRequest request) { return ask<EvidenceReply>(std::move(request)); }
  Result<ActivateReply> activate(ActivateRequest request) { return ask<ActivateReply>(std::move(request)); }
  Result<InstallReply> install(InstallRequest request) { return ask<InstallReply>(std::move(request)); }
  Result<SealReply> seal(SealRequest request) { return ask<SealReply>(request); }
  Result<RetireReply> retire(RetireRequest request) { return ask<RetireReply>(request); }

 private:
  template <class Answer, class Question>
  Result<Answer> ask(Question question) {
    BM_TRY(auto reply, exchange(Request{++last_id_, std::move(question)}));
    if (auto* const answer = std::get_if<Answer>(&reply.body)) {
      return std::move(*answer);
    }
    return fail(Code::bad_request, "link: the reply is to another question");
  }
  /// The reply with the request's id; an error reply is an error.
  Result<Reply> exchange(const Request& request);

  Stream& stream_;
  std::uint32_t last_id_ = 0;
};

}  // namespace birthmark::link
