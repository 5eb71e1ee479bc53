// SPDX-License-Identifier: Apache-2.0
#include "cli/device_link.h"

#include <iterator>
#include <sstream>
#include <thread>

namespace birthmark::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPause{50};
constexpr milliseconds kConnectTimeout{2000};
constexpr std::string_view kTcp = "tcp:";

Result<std::unique_ptr<link::Stream>> connect(const link::Endpoint& to, milliseconds wait) {
  const auto deadline = steady_clock::now() + wait;
  while (true) {
    auto connected = link::connect_tcp(to, kConnectTimeout);
    if (connected) {
      return link::fd_stream(std::move(*connected));
    }
    if (steady_clock::now() + kPause >= deadline) {
      return fail(Code::unavailable, "no device at " + link::to_text(to) + ": " + connected.error().detail);
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

Result<DeviceLink> DeviceLink::read(std::string_view text) {
  if (!text.starts_with(kTcp)) {
    return fail(Code::bad_request, "a device is tcp:HOST:PORT");
  }
  BM_TRY(auto endpoint, link::parse_endpoint(text.substr(kTcp.size())));
  return DeviceLink{std::string{text}, std::move(endpoint)};
}

Result<DeviceLink> DeviceLink::program(std::vector<std::string> argv) {
  if (argv.size() == 1) {
    std::istringstream words{argv.front()};
    argv.assign(std::istream_iterator<std::string>{words}, {});
  }
  if (argv.empty()) {
    return fail(Code::bad_request, "--exec needs a program");
  }
  std::string text = "exec:";
  for (const auto& word : argv) {
    text += (text.size() > 5 ? " " : "") + word;
  }
  return DeviceLink{std::move(text), std::move(argv)};
}

Result<std::unique_ptr<link::Stream>> DeviceLink::open(milliseconds wait) const {
  if (const auto* const endpoint = std::get_if<link::Endpoint>(&target_)) {
    return connect(*endpoint, wait);
  }
  return link::child_stream(std::get<std::vector<std::string>>(target_));
}

}  // namespace birthmark::cli
