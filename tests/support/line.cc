// SPDX-License-Identifier: Apache-2.0
#include "support/line.h"

#include <array>
#include <utility>

#include "adapters/clock/system_clock.h"
#include "adapters/entropy/system_entropy.h"
#include "attest/lock_check.h"
#include "codec/base64.h"
#include "codec/cms.h"
#include "codec/der.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "codec/x509.h"
#include "crypto/hash.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;

constexpr std::size_t kBodyMax = std::size_t{256} * 1024;

Instant now() {
  SystemClock clock;
  return clock.now();
}

Octets<16> new_request_id() {
  SystemEntropy entropy;
  Octets<16> out{};
  entropy.fill(out);
  return out;
}

Bytes decoded(std::string_view text) {
  return must(base64::decode(text, kBodyMax));
}

/// A request for extensions with one subjectAltName in it (RFC 2985 §5.4.2).
Bytes alt_name_request(BytesView alt_name) {
  der::Writer out;
  out.open(der::tag::sequence).open(der::tag::sequence).oid(oids::subject_alt_name);
  out.octet_string(alt_name).close().close();
  return std::move(out).finish();
}

}  // namespace

PaperDevice::PaperDevice(const Server& server) : PaperDevice{server.vendor()} {}

PaperDevice::PaperDevice(const fleet::SiliconVendor& vendor)
    : tpm{vendor, now()},
      id{lifecycle::device_id(lifecycle::RootKind::tpm, tpm.ek.spki())},
      provision_request{new_request_id()} {}

boost::json::object statement_body(const attest::TpmStatement& statement) {
  return {{"attest", base64::encode(statement.attest)}, {"signature", base64::encode(statement.signature)}};
}

boost::json::object provision_body(const PaperDevice& device, const std::string& batch,
                                   const WireChallenge& challenge) {
  const auto& tpm = device.tpm;
  const auto freshness = lifecycle::freshness_value(Purpose::provision, challenge.nonce, challenge.session,
                                                    std::nullopt, tpm.idevid.spki_hash());
  const Bytes nobody{0x30, 0x00};
  const auto attested = tpm.attest(tpm.idevid, freshness);
  boost::json::object body{{"batch", batch},
                           {"session", to_hex(challenge.session.get())},
                           {"request_id", to_hex(device.provision_request)},
                           {"ek_certificate", base64::encode(tpm.ek_certificate())},
                           {"ek_public", base64::encode(tpm.ek.public_area())},
                           {"ak_public", base64::encode(tpm.iak.public_area())},
                           {"idevid_public", base64::encode(tpm.idevid.public_area())},
                           {"statement", statement_body(attested.statement)},
                           {"csr", base64::encode(device_csr(tpm.idevid.key, nobody, {}, {}))}};
  if (!attested.creation_data.empty()) {
    body["creation_data"] = base64::encode(attested.creation_data);
  }
  return body;
}

boost::json::object seal_body(const PaperDevice& device, const std::string& batch, const WireChallenge& challenge,
                              const crypto::PrivateKey& station) {
  const attest::LockCheck record{.device = device.id,
                                 .nonce = challenge.nonce,
                                 .transcript = crypto::sha256(as_bytes("IDCODE?\n(no answer)\n")),
                                 .debug_locked = true,
                                 .secure_boot = true,
                                 .lockdown_sealed = true};
  const auto freshness = lifecycle::freshness_value(Purpose::seal, challenge.nonce, challenge.session, device.id,
                                                    device.tpm.iak.spki_hash());
  return {{"batch", batch},
          {"session", to_hex(challenge.session.get())},
          {"record", boost::json::object{{"device", to_hex(record.device.get())},
                                         {"nonce", to_hex(record.nonce.get())},
                                         {"transcript", to_hex(record.transcript.get())},
                                         {"debug_locked", record.debug_locked},
                                         {"secure_boot", record.secure_boot},
                                         {"lockdown_sealed", record.lockdown_sealed}}},
          {"record_signature", base64::encode(must(station.sign(attest::lock_check_message(record))))},
          {"quote", statement_body(device.tpm.quote(freshness))}};
}

