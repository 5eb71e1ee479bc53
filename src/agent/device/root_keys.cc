// SPDX-License-Identifier: Apache-2.0
#include "agent/device/root_keys.h"

#include <vector>

#include "codec/csr_attestation.h"
#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "lifecycle/device_id.h"

namespace birthmark::agent {
namespace {

constexpr std::array<std::uint8_t, 2> kEmptyName{0x30, 0x00};

}  // namespace

Result<DeviceId> own_device_id(HardwareRoot& root) {
  const auto kind = lifecycle::root_kind_named(root.kind());
  if (!kind) {
    return fail(Code::unavailable, "a root of an unknown kind");
  }
  BM_TRY(const auto identity, root.public_identity());
  return lifecycle::device_id(*kind, identity);
}

Result<Bytes> make_csr(HardwareRoot& root, DeviceKey key, const CsrParts& parts) {
  BM_TRY(const auto half, root.public_key(key));
  std::vector<pkcs10::Attribute> attributes;
  Bytes password;
  if (!parts.channel_binding.empty()) {
    BM_TRY(password, pkcs10::challenge_password_value(parts.channel_binding));
    attributes.push_back({oids::challenge_password, password});
  }
  if (!parts.evidence.empty()) {
    attributes.push_back({csr_attestation::kAttribute, parts.evidence});
  }
  Bytes extensions;
  if (!parts.subject_alt_name.empty()) {
    const std::array asked{x509::Extension{oids::subject_alt_name, false, parts.subject_alt_name}};
    extensions = x509::write_extensions(asked);
    attributes.push_back({oids::extension_request, extensions});
  }
  const BytesView subject = parts.subject.empty() ? BytesView{kEmptyName} : parts.subject;
  return pkcs10::write_request(subject, half.spki(), attributes, x509::SignatureAlgorithm::ecdsa_sha256,
                               [&](BytesView info) { return root.sign(key, info); });
}

}  // namespace birthmark::agent
