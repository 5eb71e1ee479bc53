// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "agent/device/debug_port.h"
#include "agent/device/link_device.h"
#include "agent/program/commands.h"
#include "agent/program/output.h"
#include "agent/program/stop.h"

namespace birthmark::agent::program {
namespace {

/// A device at the line: its link, and its simulated debug port.
class LineDevice {
 public:
  LineDevice(Common common, const ProvisionOptions& options) : common_{std::move(common)}, idevid_{options.idevid} {
    settings_ = {
        .agent_version = kVersion,
        .firmware = common_.firmware,
        .platform = platform_claims(files_, is_simulated(common_.root) ? RootNature::simulated : RootNature::hardware),
        .fuses = !options.never_fuse};
    settings_.platform.secure_boot = settings_.platform.secure_boot && !options.insecure_boot;
  }

  /// Opens what the options ask for.
  /// @error conflict with check "device.idevid": it was born with a key of another template. unavailable, storage
  Result<void> open(const ProvisionOptions& options) {
    bool fused = false;
    {
      BM_TRY(const auto lock, lock_device(common_, files_));
      BM_TRY(const auto state, DeviceState::open(files_, common_.state));
      if (idevid_ && state->birth() && state->idevid_template().value_or(*idevid_) != *idevid_) {
        return fail(Code::conflict, "the IDevID key of this device's birth is of another template", "device.idevid");
      }
      fused = state->fused();
    }
    if (options.debug_listen) {
      BM_TRY(const auto at, link::parse_endpoint(*options.debug_listen));
      debug_at_ = at;
      if (!fused) {
        BM_TRY(debug_, DebugPort::open(at));
        debug_at_ = debug_->endpoint();
      }
    }
    if (options.listen) {
      BM_TRY(const auto at, link::parse_endpoint(*options.listen));
      BM_TRY(auto listener, link::TcpListener::open(at));
      listener_ = std::move(listener);
    }
    fused_ = fused;
    return {};
  }

  [[nodiscard]] boost::json::object readiness() const {
    const auto& platform = settings_.platform;
    boost::json::object line{
        {"ready", true}, {"simulated", platform.simulated}, {"secure_boot", platform.secure_boot}, {"fused", fused_}};
    line["link"] = listener_ ? link::to_text(listener_->endpoint()) : std::string{"stdio"};
    // Fused with any port asked for, there is no address: nothing listens, as it will be for ever.
    line["debug"] = nullptr;
    if (debug_at_ && debug_at_->port != 0) {
      line["debug"] = link::to_text(*debug_at_);
    }
    return line;
  }

  /// Serves one link. The hardware is opened for it alone: between two links other programs may use it.
  void serve(link::Descriptor in, link::Descriptor out) {
    auto stream = out.open() ? link::fd_stream(std::move(in), std::move(out), kPatience)
                             : link::fd_stream(std::move(in), kPatience);
    auto device = open_device(common_, files_, idevid_);
    Result<void> outcome;
    if (device) {
      LinkDevice answers{*device->root, *device->state, settings_, [&] { return blow(*device->state); }};
      outcome = link::LinkServer{answers}.serve(*stream);
    } else {
      outcome = fail(device.error());
    }
    if (!outcome) {
      std::fprintf(stderr, "birthmark-agent: link: %s\n", outcome.error().detail.c_str());
    }
  }

  /// Serves one link after the other until `stop`.
  void serve_all() {
    while (true) {
      auto connection = listener_->accept();
      if (!connection) {
        return;
      }
      {
        const std::scoped_lock lock{mutex_};
        if (stopped_) {
          return;
        }
        open_link_ = connection->get();
      }
      // A second descriptor keeps the number alive while `stop` may use it.
      link::Descriptor own{::dup(connection->get())};
      serve(std::move(own), {});
      const std::scoped_lock lock{mutex_};
      open_link_ = -1;
    }
  }

  void stop() {
    const std::scoped_lock lock{mutex_};
    stopped_ = true;
    if (listener_) {
      listener_->wake();
    }
    if (open_link_ >= 0) {
      ::shutdown(open_link_, SHUT_RDWR);
    }
  }

 private:
  static constexpr std::chrono::minutes kPatience{10};

  Result<void> blow(DeviceState& state) {
    BM_CHECK(state.fuse());
    debug_.reset();
    return {};
  }

  Common common_;
  std::optional<IdevidTemplate> idevid_;
  PosixFiles files_;
  DeviceSettings settings_;
  std::unique_ptr<DebugPort> debug_;
  std::optional<link::Endpoint> debug_at_;
  std::optional<link::TcpListener> listener_;
  bool fused_ = false;
  std::mutex mutex_;
  bool stopped_ = false;
  int open_link_ = -1;
};

}  // namespace

int provision(const Common& common, const ProvisionOptions& options) {
  take_broken_pipes_as_errors();
  std::optional<StopSignals> signals;  // with --stdio they, or the end of the link, end the program
  if (options.listen) {
    signals.emplace();
  }
  LineDevice device{common, options};
  if (const auto opened = device.open(options); !opened) {
    return complain(opened.error(), common.as_json);
  }
  if (!options.listen) {
    std::fprintf(stderr, "%s\n", json::write(device.readiness()).c_str());
    device.serve(link::Descriptor{::dup(STDIN_FILENO)}, link::Descriptor{::dup(STDOUT_FILENO)});
    return kDone;
  }
  print(device.readiness());
  std::jthread links{[&device] { device.serve_all(); }};
  signals->wait();
  device.stop();
  return kDone;
}

}  // namespace birthmark::agent::program
