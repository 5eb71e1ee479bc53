// SPDX-License-Identifier: Apache-2.0
#include "agent/emulated/message.h"

#include <algorithm>
#include <limits>

#include "agent/link/fields.h"
#include "codec/cbor.h"

namespace birthmark::emulated {
namespace {

using link::Fields;

constexpr std::uint64_t kReplyOffset = 64;
constexpr std::uint64_t kErrorKind = 127;
constexpr std::uint64_t kKeyLast = 3;

constexpr std::uint64_t number(Action action) {
  return static_cast<std::uint64_t>(action);
}

bool has_value(Action action) {
  return action == Action::sign || action == Action::attest;
}
bool has_key(Action action) {
  return action == Action::public_key || has_value(action);
}

bool is_not_plain(char c) {
  return c < 0x20 || c >= 0x7F;
}
/// Printable ASCII of bounded length: details may quote what a peer sent.
std::string plain(std::string_view text) {
  std::string kept{text.substr(0, kTextMaxBytes)};
  std::ranges::replace_if(kept, is_not_plain, '?');
  return kept;
}

Result<Error> read_error(Fields& in) {
  BM_TRY(const auto name, in.text(1, kTextMaxBytes));
  const auto code = code_named(name);
  if (!code) {
    return fail(Code::bad_request, "an error of unknown code");
  }
  BM_TRY(const auto detail, in.text(2, kTextMaxBytes));
  Error out{*code, plain(detail), {}};
  BM_TRY(out.check, in.text(3, kTextMaxBytes));
  std::ranges::replace_if(out.check, is_not_plain, '?');
  return out;
}

Result<About> read_about(Fields& in) {
  About out;
  BM_TRY(out.kind, in.text(1, kTextMaxBytes));
  BM_TRY(out.public_identity, in.bytes(2, kKeyMaxBytes));
  BM_TRY(out.up_ms, in.number(3, std::numeric_limits<std::uint64_t>::max()));
  BM_TRY(const auto starts, in.number(4, std::numeric_limits<std::uint32_t>::max()));
  out.starts = static_cast<std::uint32_t>(starts);
  BM_TRY(out.firmware_svn, in.number(5, std::numeric_limits<std::uint64_t>::max()));
  return out;
}

Result<Outcome> read_outcome(Action action, Fields& in) {
  switch (action) {
    case Action::identify: {
      BM_TRY(auto about, read_about(in));
      return Outcome{std::move(about)};
    }
    case Action::public_key:
    case Action::sign:
    case Action::attest:
    case Action::make_pending_key: {
      BM_TRY(auto value, in.bytes(1, kAnswerMaxBytes));
      return Outcome{std::move(value)};
    }
    case Action::adopt_pending_key:
    case Action::clear:
      return Outcome{Done{}};
  }
  return fail(Code::bad_request, "an unknown action");
}

}  // namespace

Bytes write(const Request& request) {
  cbor::Writer out;
  out.map(2U + (request.key ? 1U : 0U) + (request.value ? 1U : 0U));
  out.unsigned_int(0).unsigned_int(number(request.action)).unsigned_int(1).unsigned_int(request.device);
  if (request.key) {
    out.unsigned_int(2).unsigned_int(static_cast<std::uint64_t>(*request.key));
  }
  if (request.value) {
    out.unsigned_int(3).bytes(*request.value);
  }
  return out.finish();
}

Result<Request> read_request(BytesView body) {
  BM_TRY(auto in, Fields::open(body));
  BM_TRY(const auto action, in.number(0, number(Action::clear)));
  if (action < number(Action::identify)) {
    return fail(Code::bad_request, "an unknown action");
  }
  BM_TRY(const auto device, in.number(1, kDevicesMax - 1));
  Request out{.action = static_cast<Action>(action), .device = static_cast<std::uint32_t>(device)};
  if (has_key(out.action)) {
    BM_TRY(const auto key, in.number(2, kKeyLast));
    out.key = static_cast<Key>(key);
  }
  if (has_value(out.action)) {
    BM_TRY(const auto value, in.bytes(3, 32));
    out.value = octets<32>(value);
    if (!out.value) {
      return fail(Code::bad_request, "a digest or challenge has 32 octets");
    }
  }
  BM_CHECK(in.finish());
  return out;
}

Bytes write(Action action, const Outcome& outcome) {
  cbor::Writer out;
  const auto* const error = std::get_if<Error>(&outcome);
  const auto begin = [&](std::size_t members, std::uint64_t kind) {
    out.map(members + 1).unsigned_int(0).unsigned_int(kind);
  };
  if (error != nullptr) {
    begin(3, kErrorKind);
    out.unsigned_int(1).text(info(error->code).name).unsigned_int(2).text(plain(error->detail));
    out.unsigned_int(3).text(plain(error->check));
  } else if (const auto* const about = std::get_if<About>(&outcome)) {
    begin(5, number(action) + kReplyOffset);
    out.unsigned_int(1).text(about->kind).unsigned_int(2).bytes(about->public_identity);
    out.unsigned_int(3).unsigned_int(about->up_ms).unsigned_int(4).unsigned_int(about->starts);
    out.unsigned_int(5).unsigned_int(about->firmware_svn);
  } else if (const auto* const value = std::get_if<Bytes>(&outcome)) {
    begin(1, number(action) + kReplyOffset);
    out.unsigned_int(1).bytes(*value);
  } else {
    begin(0, number(action) + kReplyOffset);
  }
  return out.finish();
}

Result<Outcome> read_reply(Action action, BytesView body) {
  BM_TRY(auto in, Fields::open(body));
  BM_TRY(const auto kind, in.number(0, kErrorKind));
  if (kind == kErrorKind) {
    BM_TRY(auto error, read_error(in));
    BM_CHECK(in.finish());
    return Outcome{std::move(error)};
  }
  if (kind != number(action) + kReplyOffset) {
    return fail(Code::bad_request, "the reply to another request");
  }
  BM_TRY(auto outcome, read_outcome(action, in));
  BM_CHECK(in.finish());
  return outcome;
}

}  // namespace birthmark::emulated
