// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "adapters/entropy/system_entropy.h"
#include "adapters/files/posix_files.h"
#include "agent/device/link_device.h"
#include "agent/device/root_keys.h"
#include "agent/field/field_client.h"
#include "agent/tpm_root.h"
#include "fleet/software_tpm.h"
#include "support/fake_registry.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"
#include "support/tls_identity.h"

namespace birthmark::test {

/// A device on a software TPM with a birth that names a registry of the test's.
class AgentDevice {
 public:
  AgentDevice() {
    tpm = fleet::SoftwareTpm::start(directory / "tpm").value();
    EXPECT_TRUE(tpm->manufacture(vendor, {}, vendor_time()));
    reopen();
  }

  /// Power off and on, as far as the device's own memory is concerned.
  void reopen(Files* through = nullptr) {
    client.reset();
    root.reset();
    Files& files = through != nullptr ? *through : posix;
    state = agent::DeviceState::open(files, state_directory()).value();
    agent::TpmOptions options;
    options.tcti = tpm->tcti();
    options.state_directory = agent::DeviceState::key_directory(state_directory());
    root = agent::open_tpm_root(std::move(options), files).value();
    client = std::make_unique<agent::FieldClient>(agent::FieldClient::Ports{*root, *state, clock, entropy},
                                                  agent::FieldClient::Settings{});
  }

  [[nodiscard]] link::InstallRequest birth(std::uint16_t port) {
    EXPECT_TRUE(root->create_identity_keys());
    link::InstallRequest out;
    out.idevid = certify(root->public_key(agent::DeviceKey::idevid).value(), manufacturing);
    out.service_root = service.certificate;
    out.operational_roots = {operational.certificate};
    out.statement_key = to_bytes(statements.public_key().spki());
    out.host = "127.0.0.1";
    out.device_port = port;
    return out;
  }

  /// An LDevID in use, as enrollment would leave it.
  void give_ldevid(long begins = -3600, long ends = 24L * 3600) {
    EXPECT_TRUE(root->create_pending_key());
    const auto key = root->public_key(agent::DeviceKey::pending).value();
    EXPECT_TRUE(state->stage({certify(key, operational, {.begins = begins, .ends = ends}), {}}));
    EXPECT_TRUE(root->adopt_pending_key());
    EXPECT_TRUE(state->promote());
  }

  [[nodiscard]] std::filesystem::path state_directory() const { return directory / "state"; }
  static Instant vendor_time() { return *from_rfc3339("2026-11-23T10:00:00Z"); }

  TempDir directory;
  PosixFiles posix;
  fleet::SiliconVendor vendor = fleet::SiliconVendor::create(vendor_time()).value();
  std::unique_ptr<fleet::SoftwareTpm> tpm;
  TlsIdentity service = make_identity({.common_name = "service root", .alt_names = {}, .ca = true});
  TlsIdentity operational = make_identity({.common_name = "operational root", .alt_names = {}, .ca = true});
  TlsIdentity manufacturing = make_identity({.common_name = "batch", .alt_names = {}, .ca = true});
  crypto::PrivateKey statements = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  ManualClock clock{from_ms(0)};  ///< the machine's calendar stands at 1970
  SystemEntropy entropy;
  std::unique_ptr<agent::DeviceState> state;
  std::unique_ptr<agent::TpmRoot> root;
  std::unique_ptr<agent::FieldClient> client;
};

}  // namespace birthmark::test
