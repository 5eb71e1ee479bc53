// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/link/fd_stream.h"
#include "base/result.h"

namespace birthmark::cli {

/// How a station reaches a device: a port that it listens on, or a program that speaks the link on its standard input
/// and output.
class DeviceLink {
 public:
  /// "tcp:HOST:PORT". @error bad_request
  static Result<DeviceLink> read(std::string_view text);
  /// @param argv a program with its arguments; a single word with spaces is split at them. @error bad_request: none
  static Result<DeviceLink> program(std::vector<std::string> argv);

  [[nodiscard]] const std::string& text() const { return text_; }
  /// @param wait how long a device that does not listen yet is waited for.
  /// @error unavailable: nobody is there, or no such program
  Result<std::unique_ptr<link::Stream>> open(std::chrono::milliseconds wait) const;

 private:
  using Target = std::variant<link::Endpoint, std::vector<std::string>>;
  DeviceLink(std::string text, Target target) : text_{std::move(text)}, target_{std::move(target)} {}

  std::string text_;
  Target target_;
};

}  // namespace birthmark::cli
