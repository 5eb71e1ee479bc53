// SPDX-License-Identifier: Apache-2.0
#include "agent/field/field_client.h"

#include <algorithm>
#include <array>

#include "adapters/tls/external_key.h"
#include "agent/device/link_device.h"
#include "agent/device/registry_word.h"
#include "agent/device/root_keys.h"
#include "agent/field/renewal.h"
#include "agent/field/requests.h"
#include "agent/hardware/tpm_root.h"
#include "codec/base64.h"
#include "codec/cms.h"
#include "codec/oid.h"
#include "crypto/hash.h"
#include "lifecycle/statements.h"

namespace birthmark::agent {
namespace {

using lifecycle::Purpose;

constexpr std::size_t kNonceBytes = 32;
constexpr std::size_t kBlobMax = 2 * 1024;

boost::json::object statement_json(const Statement& statement) {
  return {{"attest", base64::encode(statement.attest)}, {"signature", base64::encode(statement.signature)}};
}

/// The certificate for the pending key out of an EST answer (RFC 7030 §4.2.3).
Result<Bytes> certificate_for(BytesView certs_only, BytesView spki) {
  BM_TRY(const auto certificates, cms::read_certs_only(certs_only));
  const auto ours = std::ranges::find_if(certificates, [&](const auto& c) { return equal(c.spki(), spki); });
  return ours != certificates.end() ? Result<Bytes>{to_bytes(ours->der())}
                                    : fail(Code::bad_request, "the answer holds no certificate for our key");
}

/// The issuers of a new certificate, as the registry names them to this device. They prove nothing before `adopt`.
Result<std::vector<Bytes>> chain_above(http::Client& client, BytesView certificate) {
  BM_TRY(const auto leaf, x509::Certificate::read(certificate));
  BM_TRY(const auto bundle, get_est(client, "/.well-known/est/cacerts"));
  BM_TRY(const auto among, cms::read_certs_only(bundle));
  return path_above(leaf, among);
}

boost::json::object retirement_body(const SessionId& session, const DeviceId& device, const SelfProof& proof) {
  boost::json::object out{{"session", to_hex(session.get())}, {"device", to_hex(device.get())}};
  if (const auto* const quote = std::get_if<Statement>(&proof)) {
    out["quote"] = statement_json(*quote);
  } else {
    out["evidence"] = base64::encode(std::get<BundleProof>(proof).bundle);
  }
  return out;
}

/// What the hardware says of a key, as members of a body.
boost::json::object proof_members(const KeyProof& proof, BytesView spki) {
  if (const auto* const tpm = std::get_if<TpmKeyProof>(&proof)) {
    return {{"key_public", base64::encode(tpm->key_public)},
            {"parent_public", base64::encode(tpm->parent_public)},
            {"statement", statement_json(tpm->statement)}};
  }
  return {{"key", base64::encode(spki)}, {"evidence", base64::encode(std::get<BundleProof>(proof).bundle)}};
}

Result<Credential> read_issued(json::Object& in) {
  Credential out;
  BM_TRY(out.certificate, in.base64("certificate", link::kCertificateMaxBytes));
  BM_TRY(const auto* const chain, in.array("chain"));
  for (const auto& item : *chain) {
    if (!item.is_string() || out.chain.size() == link::kChainMax) {
      return fail(Code::bad_json, "chain");
    }
    BM_TRY(auto der, base64::decode(std::string_view{item.as_string()}, link::kCertificateMaxBytes));
    out.chain.push_back(std::move(der));
  }
  return out;
}

/// The same for every repeat with this key, so that a repeat gets the stored answer.
std::string request_id_for(const crypto::PublicKey& key) {
  const auto digest = crypto::sha256({as_bytes("revalidate"), key.spki_sha256().get()});
  return to_hex(BytesView{digest.get()}.first(16));
}

}  // namespace

FieldClient::FieldClient(Ports ports, Settings settings)
    : ports_{ports}, settings_{std::move(settings)}, clock_{ports.state, ports.clock} {}

// --- connections and time ---------------------------------------------------------------------------------------

Result<std::unique_ptr<http::Client>> FieldClient::connect(As as, Dates dates) {
  const auto& birth = ports_.state.birth();
  if (!birth) {
    return fail(Code::not_found, "this device was never provisioned", "device.birth");
  }
  tls::ClientContext::Options options;
  options.anchors = {birth->service_root};
  options.at = clock_.now();
  options.dates = dates == Dates::judged ? tls::ClientContext::Dates::judged : tls::ClientContext::Dates::by_the_caller;
  tls::ExternalKey key;
  if (as != As::nobody) {
    const auto which = as == As::birth ? DeviceKey::idevid : DeviceKey::operational;
    if (as == As::operational && !ports_.state.operational()) {
      return fail(Code::not_found, "no LDevID", "device.ldevid");
    }
    options.chain = {as == As::birth ? birth->idevid : ports_.state.operational()->certificate};
    BM_TRY(const auto half, ports_.root.public_key(which));
    BM_TRY(key, tls::make_external_p256(
                    half, [this, which](const Digest& digest) { return ports_.root.sign_digest(which, digest); }));
    options.external_key = key.get();
  }
  BM_TRY(auto context, tls::ClientContext::create(options));
  auto client = http::Client::create(
      {.host = birth->host, .port = birth->device_port, .tls = std::move(context), .timeout = settings_.timeout});
  BM_CHECK(client->connect());
  return client;
}

Result<Instant> FieldClient::ask_time(http::Client& client) {
  Bytes nonce(kNonceBytes);
  ports_.entropy.fill(nonce);
  BM_TRY(const auto answer, get(client, "/v1/time?nonce=" + to_hex(nonce)));
  BM_TRY(auto in, json::Object::of(answer));
  BM_TRY(const auto ms, in.unsigned_int("ms"));
  BM_TRY(const auto signature, in.base64("signature", kBlobMax));
  const auto told = from_ms(static_cast<std::int64_t>(std::min<std::uint64_t>(ms, to_ms(kNoEnd))));
  BM_CHECK(check_signed(*ports_.state.birth(), lifecycle::time_statement(nonce, told), signature));
  BM_CHECK(clock_.tell(told));
  return clock_.now();
}

Result<Instant> FieldClient::time() {
  auto client = connect(As::nobody);
  if (!client && client.error().code == Code::unauthenticated) {
    client = connect(As::nobody, Dates::by_the_answer);
  }
  return client ? ask_time(**client) : Result<Instant>{fail(std::move(client).error())};
}

Result<void> FieldClient::begin() {
  if (!ports_.state.birth()) {
    return fail(Code::not_found, "this device was never provisioned", "device.birth");
  }
  BM_CHECK(settle(ports_.root, ports_.state));
  return clock_.told() ? Result<void>{} : without_value(time());
}

bool FieldClient::cut_within(std::chrono::milliseconds bound) {
  return operational_ && operational_->ended_within(bound);
}

// --- evidence ---------------------------------------------------------------------------------------------------

Result<FieldClient::Challenge> FieldClient::challenge(http::Client& client, const std::string& path, Purpose purpose) {
  BM_TRY(const auto answer, post(client, path, boost::json::object{{"purpose", lifecycle::name(purpose)}}));
  return read_challenge(answer, purpose);
}

Result<FieldClient::Challenge> FieldClient::read_challenge(const boost::json::value& answer, Purpose purpose) {
  BM_TRY(auto in, json::Object::of(answer));
  BM_TRY(const auto session, in.hex("session", 32));
  BM_TRY(const auto nonce, in.hex("nonce", 32));
  BM_TRY(const auto named, in.text("purpose"));
  if (named != lifecycle::name(purpose)) {
    return fail(Code::bad_request, "the challenge is for another purpose");
  }
  return Challenge{SessionId{*octets<32>(session)}, Nonce{*octets<32>(nonce)}};
}

Result<boost::json::object> FieldClient::evidence(Purpose purpose, const Challenge& given, DeviceKey key) {
  BM_TRY(const auto half, ports_.root.public_key(key));
  BM_TRY(const auto device, own_device_id(ports_.root));
  const auto fresh = lifecycle::freshness_value(purpose, given.nonce, given.session, device, half.spki_sha256());
  BM_TRY(const auto proof, ports_.root.prove_key(key, fresh));
  auto out = proof_members(proof, half.spki());
  out["session"] = to_hex(given.session.get());
  if (!settings_.firmware.empty()) {
    out["firmware"] = settings_.firmware;
  }
  return out;
}

Result<boost::json::value> FieldClient::attest(http::Client& client, Purpose purpose, DeviceKey key) {
  BM_TRY(const auto given, challenge(client, "/v1/attest/challenge", purpose));
  BM_TRY(auto body, evidence(purpose, given, key));
  body["purpose"] = lifecycle::name(purpose);
  return post(client, "/v1/attest", body);
}

Result<boost::json::value> FieldClient::attest() {
  BM_CHECK(begin());
  BM_TRY(const auto client, connect(As::operational));
  return attest(*client, Purpose::routine, DeviceKey::operational);
}

// --- enrollment and renewal -------------------------------------------------------------------------------------

Result<Bytes> FieldClient::request_certificate(http::Client& client, As as) {
  BM_CHECK(client.connect());
  const std::string binding = client.channel_binding();
  CsrParts parts{.subject = {}, .subject_alt_name = {}, .channel_binding = binding};
  std::optional<x509::Certificate> present;
  if (as == As::operational) {  // RFC 7030 §4.2.2: subject and subjectAltName as in the present certificate
    BM_TRY(present, x509::Certificate::read(ports_.state.operational()->certificate));
    parts.subject = present->subject();
    if (const auto* const names = present->extension(oids::subject_alt_name)) {
      parts.subject_alt_name = names->value;
    }
  }
  BM_TRY(const auto csr, make_csr(ports_.root, DeviceKey::pending, parts));
  const auto* const path = as == As::birth ? "/.well-known/est/simpleenroll" : "/.well-known/est/simplereenroll";
  return post_est(client, path, csr);
}

Result<x509::Certificate> FieldClient::certify(As as) {
  BM_CHECK(ensure_pending_key(ports_.root));
  BM_TRY(const auto client, connect(as));
  const auto purpose = as == As::birth ? Purpose::enroll : Purpose::renew;
  BM_CHECK(attest(*client, purpose, DeviceKey::pending));
  auto answer = request_certificate(*client, as);
  if (!answer && answer.error().code == Code::binding) {
    // The connection was made anew between the two: the request was bound to the one before.
    answer = request_certificate(*client, as);
  }
  if (!answer) {
    return fail(std::move(answer).error());
  }
  BM_TRY(const auto key, ports_.root.public_key(DeviceKey::pending));
  BM_TRY(auto certificate, certificate_for(*answer, key.spki()));
  BM_TRY(auto chain, chain_above(*client, certificate));
  close();
  return adopt(ports_.root, ports_.state, {std::move(certificate), std::move(chain)}, clock_.now());
}

Result<x509::Certificate> FieldClient::enroll() {
  BM_CHECK(begin());
  if (const auto& present = ports_.state.operational()) {
    return x509::Certificate::read(present->certificate);
  }
  return certify(As::birth);
}

Result<x509::Certificate> FieldClient::renew() {
  BM_CHECK(begin());
  if (const auto& present = ports_.state.operational()) {
    BM_TRY(const auto certificate, x509::Certificate::read(present->certificate));
    if (clock_.now() <= certificate.not_after()) {
      return certify(As::operational);
    }
  }
  // Overdue (AC-41): the hardware speaks where the certificate no longer can.
  BM_TRY(auto outcome, revalidate());
  return outcome.certificate ? Result<x509::Certificate>{std::move(*outcome.certificate)}
                             : fail(Code::held, "waits for " + outcome.waits_for);
}

// --- revalidation -----------------------------------------------------------------------------------------------

Result<Revalidated> FieldClient::revalidate() {
  BM_CHECK(begin());
  BM_CHECK(ensure_pending_key(ports_.root));
  BM_TRY(const auto client, connect(As::nobody));
  BM_TRY(const auto given, challenge(*client, "/v1/revalidate/challenge", Purpose::revalidate));
  BM_TRY(auto body, evidence(Purpose::revalidate, given, DeviceKey::pending));
  BM_TRY(const auto key, ports_.root.public_key(DeviceKey::pending));
  BM_TRY(const auto device, own_device_id(ports_.root));
  body["device"] = to_hex(device.get());
  body["request_id"] = request_id_for(key);
  if (auto* const tpm = ports_.root.as_tpm()) {
    BM_TRY(const auto endorsement, tpm->endorsement());
    body["ek_public"] = base64::encode(endorsement.public_area);
    BM_TRY(const auto offered, post(*client, "/v1/revalidate", body));
    BM_TRY(const auto answer, activate(*client, *tpm, offered));
    return finish_revalidation(answer);
  }
  BM_TRY(const auto answer, post(*client, "/v1/revalidate", body));
  return finish_revalidation(answer);
}

Result<boost::json::value> FieldClient::activate(http::Client& client, TpmRoot& tpm,
                                                 const boost::json::value& offered) {
  BM_TRY(auto outer, json::Object::of(offered));
  BM_TRY(auto in, outer.object("activation"));
  BM_TRY(const auto session, in.hex("session", 32));
  BM_TRY(const auto id_object, in.base64("id_object", kBlobMax));
  BM_TRY(const auto encrypted_secret, in.base64("encrypted_secret", kBlobMax));
  BM_TRY(const auto secret, tpm.activate(id_object, encrypted_secret));
  return post(client, "/v1/revalidate/activate",
              boost::json::object{{"session", to_hex(session)}, {"secret", base64::encode(secret.reveal())}});
}

Result<Revalidated> FieldClient::finish_revalidation(const boost::json::value& answer) {
  BM_TRY(auto result, json::Object::of(answer));
  BM_TRY(const auto state, result.optional_text("state"));
  if (state) {
    BM_TRY(const auto waits_for, result.text("waits_for"));
    return Revalidated{std::nullopt, std::string{*state}, std::string{waits_for}};
  }
  BM_TRY(auto issued, read_issued(result));
  close();
  BM_TRY(auto certificate, adopt(ports_.root, ports_.state, std::move(issued), clock_.now()));
  return Revalidated{std::move(certificate), {}, {}};
}

// --- use and end ------------------------------------------------------------------------------------------------

Result<http::Client*> FieldClient::operational() {
  if (!operational_) {
    BM_CHECK(begin());
    BM_TRY(operational_, connect(As::operational));
  }
  return operational_.get();
}

Result<LogProof> FieldClient::log_proof(DeviceKey of) {
  BM_CHECK(begin());
  const bool birth = of == DeviceKey::idevid;
  if (!birth && !ports_.state.operational()) {
    return fail(Code::not_found, "no LDevID", "device.ldevid");
  }
  const auto certificate = birth ? ports_.state.birth()->idevid : ports_.state.operational()->certificate;
  if (const auto* const kept = ports_.state.log_proof(certificate)) {
    return *kept;
  }
  std::unique_ptr<http::Client> by_birth;
  if (birth) {
    BM_TRY(by_birth, connect(As::birth));
  }
  BM_TRY(auto* const client, birth ? Result<http::Client*>{by_birth.get()} : operational());
  const auto answer = get(*client, "/v1/proof");
  if (!answer) {
    if (!birth && info(answer.error().code).errc == Errc::unavailable) {
      close();
    }
    return fail(answer.error());
  }
  BM_TRY(auto in, json::Object::of(*answer));
  LogProof out{crypto::sha256(certificate), {}, {}};
  BM_TRY(out.entry, in.base64("entry", kLogEntryMaxBytes));
  BM_TRY(const auto text, in.text("proof"));
  if (out.entry.empty() || text.empty() || text.size() > kLogProofMaxBytes) {
    return fail(Code::bad_json, "proof: a size that no proof has");
  }
  if (std::ranges::search(out.entry, out.certificate.get()).empty()) {
    return fail(Code::bad_evidence, "the entry does not name this certificate");
  }
  out.text = std::string{text};
  BM_CHECK(ports_.state.keep(out));
  return out;
}

Result<TelemetryAccepted> FieldClient::telemetry(std::string_view message) {
  BM_TRY(const auto body, json::read(message));
  BM_TRY(auto* const client, operational());
  auto answer = post(*client, "/v1/telemetry", body);
  if (!answer && info(answer.error().code).errc == Errc::unavailable) {
    close();
  }
  if (!answer) {
    return fail(std::move(answer).error());
  }
  BM_TRY(auto in, json::Object::of(*answer));
  BM_TRY(const auto max_age, in.optional_integer("max_age_ms"));
  return TelemetryAccepted{std::chrono::milliseconds{max_age.value_or(0)}};
}

Result<FieldClient::Challenge> FieldClient::permission_to_retire(http::Client& client, const DeviceId& device) {
  BM_TRY(const auto given, challenge(client, "/v1/retire/challenge", Purpose::retire));
  BM_TRY(const auto proof, prove_itself(ports_.root, Purpose::retire, given.nonce, given.session, device));
  BM_TRY(const auto answer, post(client, "/v1/retire/permit", retirement_body(given.session, device, proof)));
  return read_challenge(answer, Purpose::retire);
}

Result<RetirementReceipt> FieldClient::retire() {
  if (const auto& receipt = ports_.state.retirement()) {
    return *receipt;
  }
  BM_CHECK(begin());
  BM_TRY(const auto device, own_device_id(ports_.root));
  BM_TRY(const auto client, connect(As::nobody));
  BM_TRY(const auto given, permission_to_retire(*client, device));
  close();
  BM_TRY(const auto proof, destroy(ports_.root, ports_.state, given.nonce, given.session, device));
  BM_TRY(const auto answer, post(*client, "/v1/retire", retirement_body(given.session, device, proof)));
  BM_TRY(auto in, json::Object::of(answer));
  RetirementReceipt receipt;
  BM_TRY(receipt.statement, in.base64("statement", kBlobMax));
  BM_TRY(receipt.signature, in.base64("signature", kBlobMax));
  BM_CHECK(check_signed(*ports_.state.birth(), receipt.statement, receipt.signature));
  BM_CHECK(ports_.state.store_retirement(receipt));
  return receipt;
}

}  // namespace birthmark::agent