boost::json::object evidence_body(const PaperDevice& device, Purpose purpose, const WireChallenge& challenge) {
  const auto freshness =
      lifecycle::freshness_value(purpose, challenge.nonce, challenge.session, device.id, device.ldevid.spki_hash());
  return {{"session", to_hex(challenge.session.get())},
          {"key_public", base64::encode(device.ldevid.public_area())},
          {"parent_public", base64::encode(device.tpm.storage.public_area())},
          {"statement", statement_body(device.tpm.certify_child(device.ldevid, freshness))},
          {"firmware", device.firmware}};
}

bool asks_activation(const Answer& answer) {
  return answer.ok() && answer.json().contains("activation");
}

boost::json::object activation_body(const PaperDevice& device, const Answer& answer) {
  const auto body = answer.json();
  const auto& asked = body.at("activation").as_object();
  const auto blob = [&](const char* member) { return decoded(std::string_view{asked.at(member).as_string()}); };
  const auto secret = must(device.tpm.activate(blob("id_object"), blob("encrypted_secret")));
  return {{"session", asked.at("session")}, {"secret", base64::encode(secret)}};
}

Bytes device_csr(const crypto::PrivateKey& key, BytesView subject, BytesView alt_name, const std::string& binding) {
  std::vector<pkcs10::Attribute> attributes;
  Bytes password, extensions;
  if (!binding.empty()) {
    password = must(pkcs10::challenge_password_value(binding));
    attributes.push_back({oids::challenge_password, password});
  }
  if (!alt_name.empty()) {
    extensions = alt_name_request(alt_name);
    attributes.push_back({oids::extension_request, extensions});
  }
  return must(pkcs10::write_request(subject, key.public_key().spki(), attributes,
                                    x509::SignatureAlgorithm::ecdsa_sha256,
                                    [&key](BytesView bytes) { return key.sign(bytes); }));
}

std::vector<Bytes> issued_chain(const Answer& answer) {
  const auto body = answer.json();
  std::vector<Bytes> out{decoded(std::string_view{body.at("certificate").as_string()})};
  for (const auto& der : body.at("chain").as_array()) {
    out.push_back(decoded(std::string_view{der.as_string()}));
  }
  return out;
}

daemon::Identity identity_of(const crypto::PrivateKey& key, std::vector<Bytes> chain) {
  return {must(crypto::PrivateKey::from_pem(must(key.to_pem()))), std::move(chain)};
}

Line::Stations Line::enroll(Operator& people, const std::string& name, const std::string& batch) {
  return {batch, people.enroll_station(name + "-provision", "provision", batch),
          people.enroll_station(name + "-lock-check", "lock-check", batch)};
}

Line::Line(const Server& server, const Stations& stations)
    : server_{server},
      stations_{stations},
      provision_{server, Listener::device, &stations.provision},
      lock_check_{server, Listener::device, &stations.lock_check},
      anonymous_{server, Listener::device, nullptr} {}

std::optional<WireChallenge> Line::challenge(const Answer& answer) {
  if (!answer.ok()) {
    return std::nullopt;
  }
  const auto session = octets<32>(from_hex(answer.text("session")).value_or(Bytes{}));
  const auto nonce = octets<32>(from_hex(answer.text("nonce")).value_or(Bytes{}));
  return WireChallenge{SessionId{session.value()}, Nonce{nonce.value()}};
}

Answer Line::provision(PaperDevice& device) {
  const auto begun = provision_.post("/v1/provision/challenge", {{"batch", batch()}});
  const auto challenge = Line::challenge(begun);
  if (!challenge) {
    return begun;
  }
  auto answer = provision_.post("/v1/provision/evidence", provision_body(device, batch(), *challenge));
  if (asks_activation(answer)) {
    auto opened = activation_body(device, answer);
    opened["batch"] = batch();
    answer = provision_.post("/v1/provision/activate", opened);
  }
  if (answer.ok()) {
    device.idevid_identity = identity_of(device.tpm.idevid.key, issued_chain(answer));
  }
  return answer;
}

Answer Line::seal(PaperDevice& device) {
  const auto begun = lock_check_.post("/v1/seal/challenge", {{"batch", batch()}});
  const auto challenge = Line::challenge(begun);
  return challenge ? lock_check_.post("/v1/seal", seal_body(device, batch(), *challenge, stations_.lock_check.key))
                   : begun;
}

