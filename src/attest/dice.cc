// SPDX-License-Identifier: Apache-2.0
#include "attest/dice.h"

#include <algorithm>
#include <array>

#include "attest/chain_link.h"
#include "attest/claim_checks.h"
#include "attest/dice_claims.h"
#include "attest/dice_layer.h"
#include "codec/cbor.h"
#include "codec/der.h"
#include "codec/dice.h"
#include "codec/extensions.h"
#include "codec/oid.h"
#include "crypto/hash.h"

namespace birthmark::attest {
namespace {

constexpr std::uint32_t kDigitalSignature = 1U << 0;
constexpr std::size_t kOpenIdOctets = 20;  // Open Profile for DICE: an id is so long, and stands in names as hex

struct Subject {
  const DiceEvidence& evidence;
  const DiceTrust& trust;
  const Challenge& challenge;
  const EvidencePolicy& policy;
  DiceRules rules;
  std::optional<DiceLayer> device = {};
  std::vector<DiceLayer> layers = {};
  HardwareIdentity hardware = {};
  std::optional<Claims> claims = {};
  Bytes environment = {};

  [[nodiscard]] const DiceLayer& leaf() const { return layers.back(); }
  [[nodiscard]] const crypto::PublicKey& wanted_key() const {
    return rules.key == DiceKey::device ? device->key : leaf().key;
  }
};

// --- steps ---

Failure structure(Subject& s) {
  if (s.evidence.layers.empty() || s.evidence.layers.size() > kDiceLayersMax) {
    return "no layer above the device key, or more than " + std::to_string(kDiceLayersMax);
  }
  auto device = read_device(s.evidence.device);
  if (!device) {
    return "device key: " + device.error().detail;
  }
  s.device = std::move(*device);
  for (const auto& der : s.evidence.layers) {
    auto layer = read_layer(der);
    if (!layer) {
      return "layer " + std::to_string(s.layers.size() + 1) + ": " + layer.error().detail;
    }
    s.layers.push_back(std::move(*layer));
  }
  return std::nullopt;
}

Failure requested(Subject& s) {
  return equal(s.wanted_key().spki(), s.challenge.requested_spki)
             ? std::nullopt
             : Failure{"the request is for another key than the attested one"};
}

bool denied(const Subject& s, const DiceLayer& layer) {
  const auto& known = s.trust.vendors();
  return is_zero_uds_key(layer.key.spki_sha256()) || known.denied_key(layer.key.spki_sha256()) ||
         (layer.certificate && known.denied(*layer.certificate));
}

Failure not_denied(Subject& s) {
  const auto& device = *s.device;
  if (is_zero_uds_key(device.key.spki_sha256())) {
    return "the device key is derived from a UDS of zeros: everybody has its private half";
  }
  if (denied(s, device) || std::ranges::any_of(s.layers, [&](const DiceLayer& layer) { return denied(s, layer); })) {
    return "a certificate or key of the chain is on the deny list or on its issuer's CRL";
  }
  return device.certificate && !device.self_issued() &&
                 s.trust.vendors().lacks_crl(*device.certificate, s.challenge.now)
             ? Failure{"no CRL of the device's issuer that is in date, and the rule asks for one"}
             : std::nullopt;
}

/// A pinned CA that signed the device's certificate: the device and all layers but the last are CAs below it.
const VendorAnchor* pinned_issuer(const Subject& s) {
  if (!s.device->certificate) {
    return nullptr;
  }
  const auto& certificate = *s.device->certificate;
  for (const auto& anchor : s.trust.vendors().anchors()) {
    const auto& issuer = anchor.certificate;
    if (equal(issuer.subject(), certificate.issuer()) && valid_at(issuer, s.challenge.now) &&
        !s.trust.vendors().denied(issuer) && !may_issue(issuer.extensions(), s.layers.size()) &&
        !issued_by(certificate, issuer_view(issuer, anchor.key))) {
      return &anchor;
    }
  }
  return nullptr;
}

Failure device(Subject& s) {
  const auto& device = *s.device;
  if (device.certificate && !valid_at(*device.certificate, s.challenge.now)) {
    return "the device's certificate is outside its validity";
  }
  if (device.self_issued()) {
    if (auto failure = issued_by(device, device)) {
      return failure;
    }
    const auto* const allowed = s.trust.allowed(device.key.spki_sha256());
    if (allowed == nullptr) {
      return "a device key that signed itself, and that nobody listed";
    }
    s.hardware.vendor = allowed->vendor;
    s.hardware.anchor_class = allowed->anchor_class;
    return std::nullopt;
  }
  const auto* const anchor = pinned_issuer(s);
  if (anchor == nullptr) {
    return "no pinned CA issued the device's certificate";
  }
  s.hardware.vendor = anchor->vendor;
  s.hardware.anchor_class = anchor->anchor_class;
  return std::nullopt;
}

Failure path(Subject& s) {
  if (auto failure = may_issue(*s.device, s.layers.size() - 1)) {
    return "device key: " + *failure;
  }
  for (std::size_t i = 0; i < s.layers.size(); ++i) {
    const auto& layer = s.layers[i];
    auto failure = issued_by(layer, i == 0 ? *s.device : s.layers[i - 1]);
    if (!failure && layer.certificate && !valid_at(*layer.certificate, s.challenge.now)) {
      failure = "outside its validity";
    }
    const std::size_t above = s.layers.size() - 1 - i;  // certificates behind this one
    if (!failure && above > 0) {
      failure = may_issue(layer, above - 1);
    }
    if (failure) {
      return "layer " + std::to_string(i + 1) + ": " + *failure;
    }
  }
  return std::nullopt;
}

/// The id in a name of the Open Profile: serialNumber as lower-case hex, and nothing else.
std::optional<Octets<kOpenIdOctets>> open_id(const std::vector<x509::NameAttribute>& name) {
  if (name.size() != 1 || !equal(name[0].type, oids::serial_number) || name[0].tag != der::tag::printable_string) {
    return std::nullopt;
  }
  const auto bytes = from_hex(as_text(name[0].value));
  const auto id = bytes ? octets<kOpenIdOctets>(*bytes) : std::nullopt;
  return id && to_hex(*id) == as_text(name[0].value) ? id : std::nullopt;
}

/// The KDF that makes an id of a key is the maker's choice, so ids are compared, and not made again.
Failure ids(Subject& s) {
  for (const auto& layer : s.layers) {
    const auto extensions = layer.extensions();
    if (x509::find_extension(extensions, oids::open_dice_input) == nullptr) {
      continue;  // in the CBOR form ids are all the names there are
    }
    const auto subject = open_id(layer.certificate->subject_attributes());
    const auto issuer = open_id(layer.certificate->issuer_attributes());
    if (!subject || !issuer) {
      return "subject or issuer is no id of the Open Profile";
    }
    const auto subject_key = x509::subject_key_identifier(extensions);
    const auto authority = x509::authority_key_identifier(extensions);
    const bool agree = subject_key && authority && (!*subject_key || equal(**subject_key, *subject)) &&
                       (!*authority || !(*authority)->key_id || equal(*(*authority)->key_id, *issuer));
    if (!agree) {
      return "an id in the name differs from the key identifier";
    }
  }
  return std::nullopt;
}

/// A CDI key signs certificates only: whoever answers must be made for signing. TCG purposes, where a certificate has
/// any: an embedded CA for each that signs the next one, attestation or assertion for the one that answers.
Failure usage(Subject& s) {
  if ((s.leaf().key_usage().value_or(0) & kDigitalSignature) == 0) {
    return "the last key is not for signatures";
  }
  for (const auto& layer : s.layers) {
    const auto purposes = dice::purposes(layer.extensions());
    if (!purposes) {
      return purposes.error().detail;
    }
    const auto has = [&](dice::Purpose purpose) { return std::ranges::find(*purposes, purpose) != purposes->end(); };
    const bool is_leaf = &layer == &s.leaf();
    const bool fits =
        is_leaf ? !has(dice::Purpose::identity_init) && !has(dice::Purpose::identity_loc) : has(dice::Purpose::eca);
    if (!purposes->empty() && !fits) {
      return "a key with other DICE purposes than its place has";
    }
  }
  return std::nullopt;
}

Failure criticals(Subject& s) {
  if (s.device->certificate) {
    if (auto failure = criticals_are_known(s.device->certificate->extensions(),
                                           {oids::open_dice_input, oids::dice_tcb_info, oids::dice_multi_tcb_info,
                                            oids::dice_ueid, oids::extended_key_usage})) {
      return failure;
    }
  }
  for (const auto& layer : s.layers) {
    if (auto failure = criticals_are_known(
            layer.extensions(), {oids::open_dice_input, oids::dice_tcb_info, oids::dice_multi_tcb_info, oids::dice_ueid,
                                 oids::dice_tcb_freshness, oids::extended_key_usage})) {
      return failure;
    }
  }
  return std::nullopt;
}

Failure signature(Subject& s) {
  return signed_freshness(s.leaf().key, s.challenge.freshness, s.evidence.signature);
}

/// A certificate that was made for a nonce is good for that one.
Failure freshness(Subject& s) {
  const auto nonce = dice::freshness(s.leaf().extensions());
  if (!nonce) {
    return nonce.error().detail;
  }
  return *nonce && !equal_constant_time(**nonce, s.challenge.freshness.get())
             ? Failure{"TcbFreshness is not the freshness value of this session"}
             : std::nullopt;
}

Failure layers(Subject& s) {
  std::vector<const DiceLayer*> chain{&*s.device};
  for (const auto& layer : s.layers) {
    chain.push_back(&layer);
  }
  auto read = read_layers(chain, s.rules.reports);
  if (!read) {
    return read.error().detail;
  }
  s.environment = dice_environment(read->vendor.value_or(""), read->model.value_or(""));
  s.hardware.public_identity = to_bytes(s.device->key.spki());
  s.hardware.listed_as = s.device->key.spki_sha256();
  s.hardware.model = read->model.value_or("");
  s.hardware.version = read->version.value_or("");
  s.hardware.serial = to_hex(read->ueid);
  s.claims = Claims{.kind = EvidenceKind::dice,
                    .hardware = std::move(s.hardware),
                    .key = s.wanted_key(),
                    .binding = KeyBinding::chain,
                    .origin = KeyOrigin::derived_inside,
                    .debug = read->debug,
                    .lifecycle = {},
                    .measurements = std::move(read->measurements),
                    .freshness = s.challenge.freshness};
  return std::nullopt;
}

Failure debug(Subject& s) {
  return debug_gate_holds(*s.claims, s.policy);
}
Failure hardware(Subject& s) {
  return hardware_is_allowed(*s.claims, s.policy);
}
Failure measurements(Subject& s) {
  return measurements_are_expected(*s.claims, s.environment, s.policy);
}
Failure versions(Subject& s) {
  return versions_are_current(*s.claims, s.environment, s.policy);
}

constexpr std::array kSteps{
    Step<Subject>{"dice.evidence", "RFC 5280 §4.1; RFC 2986 §4; docs/wire/evidence.md DICE 1", Code::bad_evidence,
                  structure},
    Step<Subject>{"dice.requested_key", "docs/wire/evidence.md DICE 2", Code::key_not_attested, requested},
    Step<Subject>{"dice.denied", "docs/wire/evidence.md DICE 3", Code::bad_evidence, not_denied},
    Step<Subject>{"dice.device", "TCG DICE Attestation Architecture §5; docs/wire/evidence.md DICE 4",
                  Code::bad_evidence, device},
    Step<Subject>{"dice.path", "RFC 5280 §6.1; docs/wire/evidence.md DICE 5", Code::bad_evidence, path},
    Step<Subject>{"dice.signature", "docs/wire/evidence.md DICE 6", Code::bad_evidence, signature},
    Step<Subject>{"dice.ids", "Open Profile for DICE, X.509 certificates", Code::bad_evidence, ids},
    Step<Subject>{"dice.usage", "RFC 5280 §4.2.1.3; TCG DICE Attestation Architecture §5.1", Code::bad_evidence, usage},
    Step<Subject>{"dice.critical", "RFC 5280 §6.1.4(o)", Code::bad_evidence, criticals},
    Step<Subject>{"dice.freshness", "TCG DICE Attestation Architecture §6.1, TcbFreshness", Code::bad_evidence,
                  freshness},
    Step<Subject>{"dice.layers", "TCG DICE Attestation Architecture §6.1.1", Code::bad_evidence, layers},
    Step<Subject>{"dice.debug", "docs/wire/evidence.md DICE 12", Code::not_sealed, debug},
    Step<Subject>{"dice.hardware", "docs/wire/evidence.md DICE 13", Code::policy, hardware},
    Step<Subject>{"dice.measurements", "RFC 9334 §8.3", Code::bad_evidence, measurements},
    Step<Subject>{"dice.versions", "AC-44", Code::fw_rollback, versions},
};

/// SHA-256 of the SPKI that HKDF-SHA-512 makes of a UDS of zeros with the profile's salt for key pairs: for P-256 and
/// P-384 the seed goes through the generator of RFC 6979 §3.2 with SHA-512.
constexpr std::array<std::string_view, 3> kZeroUds{
    "f7f79370c0ca5f1c5feedaef726ff2a1a6a780a3cb086a599e204ba6570fc8c4",
    "8d91b89ae280cda42921400ca155271e70eba6d57b872f1d6dc9ad08e80fb675",
    "53924a058651eb2b48db87e8a7a3a8004f461a67727e7ab40820dfd3e5fd19e0",
};

}  // namespace

Result<void> DiceTrust::add_issuer(BytesView certificate, std::string vendor, AnchorClass anchor_class) {
  return vendors_.add(certificate, std::move(vendor), AnchorKind::root, anchor_class);
}

void DiceTrust::allow_device(const Digest& spki_sha256, std::string vendor, AnchorClass anchor_class) {
  devices_.insert_or_assign(spki_sha256, Device{std::move(vendor), anchor_class});
}

const DiceTrust::Device* DiceTrust::allowed(const Digest& spki_sha256) const {
  const auto found = devices_.find(spki_sha256);
  return found == devices_.end() ? nullptr : &found->second;
}

Appraisal appraise_dice(const DiceEvidence& evidence, const DiceTrust& trust, const Challenge& challenge,
                        const EvidencePolicy& policy, DiceRules rules) {
  Subject subject{evidence, trust, challenge, policy, rules};
  Appraisal appraisal{walk(std::span<const Step<Subject>>{kSteps}, subject), std::nullopt};
  if (trusted(appraisal.findings)) {
    appraisal.claims = std::move(subject.claims);
  }
  return appraisal;
}

Bytes dice_environment(std::string_view vendor, std::string_view model) {
  cbor::Writer out;
  out.array(2).text(vendor).text(model);
  return std::move(out).finish();
}

bool is_zero_uds_key(const Digest& spki_sha256) {
  const auto text = to_hex(spki_sha256.get());
  return std::ranges::find(kZeroUds, text) != kZeroUds.end();
}

}  // namespace birthmark::attest
