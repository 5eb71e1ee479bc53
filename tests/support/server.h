// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/http/client.h"
#include "codec/json.h"
#include "daemon/bootstrap.h"
#include "fleet/silicon_vendor.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace birthmark::test {

/// The value, or std::runtime_error with the refusal: for steps without which a test means nothing.
template <class T>
T must(Result<T> result) {
  if (!result) {
    throw std::runtime_error{std::string{info(result.error().code).name} + ": " + result.error().detail};
  }
  return std::move(*result);
}
inline void must(const Result<void>& result) {
  if (!result) {
    throw std::runtime_error{std::string{info(result.error().code).name} + ": " + result.error().detail};
  }
}

/// What a server said to one request.
struct Answer {
  int status = 0;  ///< 0: nothing was answered; the server may or may not have seen the request
  std::string content_type;
  std::string body;
  std::string code;   ///< of a refusal, "state_forbids"; of no answer: the client's own code
  std::string check;  ///< of a refusal, where it names one

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  [[nodiscard]] bool refused() const { return status >= 400; }
  [[nodiscard]] bool silent() const { return status == 0; }
  /// The body as an object; throws std::runtime_error, with the whole answer, if it is none.
  [[nodiscard]] boost::json::object json() const;
  /// A text member of the body; throws as `json`.
  [[nodiscard]] std::string text(std::string_view member) const;
  /// For messages of a failed test.
  [[nodiscard]] std::string words() const;
};

using Environment = std::map<std::string, std::optional<std::string>>;
/// `env`, and every other variable of ours (BIRTHMARK_*) and the systemd credentials removed: what the environment of
/// the test holds reaches none of its programs.
Environment only_these_of_ours(Environment env = {});

enum class FirstStart : std::uint8_t { at_once, later };

/// What to start, and out of what.
struct ServerOptions {
  std::filesystem::path begin_from = {};  ///< a data directory to copy; empty: `birthmark init` makes one
  std::string faults = {};                ///< plan for the first start (adapters/files/fault_plan.h)
  Environment env = {};
  std::vector<std::string> flags = {};  ///< of `birthmark serve`, besides data, listeners and environment
  /// A command that becomes the server, as a shell that sets limits first: {"sh", "-c", "ulimit -n 1024; exec \"$@\"",
  /// "sh"}. Empty: none.
  std::vector<std::string> starter = {};
  FirstStart first_start = FirstStart::at_once;  ///< later: by `start`
};

/// One `birthmark serve` in a temporary directory of its own: development environment, ports of the system's choice, a
/// simulated silicon vendor made for this registry and pinned. Ended by its process id when this goes away. Started,
/// stopped and restarted from one thread; the rest may be asked from any.
class Server {
 public:
  /// Makes the installation and starts it; throws std::runtime_error, with what it said, if it does not answer.
  explicit Server(ServerOptions options = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Starts the server that was stopped or died. False if it died before it was ready, as a fault plan may have it.
  bool start(const std::string& faults = {});
  /// Ends it in order, if it runs, and starts it again; throws if it does not answer.
  void restart(const std::string& faults = {});
  /// `birthmark serve` flags of the starts to come.
  void use_flags(std::vector<std::string> flags) { options_.flags = std::move(flags); }
  Finished stop();  ///< SIGTERM
  Finished kill();  ///< SIGKILL
  /// Waits for an end of its own (a fault plan's); kills it when the time is over.
  Finished wait_for_end(std::chrono::milliseconds bound = std::chrono::seconds{60});
  [[nodiscard]] bool runs() const { return process_ != nullptr; }
  /// What the last process said on standard error so far.
  [[nodiscard]] std::string err() const { return process_ ? process_->err() : last_err_; }
  [[nodiscard]] pid_t pid() const { return process_ ? process_->pid() : 0; }

  [[nodiscard]] std::uint16_t device_port() const { return device_port_; }
  [[nodiscard]] std::uint16_t operator_port() const { return operator_port_; }
  [[nodiscard]] std::uint16_t public_port() const { return public_port_; }
  [[nodiscard]] const std::string& log_key() const { return log_key_; }  ///< vkey for `audit verify`
  /// This fixture's own directory; `data()` lies in it.
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }
  [[nodiscard]] std::filesystem::path data() const { return directory_ / "data"; }
  [[nodiscard]] std::filesystem::path service_root_file() const { return data() / "tls" / "service-root.pem"; }
  [[nodiscard]] const std::vector<Bytes>& anchors() const { return anchors_; }  ///< the service root, DER
  [[nodiscard]] const fleet::SiliconVendor& vendor() const { return *vendor_; }
  /// The first operator's key and chain.
  [[nodiscard]] const daemon::Identity& operator_identity() const { return *operator_; }

