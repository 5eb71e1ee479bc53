// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "app/ports/records.h"
#include "codec/x509.h"
#include "pki/tbs.h"

namespace birthmark::app {

/// What the certificates of a device say of its hardware.
struct HardwareNote {
  std::string hardware_serial;
  lifecycle::RootKind root = lifecycle::RootKind::software;
  lifecycle::RootClass root_class = lifecycle::RootClass::simulated;
  std::optional<Instant> appraised_at;
};

/// The DeviceId that a device's certificate names in its subject; nothing: it names none.
std::optional<DeviceId> device_in(const x509::Certificate& leaf);

/// The name of a device and of nothing else: product, factory and batch around 64 hex digits of its DeviceId.
pki::Name device_name(const BatchRecord& batch, const std::string& product, const DeviceId& id);

/// Name, key, hardwareModuleName and the policies that say what stands behind the key.
pki::Subject device_subject(const BatchRecord& batch, const std::string& product, const DeviceId& id, BytesView spki,
                            const HardwareNote& note);

}  // namespace birthmark::app
