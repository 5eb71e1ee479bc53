// SPDX-License-Identifier: Apache-2.0
#include "cli/station_wire.h"

#include "codec/base64.h"
#include "codec/x509.h"
#include "lifecycle/device_id.h"

namespace birthmark::cli::wire {
namespace {

template <class Id>
Result<Id> fixed(json::Object& in, std::string_view name) {
  BM_TRY(const auto bytes, in.hex(name, 32));
  return Id{*octets<32>(bytes)};
}

Result<std::vector<Bytes>> read_list(json::Object& in, std::string_view name) {
  BM_TRY(const auto* const array, in.array(name));
  if (array->size() > link::kChainMax) {
    return fail(Code::bad_json, std::string{name} + " is too long");
  }
  std::vector<Bytes> out;
  for (const auto& item : *array) {
    if (!item.is_string()) {
      return fail(Code::bad_json, std::string{name} + " holds base64 texts");
    }
    BM_TRY(auto bytes, base64::decode(std::string_view{item.as_string()}, link::kCertificateMaxBytes));
    out.push_back(std::move(bytes));
  }
  return out;
}

Result<Issued> issued_of(json::Object& in) {
  Issued out;
  BM_TRY(out.certificate, in.base64("certificate", link::kCertificateMaxBytes));
  BM_TRY(out.chain, read_list(in, "chain"));
  BM_TRY(out.serial, in.text("serial"));
  return out;
}

}  // namespace

Result<Challenge> read_challenge(const boost::json::value& value) {
  BM_TRY(auto in, json::Object::of(value));
  Challenge out;
  BM_TRY(out.session, fixed<SessionId>(in, "session"));
  BM_TRY(out.nonce, fixed<Nonce>(in, "nonce"));
  return out;
}

Result<Issued> read_issued(const boost::json::value& value) {
  BM_TRY(auto in, json::Object::of(value));
  return issued_of(in);
}

Result<std::variant<Activation, Issued>> read_evidence_answer(const boost::json::value& value) {
  using Answer = std::variant<Activation, Issued>;
  BM_TRY(auto in, json::Object::of(value));
  BM_TRY(auto activation, in.optional_object("activation"));
  if (!activation) {
    BM_TRY(auto issued, issued_of(in));
    return Answer{std::move(issued)};
  }
  Activation out;
  BM_TRY(out.session, fixed<SessionId>(*activation, "session"));
  BM_TRY(out.id_object, activation->base64("id_object", link::kBlobMaxBytes));
  BM_TRY(out.encrypted_secret, activation->base64("encrypted_secret", link::kBlobMaxBytes));
  return Answer{std::move(out)};
}

Result<Anchors> read_anchors(const boost::json::value& value) {
  BM_TRY(auto in, json::Object::of(value));
  Anchors out;
  BM_TRY(out.service_root, in.base64("service_root", link::kCertificateMaxBytes));
  BM_TRY(out.operational_roots, read_list(in, "operational_roots"));
  BM_TRY(out.statement_key, in.base64("statement_key", link::kBlobMaxBytes));
  return out;
}

boost::json::object statement(const agent::Statement& statement) {
  return {{"attest", base64::encode(statement.attest)}, {"signature", base64::encode(statement.signature)}};
}

void add_proof(boost::json::object& body, const agent::SelfProof& proof) {
  if (const auto* const quote = std::get_if<agent::Statement>(&proof)) {
    body["quote"] = statement(*quote);
  } else {
    body["evidence"] = base64::encode(std::get<agent::BundleProof>(proof).bundle);
  }
}

Result<DeviceId> device_of(const link::HelloReply& hello, const link::KeysReply& keys) {
  if (keys.tpm) {
    BM_TRY(const auto ek, x509::Certificate::read(keys.tpm->ek_certificate));
    return lifecycle::device_id(lifecycle::RootKind::tpm, ek.spki());
  }
  const auto kind = lifecycle::root_kind_named(hello.root_kind);
  return kind ? Result<DeviceId>{lifecycle::device_id(*kind, keys.public_identity)}
              : fail(Code::bad_request, "the unit has a root of unknown kind");
}

boost::json::array list(const std::vector<Bytes>& items) {
  boost::json::array out;
  for (const auto& item : items) {
    out.emplace_back(base64::encode(item));
  }
  return out;
}

}  // namespace birthmark::cli::wire
