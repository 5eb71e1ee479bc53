// SPDX-License-Identifier: Apache-2.0
#include "attest/manifest.h"

#include <algorithm>
#include <array>

#include "codec/base64.h"
#include "codec/jws.h"
#include "codec/x509.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/hash.h"

namespace birthmark::attest {
namespace {

constexpr std::size_t kDigestBytes = sizeof(Digest::rep);
constexpr std::size_t kCoordinateBytes = 32;
constexpr std::size_t kCertificatesMax = 4;
constexpr std::size_t kPartMaxBytes = 64;
constexpr std::size_t kStringMaxBytes = std::size_t{128} * 1024;  // the largest payload as base64url is shorter
constexpr std::array kSignerAlgorithms{jws::Algorithm::es256};

struct KindRow {
  ComponentKind kind;
  std::string_view name;
};
constexpr std::array kKinds{KindRow{ComponentKind::endorsement_key, "endorsement_key"},
                            KindRow{ComponentKind::device_key, "device_key"}, KindRow{ComponentKind::chip, "chip"}};

tl::unexpected<Error> refuse_entry(std::string what) {
  return fail(Code::bad_evidence, "manifest: " + std::move(what), "manifest.entry");
}

/// What a reader of JSON or JWS refuses is an entry of another form.
template <class T>
Result<T> entry(Result<T> result) {
  return result ? std::move(result) : Result<T>{refuse_entry(result.error().detail)};
}

/// The pinned signer's, and made by its key; nothing of the payload was looked at before.
Result<void> check_signer(const jws::Jws& signed_text, const ManifestSigner& signer, Instant now) {
  if (signed_text.key_id != signer.key_id || !signed_text.x5t_s256 ||
      *signed_text.x5t_s256 != signer.thumbprint.get() || signed_text.type.value_or("JWT") != "JWT") {
    return fail(Code::bad_evidence, "manifest: kid, x5t#S256 or typ are not the pinned signer's", "manifest.signer");
  }
  if (now < signer.not_before || now > signer.not_after) {
    return fail(Code::bad_evidence, "manifest: the signer's certificate is outside its validity", "manifest.signer");
  }
  const auto der = crypto::ecdsa_raw_to_der(crypto::KeyType::p256, signed_text.signature);
  if (!der || !signer.key.verify(crypto::SignatureScheme::ecdsa_sha256, as_bytes(signed_text.signing_input), *der)) {
    return fail(Code::bad_evidence, "manifest: the signer's signature does not verify", "manifest.signature");
  }
  return {};
}

const boost::json::value* member(const boost::json::object& object, std::string_view name) {
  return object.if_contains({name.data(), name.size()});
}

Result<std::string_view> text_of(const boost::json::object& object, std::string_view name) {
  const auto* const value = member(object, name);
  if (value == nullptr || !value->is_string()) {
    return refuse_entry(std::string{name} + " is missing, or no text");
  }
  return std::string_view{value->get_string().data(), value->get_string().size()};
}

Result<const boost::json::array*> array_of(const boost::json::object& object, std::string_view name) {
  const auto* const value = member(object, name);
  if (value == nullptr || !value->is_array()) {
    return refuse_entry(std::string{name} + " is missing, or no array");
  }
  return &value->get_array();
}

// --- entries of a chip manifest ---

Result<Bytes> coordinate(const boost::json::object& jwk, std::string_view name) {
  BM_TRY(const auto text, text_of(jwk, name));
  return entry(base64::decode_url(text, kCoordinateBytes));
}

/// RFC 7517 §4.7: x5c is standard base64. Its first certificate is of the key beside it; what signed it, the list's own
/// signature covers.
Result<void> check_certificates(const boost::json::object& jwk, const crypto::PublicKey& key) {
  if (member(jwk, "x5c") == nullptr) {
    return {};
  }
  BM_TRY(const auto* const list, array_of(jwk, "x5c"));
  if (list->empty() || list->size() > kCertificatesMax) {
    return refuse_entry("x5c is empty, or too long");
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto* const text = (*list)[i].if_string();
    if (text == nullptr) {
      return refuse_entry("x5c holds other than text");
    }
    BM_TRY(const auto der, entry(base64::decode({text->data(), text->size()}, x509::kCertificateMaxBytes)));
    BM_TRY(const auto certificate, entry(x509::Certificate::read(der)));
    if (i == 0 && !equal(certificate.spki(), key.spki())) {
      return refuse_entry("the certificate in x5c is of another key than x and y");
    }
  }
  return {};
}

Result<ListedKey> read_key(const boost::json::value& value) {
  const auto* const jwk = value.if_object();
  if (jwk == nullptr) {
    return refuse_entry("a key that is no object");
  }
  BM_TRY(const auto slot, text_of(*jwk, "kid"));
  BM_TRY(const auto type, text_of(*jwk, "kty"));
  BM_TRY(const auto curve, text_of(*jwk, "crv"));
  if (type != "EC" || curve != "P-256" || slot.empty() || slot.size() > kPartMaxBytes) {
    return refuse_entry("another key than one on P-256");
  }
  BM_TRY(const auto x, coordinate(*jwk, "x"));
  BM_TRY(const auto y, coordinate(*jwk, "y"));
  BM_TRY(auto key, entry(crypto::PublicKey::from_point(crypto::KeyType::p256, x, y)));
  BM_CHECK(check_certificates(*jwk, key));
  return ListedKey{std::string{slot}, std::move(key)};
}

Result<std::vector<ListedKey>> read_keys(const boost::json::object& payload) {
  const auto* const set = member(payload, "publicKeySet");
  if (set == nullptr || !set->is_object()) {
    return refuse_entry("publicKeySet is missing");
  }
  BM_TRY(const auto* const list, array_of(set->get_object(), "keys"));
  if (list->empty() || list->size() > kChipKeysMax) {
    return refuse_entry("no key, or too many");
  }
  std::vector<ListedKey> keys;
  for (const auto& value : *list) {
    BM_TRY(auto key, read_key(value));
    if (std::ranges::find(keys, key.slot, &ListedKey::slot) != keys.end()) {
      return refuse_entry("one slot twice");
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<Bytes> chip_id(std::string_view text) {
  auto id = from_hex(text);
  return id && !id->empty() && id->size() <= kChipIdMaxBytes ? Result<Bytes>{std::move(*id)}
                                                             : Result<Bytes>{refuse_entry("uniqueId is no hex")};
}

Result<ListedComponent> read_chip(const jws::Jws& signed_text) {
  BM_TRY(const auto value, entry(json::read(BytesView{signed_text.payload})));
  const auto* const payload = value.if_object();
  if (payload == nullptr) {
    return refuse_entry("the payload is no object");
  }
  BM_TRY(const auto id, text_of(*payload, "uniqueId"));
  const auto* const header = signed_text.unprotected_header.if_object();
  if (header == nullptr) {
    return refuse_entry("no header with the uniqueId");
  }
  BM_TRY(const auto outer_id, text_of(*header, "uniqueId"));
  if (outer_id != id) {
    return refuse_entry("the uniqueId of the header is another one than the payload's");
  }
  ListedComponent chip;
  BM_TRY(chip.id, chip_id(id));
  BM_TRY(const auto part, text_of(*payload, "partNumber"));
  chip.part = part.substr(0, kPartMaxBytes);
  BM_TRY(chip.keys, read_keys(*payload));
  return chip;
}

// --- birthmark's own lists ---

Result<std::vector<ListedComponent>> read_ids(const boost::json::array& list, ComponentKind kind) {
  if (list.empty() || list.size() > kManifestComponentsMax) {
    return refuse_entry("no component, or too many");
  }
  std::vector<ListedComponent> components;
  components.reserve(list.size());
  for (const auto& value : list) {
    const auto* const text = value.if_string();
    auto id = text != nullptr ? from_hex({text->data(), text->size()}) : std::nullopt;
    const bool fits = id && (kind == ComponentKind::chip ? !id->empty() && id->size() <= kChipIdMaxBytes
                                                         : id->size() == kDigestBytes);
    if (!fits) {
      return refuse_entry("an id of another size, or no hex");
    }
    components.push_back({.id = std::move(*id), .part = {}});
  }
  return components;
}

struct OwnList {
  ComponentKind kind{};
  std::vector<ListedComponent> components;
};

Result<OwnList> read_own_list(const jws::Jws& signed_text, const ManifestSigner& signer) {
  BM_TRY(const auto value, entry(json::read(BytesView{signed_text.payload})));
  BM_TRY(auto object, entry(json::Object::of(value)));
  BM_TRY(const auto version, entry(object.text("list")));
  BM_TRY(const auto supplier, entry(object.text("supplier")));
  BM_TRY(const auto kind_name, entry(object.text("kind")));
  BM_CHECK(entry(object.instant("issued_at")));
  BM_TRY(const auto* const ids, entry(object.array("components")));
  BM_CHECK(entry(object.finish()));
  const auto* const row = std::ranges::find(kKinds, kind_name, &KindRow::name);
  if (version != "birthmark/components/v1" || supplier != signer.supplier || row == kKinds.end()) {
    return refuse_entry("another list, another supplier than the signer's, or an unknown kind");
  }
  BM_TRY(auto components, read_ids(*ids, row->kind));
  return OwnList{row->kind, std::move(components)};
}

}  // namespace

std::string_view name(ComponentKind kind) {
  const auto* const row = std::ranges::find(kKinds, kind, &KindRow::kind);
  return row == kKinds.end() ? "unknown" : row->name;
}

Result<ManifestSigner> ManifestSigner::pin(BytesView der, std::string supplier, AnchorClass anchor_class,
                                           BytesView vendor_ca_spki) {
  BM_TRY(const auto certificate, x509::Certificate::read_anchor(der));
  BM_TRY(auto key, crypto::PublicKey::from_spki(certificate.spki()));
  BM_TRY(const auto key_id, x509::subject_key_identifier(certificate.extensions()));
  if (key.type() != crypto::KeyType::p256 || !key_id) {
    return fail(Code::bad_request, "a signer of manifests has a P-256 key and a subjectKeyIdentifier");
  }
  auto vendor_ca = to_bytes(vendor_ca_spki.empty() ? key.spki() : vendor_ca_spki);
  return ManifestSigner{.supplier = std::move(supplier),
                        .anchor_class = anchor_class,
                        .key = std::move(key),
                        .key_id = base64::encode_url(*key_id),
                        .thumbprint = crypto::sha256(certificate.der()),
                        .not_before = certificate.not_before(),
                        .not_after = certificate.not_after(),
                        .vendor_ca = std::move(vendor_ca)};
}

ComponentManifest::ComponentManifest(ComponentKind kind, const ManifestSigner& signer, std::string_view text)
    : kind_{kind},
      supplier_{signer.supplier},
      anchor_class_{signer.anchor_class},
      vendor_ca_{signer.vendor_ca},
      digest_{crypto::sha256(as_bytes(text))} {}

Result<void> ComponentManifest::set(std::vector<ListedComponent> components) {
  std::ranges::sort(components, {}, &ListedComponent::id);
  if (std::ranges::adjacent_find(components, {}, &ListedComponent::id) != components.end()) {
    return fail(Code::bad_evidence, "manifest: one component twice", "manifest.duplicate");
  }
  components_ = std::move(components);
  return {};
}

const ListedComponent* ComponentManifest::find(BytesView id) const {
  const auto wanted = to_bytes(id);
  const auto found = std::ranges::lower_bound(components_, wanted, {}, &ListedComponent::id);
  return found != components_.end() && found->id == wanted ? &*found : nullptr;
}

Result<ComponentManifest> read_chip_manifest(std::string_view text, const ManifestSigner& signer, Instant now) {
  const json::Limits limits{.bytes_max = kManifestMaxBytes,
                            .depth_max = 8,
                            .items_max = kManifestComponentsMax * 8,
                            .string_max = kStringMaxBytes};
  const auto document = json::read(text, limits);
  const auto* const entries = document ? document->if_array() : nullptr;
  if (entries == nullptr || entries->empty() || entries->size() > kManifestComponentsMax) {
    return fail(Code::bad_evidence,
                "manifest: " + (document ? "no array of entries, or too many" : document.error().detail),
                "manifest.structure");
  }
  std::vector<ListedComponent> chips;
  for (const auto& value : *entries) {
    BM_TRY(const auto signed_text, entry(jws::read_flattened(value, kSignerAlgorithms)));
    BM_CHECK(check_signer(signed_text, signer, now));
    BM_TRY(auto chip, read_chip(signed_text));
    chips.push_back(std::move(chip));
  }
  ComponentManifest manifest{ComponentKind::chip, signer, text};
  BM_CHECK(manifest.set(std::move(chips)));
  return manifest;
}

Result<ComponentManifest> read_component_list(std::string_view text, const ManifestSigner& signer, Instant now) {
  const auto signed_text = jws::read_compact(text, kSignerAlgorithms);
  if (!signed_text) {
    return fail(Code::bad_evidence, signed_text.error().detail, "manifest.structure");
  }
  BM_CHECK(check_signer(*signed_text, signer, now));
  BM_TRY(auto list, read_own_list(*signed_text, signer));
  ComponentManifest manifest{list.kind, signer, text};
  BM_CHECK(manifest.set(std::move(list.components)));
  return manifest;
}

std::string component_list_payload(ComponentKind kind, std::string_view supplier, Instant issued_at,
                                   std::span<const Bytes> ids) {
  boost::json::array components;
  for (const auto& id : ids) {
    components.emplace_back(to_hex(id));
  }
  const auto kind_name = name(kind);
  boost::json::object out;
  out["list"] = "birthmark/components/v1";
  out["supplier"] = boost::json::string{supplier.data(), supplier.size()};
  out["kind"] = boost::json::string{kind_name.data(), kind_name.size()};
  out["issued_at"] = to_rfc3339(issued_at);
  out["components"] = std::move(components);
  return json::write(out);
}

Result<void> ManifestSet::add(std::shared_ptr<const ComponentManifest> manifest) {
  for (const auto& component : manifest->components()) {
    if (places_.contains({manifest->kind(), component.id})) {
      return fail(Code::conflict, "a component of this manifest is listed already: " + to_hex(component.id),
                  "manifest.duplicate");
    }
  }
  for (const auto& component : manifest->components()) {
    places_.emplace(std::pair{manifest->kind(), component.id}, manifests_.size());
  }
  manifests_.push_back(std::move(manifest));
  return {};
}

std::optional<ManifestSet::Found> ManifestSet::find(ComponentKind kind, BytesView id) const {
  const auto place = places_.find({kind, to_bytes(id)});
  if (place == places_.end()) {
    return std::nullopt;
  }
  const auto* const manifest = manifests_[place->second].get();
  return Found{manifest, manifest->find(id)};
}

}  // namespace birthmark::attest
