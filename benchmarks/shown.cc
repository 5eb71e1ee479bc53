// SPDX-License-Identifier: Apache-2.0
#include "shown.h"

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "codec/cms_signed.h"
#include "codec/dice.h"
#include "codec/matter.h"
#include "codec/tpm_signature.h"
#include "measure.h"
#include "must.h"
#include "unit/attest/manifests.h"
#include "unit/attest/token_support.h"

namespace birthmark::bench {
namespace {

using namespace attest;
using namespace attest::testing;
using crypto::KeyType;
using crypto::PrivateKey;
using pki::testing::new_key;

Bytes point_of(const PrivateKey& key) {
  return to_bytes(key.public_key().point());
}
Bytes spki_of(const PrivateKey& key) {
  return to_bytes(key.public_key().spki());
}
Signed certificate_by(const PrivateKey& issuer, BytesView der) {
  const auto read = must(x509::Certificate::read(der));
  return {point_of(issuer), to_bytes(read.tbs()), to_bytes(read.signature())};
}
Signed freshness_by(const PrivateKey& key, BytesView signature) {
  return {point_of(key), to_bytes(fresh_value().get()), to_bytes(signature)};
}
Bytes signed_freshness(const PrivateKey& key) {
  return must(key.sign(fresh_value().get()));
}
OwnExtension ca_usage() {
  return usage(kCertSigns | kCrlSigns);
}

// --- TPM: an endorsement certificate by a pinned intermediate, a claim of creation by the AK ---

Shown tpm_device(ShownKind&) {
  const test::PaperTpm tpm{vendor().pattern, made_at()};
  const auto said = tpm.attest(tpm.idevid, fresh_value());
  TpmEvidence evidence{.ek_certificate = vendor().endorsement(tpm.ek.key.public_key()),
                       .ek_public = tpm.ek.public_area(),
                       .ak_public = tpm.iak.public_area(),
                       .key_public = tpm.idevid.public_area(),
                       .statement = said.statement,
                       .creation_data = said.creation_data};
  const auto signature = std::get<tpm::EcdsaSignature>(must(tpm::read_signature(said.statement.signature)));
  const Signed by_ak{point_of(tpm.iak.key), said.statement.attest,
                     must(crypto::ecdsa_to_der(KeyType::p256, signature.r, signature.s))};
  const auto by_vendor = certificate_by(vendor().intermediate_key, evidence.ek_certificate);
  // The key's Name, the AK's and its qualified one, creationHash.
  std::vector<Bytes> hashed{evidence.ek_certificate, evidence.key_public, evidence.ak_public, Bytes(38),
                            evidence.creation_data};
  return {std::move(evidence),
          fresh_value(),
          to_bytes(tpm.idevid.spki()),
          {by_ak},
          {by_vendor},
          {point_of(tpm.ek.key), point_of(tpm.idevid.key)},
          std::move(hashed)};
}

// --- tokens: by a key that was delivered with the instance id ---

Bytes to_der(BytesView raw) {
  return must(crypto::ecdsa_raw_to_der(KeyType::p256, raw));
}

Shown token_device(ShownKind& kind, bool psa_form) {
  TokenDevice device;
  const Question question{.freshness = fresh_value()};
  const auto number = kind.devices.size();
  device.instance_id[1] = static_cast<std::uint8_t>(number);
  device.instance_id[2] = static_cast<std::uint8_t>(number >> 8);
  must(kind.trust.token_instances.add(device.instance_id, {device.iak.public_key(), "acme", AnchorClass::genuine}));
  kind.policy = TokenVerifier{}.policy;
  auto token = psa_form ? device.token(device.psa_claims(question)) : device.token(device.eat_claims(question));
  const auto message = must(cose::read_sign1(token, {}));
  const Signed by_device{point_of(device.iak), cose::sig_structure(message), to_der(message.signature)};
  Shown shown{SoftwareEvidence{},
              fresh_value(),
              spki_of(question.device_key),
              {by_device},
              {},
              {point_of(question.device_key)},
              {}};
  if (psa_form) {
    shown.evidence = PsaEvidence{std::move(token)};
  } else {
    shown.evidence = EatEvidence{std::move(token)};
  }
  return shown;
}
Shown psa_device(ShownKind& kind) {
  return token_device(kind, true);
}
Shown eat_device(ShownKind& kind) {
  return token_device(kind, false);
}

// --- DICE: a pinned CA, the device key, its first layer, the alias that answers ---

dice::TcbInfo tcb_info(std::uint64_t layer) {
  return {.vendor = "ACME",
          .model = "Pump",
          .version = "1.0",
          .svn = 3,
          .layer = layer,
          .fwids = {{to_bytes(oids::sha256), Bytes(32, 0xA1)}},
          .flags = std::uint32_t{0},
          .flags_mask = dice::flag::not_configured | dice::flag::not_secure | dice::flag::debug};
}

Shown dice_device(ShownKind& kind) {
  static const auto ca_key = new_key();
  const auto ca_name = name_cn("ACME DICE CA"), device_name = name_serial("D-0001"), layer_name = name_cn("layer");
  const auto ca_id = octets20(ca_key.public_key());
  if (kind.devices.empty()) {
    const CertSpec ca{ca_name, ca_name, {ca_constraints({}), usage(kCertSigns), subject_key(ca_id)}};
    must(kind.trust.dice.add_issuer(certify(ca, ca_key.public_key(), ca_key), "ACME", AnchorClass::genuine));
  }
  const auto device_key = new_key(), layer_key = new_key(), leaf_key = new_key();
  const auto device_id = octets20(device_key.public_key()), layer_id = octets20(layer_key.public_key());
  const CertSpec device{
      ca_name, device_name, {ca_constraints({}), usage(kCertSigns), subject_key(device_id), authority_key(ca_id)}};
  const CertSpec layer{device_name,
                       layer_name,
                       {ca_constraints({}),
                        usage(kCertSigns),
                        subject_key(layer_id),
                        authority_key(device_id),
                        {to_bytes(oids::dice_ueid), false, dice::write_ueid(Bytes(17, 5))},
                        {to_bytes(oids::dice_tcb_info), true, dice::write(tcb_info(1))}}};
  const CertSpec leaf{
      layer_name,
      name_cn("alias"),
      {usage(kSigns), authority_key(layer_id), {to_bytes(oids::dice_tcb_info), true, dice::write(tcb_info(2))}}};
  DiceEvidence evidence{
      certify(device, device_key.public_key(), ca_key),
      {certify(layer, layer_key.public_key(), device_key), certify(leaf, leaf_key.public_key(), layer_key)},
      signed_freshness(leaf_key)};
  std::vector<Signed> by_device{certificate_by(device_key, evidence.layers[0]),
                                certificate_by(layer_key, evidence.layers[1]),
                                freshness_by(leaf_key, evidence.signature)};
  std::vector<Signed> by_known{certificate_by(ca_key, evidence.device)};
  return {std::move(evidence),  fresh_value(), spki_of(device_key), std::move(by_device), std::move(by_known), {},
          {spki_of(device_key)}};
}

// --- secure elements ---

/// All chips stand in one manifest, which is read when the last one is there.
Shown listed_device(ShownKind& kind, std::size_t of) {
  static const Supplier supplier;
  static std::string manifest;
  Chip chip;
  auto id = from_hex(chip.id).value();
  id[1] = static_cast<std::uint8_t>(kind.devices.size());
  id[2] = static_cast<std::uint8_t>(kind.devices.size() >> 8);
  chip.id = chip.outer_id = to_hex(id);
  manifest += (manifest.empty() ? "[" : ",") + chip.entry(supplier);
  if (kind.devices.size() + 1 == of) {
    must(kind.trust.manifests.add(std::make_shared<const ComponentManifest>(
        must(read_chip_manifest(manifest + "]", supplier.pinned(), later())))));
  }
  kind.policy = {.debug = DebugGate::not_judged};
  auto signature = signed_freshness(chip.slot);
  std::vector<Signed> by_device{freshness_by(chip.slot, signature)};
  return {ListedElement{id, std::move(signature)},
          fresh_value(),
          spki_of(chip.slot),
          std::move(by_device),
          {},
          {},
          {Bytes(100)}};
}

Bytes der_integer(std::uint64_t value) {
  der::Writer out;
  out.unsigned_int(value);
  return std::move(out).finish();
}

/// A slot certified by a key that lies on each chip, below a pinned root.
Shown attested_device(ShownKind& kind) {
  static const auto root_key = new_key();
  const auto root_name = name_cn("Element root"), chip_name = name_cn("Chip attestation");
  if (kind.devices.empty()) {
    const CertSpec root{root_name, root_name, {ca_constraints(1), usage(kCertSigns)}};
    must(
        kind.trust.elements.add_root(certify(root, root_key.public_key(), root_key), "Elements", AnchorClass::genuine));
  }
  const auto chip_key = new_key(), slot_key = new_key();
  const CertSpec chip{root_name, chip_name, {ca_constraints(0)}};
  const CertSpec slot{chip_name,
                      name_cn("Slot 9a"),
                      {{to_bytes(oid<1, 3, 6, 1, 4, 1, 41482, 3, 3>), false, {5, 4, 3}},
                       {to_bytes(oid<1, 3, 6, 1, 4, 1, 41482, 3, 7>), false, der_integer(kind.devices.size() + 1)},
                       {to_bytes(oid<1, 3, 6, 1, 4, 1, 41482, 3, 8>), false, {2, 1}}}};
  kind.policy = {.debug = DebugGate::not_judged};
  AttestedElement evidence{
      {certify(slot, slot_key.public_key(), chip_key), certify(chip, chip_key.public_key(), root_key)},
      signed_freshness(slot_key)};
  std::vector<Signed> by_device{certificate_by(chip_key, evidence.certificates[0]),
                                freshness_by(slot_key, evidence.signature)};
  std::vector<Signed> by_known{certificate_by(root_key, evidence.certificates[1])};
  return {std::move(evidence), fresh_value(), spki_of(slot_key), std::move(by_device), std::move(by_known), {},
          {Bytes(100)}};
}

// --- a key in a file ---

Shown software_device(ShownKind& kind) {
  const auto key = new_key();
  kind.policy = {.debug = DebugGate::not_judged, .vendors = {std::string{kSoftwareVendor}}};
  auto signature = signed_freshness(key);
  std::vector<Signed> by_device{freshness_by(key, signature)};
  return {SoftwareEvidence{spki_of(key), std::move(signature)},
          fresh_value(),
          spki_of(key),
          std::move(by_device),
          {},
          {},
          {spki_of(key)}};
}

// --- Matter: a pinned PAA, a PAI that comes with each DAC, a declaration by the alliance ---

Bytes matter_subject(std::string_view text, std::initializer_list<std::pair<BytesView, std::string_view>> ids) {
  std::vector<x509::NamePart> parts{{oids::common_name, der::tag::utf8_string, text}};
  for (const auto& [type, id] : ids) {
    parts.push_back({type, der::tag::utf8_string, id});
  }
  return must(x509::write_name(parts));
}

Shown matter_device(ShownKind& kind) {
  static const auto paa_key = new_key(), pai_key = new_key(), alliance_key = new_key();
  const std::pair<BytesView, std::string_view> maker{oids::matter_vendor_id, "1234"},
      product{oids::matter_product_id, "8000"};
  const auto paa_name = matter_subject("PAA", {maker}), pai_name = matter_subject("PAI", {maker, product});
  const auto paa_id = octets20(paa_key.public_key()), pai_id = octets20(pai_key.public_key()),
             alliance_id = octets20(alliance_key.public_key());
  if (kind.devices.empty()) {
    const CertSpec paa{paa_name, paa_name, {ca_constraints(1), ca_usage(), subject_key(paa_id), authority_key(paa_id)}};
    const CertSpec alliance{name_cn("CD signer"), name_cn("CD signer"), {subject_key(alliance_id)}};
    must(kind.trust.matter.add_paa(certify(paa, paa_key.public_key(), paa_key), "ACME", AnchorClass::genuine));
    must(kind.trust.matter.add_declaration_signer(certify(alliance, alliance_key.public_key(), alliance_key),
                                                  AnchorClass::genuine));
  }
  static const auto pai =
      certify(CertSpec{paa_name, pai_name, {ca_constraints(0), ca_usage(), subject_key(pai_id), authority_key(paa_id)}},
              pai_key.public_key(), paa_key);
  const auto dac_key = new_key();
  const CertSpec dac{pai_name,
                     matter_subject("DAC", {maker, product}),
                     {no_ca(), usage(kSigns), subject_key(octets20(dac_key.public_key())), authority_key(pai_id)}};
  const auto content = matter::write(matter::Declaration{.vendor = 0x1234,
                                                         .products = {0x8000},
                                                         .device_type = 0x16,
                                                         .certificate_id = "CSA22001MAT40001-24",
                                                         .version_number = 7,
                                                         .type = matter::CertificationType::official});
  static const auto declared = must(alliance_key.sign(content));
  MatterEvidence evidence{certify(dac, dac_key.public_key(), pai_key),
                          pai,
                          matter::write(matter::AttestationElements{
                              .certification_declaration = cms::write_signed_content({content, alliance_id, declared}),
                              .nonce = fresh_value().get()}),
                          {}};
  constexpr Octets<16> kSession{};
  auto message = evidence.elements;
  append(message, kSession);
  const auto signature = must(dac_key.sign(message));
  evidence.signature = must(crypto::ecdsa_der_to_raw(KeyType::p256, signature));
  kind.policy = {.debug = DebugGate::not_judged};
  std::vector<Signed> by_device{certificate_by(pai_key, evidence.dac), {point_of(dac_key), message, signature}};
  std::vector<Signed> by_known{certificate_by(paa_key, pai), {point_of(alliance_key), content, declared}};
  return {MatterAnswer{std::move(evidence), kSession},
          fresh_value(),
          spki_of(dac_key),
          std::move(by_device),
          std::move(by_known),
          {},
          {spki_of(dac_key)}};
}

}  // namespace

void ShownKind::appraise(const Shown& device) const {
  const auto appraisal =
      attest::appraise(device.evidence, {device.freshness, device.requested_spki, later()}, policy, trust, rules);
  if (!appraisal.claims) {
    must(verdict(appraisal.findings));
    std::exit(1);
  }
  keep(appraisal.claims->kind);
}

std::vector<ShownKind> shown_kinds(std::size_t devices) {
  const auto listed = [devices](ShownKind& kind) { return listed_device(kind, devices); };
  const std::vector<std::pair<const char*, std::function<Shown(ShownKind&)>>> makers{
      {"tpm", tpm_device},           {"psa", psa_device},      {"eat", eat_device},
      {"dice", dice_device},         {"se_listed", listed},    {"se_attested", attested_device},
      {"software", software_device}, {"matter", matter_device}};
  std::vector<ShownKind> out;
  for (const auto& [name, make] : makers) {
    auto& kind = out.emplace_back();
    kind.name = name;
    if (kind.name == "tpm") {
      kind.policy = {.debug = DebugGate::not_judged};
      must(kind.trust.tpm.add(vendor().root(), "vendor", AnchorKind::root, AnchorClass::simulated));
      must(kind.trust.tpm.add(vendor().intermediate(), "vendor", AnchorKind::intermediate, AnchorClass::simulated));
    }
    kind.devices.reserve(devices);
    while (kind.devices.size() < devices) {
      kind.devices.push_back(make(kind));
    }
  }
  return out;
}

}  // namespace birthmark::bench
