// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "agent/field/daily_life.h"
#include "agent/program/commands.h"
#include "agent/program/output.h"
#include "agent/program/stop.h"

namespace birthmark::agent::program {
namespace {

using std::chrono::milliseconds;

/// How often a waiting device looks whether it is asked to stop; the end of its connection wakes it at once.
constexpr milliseconds kLook{50};

class Life {
 public:
  Life(const Common& common, const RunOptions& options, OpenDevice& device)
      : options_{options},
        client_{{*device.root, *device.state, clock_, entropy_},
                {.firmware = common.firmware, .timeout = std::chrono::seconds{common.timeout_s}}},
        life_{client_,
              *device.state,
              entropy_,
              {.message = options.message, .interval = milliseconds{std::llround(options.interval_s * 1000)}}} {}

  int live() {
    unsigned sent = 0;
    while (true) {
      const auto began = clock_.ticks();
      auto event = life_.step();
      event.more["took_ms"] = std::chrono::duration_cast<milliseconds>(clock_.ticks() - began).count();
      say(event);
      sent += event.what == "telemetry" ? 1 : 0;
      if (options_.count != 0 && sent >= options_.count) {
        return kDone;
      }
      if (asked_to_stop_in(life_.pause())) {
        say({"stopped", {}});
        return kDone;
      }
    }
  }

 private:
  /// `at_ms` is the machine's clock, for whoever reads along; the device itself never asks it.
  void say(const LifeEvent& event) {
    boost::json::object line{{"event", event.what}, {"at_ms", to_ms(clock_.now())}};
    for (const auto& [name, value] : event.more) {
      line[name] = value;
    }
    print(line);
  }

  bool asked_to_stop_in(milliseconds pause) {
    const auto end = clock_.ticks() + pause;
    while (true) {
      const auto left = std::chrono::duration_cast<milliseconds>(end - clock_.ticks());
      const auto look = std::clamp(left, milliseconds{0}, kLook);
      const bool connected = client_.connected();
      if (client_.cut_within(look)) {
        client_.close();
        say({"cut", {{"detail", "the server ended the connection"}}});
        return signals_.asked_within(milliseconds{0});  // and find out why at once
      }
      if (signals_.asked_within(connected ? milliseconds{0} : look)) {
        return true;
      }
      if (left <= milliseconds{0}) {
        return false;
      }
    }
  }

  RunOptions options_;
  StopSignals signals_;
  SystemClock clock_;
  SystemEntropy entropy_;
  FieldClient client_;
  DailyLife life_;
};

}  // namespace

int run(const Common& common, const RunOptions& options) {
  PosixFiles files;
  auto device = open_device(common, files);
  return device ? Life{common, options, *device}.live() : complain(device.error(), common.as_json);
}

}  // namespace birthmark::agent::program
