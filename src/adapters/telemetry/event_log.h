// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "adapters/http/message.h"
#include "codec/json.h"

namespace birthmark::telemetry {

/// One JSON object a line on standard error: time, a stable event name, and what belongs to it. Whatever a stranger
/// sent is text with its control characters and high octets replaced. Nobody waits for whoever reads it: lines that are
/// not read in time are dropped, the oldest first (line_writer.h). Safe from any thread.
class EventLog {
 public:
  EventLog();
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  void write(std::string_view event, boost::json::object fields) const;
  /// Lines that nobody read in time, since start.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same text with nothing in it but printable ASCII, at most 256 characters.
std::string printable(std::string_view text);
/// What the caller named its request, if it is 1 to 64 characters of letters, digits, '.', '_' and '-'; else empty.
std::string accepted_request_id(const http::Request& request);
/// The code of a refusal as it stands in its body (problem+json, or the plain words of EST); empty: none.
std::string code_in(const http::Response& response);

}  // namespace birthmark::telemetry
