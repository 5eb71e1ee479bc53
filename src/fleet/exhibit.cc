// SPDX-License-Identifier: Apache-2.0
#include "fleet/exhibit.h"

#include "codec/base64.h"
#include "codec/pkcs10.h"
#include "codec/tpm_attest.h"
#include "codec/tpm_public.h"
#include "codec/tpm_signature.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/hash.h"
#include "crypto/tpm_crypto.h"
#include "lifecycle/device_id.h"

namespace birthmark::fleet {
namespace {

const Bytes kEmptyName{0x30, 0x00};
/// TPM_RH_ENDORSEMENT as four bytes: the qualified name of that hierarchy (TPM 2.0 Part 1 §26.5).
const Bytes kEndorsementName{0x40, 0x00, 0x00, 0x0B};
constexpr std::uint64_t kUptimeMs = 86'400'000;
constexpr std::uint64_t kFirmwareVersion = 0x2024'0125'0000'0000;

Result<crypto::PublicKey> public_key(BytesView tpmt_public) {
  BM_TRY(const auto area, tpm::read_public(tpmt_public));
  if (area.ecc() == nullptr) {
    return fail(Code::bad_evidence, "not a key on a curve");
  }
  BM_TRY(const auto point, tpm::uncompressed_point(*area.ecc()));
  const auto coordinates = BytesView{point}.subspan(1);
  const auto size = coordinates.size() / 2;
  return crypto::PublicKey::from_point(crypto::KeyType::p256, coordinates.first(size), coordinates.subspan(size));
}

Bytes name_of(BytesView tpmt_public) {
  return crypto::tpm_name(tpmt_public, crypto::HashAlgorithm::sha256);
}

/// nameAlg || H(QN(endorsement) || Name).
Bytes qualified_name(BytesView tpmt_public) {
  const auto name = name_of(tpmt_public);
  Bytes out{name[0], name[1]};
  append(out, crypto::hash(crypto::HashAlgorithm::sha256, {kEndorsementName, name}));
  return out;
}

boost::json::object statement_body(const agent::Statement& statement) {
  return {{"attest", base64::encode(statement.attest)}, {"signature", base64::encode(statement.signature)}};
}

}  // namespace

Result<LineChallenge> read_challenge(const boost::json::value& body) {
  BM_TRY(auto in, json::Object::of(body));
  BM_TRY(const auto session, in.hex("session", 32));
  BM_TRY(const auto nonce, in.hex("nonce", 32));
  return LineChallenge{SessionId{*octets<32>(session)}, Nonce{*octets<32>(nonce)}};
}

Digest line_freshness(const LineChallenge& challenge, BytesView spki) {
  return lifecycle::freshness_value(lifecycle::Purpose::provision, challenge.nonce, challenge.session, std::nullopt,
                                    crypto::sha256(spki));
}

Result<Exhibit> honest_exhibit(agent::TpmRoot& chip, const LineChallenge& challenge) {
  BM_TRY(auto endorsement, chip.endorsement());
  BM_TRY(auto keys, chip.create_identity_keys());
  BM_TRY(const auto key, public_key(keys.idevid));
  BM_TRY(auto statement, chip.certify(agent::DeviceKey::idevid, line_freshness(challenge, key.spki())));
  const auto sign = [&](BytesView info) { return chip.sign(agent::DeviceKey::idevid, info); };
  BM_TRY(auto csr, pkcs10::write_request(kEmptyName, key.spki(), {}, x509::SignatureAlgorithm::ecdsa_sha256, sign));
  return Exhibit{std::move(endorsement.certificate),
                 std::move(endorsement.chain),
                 std::move(endorsement.public_area),
                 std::move(keys.iak),
                 std::move(keys.idevid),
                 std::move(statement),
                 std::move(csr)};
}

boost::json::object evidence_body(const std::string& batch, const LineChallenge& challenge, BytesView request_id,
                                  const Exhibit& exhibit) {
  boost::json::array chain;
  for (const auto& certificate : exhibit.ek_chain) {
    chain.emplace_back(base64::encode(certificate));
  }
  return {{"batch", batch},
          {"session", to_hex(challenge.session.get())},
          {"request_id", to_hex(request_id)},
          {"ek_certificate", base64::encode(exhibit.ek_certificate)},
          {"ek_chain", std::move(chain)},
          {"ek_public", base64::encode(exhibit.ek_public)},
          {"ak_public", base64::encode(exhibit.ak_public)},
          {"idevid_public", base64::encode(exhibit.idevid_public)},
          {"statement", statement_body(exhibit.statement)},
          {"csr", base64::encode(exhibit.csr)}};
}

Result<Bytes> software_request(const crypto::PrivateKey& key) {
  return pkcs10::write_request(kEmptyName, key.public_key().spki(), {}, x509::SignatureAlgorithm::ecdsa_sha256,
                               [&](BytesView info) { return key.sign(info); });
}

Bytes pretended_public(const crypto::PrivateKey& key, tpm::Template claimed) {
  auto area = tpm::make(claimed);
  const auto coordinates = key.public_key().point().subspan(1);
  auto& ecc = std::get<tpm::EccKey>(area.key);
  ecc.x = to_bytes(coordinates.first(coordinates.size() / 2));
  ecc.y = to_bytes(coordinates.subspan(coordinates.size() / 2));
  return tpm::write(area);
}

Result<agent::Statement> forge_certification(agent::TpmRoot& chip, agent::DeviceKey signer, BytesView ak, BytesView key,
                                             const Digest& freshness) {
  tpm::Attest claim;
  claim.qualified_signer = qualified_name(ak);
  claim.extra_data = to_bytes(freshness.get());
  claim.clock = {.clock_ms = kUptimeMs, .reset_count = 1, .restart_count = 0, .safe = true};
  claim.firmware_version = kFirmwareVersion;
  claim.attested = tpm::CertifyInfo{name_of(key), qualified_name(key)};
  agent::Statement out{tpm::write(claim), {}};
  BM_TRY(const auto der, chip.sign(signer, out.attest));
  BM_TRY(const auto raw, crypto::ecdsa_der_to_raw(crypto::KeyType::p256, der));
  const auto half = raw.size() / 2;
  out.signature = tpm::write(tpm::Signature{tpm::EcdsaSignature{tpm::Hash::sha256, to_bytes(BytesView{raw}.first(half)),
                                                                to_bytes(BytesView{raw}.subspan(half))}});
  return out;
}

}  // namespace birthmark::fleet
