// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "agent/device/platform.h"
#include "agent/device/state.h"
#include "agent/hardware/hardware_root.h"
#include "agent/link/server.h"

namespace birthmark::agent {

/// What a device says of itself without proof, and what its debug fuse does.
struct DeviceSettings {
  std::string agent_version;
  std::string firmware;  ///< "4.12.0"; empty: it does not say
  PlatformClaims platform = {};
  bool fuses = true;  ///< false: a test device whose debug port stays open (AC-08)
};

/// The device's answers to a station, from its root and its state. One thread at a time.
class LinkDevice final : public link::Device {
 public:
  /// Blows the debug fuse, for ever; called when a device that knows its birth is sealed. @error storage
  using BlowFuse = std::function<Result<void>()>;

  /// @param root and @param state outlive this.
  LinkDevice(HardwareRoot& root, DeviceState& state, DeviceSettings settings, BlowFuse blow_fuse)
      : root_{root}, state_{state}, settings_{std::move(settings)}, blow_fuse_{std::move(blow_fuse)} {}

  Result<link::HelloReply> hello() override;
  Result<link::KeysReply> keys() override;
  /// For purpose provision only: every other statement is the device's own to make, in the field. The IDevID key is
  /// certified; of the TCG's template, which a password does not certify, the creation is. A root of another kind
  /// puts its evidence into the request. @error policy: another purpose
  Result<link::EvidenceReply> evidence(const link::EvidenceRequest& request) override;
  Result<link::ActivateReply> activate(const link::ActivateRequest& request) override;
  /// Repeating it changes nothing. A device that knows its registry takes no other: whoever holds it in the field
  /// cannot turn it to a registrar of his own (AC-42).
  /// @error bad_request with check "install.idevid", "install.anchors", "install.statement_key" or "install.endpoint";
  /// state_forbids with check "install.anchors": another service root is installed; with check "install.fused": behind
  /// the fuse nothing but the IDevID may differ, and that under the same chain. storage
  Result<link::InstallReply> install(const link::InstallRequest& request) override;
  /// Closes the debug port, and then quotes. Repeating it closes nothing more.
  /// @error bad_request: another device's id; state_forbids with check "seal.birth": nothing is installed; storage
  Result<link::SealReply> seal(const link::SealRequest& request) override;
  /// Without a permit proves the hardware, for the registry that is to permit it. With the registry's permit clears the
  /// owner hierarchy and drops the credentials first: a station's word alone destroys nothing.
  /// @error bad_request: another device's id; policy, bad_evidence with check "retire.permit": nothing is installed
  /// whose word would count, or it is not signed by that registry for this device
  Result<link::RetireReply> retire(const link::RetireRequest& request) override;

 private:
  static Result<link::EvidenceReply> evidence_of(TpmRoot& tpm, const Digest& fresh);
  Result<void> check_birth(const link::InstallRequest& request);

  HardwareRoot& root_;
  DeviceState& state_;
  DeviceSettings settings_;
  BlowFuse blow_fuse_;
};

/// The hardware's answer to a challenge about itself; the freshness value is for `purpose` and its statement key.
/// @error unavailable
Result<SelfProof> prove_itself(HardwareRoot& root, lifecycle::Purpose purpose, const Nonce& nonce,
                               const SessionId& session, const DeviceId& device);

/// A device's own share of its retirement: clears the owner hierarchy, forgets the credentials whose keys are gone, and
/// answers this challenge. May be repeated after a power cut anywhere in it. @error unavailable, storage
Result<SelfProof> destroy(HardwareRoot& root, DeviceState& state, const Nonce& nonce, const SessionId& session,
                          const DeviceId& device);

}  // namespace birthmark::agent
