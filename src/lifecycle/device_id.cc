// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/device_id.h"

#include <cassert>
#include <utility>

#include "codec/cbor.h"
#include "crypto/hash.h"

namespace birthmark::lifecycle {

std::string_view name(RootKind kind) {
  switch (kind) {
    case RootKind::tpm:
      return "tpm";
    case RootKind::psa:
      return "psa";
    case RootKind::dice:
      return "dice";
    case RootKind::se:
      return "se";
    case RootKind::software:
      return "software";
  }
  return "unknown";
}

std::optional<RootKind> root_kind_named(std::string_view text) {
  for (const RootKind kind : kRootKinds) {
    if (name(kind) == text) {
      return kind;
    }
  }
  return std::nullopt;
}

DeviceId device_id(RootKind kind, BytesView public_identity) {
  assert(!public_identity.empty());
  cbor::Writer writer;
  writer.array(3).text("birthmark/device/v1").text(name(kind)).bytes(public_identity);
  return DeviceId{crypto::sha256(std::move(writer).finish()).get()};
}

Bytes secure_element_identity(BytesView vendor_ca_spki, BytesView chip_id) {
  cbor::Writer writer;
  writer.array(2).bytes(vendor_ca_spki).bytes(chip_id);
  return std::move(writer).finish();
}

std::string_view name(Purpose purpose) {
  switch (purpose) {
    case Purpose::provision:
      return "provision";
    case Purpose::seal:
      return "seal";
    case Purpose::enroll:
      return "enroll";
    case Purpose::renew:
      return "renew";
    case Purpose::revalidate:
      return "revalidate";
    case Purpose::routine:
      return "routine";
    case Purpose::retire:
      return "retire";
  }
  return "unknown";
}

std::optional<Purpose> purpose_named(std::string_view text) {
  for (const Purpose purpose : kPurposes) {
    if (name(purpose) == text) {
      return purpose;
    }
  }
  return std::nullopt;
}

Digest freshness_value(Purpose purpose, const Nonce& nonce, const SessionId& session,
                       const std::optional<DeviceId>& device, const Digest& key_spki) {
  cbor::Writer writer;
  writer.array(6).text("birthmark/fresh/v1").text(name(purpose));
  writer.bytes(nonce.get()).bytes(session.get()).bytes(device.value_or(DeviceId{}).get()).bytes(key_spki.get());
  return crypto::sha256(std::move(writer).finish());
}

}  // namespace birthmark::lifecycle
