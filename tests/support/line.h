// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "app/challenges.h"
#include "lifecycle/device_id.h"
#include "support/paper_tpm.h"
#include "support/server.h"

namespace birthmark::test {

/// One device on paper with what it holds: its chip, the key of its LDevID and the certificates that it was given.
/// Every member is public, so that a forger can change it between two steps.
struct PaperDevice {
  /// A new chip of the server's pinned vendor.
  explicit PaperDevice(const Server& server);
  explicit PaperDevice(const fleet::SiliconVendor& vendor);

  PaperTpm tpm;
  DeviceId id;                                       ///< computed as the server will
  PaperKey ldevid{tpm::Template::idevid_birthmark};  ///< a child of the storage key
  Octets<16> provision_request{};                    ///< the id under which provisioning is retried
  std::optional<daemon::Identity> idevid_identity;   ///< once provisioned
  std::optional<daemon::Identity> ldevid_identity;   ///< once enrolled, renewed or revalidated
  std::string firmware = "4.12.0";
};

/// A challenge as the wire shows it.
struct WireChallenge {
  SessionId session;
  Nonce nonce;
};

/// Bodies of the device API. Each may be changed before it is posted.
boost::json::object statement_body(const attest::TpmStatement& statement);
boost::json::object provision_body(const PaperDevice& device, const std::string& batch, const WireChallenge& challenge);
/// What a lock-check station sends after it found the debug port closed. @param station signs the record.
boost::json::object seal_body(const PaperDevice& device, const std::string& batch, const WireChallenge& challenge,
                              const crypto::PrivateKey& station);
/// The device's evidence for its present LDevID key. @param purpose enroll, renew, routine or revalidate.
boost::json::object evidence_body(const PaperDevice& device, lifecycle::Purpose purpose,
                                  const WireChallenge& challenge);
/// Whether an answer asks the chip to open a secret, and what it says then.
bool asks_activation(const Answer& answer);
boost::json::object activation_body(const PaperDevice& device, const Answer& answer);
/// A CSR for `key` with the binding of the channel as challengePassword. @param subject DER Name.
/// @param alt_name value of the subjectAltName extension that is asked for; empty: none.
Bytes device_csr(const crypto::PrivateKey& key, BytesView subject, BytesView alt_name, const std::string& binding);

/// Does for paper devices, one after the other, what stations and agents do, over the wire: mutual TLS with the
/// station's or the device's own certificate. Each step returns the answer that ended it: the last one, or the first
/// that was no success. For one thread; several lines may work on one server.
class Line {
 public:
  /// Two stations of a batch: the line's own keys, as Operator::enroll_station gives them.
  struct Stations {
    std::string batch;
    daemon::Identity provision;
    daemon::Identity lock_check;
  };
  /// Enrolls two stations for the batch. @param name of this line, unique.
  static Stations enroll(Operator& people, const std::string& name, const std::string& batch);

  /// @param stations outlives this.
  Line(const Server& server, const Stations& stations);

  /// S0: challenge, evidence, activation; keeps the IDevID. A repeat of the same request gets the same certificate.
  Answer provision(PaperDevice& device);
  /// S0 to S1 by the lock-check station.
  Answer seal(PaperDevice& device);
  /// Leaves an appraisal for the present LDevID key. @param purpose enroll, renew or routine.
  Answer attest(PaperDevice& device, lifecycle::Purpose purpose);
  /// S1 to S2: appraisal, then EST simpleenroll; keeps the LDevID.
  Answer enroll(PaperDevice& device);
  /// EST simpleenroll alone, with the appraisal that is there or not.
  Answer simpleenroll(PaperDevice& device);
  /// A new key in the chip, appraisal, EST simplereenroll; keeps the new LDevID and key only if it was issued.
  Answer renew(PaperDevice& device);
  /// One message by the LDevID; the first one takes S2 to S3.
  Answer telemetry(PaperDevice& device);
  /// Proves the hardware without any certificate; keeps the LDevID if one was issued.
  Answer revalidate(PaperDevice& device);
  /// The device's share of its retirement after an operator retired it: quote, signed receipt.
  Answer retire(PaperDevice& device);

  /// A challenge of a path: `POST <path>/challenge` with that body.
  static std::optional<WireChallenge> challenge(const Answer& answer);
  [[nodiscard]] Caller& provision_station() { return provision_; }
  [[nodiscard]] Caller& lock_check_station() { return lock_check_; }
  [[nodiscard]] Caller& anonymous() { return anonymous_; }
  [[nodiscard]] const std::string& batch() const { return stations_.batch; }

 private:
  Answer est(PaperDevice& device, const daemon::Identity& by, const std::string& operation, const PaperKey& key);

  const Server& server_;
  const Stations& stations_;
  Caller provision_, lock_check_, anonymous_;
};

/// The certificate and chain of an answer with "certificate" and "chain", DER, leaf first.
std::vector<Bytes> issued_chain(const Answer& answer);
/// A key of the test as a TLS identity.
daemon::Identity identity_of(const crypto::PrivateKey& key, std::vector<Bytes> chain);

}  // namespace birthmark::test