  /// `birthmark ARGUMENTS...` as a person would type it. @param more environment of that run.
  Finished birthmark(std::vector<std::string> arguments) const;
  /// `birthmark audit verify` of this log. @param witnesses checkpoints that were kept. @param rows also the database.
  enum class Rows : std::uint8_t { ignored, compared };
  Finished audit_verify(const std::vector<std::filesystem::path>& witnesses = {}, Rows rows = Rows::compared) const;

 private:
  void initialise();
  void pin_vendor();
  void read_identities();

  TempDir directory_;
  ServerOptions options_;
  std::optional<fleet::SiliconVendor> vendor_;
  std::optional<daemon::Identity> operator_;
  std::vector<Bytes> anchors_;
  std::unique_ptr<Process> process_;
  std::string last_err_;
  std::uint16_t device_port_ = 0, operator_port_ = 0, public_port_ = 0;
  std::string log_key_;
};

enum class Listener : std::uint8_t { device, operators, open };

/// One client of one listener, with or without a certificate, over one connection; finds the server again after a
/// restart. For one thread.
class Caller {
 public:
  /// @param identity null: no certificate. Outlives this. @param tls12_only for the tls-unique binding.
  Caller(const Server& server, Listener listener, const daemon::Identity* identity, bool tls12_only = false);

  Answer post(const std::string& target, const boost::json::object& body);
  Answer get(const std::string& target);
  Answer send(http::Method method, const std::string& target, std::vector<http::Header> headers, BytesView body);
  /// Connects if need be and gives the connection's binding in base64. Throws if there is no connection.
  std::string channel_binding();
  /// Whether the server has ended the connection, or there is none.
  bool ended() { return !client_ || client_->ended(); }
  void close() { client_.reset(); }

 private:
  http::Client& client();

  const Server& server_;
  const Listener listener_;
  const daemon::Identity* const identity_;
  const bool tls12_only_;
  std::uint16_t port_ = 0;
  std::unique_ptr<http::Client> client_;
};

/// What operators do, over the operator API.
class Operator {
 public:
  explicit Operator(const Server& server) : caller{server, Listener::operators, &server.operator_identity()} {}

  /// Opens a batch that is open now for a day. @param policy TOML of the product; by default simulated roots may come
  /// in and renewal is open at once.
  Answer open_batch(const std::string& name, unsigned quantity, const std::string& policy = kPolicy,
                    const std::vector<Digest>& plan = {});
  /// Makes a key and has it certified for a role ("provision", "lock-check"). Throws if it is refused.
  daemon::Identity enroll_station(const std::string& name, const std::string& role, const std::string& batch);
  /// hold, suspend, release, revoke, retire, reject. @param cause empty: none is said.
  Answer act(const std::string& action, const DeviceId& device, const std::string& cause = {});
  Answer show(const DeviceId& device) { return caller.get("/v1/devices/" + to_hex(device.get())); }

  static constexpr const char* kPolicy = "simulated_roots = true\nrenew_from_day = 0\n";

  Caller caller;
};

}  // namespace birthmark::test
