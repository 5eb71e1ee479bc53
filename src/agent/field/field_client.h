// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http/client.h"
#include "agent/device/state.h"
#include "agent/field/device_clock.h"
#include "agent/hardware/hardware_root.h"
#include "app/ports/entropy.h"
#include "codec/json.h"
#include "codec/x509.h"
#include "lifecycle/device_id.h"

namespace birthmark::agent {

/// What the registry said to a revalidation: a new LDevID, or that something else still holds the device.
struct Revalidated {
  std::optional<x509::Certificate> certificate;
  std::string state;      ///< where it is held: "S4"
  std::string waits_for;  ///< for people
};

struct TelemetryAccepted {
  std::chrono::milliseconds max_age{};  ///< how long the registry's answer may be relied on
};

/// A provisioned device and its registry. The server is verified by the pinned service root alone, its dates by signed
/// time (AC-41, AC-42); keys never leave the root. Each operation may be repeated after any failure. One thread.
///
/// Every operation may fail with: not_found: the device was never provisioned; unavailable: no answer; unauthenticated:
/// TLS refused one side; clock_suspect: signed time before the floor; storage; and what the registry refuses.
class FieldClient {
 public:
  struct Ports {
    HardwareRoot& root;
    DeviceState& state;
    const Clock& clock;
    Entropy& entropy;
  };
  struct Settings {
    std::string firmware = {};  ///< as the device says it in evidence; empty: it does not say
    std::chrono::milliseconds timeout{15'000};
  };
  /// @param ports outlive this.
  FieldClient(Ports ports, Settings settings);

  /// Asks for a signed time. If the server's certificate does not fit the time that the device knows so far, path and
  /// name are verified and the dates afterwards, by the signed answer; nothing but a nonce is sent on such a
  /// connection. @error bad_evidence: the answer is not signed by the registry, or is for another nonce
  Result<Instant> time();
  [[nodiscard]] const DeviceClock& clock() const { return clock_; }

  /// The first LDevID, by the IDevID; the present one if there is one.
  Result<x509::Certificate> enroll();
  /// The next LDevID, by the present one; with an ended one, or none, by revalidation.
  /// @error held: revalidation did not bring a credential
  Result<x509::Certificate> renew();
  /// Fresh evidence for the key in use. @return what the registry recorded
  Result<boost::json::value> attest();
  /// Proves the hardware without any certificate (design rule 5).
  Result<Revalidated> revalidate();
  /// The log's proof of a certificate of this device: the one that is kept, or else what the registry gives to whoever
  /// shows the certificate, which is then kept.
  /// @param of idevid or operational.
  /// @error not_found: no such certificate; bad_json: an answer that is none; bad_evidence: of another certificate
  Result<LogProof> log_proof(DeviceKey of);
  /// @param message JSON. @error bad_json; not_found: no LDevID
  Result<TelemetryAccepted> telemetry(std::string_view message);
  /// Proves its hardware, and only when the registry permits it clears the owner hierarchy, proves that too, and keeps
  /// the receipt. Cut off anywhere it may be repeated; a device that has its receipt gives it again and asks nobody.
  /// @error state_forbids: no operator has retired the device; nothing was cleared
  Result<RetirementReceipt> retire();

  /// Whether a connection of telemetry is there to be cut.
  [[nodiscard]] bool connected() const { return operational_ != nullptr; }
  /// Whether the server ends that connection within `bound`; found without sending anything. False without one.
  bool cut_within(std::chrono::milliseconds bound);
  void close() { operational_.reset(); }

 private:
  enum class As : std::uint8_t { nobody, birth, operational };
  enum class Dates : std::uint8_t { judged, by_the_answer };
  struct Challenge {
    SessionId session;
    Nonce nonce;
  };

  Result<std::unique_ptr<http::Client>> connect(As as, Dates dates = Dates::judged);
  /// The connection that the LDevID works over. @error as `connect`
  Result<http::Client*> operational();
  /// Settles the state and learns the time, once.
  Result<void> begin();
  Result<Instant> ask_time(http::Client& client);
  Result<Challenge> challenge(http::Client& client, const std::string& path, lifecycle::Purpose purpose);
  static Result<Challenge> read_challenge(const boost::json::value& answer, lifecycle::Purpose purpose);
  Result<Challenge> permission_to_retire(http::Client& client, const DeviceId& device);
  Result<boost::json::object> evidence(lifecycle::Purpose purpose, const Challenge& challenge, DeviceKey key);
  Result<boost::json::value> attest(http::Client& client, lifecycle::Purpose purpose, DeviceKey key);
  Result<x509::Certificate> certify(As as);
  Result<Bytes> request_certificate(http::Client& client, As as);
  /// Shows that this TPM opens what was made for it; returns what revalidation came to.
  static Result<boost::json::value> activate(http::Client& client, TpmRoot& tpm, const boost::json::value& offered);
  Result<Revalidated> finish_revalidation(const boost::json::value& answer);

  Ports ports_;
  Settings settings_;
  DeviceClock clock_;
  std::unique_ptr<http::Client> operational_;  ///< kept open between telemetry
};

}  // namespace birthmark::agent
