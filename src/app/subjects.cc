// SPDX-License-Identifier: Apache-2.0
#include "app/subjects.h"

#include "codec/oid.h"
#include "pki/arc.h"

namespace birthmark::app {
namespace {

template <std::size_t N>
Bytes copy(const std::array<std::uint8_t, N>& oid) {
  return {oid.begin(), oid.end()};
}

/// hwType of hardwareModuleName, for each kind of root (docs/wire/certificates.md).
Bytes hardware_type(lifecycle::RootKind root) {
  switch (root) {
    case lifecycle::RootKind::tpm:
      return copy(oids::tpm_hardware_type);
    case lifecycle::RootKind::psa:
      return copy(pki::arc::psa_root);
    case lifecycle::RootKind::dice:
      return copy(pki::arc::dice_root);
    case lifecycle::RootKind::se:
      return copy(pki::arc::element_root);
    case lifecycle::RootKind::software:
      break;
  }
  return copy(pki::arc::software_root);
}

}  // namespace

std::optional<DeviceId> device_in(const x509::Certificate& leaf) {
  const auto serial = leaf.find_attribute(oids::serial_number);
  const auto bytes = serial ? from_hex(as_text(serial->value)) : std::nullopt;
  const auto id = bytes ? octets<32>(*bytes) : std::nullopt;
  return id ? std::optional{DeviceId{*id}} : std::nullopt;
}

pki::Name device_name(const BatchRecord& batch, const std::string& product, const DeviceId& id) {
  return {.organization = product,
          .organizational_units = {batch.budget.factory, batch.name},
          .common_name = {},
          .serial_number = to_hex(id.get())};
}

pki::Subject device_subject(const BatchRecord& batch, const std::string& product, const DeviceId& id, BytesView spki,
                            const HardwareNote& note) {
  pki::Subject subject;
  subject.name = device_name(batch, product, id);
  subject.spki = to_bytes(spki);
  pki::DeviceFields fields;
  const bool software = note.root == lifecycle::RootKind::software;
  fields.hardware_type = hardware_type(note.root);
  fields.hardware_serial = note.hardware_serial;
  fields.appraised_at = note.appraised_at;
  fields.policies.push_back(copy(software ? pki::arc::software_root : pki::arc::key_in_hardware));
  if (note.root_class == lifecycle::RootClass::simulated) {
    fields.policies.push_back(copy(pki::arc::simulated_root));
  }
  subject.device = std::move(fields);
  return subject;
}

}  // namespace birthmark::app
