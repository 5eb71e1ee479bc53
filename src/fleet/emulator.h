// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.h"
#include "codec/frame.h"
#include "fleet/emulated_device.h"
#include "fleet/process.h"

namespace birthmark::fleet {

/// Serves the emulated devices of one process over one Unix socket (docs/wire/emulator.md): a request names its device
/// by number. One thread; it waits for nobody, so that a silent client holds up no other.
class Emulator {
 public:
  static constexpr std::size_t kConnectionsMax = 4096;

  /// @param socket mode 0600. @param devices by their numbers. @param starts of this emulator, with this one
  /// @error unavailable
  static Result<std::unique_ptr<Emulator>> listen(const std::filesystem::path& socket,
                                                  std::vector<std::unique_ptr<EmulatedDevice>> devices,
                                                  std::uint32_t starts);
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;
  ~Emulator();

  [[nodiscard]] const std::vector<std::unique_ptr<EmulatedDevice>>& devices() const { return devices_; }
  /// Until `stop` can be read, or has ended.
  void serve(int stop);

 private:
  struct Connection {
    Descriptor socket;
    frame::FrameReader reader;
  };

  Emulator(std::filesystem::path path, Descriptor listener, std::vector<std::unique_ptr<EmulatedDevice>> devices,
           std::uint32_t starts);
  void accept();
  /// Takes what came and answers it. @return whether the connection goes on
  bool attend(Connection& connection);
  bool answer_whole_frames(Connection& connection, BytesView bytes);
  [[nodiscard]] emulated::Outcome answer(const emulated::Request& request);

  std::filesystem::path path_;
  Descriptor listener_;
  std::vector<std::unique_ptr<EmulatedDevice>> devices_;
  std::vector<Connection> connections_;
  std::uint32_t starts_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace birthmark::fleet
