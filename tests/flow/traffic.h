// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "flow/history.h"
#include "support/line.h"
#include "support/server.h"

namespace birthmark::test {

/// What clients make of answers that are no success where one is due.
enum class Refusals : std::uint8_t {
  surprise,   ///< nobody expects them
  tolerated,  ///< the disk fails: 503 is an answer, and nothing may have happened
};

/// One device with what its owner believes of it.
struct Living {
  explicit Living(const Server& server) : device{server} {}
  explicit Living(const fleet::SiliconVendor& vendor) : device{vendor} {}
  PaperDevice device;
  unsigned state = 0;
  bool unsure = false;  ///< a request was not answered: whether it was done is asked when the server is back
};

/// Lives the lives of devices, one step after the other, and notes all that it is told. For one thread.
class Client {
 public:
  Client(const Server& server, History& history, std::uint64_t seed, Refusals refusals = Refusals::surprise);
  /// Enrolls the stations of this client. @param name unique. Once, while the server runs.
  void join(const std::string& name, const std::string& batch);
  /// Works with stations that were enrolled before. @param stations outlives this.
  void join(const Line::Stations& stations) { line_ = std::make_unique<Line>(server_, stations); }

  /// Does the next thing to one of its devices. False if there was no answer: the server is gone.
  bool step();
  /// One named step of a device; false if there was no answer.
  bool provision(Living& d);
  bool seal(Living& d);
  bool enroll(Living& d);
  bool telemetry(Living& d);
  bool renew(Living& d);
  bool revalidate(Living& d);
  /// suspend, release, revoke, retire, reject
  bool act(Living& d, const std::string& action);
  /// Asks in which state the device is after an answer was missing, and gets the certificate that was missed.
  bool settle(Living& d);
  bool keep_checkpoint();

  /// Requests that got no answer since the last call.
  unsigned take_cut_off() { return std::exchange(cut_off_, 0U); }
  [[nodiscard]] unsigned steps() const { return steps_; }
  [[nodiscard]] unsigned refused() const { return refused_; }

 private:
  bool forward(Living& d);
  bool in_the_field(Living& d);
  bool restrained(Living& d);
  bool must_not_be_admitted(Living& d);
  bool took(Living& d, const Answer& answer, const std::string& what);
  unsigned chance(unsigned sides) { return static_cast<unsigned>(random_() % sides); }

  static constexpr std::size_t kDevices = 4;

  const Server& server_;
  History& history_;
  std::mt19937_64 random_;
  const Refusals refusals_;
  Operator people_;
  Caller open_;
  std::unique_ptr<Line::Stations> stations_;
  std::unique_ptr<Line> line_;
  std::deque<Living> devices_;
  unsigned cut_off_ = 0, steps_ = 0, refused_ = 0;
};

/// Several clients at once on one server.
class Traffic {
 public:
  /// The server runs and has the batch.
  Traffic(const Server& server, History& history, const std::string& batch, unsigned clients, std::uint64_t seed,
          Refusals refusals = Refusals::surprise);
  /// Lets every client go on until it gets no answer, or has done that many steps.
  /// @return how many requests were in flight when the server went.
  unsigned run(unsigned steps_each);
  [[nodiscard]] unsigned steps() const;
  [[nodiscard]] unsigned refused() const;
  /// Settles what was left unsure, while the server runs.
  std::deque<Client>& clients() { return clients_; }

 private:
  History& history_;
  std::deque<Client> clients_;
};

/// BIRTHMARK_SEED, or one of this run's own; printed, so that a run can be repeated.
std::uint64_t printed_seed();
/// Whether BIRTHMARK_LONG asks for the long run.
bool long_run();

}  // namespace birthmark::test
