// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/wire.h"

#include <algorithm>

#include "audit/tile.h"
#include "codec/base64.h"

namespace birthmark::api::wire {
namespace {

constexpr std::size_t kCertificateMax = 16 * 1024;
constexpr std::size_t kBlobMax = 2 * 1024;
constexpr std::size_t kBundleMax = 16 * 1024;
constexpr std::size_t kChainMax = 8;

template <class Id>
Result<Id> fixed(json::Object& in, std::string_view name) {
  constexpr std::size_t size = std::tuple_size_v<typename Id::rep>;
  BM_TRY(const auto bytes, in.hex(name, size));
  return Id{*octets<size>(bytes)};
}

Result<std::vector<Bytes>> chain(json::Object& in, std::string_view name) {
  BM_TRY(const auto* const array, in.optional_array(name));
  std::vector<Bytes> out;
  if (array == nullptr) {
    return out;
  }
  if (array->size() > kChainMax) {
    return fail(Code::bad_json, "at most eight certificates in " + std::string{name});
  }
  for (const auto& item : *array) {
    if (!item.is_string()) {
      return fail(Code::bad_json, std::string{name} + " holds base64 texts");
    }
    BM_TRY(auto der, base64::decode(std::string_view{item.as_string()}, kCertificateMax));
    out.push_back(std::move(der));
  }
  return out;
}

/// Empty where it is missing; what is there is not empty.
Result<Bytes> optional_blob(json::Object& in, std::string_view name) {
  BM_TRY(auto found, in.optional_base64(name, kBlobMax));
  if (found && found->empty()) {
    return fail(Code::bad_json, std::string{name} + " is empty");
  }
  return std::move(found).value_or(Bytes{});
}

}  // namespace

Result<SessionId> session(json::Object& in, std::string_view name) {
  return fixed<SessionId>(in, name);
}
Result<DeviceId> device(json::Object& in, std::string_view name) {
  return fixed<DeviceId>(in, name);
}

Result<Octets<16>> request_id(json::Object& in) {
  BM_TRY(const auto bytes, in.hex("request_id", 16));
  return *octets<16>(bytes);
}

Result<attest::TpmStatement> statement(json::Object& in, std::string_view name) {
  BM_TRY(auto object, in.object(name));
  attest::TpmStatement out;
  BM_TRY(out.attest, object.base64("attest", kBlobMax));
  BM_TRY(out.signature, object.base64("signature", kBlobMax));
  BM_CHECK(object.finish());
  return out;
}

Result<LineEvidence> line_evidence(json::Object& in) {
  BM_TRY(const auto session_id, session(in));
  BM_TRY(const auto id, request_id(in));
  BM_TRY(auto csr, in.base64("csr", kCertificateMax));
  BM_TRY(auto ek_certificate, in.optional_base64("ek_certificate", kCertificateMax));
  if (!ek_certificate) {
    return LineEvidence{app::RequestEvidence{session_id, id, std::move(csr)}};
  }
  app::ProvisionEvidence out;
  out.session = session_id;
  out.request_id = id;
  out.csr = std::move(csr);
  out.ek_certificate = std::move(*ek_certificate);
  BM_TRY(out.ek_chain, chain(in, "ek_chain"));
  BM_TRY(out.ek_public, in.base64("ek_public", kBlobMax));
  BM_TRY(out.ak_public, in.base64("ak_public", kBlobMax));
  BM_TRY(out.idevid_public, in.base64("idevid_public", kBlobMax));
  BM_TRY(out.statement, statement(in, "statement"));
  BM_TRY(out.creation_data, optional_blob(in, "creation_data"));
  return LineEvidence{std::move(out)};
}

Result<app::SelfEvidence> self_evidence(json::Object& in) {
  BM_TRY(auto bundle, in.optional_base64("evidence", kBundleMax));
  if (bundle) {
    return app::SelfEvidence{app::BundledEvidence{std::move(*bundle)}};
  }
  BM_TRY(auto quote, statement(in, "quote"));
  return app::SelfEvidence{std::move(quote)};
}

Result<app::SealEvidence> seal_evidence(json::Object& in) {
  app::SealEvidence out;
  BM_TRY(out.session, session(in));
  BM_TRY(auto record, in.object("record"));
  BM_TRY(out.record.device, device(record));
  BM_TRY(out.record.nonce, fixed<Nonce>(record, "nonce"));
  BM_TRY(out.record.transcript, fixed<Digest>(record, "transcript"));
  BM_TRY(out.record.debug_locked, record.boolean("debug_locked"));
  BM_TRY(out.record.secure_boot, record.boolean("secure_boot"));
  BM_TRY(out.record.lockdown_sealed, record.boolean("lockdown_sealed"));
  BM_CHECK(record.finish());
  BM_TRY(out.record_signature, in.base64("record_signature", kBlobMax));
  BM_TRY(out.device, self_evidence(in));
  return out;
}

/// Of a TPM areas and statement, of any other root `key` and `evidence`.
Result<app::KeyEvidence> key_evidence(json::Object& in) {
  BM_TRY(auto bundle, in.optional_base64("evidence", kBundleMax));
  if (bundle) {
    BM_TRY(auto key, in.base64("key", kBlobMax));
    return app::KeyEvidence{app::BundledKeyEvidence{std::move(key), {std::move(*bundle)}}};
  }
  app::TpmKeyEvidence out;
  BM_TRY(out.key_public, in.base64("key_public", kBlobMax));
  BM_TRY(out.parent_public, in.base64("parent_public", kBlobMax));
  BM_TRY(out.statement, statement(in, "statement"));
  return app::KeyEvidence{std::move(out)};
}

Result<app::DeviceEvidence> device_evidence(json::Object& in) {
  app::DeviceEvidence out;
  BM_TRY(out.session, session(in));
  BM_TRY(out.key, key_evidence(in));
  BM_TRY(const auto firmware, in.optional_text("firmware"));
  out.firmware = firmware.value_or("");
  return out;
}

Result<app::RevalidationEvidence> revalidation_evidence(json::Object& in) {
  app::RevalidationEvidence out;
  BM_TRY(out.device, device(in));
  BM_TRY(out.request_id, request_id(in));
  BM_TRY(out.ek_public, optional_blob(in, "ek_public"));
  BM_TRY(out.evidence, device_evidence(in));
  return out;
}

boost::json::object challenge(const app::Challenge& challenge) {
  return {{"session", to_hex(challenge.session.get())},
          {"nonce", to_hex(challenge.nonce.get())},
          {"purpose", std::string{lifecycle::name(challenge.purpose)}},
          {"expires_in", app::Challenges::kLifetime.count()}};
}

boost::json::object activation(const app::ActivationChallenge& challenge) {
  return {{"session", to_hex(challenge.session.get())},
          {"id_object", base64::encode(challenge.id_object)},
          {"encrypted_secret", base64::encode(challenge.encrypted_secret)}};
}

Result<boost::json::object> issued(Services& services, const app::Issued& issued) {
  boost::json::array chain;
  const auto directory = services.cas.get();
  for (const auto* const ca : directory->chain(issued.record.ca)) {
    chain.emplace_back(base64::encode(ca->record.certificate));
  }
  BM_TRY(auto proof, services.log.proof(issued.record.log_index));
  return boost::json::object{{"certificate", base64::encode(issued.certificate)},
                             {"serial", to_hex(issued.record.serial.get())},
                             {"chain", std::move(chain)},
                             {"not_after", to_rfc3339(issued.record.not_after)},
                             {"proof", std::move(proof)}};
}

Result<std::vector<Bytes>> log_entries(Services& services, std::uint64_t first, std::uint64_t size,
                                       std::uint64_t most) {
  const auto in_bundle = first % audit::kTileWidth;
  const auto count = std::min({audit::kTileWidth - in_bundle, size - first, most});
  auto rows = services.store.entries(first, count);
  if (rows || rows.error().code != Code::not_found) {
    return rows;
  }
  BM_TRY(const auto name, audit::tile_at(audit::TileKind::entries, 0, first, size));
  BM_TRY(const auto bundle, services.log.tile(audit::path_of(name)));
  BM_TRY(const auto entries, audit::read_entry_bundle(bundle, name.width));
  std::vector<Bytes> out;
  for (const auto& entry : std::span{entries}.subspan(in_bundle, count)) {
    out.push_back(to_bytes(entry));
  }
  return out;
}

boost::json::object device_summary(const lifecycle::DeviceRecord& device) {
  boost::json::array holds;
  for (const auto& rule : lifecycle::kHoldRules) {
    if (device.holds.contains(rule.cause)) {
      holds.emplace_back(rule.name);
    }
  }
  boost::json::object out{{"device", to_hex(device.id.get())},
                          {"state", lifecycle::short_name(device.state)},
                          {"state_name", lifecycle::name(device.state)},
                          {"root", lifecycle::name(device.root)},
                          {"class", device.root_class == lifecycle::RootClass::genuine ? "genuine" : "simulated"},
                          {"holds", std::move(holds)},
                          {"version", device.version},
                          {"provisioned_at", to_rfc3339(device.provisioned_at)}};
  if (device.suspended_for) {
    out["suspended_for"] = lifecycle::name(*device.suspended_for);
  }
  if (device.appraised_at) {
    out["appraised_at"] = to_rfc3339(*device.appraised_at);
  }
  return out;
}

}  // namespace birthmark::api::wire
