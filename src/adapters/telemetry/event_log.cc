// SPDX-License-Identifier: Apache-2.0
#include "adapters/telemetry/event_log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/code.h"
#include "base/instant.h"

namespace birthmark::telemetry {
namespace {

constexpr std::size_t kTextMax = 256;
constexpr std::size_t kRequestIdMax = 64;

bool safe(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
}

}  // namespace

struct EventLog::Impl {
  spdlog::logger logger{"events", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

EventLog::EventLog() : impl_{std::make_unique<Impl>()} {
  impl_->logger.set_pattern(R"({"at":"%Y-%m-%dT%H:%M:%S.%eZ",%v)", spdlog::pattern_time_type::utc);
}
EventLog::~EventLog() = default;

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
