// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/entropy/generated_ephemerals.h"
#include "app/access.h"
#include "app/enrollment.h"
#include "app/hierarchy.h"
#include "app/key_check.h"
#include "app/operations.h"
#include "app/provisioning.h"
#include "app/refusals.h"
#include "app/retirement.h"
#include "app/revalidation.h"
#include "app/sealing.h"
#include "app/software_root.h"
#include "audit/entry.h"
#include "codec/pkcs10.h"
#include "support/failing_store.h"
#include "support/fake_signer.h"
#include "support/fake_store.h"
#include "support/manual_clock.h"
#include "support/paper_tpm.h"
#include "support/seeded_entropy.h"
#include "support/temp_dir.h"
#include "support/world_parts.h"

namespace birthmark::test {

enum class Backing : std::uint8_t { memory, sqlite };

inline const Bytes kEmptyName{0x30, 0x00};

/// A request for a key, signed by it.
Bytes csr_of(const crypto::PrivateKey& key, BytesView subject, std::span<const pkcs10::Attribute> attributes);
inline Bytes csr_of(const PaperKey& key, BytesView subject, std::span<const pkcs10::Attribute> attributes) {
  return csr_of(key.key, subject, attributes);
}

/// A product for simulated roots, as tests use it.
policy::ProductPolicy test_policy();

/// Whether the roots and the service CA are there from the start.
enum class Roots : std::uint8_t { made, missing };

struct WorldOptions {
  app::Scope scope = app::Scope::batch;
  policy::ProductPolicy policy = test_policy();
  Backing backing = Backing::memory;
  std::uint64_t seed = 1;
  Roots roots = Roots::made;
};

/// The use cases of one server process, in the order of their dependencies (daemon/registry.cc, without its files).
struct UseCases {
  struct Ports {
    app::Store& store;
    app::Signer& signer;
    Clock& clock;
    Entropy& entropy;
    Faults& faults;
    crypto::EphemeralSource& ephemerals;
    const attest::Trust& trust;
    app::Sessions& sessions;
    app::DenyJournal& journal;
  };
  UseCases(const Ports& ports, const WorldOptions& options, crypto::PublicKey receipt_key);
  /// What a start does before anything is served.
  Result<void> start();

  app::DeniesFirst store;
  app::CaDirectoryHolder cas;
  app::Catalog catalog;
  app::ReadPath read_path;
  app::TimeGuard time;
  app::Issuance issuance;
  app::Hierarchy hierarchy;
  app::Challenges challenges;
  app::Provisioning provisioning;
  app::KnownHardware hardware;
  app::Sealing sealing;
  app::Attestation attestation;
  app::Enrollment enrollment;
  app::Revalidation revalidation;
  app::Retirement retirement;
  app::SoftwareRoots software_roots;
  app::KeyCheck key_check;
  app::Operations operations;
  app::Refusals refusals;
  app::Access access;
  app::Issuance::Recovered recovered;
};

/// A station with its key.
struct Station {
  std::string name;
  std::string batch;
  app::StationRole role = app::StationRole::provision;
  crypto::PrivateKey key;

  [[nodiscard]] const Digest& id() const { return key.public_key().spki_sha256(); }
};

/// A device with what it keeps: its chip, and the credentials that it was given.
struct Device {
  PaperTpm tpm;
  DeviceId id;
  Octets<16> request_id{};  ///< of its provisioning
  Bytes idevid;
  Bytes ldevid;
  std::unique_ptr<PaperKey> ldevid_key;
};

/// A whole registry in one test: real use cases over a store in memory (or SQLite in a temporary directory), a token in
/// memory, a clock and entropy that the test owns, a simulated silicon vendor and devices on paper. Steps that a test
/// takes for granted throw; each step as a device or station takes it returns what the server answered.
class World {
 public:
  explicit World(WorldOptions options = {});
  ~World();

  // --- the line ---
  /// What a batch is like unless told: ten units, for a day from now on.
  [[nodiscard]] app::BatchOrder batch_order(const std::string& name, std::uint32_t quantity = 10) const;
  app::BatchRecord open_batch(const std::string& name, std::uint32_t quantity = 10);
  /// Certified by the service CA and put on the books, for a year.
  Station enroll_station(const std::string& name, app::StationRole role, const std::string& batch);
  Device make_device(const fleet::ChipModel& model = {});

  /// The evidence of a device for that challenge; a forger changes it.
  [[nodiscard]] app::ProvisionEvidence provision_evidence(const Device& device, const app::Challenge& challenge) const;
  /// Challenge, evidence, activation. The device keeps what it is given.
  Result<app::Issued> provision(Device& device, const Station& station);
  [[nodiscard]] app::SealEvidence seal_evidence(const Device& device, const Station& station,
                                                const app::Challenge& challenge, const app::LockCheck& found) const;
  /// A lock-check that found everything in order.
  static app::LockCheck in_order(const Device& device, const app::Challenge& challenge);
  Result<lifecycle::DeviceRecord> seal(const Device& device, const Station& station);

