// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <stdexcept>

#include "attest/appraise.h"
#include "codec/cmw.h"
#include "codec/csr_attestation.h"
#include "codec/der.h"
#include "codec/pkcs10.h"
#include "codec/psa_token.h"
#include "crypto/cose_signature.h"
#include "crypto/keys.h"
#include "lifecycle/device_id.h"

namespace birthmark::test {

/// A device with a PSA root of trust on paper: its attestation key, and a key of the secure world that asks for its
/// IDevID. Emulated devices in processes of their own are for flows.
struct PaperPsa {
  crypto::PrivateKey iak = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  crypto::PrivateKey idevid = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  Octets<33> instance_id = [] {
    Octets<33> id{};
    id[0] = 0x01;
    id[1] = 0x17;
    return id;
  }();
  Octets<32> implementation_id{0xAC};
  std::uint16_t lifecycle = 0x3000;

  [[nodiscard]] DeviceId id() const { return lifecycle::device_id(lifecycle::RootKind::psa, iak.public_key().spki()); }
  [[nodiscard]] Bytes token(const Digest& fresh) const {
    const psa::Claims claims{.nonce = to_bytes(fresh.get()),
                             .instance_id = instance_id,
                             .client_id = 1,
                             .lifecycle = lifecycle,
                             .implementation_id = implementation_id,
                             .components = {{.type = "BL", .measurement = Bytes(32, 1), .signer_id = Bytes(32, 9)}}};
    return crypto::sign(iak, {.payload = psa::write(claims)}).value();
  }
  [[nodiscard]] static Bytes bundle(Bytes token) {
    const auto record = cmw::write(cmw::Record{std::string{psa::kMediaType}, std::move(token)});
    der::Writer octets;
    octets.octet_string(record);
    const auto value = std::move(octets).finish();
    return csr_attestation::write({.statements = {{csr_attestation::kPeCmw, value}}, .certificates = {}}).value();
  }
  /// A request for the IDevID with its evidence in it. @param bundle empty: without evidence
  [[nodiscard]] Bytes request(BytesView bundle) const {
    constexpr std::array<std::uint8_t, 2> kNoName{0x30, 0x00};
    std::vector<pkcs10::Attribute> attributes;
    if (!bundle.empty()) {
      attributes.push_back({csr_attestation::kAttribute, bundle});
    }
    return pkcs10::write_request(kNoName, idevid.public_key().spki(), attributes,
                                 x509::SignatureAlgorithm::ecdsa_sha256,
                                 [&](BytesView info) { return idevid.sign(info); })
        .value();
  }
  /// What a maker delivers with the device.
  void deliver_to(attest::Trust& trust) const {
    const auto done =
        trust.token_instances.add(instance_id, {iak.public_key(), "acme", attest::AnchorClass::simulated});
    if (!done) {
      throw std::runtime_error{done.error().detail};
    }
  }
};

}  // namespace birthmark::test
