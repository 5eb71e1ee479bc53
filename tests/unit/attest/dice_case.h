// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attest/dice.h"
#include "codec/dice.h"
#include "unit/attest/chains.h"

/// Devices with DICE whose vendor the test is.
namespace birthmark::attest::testing {

using crypto::KeyType;
using pki::testing::new_key;

inline constexpr std::uint32_t kReported = dice::flag::not_configured | dice::flag::not_secure | dice::flag::debug;

inline dice::TcbInfo info_of(std::uint64_t layer, std::uint8_t digest) {
  return {.vendor = "ACME",
          .model = "Pump",
          .version = "1.0",
          .svn = 3,
          .layer = layer,
          .fwids = {{to_bytes(oids::sha256), Bytes(32, digest)}},
          .flags = std::uint32_t{0},
          .flags_mask = kReported};
}

inline OwnExtension purposes_of(std::initializer_list<dice::Purpose> purposes) {
  std::vector<Bytes> owned;
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto purpose : purposes) {
    out.oid(dice::purpose_oid(purpose));
  }
  out.close();
  return {to_bytes(oids::extended_key_usage), false, std::move(out).finish()};
}

/// A vendor's CA, a device, its first layer and the alias above it; all of it may be spoilt before it is signed.
struct DiceCase {
  explicit DiceCase(KeyType type = KeyType::p256)
      : ca_key{new_key(type)}, device_key{new_key(type)}, layer_key{new_key(type)}, leaf_key{new_key(type)} {
    const auto ca_id = octets20(ca_key.public_key()), device_id = octets20(device_key.public_key()),
               layer_id = octets20(layer_key.public_key());
    ca = {
        name_cn("ACME DICE CA"), name_cn("ACME DICE CA"), {ca_constraints({}), usage(kCertSigns), subject_key(ca_id)}};
    device = {ca.subject,
              name_serial("D-0001"),
              {ca_constraints({}), usage(kCertSigns), subject_key(device_id), authority_key(ca_id)}};
    layer = {device.subject,
             name_cn("layer"),
             {ca_constraints({}), usage(kCertSigns), subject_key(layer_id), authority_key(device_id),
              purposes_of({dice::Purpose::identity_loc, dice::Purpose::eca})}};
    leaf = {layer.subject, name_cn("alias"), {usage(kSigns), authority_key(layer_id)}};
    layer_info = info_of(1, 0xA1);
    leaf_info = info_of(2, 0xA2);
    const auto ueid = dice::write_ueid(Bytes(17, 5));
    layer.extensions.push_back({to_bytes(oids::dice_ueid), false, ueid});
  }

  crypto::PrivateKey ca_key, device_key, layer_key, leaf_key;
  CertSpec ca, device, layer, leaf;
  std::optional<dice::TcbInfo> layer_info, leaf_info;
  Instant now = later();
  Digest freshness = fresh_value();
  Digest signed_value = fresh_value();
  EvidencePolicy policy;
  DiceRules rules;
  AnchorClass anchor_class = AnchorClass::genuine;
  const crypto::PrivateKey* answers = &leaf_key;
  const crypto::PrivateKey* device_signer = &ca_key;
  const crypto::PrivateKey* layer_signer = &device_key;
  const crypto::PrivateKey* leaf_signer = &layer_key;
  const crypto::PrivateKey* requested = &device_key;
  std::function<void(DiceTrust&, const DiceEvidence&)> more_trust;
  std::function<void(DiceEvidence&)> change;

  [[nodiscard]] DiceEvidence evidence() const {
    auto first = layer, last = leaf;
    if (layer_info) {
      first.extensions.push_back({to_bytes(oids::dice_tcb_info), true, dice::write(*layer_info)});
    }
    if (leaf_info) {
      last.extensions.push_back({to_bytes(oids::dice_tcb_info), true, dice::write(*leaf_info)});
    }
    DiceEvidence out{
        certify(device, device_key.public_key(), *device_signer),
        {certify(first, layer_key.public_key(), *layer_signer), certify(last, leaf_key.public_key(), *leaf_signer)},
        answers->sign(signed_value.get()).value()};
    if (change) {
      change(out);
    }
    return out;
  }
  [[nodiscard]] DiceTrust trust(const DiceEvidence& shown) const {
    DiceTrust out;
    EXPECT_TRUE(out.add_issuer(certify(ca, ca_key.public_key(), ca_key), "ACME", anchor_class));
    if (more_trust) {
      more_trust(out, shown);
    }
    return out;
  }
  [[nodiscard]] Appraisal judge(const DiceEvidence& shown, const DiceTrust& trusted_keys) const {
    return appraise_dice(shown, trusted_keys, {freshness, requested->public_key().spki(), now}, policy, rules);
  }
  [[nodiscard]] Appraisal appraise() const {
    const auto shown = evidence();
    return judge(shown, trust(shown));
  }
};

inline const crypto::PrivateKey& another_dice_key() {
  static const auto key = new_key();
  return key;
}

}  // namespace birthmark::attest::testing
