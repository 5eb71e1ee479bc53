// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "adapters/entropy/system_entropy.h"
#include "adapters/files/posix_files.h"
#include "agent/device/root_keys.h"
#include "agent/device/state.h"
#include "agent/field/field_client.h"
#include "support/fake_registry.h"
#include "support/manual_clock.h"
#include "support/paper_root.h"
#include "support/temp_dir.h"

namespace birthmark::test {

/// A device in the field on a TPM on paper: real state files, real TLS, a registry of the test's.
struct FieldDevice {
  FieldDevice() {
    registry.statements = &statements;
    EXPECT_TRUE(state->install(birth()));
  }

  link::InstallRequest birth() {
    link::InstallRequest out;
    out.idevid = certify(root.tpm.idevid.key.public_key(), manufacturing);
    out.service_root = service.certificate;
    out.operational_roots = {operational.certificate};
    out.statement_key = to_bytes(statements.public_key().spki());
    out.host = "127.0.0.1";
    out.device_port = registry.server->port();
    return out;
  }
  /// An LDevID in use, as enrollment would leave it.
  void give_ldevid(const LeafWishes& wishes = {}) {
    EXPECT_TRUE(root.create_pending_key());
    EXPECT_TRUE(state->stage({certify(root.pending->key.public_key(), issuing, wishes), {issuing.certificate}}));
    EXPECT_TRUE(root.adopt_pending_key());
    EXPECT_TRUE(state->promote());
  }
  /// What is on the disk, as a new start would read it.
  std::unique_ptr<agent::DeviceState> stored() { return agent::DeviceState::open(files, directory / "state").value(); }
  static Instant machine_time() {
    return Instant{std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())};
  }

  TempDir directory;
  PosixFiles files;
  SystemEntropy entropy;
  ManualClock clock{from_ms(0)};
  fleet::SiliconVendor vendor = fleet::SiliconVendor::create(machine_time()).value();
  PaperRoot root{vendor, machine_time()};
  TlsIdentity service = make_identity({.common_name = "service root", .ca = true});
  TlsIdentity operational = make_identity({.common_name = "operational root", .ca = true});
  TlsIdentity issuing = make_identity({.common_name = "issuing", .ca = true}, &operational);
  TlsIdentity manufacturing = make_identity({.common_name = "batch", .ca = true});
  crypto::PrivateKey statements = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  FakeRegistry registry{service};
  std::unique_ptr<agent::DeviceState> state = agent::DeviceState::open(files, directory / "state").value();
  agent::FieldClient client{{root, *state, clock, entropy}, {}};
};

}  // namespace birthmark::test
