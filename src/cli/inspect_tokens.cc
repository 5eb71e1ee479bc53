// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_tokens.h"

#include "attest/appraisal.h"
#include "base/instant.h"
#include "codec/cbor.h"
#include "codec/cmw.h"
#include "codec/corim.h"
#include "codec/cose.h"
#include "codec/eat.h"
#include "codec/oid.h"
#include "codec/psa_token.h"

namespace birthmark::cli {
namespace {

using boost::json::array;
using boost::json::object;

constexpr auto kPeCmw = oid<1, 3, 6, 1, 5, 5, 7, 1, 35>;

void add_text(object& out, const char* name, const std::string& value) {
  if (!value.empty()) {
    out[name] = value;
  }
}
template <class T>
void add(object& out, const char* name, const std::optional<T>& value) {
  if (value) {
    out[name] = *value;
  }
}
void add_hex(object& out, const char* name, const std::optional<Bytes>& value) {
  if (value) {
    out[name] = to_hex(*value);
  }
}
void add_time(object& out, const char* name, const std::optional<Instant>& value) {
  if (value) {
    out[name] = to_rfc3339(*value);
  }
}

// --- claims ---

std::string_view name_of(attest::SecurityLifecycle lifecycle) {
  switch (lifecycle) {
    case attest::SecurityLifecycle::unknown:
      break;
    case attest::SecurityLifecycle::assembly_and_test:
      return "assembly and test";
    case attest::SecurityLifecycle::rot_provisioning:
      return "root of trust provisioning";
    case attest::SecurityLifecycle::secured:
      return "secured";
    case attest::SecurityLifecycle::non_rot_debug:
      return "debug of the non-secure part";
    case attest::SecurityLifecycle::recoverable_rot_debug:
      return "recoverable debug of the root of trust";
    case attest::SecurityLifecycle::decommissioned:
      return "decommissioned";
  }
  return "unknown";
}

object component(const psa::SoftwareComponent& said) {
  object out;
  add_text(out, "measurement_type", said.type);
  out["measurement"] = to_hex(said.measurement);
  add_text(out, "version", said.version);
  out["signer_id"] = to_hex(said.signer_id);
  add_text(out, "description", said.description);
  return out;
}

object psa_claims(const psa::Claims& said) {
  array components;
  for (const auto& one : said.components) {
    components.push_back(component(one));
  }
  object out{{"type", "PSA token claims"},
             {"profile", psa::name(said.profile)},
             {"nonce", to_hex(said.nonce)},
             {"instance_id", to_hex(said.instance_id)},
             {"implementation_id", to_hex(said.implementation_id)},
             {"client_id", said.client_id},
             {"lifecycle", said.lifecycle},
             {"lifecycle_name", name_of(static_cast<attest::SecurityLifecycle>(said.lifecycle >> 8))},
             {"software_components", std::move(components)}};
  add_hex(out, "boot_seed", said.boot_seed);
  add(out, "certification_reference", said.certification_reference);
  add(out, "verification_service", said.verification_service);
  return out;
}

object eat_claims(const eat::Claims& said);

object submodule(const eat::Submodule& said) {
  if (const auto* const claims = said.claims()) {
    auto out = eat_claims(*claims);
    out["type"] = "claims";
    return out;
  }
  if (const auto* const digest = std::get_if<eat::DetachedDigest>(&said.content)) {
    return {{"type", "detached digest"}, {"digest", to_hex(digest->digest)}};
  }
  return {{"type", "nested token"}};
}

object eat_claims(const eat::Claims& said) {
  object out{{"type", "EAT claims"}};
  array nonces, results;
  for (const auto& nonce : said.nonces) {
    nonces.emplace_back(to_hex(nonce));
  }
  for (const auto& result : said.results) {
    results.push_back({{"system", result.system},
                       {"objective", result.objective},
                       {"result", static_cast<std::uint64_t>(result.result)}});
  }
  object submodules;
  for (const auto& one : said.submodules) {
    submodules[one.name] = submodule(one);
  }
  out["eat_nonce"] = std::move(nonces);
  add_hex(out, "ueid", said.ueid);
  add_hex(out, "hwmodel", said.hardware_model);
  add(out, "hwversion", said.hardware_version);
  add(out, "swname", said.software_name);
  add(out, "swversion", said.software_version);
  add(out, "oemboot", said.oem_boot);
  add(out, "dbgstat", said.debug);
  add(out, "bootcount", said.boot_count);
  add_hex(out, "bootseed", said.boot_seed);
  add(out, "intuse", said.intended_use);
  add_time(out, "expires", said.expires);
  add_time(out, "not_before", said.not_before);
  add_time(out, "issued_at", said.issued_at);
  out["measurements"] = said.measurements.size();
  out["measres"] = std::move(results);
  out["submods"] = std::move(submodules);
  return out;
}

/// A map of anything has the form of an EAT; it is called one if it says something that an EAT is for.
std::optional<object> claims(BytesView bytes) {
  if (const auto read = psa::read_claims(bytes, psa::Profiles::legacy_too)) {
    return psa_claims(*read);
  }
  const auto read = eat::read_claims(bytes);
  const bool is_eat = read && (!read->nonces.empty() || read->ueid || read->debug || !read->submodules.empty());
  return is_eat ? std::optional{eat_claims(*read)} : std::nullopt;
}

// --- manifests ---

object comid(const corim::Comid& said) {
  return {{"type", "CoMID"},
          {"id", said.id},
          {"version", said.version},
          {"reference_triples", said.reference.size()},
          {"endorsed_triples", said.endorsed.size()},
          {"identity_triples", said.identity.size()},
          {"attest_key_triples", said.attest_key.size()},
          {"other_triples", said.has_other_triples}};
}

void add_validity(object& out, const std::optional<corim::Validity>& validity) {
  if (validity) {
    add_time(out, "not_before", validity->not_before);
    out["not_after"] = to_rfc3339(validity->not_after);
  }
}

std::optional<object> manifest(BytesView bytes) {
  if (const auto read = corim::read_rim(bytes)) {
    array comids;
    for (const auto& one : read->comids) {
      comids.push_back(comid(one));
    }
    object out{{"type", "CoRIM"}, {"id", read->id}, {"comids", std::move(comids)}, {"other_tags", read->other_tags}};
    add_text(out, "profile", read->profile);
    add_validity(out, read->validity);
    return out;
  }
  const auto read = corim::read_comid(bytes);
  return read ? std::optional{comid(*read)} : std::nullopt;
}

// --- wrappers ---

template <class Number>
struct Shown {
  boost::json::value operator()(Number number) const { return number; }
  boost::json::value operator()(std::string_view text) const { return boost::json::string{text}; }
};

array indicator_names(std::uint8_t indicators) {
  constexpr std::array kNames{"reference values", "endorsements", "evidence", "attestation results",
                              "appraisal policy"};
  array out;
  for (std::size_t bit = 0; bit < kNames.size(); ++bit) {
    if ((indicators >> bit & 1U) != 0) {
      out.emplace_back(kNames[bit]);
    }
  }
  return out;
}

object wrapper(const cmw::Wrapper& said) {
  if (const auto* const record = std::get_if<cmw::Record>(&said)) {
    return {{"type", "CMW record"},
            {"of", std::visit(Shown<std::uint16_t>{}, record->type)},
            {"octets", record->value.size()},
            {"ind", indicator_names(record->indicators)}};
  }
  const auto& collection = std::get<cmw::Collection>(said);
  array messages;
  for (const auto& entry : collection.entries) {
    auto message = wrapper(entry.message);
    message["label"] = std::visit(Shown<std::int64_t>{}, entry.label);
    messages.push_back(std::move(message));
  }
  object out{{"type", "CMW collection"}, {"messages", std::move(messages)}};
  add_text(out, "of", collection.type);
  return out;
}

std::optional<object> wrapped(BytesView bytes) {
  if (const auto read = cmw::read_cbor(bytes)) {
    return wrapper(*read);
  }
  const auto read = cmw::read_json(as_text(bytes));
  return read ? std::optional{wrapper(*read)} : std::nullopt;
}

// --- COSE ---

std::string algorithm_text(const cose::Header& header) {
  if (!header.algorithm) {
    return header.algorithm_is_unprotected ? "not protected" : "none";
  }
  if (const auto* const text = std::get_if<std::string_view>(&*header.algorithm)) {
    return std::string{*text};
  }
  const auto number = std::get<std::int64_t>(*header.algorithm);
  const auto known = name(static_cast<cose::Algorithm>(number));
  return known == "unknown" ? std::to_string(number) : std::string{known};
}

object sign1(const cose::Sign1& message) {
  const auto& header = message.header;
  object out{{"type", message.in_cwt ? "COSE_Sign1 in a CWT" : "COSE_Sign1"},
             {"algorithm", algorithm_text(header)},
             {"certificates", header.x5chain.size()}};
  if (header.content_type) {
    out["content_type"] = std::visit(Shown<std::uint64_t>{}, *header.content_type);
  }
  if (header.key_id) {
    out["key_id"] = to_hex(*header.key_id);
  }
  auto payload = claims(message.payload);
  if (!payload) {
    payload = manifest(message.payload);
  }
  if (payload) {
    out["payload"] = std::move(*payload);
  } else {
    out["payload"] = std::to_string(message.payload.size()) + " octets";
  }
  return out;
}

std::string_view name_of(cose::Curve curve) {
  switch (curve) {
    case cose::Curve::p256:
      return "P-256";
    case cose::Curve::p384:
      return "P-384";
    case cose::Curve::p521:
      return "P-521";
    case cose::Curve::ed25519:
      return "Ed25519";
  }
  return "unknown";
}

std::optional<object> key(BytesView bytes) {
  const auto read = cose::read_key(bytes);
  if (!read) {
    return std::nullopt;
  }
  object out{{"type", "COSE_Key"}, {"curve", name_of(read->curve)}, {"x", to_hex(read->x)}};
  if (!read->y.empty()) {
    out["y"] = to_hex(read->y);
  }
  if (read->key_id) {
    out["key_id"] = to_hex(*read->key_id);
  }
  return out;
}

/// What is tagged as COSE and is no COSE_Sign1; why it is not taken stands in the words of the reader.
std::optional<object> other_cose(BytesView bytes) {
  cbor::Reader in{bytes, {.bytes_max = corim::kMaxBytes, .items_max = 65536, .rule = cbor::Rule::definite}};
  const auto type = in.peek();
  const auto tag = type && *type == cbor::Type::tag ? in.tag() : Result<std::uint64_t>{std::uint64_t{0}};
  const bool is_cose = tag && ((*tag >= 16 && *tag <= 18) || *tag == 61 || (*tag >= 96 && *tag <= 98));
  if (!is_cose || !in.skip() || !in.finish()) {
    return std::nullopt;
  }
  const auto refused = cose::read_sign1(bytes, {.tags = cose::Tags::sign1_or_in_cwt});
  return object{{"type", "COSE, tag " + std::to_string(*tag)},
                {"refused", refused ? std::string{} : refused.error().detail}};
}

}  // namespace

std::optional<object> inspect_token(BytesView bytes) {
  if (const auto read = cose::read_sign1(bytes, {.tags = cose::Tags::sign1_or_in_cwt, .bytes_max = corim::kMaxBytes})) {
    return sign1(*read);
  }
  for (const auto look : {other_cose, key, claims, manifest, wrapped}) {
    if (auto found = look(bytes)) {
      return found;
    }
  }
  return std::nullopt;
}

void add_wrapped_messages(const x509::Certificate& certificate, object& out) {
  const auto* const extension = certificate.extension(kPeCmw);
  const auto read = extension != nullptr ? cmw::read_extension(extension->value)
                                         : Result<cmw::Wrapper>{fail(Code::bad_evidence, "no extension")};
  if (read) {
    out["cmw"] = wrapper(*read);
  }
}

}  // namespace birthmark::cli
