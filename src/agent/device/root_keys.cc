// SPDX-License-Identifier: Apache-2.0
#include "agent/device/root_keys.h"

#include <vector>

#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "codec/tpm_public.h"
#include "lifecycle/device_id.h"

namespace birthmark::agent {
namespace {

constexpr std::array<std::uint8_t, 2> kEmptyName{0x30, 0x00};
constexpr std::uint32_t kRsaExponent = 65537;

}  // namespace

Result<crypto::PublicKey> key_of(BytesView tpmt_public) {
  BM_TRY(const auto area, tpm::read_public(tpmt_public));
  if (const auto* const rsa = area.rsa()) {
    BM_TRY(const auto modulus, tpm::rsa_modulus(*rsa));
    return crypto::PublicKey::from_rsa(modulus, kRsaExponent);
  }
  BM_TRY(const auto point, tpm::uncompressed_point(*area.ecc()));
  const auto half = (point.size() - 1) / 2;
  const auto type = area.ecc()->curve == tpm::Curve::p256 ? crypto::KeyType::p256 : crypto::KeyType::p384;
  return crypto::PublicKey::from_point(type, BytesView{point}.subspan(1, half), BytesView{point}.subspan(1 + half));
}

Result<crypto::PublicKey> public_key(HardwareRoot& root, DeviceKey key) {
  BM_TRY(const auto area, root.public_area(key));
  return key_of(area);
}

Result<DeviceId> own_device_id(HardwareRoot& root) {
  const auto kind = lifecycle::root_kind_named(root.kind());
  if (!kind) {
    return fail(Code::unavailable, "a root of an unknown kind");
  }
  BM_TRY(const auto endorsement, root.endorsement());
  BM_TRY(const auto key, key_of(endorsement.public_area));
  return lifecycle::device_id(*kind, key.spki());
}

Result<Bytes> make_csr(HardwareRoot& root, DeviceKey key, const CsrParts& parts) {
  BM_TRY(const auto half, public_key(root, key));
  std::vector<pkcs10::Attribute> attributes;
  Bytes password;
  if (!parts.channel_binding.empty()) {
    BM_TRY(password, pkcs10::challenge_password_value(parts.channel_binding));
    attributes.push_back({oids::challenge_password, password});
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
