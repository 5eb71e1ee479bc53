// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "audit/entry.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "support/server.h"

namespace birthmark::test {

/// What can be seen of a registry from outside, at one moment at which nobody changes it.
struct View {
  struct Device {
    unsigned state = 0;                          ///< 0..6
    std::map<std::string, bool> certificates{};  ///< serial in hex -> whether it is registered
  };
  struct Batch {
    std::uint64_t quantity = 0, issued = 0, reserved = 0;
  };

  std::vector<audit::Entry> log{};  ///< every entry of the published log, in order
  std::map<DeviceId, Device> devices{};
  std::map<std::string, Batch> batches{};
  std::string log_wrong{};  ///< what `audit verify` says against the log; empty: it verifies
};

/// Looks: the operator API, the public listener's log tiles, and `birthmark audit verify` over the files, the database
/// and the checkpoints that were kept. Throws std::runtime_error if the server does not answer.
View look(const Server& server, Operator& people, const std::vector<std::string>& kept_checkpoints);

/// The history checker: knows the promises of design §3 and none of the code. Clients note what they were told;
/// `broken` compares it with what is seen in the end. Notes may come from several threads.
class History {
 public:
  /// A moment; later ones are greater.
  using Moment = std::uint64_t;
  Moment now();

  // --- acknowledged results: the answer arrived ---
  /// A certificate was given out for the device.
  void issued(const DeviceId& device, BytesView certificate);
  /// The server said that the device is in this state.
  void in_state(const DeviceId& device, unsigned state);
  /// A request of the device, begun at that moment, was admitted.
  void admitted(const DeviceId& device, Moment begun);
  /// Somebody is about to ask for what lets a suspended device go on: release, revalidation.
  void restoring(const DeviceId& device);
  /// A signed checkpoint was given out.
  void checkpoint(std::string note);
  /// Something else that must not have happened, found by a client.
  void surprise(std::string words);

  [[nodiscard]] std::vector<std::string> checkpoints() const;
  [[nodiscard]] std::size_t acknowledged() const;

  /// Every promise that the view breaks, in words; empty: all are kept.
  /// - no acknowledged result is lost: certificate, state in its order;
  /// - no serial twice, and one certificate a serial;
  /// - no signature without a record: an intent with that serial and key stands before each registration, each intent
  ///   ends once, and each certificate that was given out is registered byte for byte;
  /// - states move by the thirteen transitions only, from S0 on, and the API tells the last one;
  /// - a device that was said to be suspended, revoked or decommissioned is not admitted by a later request;
  /// - epochs never go back, no unit is left reserved, no more are issued than ordered;
  /// - the log verifies and continues every checkpoint that was given out.
  [[nodiscard]] std::vector<std::string> broken(const View& view) const;

 private:
  struct Told {
    Moment at;
    unsigned state;
  };
  struct Admitted {
    Moment begun, told;
  };
  struct Notes {
    std::vector<Bytes> certificates{};
    std::vector<Told> states{};
    std::vector<Admitted> admitted{};
    std::vector<Moment> restoring{};
  };
  struct LogFacts;

  static void judge_log(const View& view, LogFacts& facts, std::vector<std::string>& out);
  static void judge_end(const View& view, const LogFacts& facts, std::vector<std::string>& out);
  static void judge_certificates(const DeviceId& device, const Notes& notes, const View& view, const LogFacts& facts,
                                 std::vector<std::string>& out);
  static void judge_states(const DeviceId& device, const Notes& notes, const LogFacts& facts,
                           std::vector<std::string>& out);
  static void judge_admitted(const DeviceId& device, const Notes& notes, std::vector<std::string>& out);

  mutable std::mutex mutex_;
  Moment moment_ = 0;
  std::map<DeviceId, Notes> devices_;
  std::vector<std::string> checkpoints_;
  std::vector<std::string> surprises_;
};

}  // namespace birthmark::test
