// SPDX-License-Identifier: Apache-2.0
#include "adapters/telemetry/event_log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

#include "adapters/telemetry/line_writer.h"
#include "base/code.h"
#include "base/instant.h"

namespace birthmark::telemetry {
namespace {

constexpr std::size_t kTextMax = 256;
constexpr std::size_t kRequestIdMax = 64;

bool safe(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
}

/// Hands each formatted line on; never waits for the reader of the log.
class QueueSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit QueueSink(LineWriter& writer) : writer_{writer} {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer_.add({line.data(), line.size()});
  }
  void flush_() override {}

  LineWriter& writer_;
};

}  // namespace

struct EventLog::Impl {
  LineWriter writer{STDERR_FILENO};
  spdlog::logger logger{"events", std::make_shared<QueueSink>(writer)};
};

EventLog::EventLog() : impl_{std::make_unique<Impl>()} {
  impl_->logger.set_pattern(R"({"at":"%Y-%m-%dT%H:%M:%S.%eZ",%v)", spdlog::pattern_time_type::utc);
}
EventLog::~EventLog() = default;

std::uint64_t EventLog::dropped() const {
  return impl_->writer.dropped();
}

void EventLog::write(std::string_view event, boost::json::object fields) const {
  boost::json::object line{{"event", event}};
  for (auto& [name, value] : fields) {
    line[name] = std::move(value);
  }
  impl_->logger.info("{}", json::write(line).substr(1));
}

std::string printable(std::string_view text) {
  std::string out{text.substr(0, kTextMax)};
  std::ranges::replace_if(
      out, [](char c) { return c < 0x20 || c >= 0x7F; }, '?');
  return out;
}

std::string accepted_request_id(const http::Request& request) {
  const auto id = request.header("X-Request-Id");
  return id && !id->empty() && id->size() <= kRequestIdMax && std::ranges::all_of(*id, safe) ? std::string{*id}
                                                                                             : std::string{};
}

std::string code_in(const http::Response& response) {
  constexpr std::string_view kProblem = "{\"type\":\"urn:birthmark:error:";
  const std::string_view body = response.body;
  const bool problem = body.starts_with(kProblem);
  const auto rest = problem ? body.substr(kProblem.size()) : body;
  const auto name = rest.substr(0, rest.find(problem ? '"' : ':'));
  return response.status >= 400 && code_named(name) ? std::string{name} : std::string{};
}

}  // namespace birthmark::telemetry