Answer Line::attest(PaperDevice& device, Purpose purpose) {
  const auto& by = purpose == Purpose::enroll ? device.idevid_identity : device.ldevid_identity;
  Caller caller{server_, Listener::device, by ? &*by : nullptr};
  const std::string name{lifecycle::name(purpose)};
  const auto begun = caller.post("/v1/attest/challenge", {{"purpose", name}});
  const auto challenge = Line::challenge(begun);
  if (!challenge) {
    return begun;
  }
  auto body = evidence_body(device, purpose, *challenge);
  body["purpose"] = name;
  return caller.post("/v1/attest", body);
}

Answer Line::est(PaperDevice& device, const daemon::Identity& by, const std::string& operation, const PaperKey& key) {
  Caller caller{server_, Listener::device, &by};
  std::string binding;
  try {
    binding = caller.channel_binding();
  } catch (const std::runtime_error& error) {
    Answer nothing;
    nothing.body = error.what();
    return nothing;
  }
  const auto presented = must(x509::Certificate::read(by.chain.front()));
  const auto* const alt_name = presented.extension(oids::subject_alt_name);
  const auto csr =
      device_csr(key.key, presented.subject(), alt_name != nullptr ? alt_name->value : BytesView{}, binding);
  auto answer = caller.send(http::Method::post, "/.well-known/est/" + operation,
                            {{"Content-Type", "application/pkcs10"}, {"Content-Transfer-Encoding", "base64"}},
                            as_bytes(base64::encode(csr)));
  if (answer.ok()) {
    const auto bundle = must(base64::decode_lax_whitespace(answer.body, kBodyMax));
    const auto certificates = must(cms::read_certs_only(bundle));
    device.ldevid_identity = identity_of(key.key, {to_bytes(certificates.at(0).der())});
  }
  return answer;
}

Answer Line::simpleenroll(PaperDevice& device) {
  return est(device, *device.idevid_identity, "simpleenroll", device.ldevid);
}

Answer Line::enroll(PaperDevice& device) {
  const auto appraised = attest(device, Purpose::enroll);
  return appraised.ok() ? simpleenroll(device) : appraised;
}

Answer Line::renew(PaperDevice& device) {
  const auto by = identity_of(device.ldevid.key, device.ldevid_identity->chain);
  auto old = std::exchange(device.ldevid, PaperKey{tpm::Template::idevid_birthmark});
  auto answer = attest(device, Purpose::renew);
  if (answer.ok()) {
    answer = est(device, by, "simplereenroll", device.ldevid);
  }
  if (!answer.ok()) {
    device.ldevid = std::move(old);
  }
  return answer;
}

Answer Line::telemetry(PaperDevice& device) {
  Caller caller{server_, Listener::device, device.ldevid_identity ? &*device.ldevid_identity : nullptr};
  return caller.post("/v1/telemetry", {{"temperature", 21}});
}

Answer Line::revalidate(PaperDevice& device) {
  const auto begun = anonymous_.post("/v1/revalidate/challenge", {});
  const auto challenge = Line::challenge(begun);
  if (!challenge) {
    return begun;
  }
  auto body = evidence_body(device, Purpose::revalidate, *challenge);
  body["device"] = to_hex(device.id.get());
  body["request_id"] = to_hex(new_request_id());
  body["ek_public"] = base64::encode(device.tpm.ek.public_area());
  auto answer = anonymous_.post("/v1/revalidate", body);
  if (!answer.ok()) {
    return answer;
  }
  answer = anonymous_.post("/v1/revalidate/activate", activation_body(device, answer));
  if (answer.ok() && answer.json().contains("certificate")) {
    device.ldevid_identity = identity_of(device.ldevid.key, issued_chain(answer));
  }
  return answer;
}

Answer Line::retire(PaperDevice& device) {
  const auto begun = anonymous_.post("/v1/retire/challenge", {});
  const auto challenge = Line::challenge(begun);
  if (!challenge) {
    return begun;
  }
  const auto freshness = lifecycle::freshness_value(Purpose::retire, challenge->nonce, challenge->session, device.id,
                                                    device.tpm.iak.spki_hash());
  return anonymous_.post("/v1/retire", {{"session", to_hex(challenge->session.get())},
                                        {"device", to_hex(device.id.get())},
                                        {"quote", statement_body(device.tpm.quote(freshness))}});
}

}  // namespace birthmark::test
