// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_chains.h"

#include <algorithm>
#include <array>

#include "attest/slot_attestation.h"
#include "codec/cms_signed.h"
#include "codec/cose.h"
#include "codec/dice.h"
#include "codec/jws.h"
#include "codec/matter.h"
#include "codec/matter_tlv.h"
#include "codec/oid.h"

namespace birthmark::cli {
namespace {

using boost::json::object;

// --- DICE ---

boost::json::array flag_names(std::uint32_t flags) {
  constexpr std::array kNames{"notConfigured", "notSecure", "recovery", "debug"};
  boost::json::array out;
  for (std::size_t bit = 0; bit < 32; ++bit) {
    if ((flags >> bit & 1U) != 0) {
      out.emplace_back(bit < kNames.size() ? std::string{kNames[bit]} : "bit " + std::to_string(bit));
    }
  }
  return out;
}

boost::json::array digests(const std::vector<dice::Fwid>& fwids) {
  boost::json::array out;
  for (const auto& fwid : fwids) {
    out.emplace_back(oid_text(fwid.algorithm) + " " + to_hex(fwid.digest));
  }
  return out;
}

template <class T>
void add(object& out, std::string_view name, const std::optional<T>& value) {
  if (value) {
    out[boost::json::string_view{name.data(), name.size()}] = *value;
  }
}
void add_hex(object& out, std::string_view name, const std::optional<Bytes>& value) {
  if (value) {
    out[boost::json::string_view{name.data(), name.size()}] = to_hex(*value);
  }
}

object tcb_info(const dice::TcbInfo& info) {
  object out{{"type", "DiceTcbInfo"}};
  add(out, "vendor", info.vendor);
  add(out, "model", info.model);
  add(out, "version", info.version);
  add(out, "svn", info.svn);
  add(out, "layer", info.layer);
  add(out, "index", info.index);
  out["fwids"] = digests(info.fwids);
  out["flags_reported"] = info.flags.has_value();
  out["flags_set"] = flag_names(info.set_flags());
  add_hex(out, "tcb_type", info.type);
  add_hex(out, "vendor_info", info.vendor_info);
  out["integrity_registers"] = info.integrity_registers.size();
  return out;
}

object tcb_infos(const std::vector<dice::TcbInfo>& infos) {
  boost::json::array list;
  for (const auto& info : infos) {
    list.push_back(tcb_info(info));
  }
  return {{"type", "MultiTcbInfo"}, {"infos", std::move(list)}};
}

object open_input(const dice::OpenInput& input) {
  object out{{"type", "Open Profile for DICE"}};
  add_hex(out, "code_hash", input.code_hash);
  add_hex(out, "code_descriptor", input.code_descriptor);
  add_hex(out, "configuration_hash", input.configuration_hash);
  add_hex(out, "configuration_descriptor", input.configuration_descriptor);
  add_hex(out, "authority_hash", input.authority_hash);
  add_hex(out, "authority_descriptor", input.authority_descriptor);
  if (const auto mode = input.mode_said()) {
    out["mode"] = dice::name(*mode);
  }
  add(out, "profile_name", input.profile_name);
  return out;
}

std::optional<object> open_certificate(BytesView bytes) {
  const auto message = cose::read_sign1(bytes, {.tags = cose::Tags::sign1_or_none});
  const auto read =
      message ? dice::read_open_certificate(message->payload) : Result<dice::OpenCertificate>{fail(message.error())};
  if (!read) {
    return std::nullopt;
  }
  auto out = open_input(read->input);
  out["type"] = "certificate of the Open Profile for DICE";
  out["issuer"] = read->issuer;
  out["subject"] = read->subject;
  out["key_usage"] = read->key_usage;
  return out;
}

std::optional<object> dice_value(BytesView bytes) {
  if (auto found = open_certificate(bytes)) {
    return found;
  }
  // The empty SEQUENCE is every one of them and says nothing.
  if (const auto info = dice::read_tcb_info(bytes); info && *info != dice::TcbInfo{}) {
    return tcb_info(*info);
  }
  if (const auto infos = dice::read_multi_tcb_info(bytes)) {
    return tcb_infos(*infos);
  }
  if (const auto input = dice::read_open_input(bytes); input && *input != dice::OpenInput{}) {
    return open_input(*input);
  }
  if (const auto octets = dice::read_ueid(bytes)) {
    return object{{"type", "TCGUeid or TcbFreshness"}, {"octets", to_hex(*octets)}};
  }
  return std::nullopt;
}

// --- Matter ---

object declaration(const matter::Declaration& read) {
  boost::json::array products, paas;
  for (const auto product : read.products) {
    products.emplace_back(matter::id_text(product));
  }
  for (const auto& id : read.authorized_paas) {
    paas.emplace_back(to_hex(id));
  }
  object out{{"type", "certification declaration"},
             {"vendor", matter::id_text(read.vendor)},
             {"products", std::move(products)},
             {"device_type", read.device_type},
             {"certificate_id", read.certificate_id},
             {"version_number", read.version_number},
             {"certification_type", matter::name(read.type)}};
  if (read.dac_origin) {
    out["dac_origin"] = matter::id_text(read.dac_origin->vendor.value_or(0)) + ":" +
                        matter::id_text(read.dac_origin->product.value_or(0));
  }
  if (!paas.empty()) {
    out["authorized_paas"] = std::move(paas);
  }
  return out;
}

object signed_declaration(const cms::SignedContent& read) {
  const auto content = matter::read_declaration(read.content);
  auto out = content ? declaration(*content) : object{{"type", "SignedData of one signer"}};
  out["signer_key_id"] = to_hex(read.key_id);
  return out;
}

object elements(const matter::AttestationElements& read) {
  object out{{"type", "attestation elements"}, {"nonce", to_hex(read.nonce)}, {"timestamp", read.timestamp}};
  add_hex(out, "firmware_information", read.firmware_information);
  if (const auto inner = cms::read_signed_content(read.certification_declaration)) {
    out["declaration"] = signed_declaration(*inner);
  }
  return out;
}

std::optional<object> tlv(BytesView bytes) {
  matter_tlv::Reader in{bytes};
  std::size_t count = 0;
  do {
    const auto element = in.next();
    if (!element) {
      return std::nullopt;
    }
    count += *element ? 1 : 0;
  } while (in.depth() > 0);
  // One number or text may be anything: what is told as TLV is a container.
  return in.finish() && count > 1 ? std::optional{object{{"type", "Matter TLV"}, {"elements", count}}} : std::nullopt;
}

std::optional<object> matter_value(BytesView bytes) {
  if (const auto read = cms::read_signed_content(bytes)) {
    return signed_declaration(*read);
  }
  if (const auto read = matter::read_declaration(bytes)) {
    return declaration(*read);
  }
  if (const auto read = matter::read_elements(bytes)) {
    return elements(*read);
  }
  return tlv(bytes);
}

// --- JWS ---

constexpr std::array kReadable{jws::Algorithm::es256, jws::Algorithm::es384};

object signature(const jws::Jws& read) {
  object out{{"type", "JWS"}, {"alg", jws::name(read.algorithm)}, {"payload_bytes", read.payload.size()}};
  add(out, "typ", read.type);
  add(out, "kid", read.key_id);
  if (read.x5t_s256) {
    out["x5t#S256"] = to_hex(*read.x5t_s256);
  }
  if (auto payload = json::read(BytesView{read.payload})) {
    out["payload"] = std::move(*payload);
  }
  return out;
}

std::optional<object> manifest(const boost::json::array& entries) {
  boost::json::array ids;
  for (const auto& entry : entries) {
    const auto read = jws::read_flattened(entry, kReadable);
    const auto* const header = read ? read->unprotected_header.if_object() : nullptr;
    const auto* const id = header != nullptr ? header->if_contains("uniqueId") : nullptr;
    if (id == nullptr || !id->is_string()) {
      return std::nullopt;
    }
    ids.push_back(*id);
  }
  return object{{"type", "manifest of secure elements"}, {"entries", entries.size()}, {"ids", std::move(ids)}};
}

std::optional<object> json_web_signature(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  if (const auto read = jws::read_compact(text, kReadable)) {
    return signature(*read);
  }
  constexpr json::Limits kLimits{.bytes_max = std::size_t{1} << 20};
  const auto value = json::read(text, kLimits);
  if (!value) {
    return std::nullopt;
  }
  if (const auto* const entries = value->if_array(); entries != nullptr && !entries->empty()) {
    return manifest(*entries);
  }
  const auto read = jws::read_flattened(*value, kReadable);
  return read ? std::optional{signature(*read)} : std::nullopt;
}

}  // namespace

std::optional<boost::json::object> inspect_chain_part(BytesView bytes) {
  if (auto found = dice_value(bytes)) {
    return found;
  }
  if (auto found = matter_value(bytes)) {
    return found;
  }
  return json_web_signature(as_text(bytes));
}

void add_chain_facts(const x509::Certificate& certificate, boost::json::object& out) {
  if (const auto infos = dice::tcb_infos(certificate.extensions()); infos && !infos->empty()) {
    out["dice"] = tcb_infos(*infos)["infos"];
  }
  if (const auto input = dice::open_input(certificate.extensions()); input && *input) {
    out["open_dice"] = open_input(**input);
  }
  if (const auto ueid = dice::ueid(certificate.extensions()); ueid && *ueid) {
    out["ueid"] = to_hex(**ueid);
  }
  if (const auto ids = matter::vendor_product(certificate.subject_attributes()); ids && ids->vendor) {
    out["matter"] =
        matter::id_text(*ids->vendor) + (ids->product ? ":" + matter::id_text(*ids->product) : std::string{});
  }
  if (const auto facts = attest::read_slot_facts(certificate);
      facts && facts->maker != attest::SlotMaker::vendor_certificate) {
    out["slot"] = object{{"chip", to_hex(facts->chip_id)},
                         {"firmware", facts->firmware},
                         {"generated", facts->origin == attest::KeyOrigin::generated_inside},
                         {"exportable", facts->exportable}};
  }
}

}  // namespace birthmark::cli
