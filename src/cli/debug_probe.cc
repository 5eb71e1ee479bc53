// SPDX-License-Identifier: Apache-2.0
#include "cli/debug_probe.h"

#include "crypto/hash.h"

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
  Bytes transcript;
  auto connected = link::connect_tcp(port, bound);
  if (!connected) {
    if (connected.error().code != Code::conflict) {  // conflict: actively refused, which is an answer
      return fail(Code::unavailable, "debug port " + link::to_text(port) + ": " + connected.error().detail);
    }
    out.locked = true;
    out.transcript = crypto::sha256(transcript);
    return out;
  }
  const auto stream = link::fd_stream(std::move(*connected), bound / 2);
  out.answer = heard(*stream);
  if (out.answer.empty() && stream->write(as_bytes(kQuestion))) {
    append(transcript, as_bytes(kQuestion));
    out.answer = heard(*stream);
  }
  append(transcript, out.answer);
  out.transcript = crypto::sha256(transcript);
  return out;
}

}  // namespace birthmark::cli
