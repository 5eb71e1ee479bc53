// SPDX-License-Identifier: Apache-2.0
#include "cli/debug_probe.h"

namespace birthmark::cli {
namespace {

/// What a debugger asks of a port that does not speak unasked.
constexpr std::string_view kQuestion = "IDCODE\n";
constexpr std::size_t kAnswerMax = 256;

/// What the port says within the stream's time; nothing: silent, closed or broken, which all prove nothing.
Bytes heard(link::Stream& stream) {
  Bytes buffer(kAnswerMax);
  const auto got = stream.read(buffer);
  buffer.resize(got ? *got : 0);
  return buffer;
}

}  // namespace

Result<DebugProbe> probe_debug_port(const link::Endpoint& port, std::chrono::milliseconds bound) {
  DebugProbe out;
  auto connected = link::connect_tcp(port, bound);
  if (!connected) {
    if (connected.error().code != Code::conflict) {  // conflict: actively refused, which is an answer
      return fail(Code::unavailable, "debug port " + link::to_text(port) + ": " + connected.error().detail);
    }
    out.refused = true;
    return out;
  }
  const auto stream = link::fd_stream(std::move(*connected), bound / 2);
  out.answer = heard(*stream);
  if (out.answer.empty() && stream->write(as_bytes(kQuestion))) {
    append(out.transcript, as_bytes(kQuestion));
    out.answer = heard(*stream);
  }
  append(out.transcript, out.answer);
  return out;
}

bool tells_idcode(const DebugProbe& probe) {
  return as_text(probe.answer).starts_with("IDCODE ");
}

}  // namespace birthmark::cli
