// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "adapters/clock/system_clock.h"
#include "adapters/entropy/generated_ephemerals.h"
#include "adapters/entropy/system_entropy.h"
#include "adapters/files/posix_files.h"
#include "adapters/signer/file_signer.h"
#include "app/enrollment.h"
#include "app/hierarchy.h"
#include "app/provisioning.h"
#include "memory_store.h"
#include "must.h"
#include "support/paper_tpm.h"
#include "support/temp_dir.h"

namespace birthmark::bench {

/// Remembers the last secret, so that an activation can be answered without the chip's part of the work.
class TappedEphemerals final : public crypto::EphemeralSource {
 public:
  explicit TappedEphemerals(Entropy& entropy) : source_{entropy} {}
  Result<crypto::PrivateKey> key(crypto::KeyType curve) override { return source_.key(curve); }
  Result<Secret> seed(std::size_t size_bytes) override {
    auto drawn = source_.seed(size_bytes);
    if (drawn) {
      last = to_bytes(drawn->reveal());
    }
    return drawn;
  }
  inline static thread_local Bytes last;

 private:
  GeneratedEphemerals source_;
};

/// The line and the field in one process: the use cases composed as the daemon does it, with keys in encrypted files
/// and the machine's own clock and entropy; only the store is in memory. One product, one batch, one station.
class Line {
 public:
  /// @param durable the registry to work on, which must outlive this; none: `memory`.
  explicit Line(app::Store* durable = nullptr);

  /// A chip of the simulated vendor.
  [[nodiscard]] test::PaperTpm new_tpm() const { return test::PaperTpm{vendor_, clock.now()}; }
  [[nodiscard]] app::Challenge begin() { return must(provisioning.begin(station, kBatch)); }
  /// What the station sends of this chip for that challenge.
  [[nodiscard]] app::ProvisionEvidence evidence(const test::PaperTpm& tpm, const app::Challenge& challenge);
  /// The server's whole part of one provisioning after its challenge.
  app::Issued provision(const app::ProvisionEvidence& evidence);

  /// The key that signs endorsement certificates, 04 || x || y.
  [[nodiscard]] Bytes vendor_point() const;

  /// A device in the field with an LDevID and a request for the next one.
  struct Device {
    DeviceRow row;
    app::EstRequest request;
    Digest next_key;  ///< SHA-256 of the SPKI in the request
  };
  /// Provisions a new chip and enrolls it; the caller brings its state on.
  Device new_device();
  /// What `POST /v1/attest` leaves for the device's next request.
  void attest(const Device& device, lifecycle::Purpose purpose);

  /// Brings the registry, and what gates see of it, back to an earlier content.
  void go_back_to(const MemoryRows& rows);

  static constexpr const char* kBatch = "B-2026-11";

  SystemClock clock;
  SystemEntropy entropy;
  TappedEphemerals ephemerals{entropy};
  MemoryStore memory;
  app::Store& store;

 private:
  test::TempDir directory_;
  PosixFiles files_;
  NoFaults faults_;
  fleet::SiliconVendor vendor_;
  attest::Trust trust_;
  std::unique_ptr<FileSigner> signer_;

 public:
  app::CaDirectoryHolder cas;
  app::Catalog catalog;
  app::ReadPath read_path;
  app::TimeGuard time;
  app::Issuance issuance;
  app::Hierarchy hierarchy;
  app::Challenges challenges;
  app::Provisioning provisioning;
  app::Enrollment enrollment;
  Digest station;
};

}  // namespace birthmark::bench