  // --- the field ---
  /// Evidence of the recorded AK for a key.
  [[nodiscard]] app::DeviceEvidence device_evidence(const Device& device, const PaperKey& key,
                                                    const app::Challenge& challenge) const;
  Result<app::AppraisalRecord> attest(const Device& device, lifecycle::Purpose purpose, const PaperKey& key);
  /// A request over a connection that proved `certificate`, for `key`, bound to that connection.
  [[nodiscard]] app::EstRequest est_request(BytesView certificate, const crypto::PrivateKey& key,
                                            lifecycle::Purpose purpose) const;
  [[nodiscard]] app::EstRequest est_request(BytesView certificate, const PaperKey& key,
                                            lifecycle::Purpose purpose) const {
    return est_request(certificate, key.key, purpose);
  }
  /// Fresh evidence for a new key, then EST. The device keeps key and certificate.
  Result<app::Issued> enroll(Device& device);
  Result<app::Issued> renew(Device& device);
  Result<app::RevalidationAnswer> revalidate(Device& device);
  /// The same for a key that it has already, as one attempt of a request.
  Result<app::RevalidationAnswer> revalidate(Device& device, const PaperKey& key, const Octets<16>& request_id);
  /// A request with the LDevID on birthmark's own listener.
  Result<policy::Authorized> use(const Device& device);
  Result<app::ActionResult> act(app::DeviceAction action, const Device& device,
                                lifecycle::HoldCause cause = lifecycle::HoldCause::operator_hold);
  /// TPM2_Clear and the receipt.
  Result<app::RetireReceipt> retire(Device& device);

  // --- short roads, taken for granted ---
  /// A device that has come to that state, on a batch with its two stations, which are made when they are missing.
  Device device_in(lifecycle::State state);
  const Station& line();        ///< provisions batch "B-1"
  const Station& lock_check();  ///< seals it

  // --- the edge ---
  /// Notes a refusal as the listeners do (adapters/api/router.cc), and gives it on.
  template <class T>
  Result<T> at_edge(Result<T> answer, const std::optional<Digest>& caller, const std::string& path = "/v1/test") {
    if (!answer) {
      const auto& error = answer.error();
      cases->refusals.note({.code = error.code,
                            .source = "192.0.2.7",
                            .caller = caller,
                            .path = path,
                            .detail = error.check.empty() ? error.detail : error.check});
    }
    return answer;
  }

  // --- looking ---
  [[nodiscard]] lifecycle::DeviceRecord record(const Device& device) const;
  [[nodiscard]] lifecycle::State state(const Device& device) const { return record(device).state; }
  [[nodiscard]] app::BatchRecord batch(const std::string& name) const;
  [[nodiscard]] std::vector<app::CertificateRecord> certificates(const Device& device) const;
  [[nodiscard]] std::size_t devices() const;
  [[nodiscard]] std::vector<audit::Entry> entries() const;
  [[nodiscard]] std::size_t count(audit::EntryKind kind) const;
  /// Refusal entries with that code.
  [[nodiscard]] std::size_t refusals(Code code) const;
  /// What a gate sees of a certificate.
  [[nodiscard]] policy::CredentialRecord published(BytesView certificate) const;
  /// Whether telemetry of the device's LDevID is allowed now.
  [[nodiscard]] policy::Decision decision(const Device& device) const;
  /// What is wrong between store, log, read path and signer, or "": the promises of the design, whatever the history.
  [[nodiscard]] std::string wrong() const;

  /// The process ends and another one starts on what is durable.
  Result<void> restart();
  /// The store that the use cases see: armed to fail, in front of the real one.
  FailingCalls& store_calls() { return calls_; }
  app::Store& store() { return *real_store_; }
  [[nodiscard]] const app::Store& store() const { return *real_store_; }
  FakeStore& fake_store() { return *fake_store_; }
  Octets<16> next_request_id();

  ManualClock clock{from_ms(1'767'225'600'000)};
  SeededEntropy entropy;
  FakeSigner signer;
  KillPoints kill_points;
  CountedSessions sessions;
  MemoryJournal journal;
  attest::Trust trust;
  std::unique_ptr<fleet::SiliconVendor> vendor;
  std::unique_ptr<UseCases> cases;  ///< anew after each restart

  /// The text of a policy that cannot be read; any other text is the options' policy.
  static constexpr const char* kUnreadablePolicy = "unreadable";
  static constexpr const char* kMinimumFirmware = "minimum ";  ///< a policy's text, before a version
  static constexpr const char* kBinding = "Y2hhbm5lbA==";
  static constexpr const char* kReceiptKey = "registry-receipts";
  static constexpr const char* kStatementKey = "registry-statements";

 private:
  struct Database;
  Result<void> open_store();
  Result<void> start();
  void ensure_line();

  WorldOptions options_;
  GeneratedEphemerals ephemerals_{entropy};
  std::unique_ptr<Database> database_;
  std::unique_ptr<FakeStore> fake_store_;
  app::Store* real_store_ = nullptr;
  FailingCalls calls_{0};
  std::unique_ptr<FailingStore> failing_store_;
  std::unique_ptr<Station> line_, gate_;
  std::uint64_t requests_ = 0;
};

enum class FailedPort : std::uint8_t { store, signer };
using Prepare = std::function<Device(World&)>;
using Use = std::function<Result<void>(World&, Device&)>;
/// Runs `use` with every call of a port failing in turn, each time in a new world that `prepare` has brought to the
/// same moment. After each failure the promises must hold, `use` again must work, and they must hold again.
/// @return what went wrong, or "".
std::string fail_every_call(const WorldOptions& options, FailedPort port, const Prepare& prepare, const Use& use);

}  // namespace birthmark::test
