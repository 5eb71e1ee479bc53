// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/link/message.h"
#include "agent/link/stream.h"

namespace birthmark::link {

/// What a device does when a station asks; errors go back as they are, typed.
class Device {
 public:
  Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  virtual ~Device() = default;
  virtual Result<HelloReply> hello() = 0;
  virtual Result<KeysReply> keys() = 0;
  virtual Result<EvidenceReply> evidence(const EvidenceRequest& request) = 0;
  virtual Result<ActivateReply> activate(const ActivateRequest& request) = 0;
  /// Durable when it returns.
  virtual Result<InstallReply> install(const InstallRequest& request) = 0;
  virtual Result<SealReply> seal(const SealRequest& request) = 0;
  virtual Result<RetireReply> retire(const RetireRequest& request) = 0;
};

/// The device's side of one link.
class LinkServer {
 public:
  /// @param device outlives this.
  explicit LinkServer(Device& device) : device_{device} {}

  /// The reply to one message: what the device says, or the error.
  [[nodiscard]] Reply answer(const Request& request);

  /// Answers until the station ends the stream.
  /// @error bad_request: something that is no request came; the station is told, and the link is over. unavailable
  Result<void> serve(Stream& stream);

 private:
  Device& device_;
};

}  // namespace birthmark::link
