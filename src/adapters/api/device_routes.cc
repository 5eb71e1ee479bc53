// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "adapters/api/est.h"
#include "adapters/api/problem.h"
#include "adapters/api/router.h"
#include "adapters/api/wire.h"
#include "app/registration.h"
#include "app/subjects.h"
#include "base/secret.h"
#include "codec/base64.h"
#include "lifecycle/statements.h"

// The device listener: stations at the line, devices in the field, and who asks about them.
namespace birthmark::api {
namespace {

using lifecycle::Purpose;

constexpr std::size_t kSecretMax = 64;

struct BatchBody {
  std::string batch;
};
Result<BatchBody> batch_body(json::Object& in) {
  BM_TRY(const auto batch, in.text("batch"));
  return BatchBody{std::string{batch}};
}

const Digest& station_of(const Call& call) {
  return call.caller->key.spki_sha256();
}

std::optional<DeviceId> device_of(const app::Issued& issued) {
  const auto certificate = x509::Certificate::read(issued.certificate);
  return certificate ? app::device_in(*certificate) : std::nullopt;
}

Result<http::Response> provision_challenge(Call& call) {
  BM_TRY(const auto in, wire::body<BatchBody>(call.request, batch_body));
  BM_TRY(const auto challenge, call.services.provisioning.begin(station_of(call), in.batch));
  return ok(wire::challenge(challenge));
}

Result<http::Response> provision_evidence(Call& call) {
  struct Body {
    std::string batch;
    wire::LineEvidence evidence;
  };
  BM_TRY(const auto in, wire::body<Body>(call.request, [](json::Object& object) -> Result<Body> {
           BM_TRY(const auto batch, object.text("batch"));
           BM_TRY(auto evidence, wire::line_evidence(object));
           return Body{std::string{batch}, std::move(evidence)};
         }));
  auto& line = call.services.provisioning;
  const auto* const request = std::get_if<app::RequestEvidence>(&in.evidence);
  BM_TRY(const auto answer,
         request != nullptr ? line.evidence_in_request(station_of(call), in.batch, *request)
                            : line.evidence(station_of(call), in.batch, std::get<app::ProvisionEvidence>(in.evidence)));
  if (const auto* const issued = std::get_if<app::Issued>(&answer)) {
    call.about = device_of(*issued);
    BM_TRY(auto body, wire::issued(call.services, *issued));
    return ok(body);
  }
  return ok({{"activation", wire::activation(std::get<app::ActivationChallenge>(answer))}});
}

struct ActivationBody {
  std::string batch;
  SessionId session;
  Secret secret;
};

Result<http::Response> provision_activate(Call& call) {
  BM_TRY(const auto in, wire::body<ActivationBody>(call.request, [](json::Object& object) -> Result<ActivationBody> {
           ActivationBody out;
           BM_TRY(const auto batch, object.text("batch"));
           out.batch = batch;
           BM_TRY(out.session, wire::session(object));
           BM_TRY(auto secret, object.base64("secret", kSecretMax));
           out.secret = Secret{std::move(secret)};
           return out;
         }));
  BM_TRY(const auto issued,
         call.services.provisioning.activate(station_of(call), in.batch, in.session, in.secret.reveal()));
  call.about = device_of(issued);
  BM_TRY(auto body, wire::issued(call.services, issued));
  return ok(body, 201);
}

Result<http::Response> seal_challenge(Call& call) {
  BM_TRY(const auto in, wire::body<BatchBody>(call.request, batch_body));
  BM_TRY(const auto challenge, call.services.sealing.begin(station_of(call), in.batch));
  return ok(wire::challenge(challenge));
}

Result<http::Response> seal(Call& call) {
  struct Body {
    std::string batch;
    app::SealEvidence evidence;
  };
  BM_TRY(const auto in, wire::body<Body>(call.request, [](json::Object& object) -> Result<Body> {
           BM_TRY(const auto batch, object.text("batch"));
           BM_TRY(auto evidence, wire::seal_evidence(object));
           return Body{std::string{batch}, std::move(evidence)};
         }));
  call.about = in.evidence.record.device;
  BM_TRY(const auto device, call.services.sealing.seal(call.caller->key, in.batch, in.evidence));
  return ok(wire::device_summary(device));
}

Result<Purpose> attest_purpose(std::string_view text) {
  const auto purpose = lifecycle::purpose_named(text);
  if (!purpose || (*purpose != Purpose::enroll && *purpose != Purpose::renew && *purpose != Purpose::routine)) {
    return fail(Code::bad_request, "purpose is enroll, renew or routine");
  }
  return *purpose;
}

lifecycle::CredentialKind credential_for(Purpose purpose) {
  return purpose == Purpose::enroll ? lifecycle::CredentialKind::idevid : lifecycle::CredentialKind::ldevid;
}

Result<http::Response> attest_challenge(Call& call) {
  BM_TRY(const auto purpose, wire::body<Purpose>(call.request, [](json::Object& object) -> Result<Purpose> {
           BM_TRY(const auto text, object.text("purpose"));
           return attest_purpose(text);
         }));
  BM_TRY(const auto who, est::caller(call, credential_for(purpose)));
  BM_TRY(const auto challenge, call.services.attestation.begin(purpose, call.source, who.device));
  return ok(wire::challenge(challenge));
}

Result<http::Response> attest(Call& call) {
  struct Body {
    Purpose purpose;
    app::DeviceEvidence evidence;
  };
  BM_TRY(const auto in, wire::body<Body>(call.request, [](json::Object& object) -> Result<Body> {
           BM_TRY(const auto text, object.text("purpose"));
           BM_TRY(const auto purpose, attest_purpose(text));
           BM_TRY(auto evidence, wire::device_evidence(object));
           return Body{purpose, std::move(evidence)};
         }));
  BM_TRY(const auto who, est::caller(call, credential_for(in.purpose)));
  BM_TRY(const auto appraisal, call.services.attestation.attest(in.purpose, call.source, who.device.row, in.evidence));
  return ok({{"device", to_hex(who.device.id.get())},
             {"spki_sha256", to_hex(appraisal.spki.get())},
             {"appraised_at", to_rfc3339(appraisal.at)},
             {"expires_in", std::chrono::seconds{app::Attestation::kAppraisalLifetime}.count()}});
}

Result<http::Response> revalidate_challenge(Call& call) {
  BM_TRY(const auto challenge, call.services.revalidation.begin(call.source));
  return ok(wire::challenge(challenge));
}

Result<http::Response> revalidated(Call& call, const app::RevalidationAnswer& answer) {
  if (const auto* const issued = std::get_if<app::Issued>(&answer)) {
    call.about = device_of(*issued);
    BM_TRY(auto body, wire::issued(call.services, *issued));
    return ok(body, 201);
  }
  const auto& held = std::get<app::StillHeld>(answer);
  return ok({{"state", lifecycle::short_name(held.state)}, {"appraised", true}, {"waits_for", held.waits_for}});
}

Result<http::Response> revalidate(Call& call) {
  BM_TRY(const auto in, wire::body<app::RevalidationEvidence>(call.request, wire::revalidation_evidence));
  call.about = in.device;
  BM_TRY(const auto step, call.services.revalidation.evidence(call.source, in));
  if (const auto* const challenge = std::get_if<app::ActivationChallenge>(&step)) {
    return ok({{"activation", wire::activation(*challenge)}});
  }
  return revalidated(call, std::get<app::RevalidationAnswer>(step));
}

struct SecretBody {
  SessionId session;
  Secret secret;
};
Result<SecretBody> secret_body(json::Object& object) {
  SecretBody out;
  BM_TRY(out.session, wire::session(object));
  BM_TRY(auto secret, object.base64("secret", kSecretMax));
  out.secret = Secret{std::move(secret)};
  return out;
}

Result<http::Response> revalidate_activate(Call& call) {
  BM_TRY(const auto in, wire::body<SecretBody>(call.request, secret_body));
  BM_TRY(const auto answer, call.services.revalidation.activate(call.source, in.session, in.secret.reveal()));
  return revalidated(call, answer);
}

Result<http::Response> retire_challenge(Call& call) {
  BM_TRY(const auto challenge, call.services.retirement.begin(call.source));
  return ok(wire::challenge(challenge));
}

struct RetireBody {
  SessionId session;
  DeviceId device;
  app::SelfEvidence evidence;
};

Result<RetireBody> retire_body(json::Object& object) {
  RetireBody out;
  BM_TRY(out.session, wire::session(object));
  BM_TRY(out.device, wire::device(object));
  BM_TRY(out.evidence, wire::self_evidence(object));
  return out;
}

Result<http::Response> retire_permit(Call& call) {
  BM_TRY(const auto in, wire::body<RetireBody>(call.request, retire_body));
  call.about = in.device;
  BM_TRY(const auto permit, call.services.retirement.permit(call.source, in.session, in.device, in.evidence));
  auto body = wire::challenge(permit.challenge);
  body["permit"] = base64::encode(permit.signature);
  return ok(body);
}

Result<http::Response> retire(Call& call) {
  BM_TRY(const auto in, wire::body<RetireBody>(call.request, retire_body));
  call.about = in.device;
  BM_TRY(const auto receipt, call.services.retirement.finish(call.source, in.session, in.device, in.evidence));
  return ok({{"statement", base64::encode(receipt.statement)}, {"signature", base64::encode(receipt.signature)}});
}

Result<http::Response> telemetry(Call& call) {
  const auto device = call.caller->presented.device;
  const auto resource = "device/" + (device ? to_hex(device->get()) : std::string{}) + "/telemetry";
  BM_CHECK(json::read(BytesView{call.request.body}));  // first: what cannot be read is no use
  BM_TRY(const auto answer, call.services.access.use(*call.caller, policy::Action::telemetry_publish, resource));
  return ok({{"accepted", true}, {"max_age_ms", answer.decision.max_age.count()}}, 202);
}

/// What travels with the certificate that the caller shows: its entry in the log, and the proof that it is there. EST
/// answers with certificates alone.
Result<http::Response> proof(Call& call) {
  const auto& who = *call.caller;
  BM_TRY(const auto record, call.services.store.read_for<app::CertificateRecord>([&](app::Tx& tx) {
    return app::on_the_books(tx, who.ca, who.index, who.certificate);
  }));
  BM_TRY(const auto span, call.services.store.log_span());
  BM_TRY(const auto entries, wire::log_entries(call.services, record.log_index, span.size, 1));
  BM_TRY(auto text, call.services.log.proof(record.log_index));
  return entries.empty() ? Result<http::Response>{fail(Code::not_found, "the entry is not to be had")}
                         : ok({{"entry", base64::encode(entries.front())}, {"proof", std::move(text)}});
}

/// A denial that was asked for: counted under who asked, and nothing waits for it (design rule 9).
void count_denial(Call& call, Code code) {
  call.services.refusals.count({.code = code,
                                .source = call.request.peer->source,
                                .caller = crypto::sha256(call.request.peer->certificate),
                                .path = call.request.path,
                                .detail = {}});
}

/// For gates and services: may the holder of this certificate do this now?
Result<http::Response> authorize(Call& call) {
  struct Body {
    Bytes certificate;
    policy::Action action;
    std::string resource;
  };
  BM_TRY(const auto in, wire::body<Body>(call.request, [](json::Object& object) -> Result<Body> {
           BM_TRY(auto certificate, object.base64("certificate", 16 * 1024));
           BM_TRY(const auto name, object.text("action"));
           BM_TRY(const auto resource, object.text("resource"));
           const auto action = policy::action_named(name);
           return action ? Result<Body>{Body{std::move(certificate), *action, std::string{resource}}}
                         : fail(Code::bad_request, "unknown action");
         }));
  boost::json::object out{{"decision", "deny"}, {"max_age_ms", 0}};
  const auto presented = call.services.access.present(in.certificate);
  if (!presented) {
    out["reason"] = info(presented.error().code).name;
    count_denial(call, presented.error().code);
    out["rule"] = "path";
    return ok(out);
  }
  const auto answer = call.services.access.decide(*presented, in.action, in.resource);
  out["rule"] = policy::name(answer.decision.rule);
  if (answer.decision.verdict == policy::Verdict::allow) {
    out["decision"] = "allow";
  } else {
    const auto code = answer.decision.code.value_or(Code::policy);
    out["reason"] = info(code).name;
    count_denial(call, code);
  }
  out["max_age_ms"] = answer.decision.max_age.count();
  return ok(out);
}

/// A signed answer for devices without a clock (AC-41): the nonce makes it fresh.
Result<http::Response> time(Call& call) {
  const auto text = query_value(call.request.query, "nonce");
  const auto nonce = text ? from_hex(*text) : std::nullopt;
  if (!nonce || nonce->size() < 16 || nonce->size() > 32) {
    return fail(Code::bad_request, "nonce: 16 to 32 bytes in hex");
  }
  const auto now = call.services.clock.now();
  BM_TRY(const auto signature,
         app::sign_statement(call.services.signer, call.services.statement_key, call.services.store.epoch(),
                             lifecycle::time_statement(*nonce, now)));
  return ok({{"time", to_rfc3339(now)},
             {"ms", to_ms(now)},
             {"nonce", to_hex(*nonce)},
             {"signature", base64::encode(signature)}});
}

/// For stations: whom the devices of the line may believe, as the `install` frame carries it (AC-42).
Result<http::Response> anchors(Call& call) {
  BM_TRY(const auto service, call.services.hierarchy.service_chain());
  BM_TRY(const auto statements, call.services.signer.public_key(call.services.statement_key));
  boost::json::array operational;
  const auto directory = call.services.cas.get();
  for (const auto& ca : directory->all()) {
    if (ca.record.profile == pki::ProfileId::operational_root && ca.record.state == app::CaState::active) {
      operational.emplace_back(base64::encode(ca.record.certificate));
    }
  }
  return ok({{"service_root", base64::encode(service.back())},
             {"operational_roots", std::move(operational)},
             {"statement_key", base64::encode(statements.spki())}});
}

using enum http::Method;
constexpr std::string_view kJson = "application/json";

constexpr std::array kRoutes{
    Route{post, "/v1/provision/challenge", Caller::station, Form::json, kJson, provision_challenge},
    Route{post, "/v1/provision/evidence", Caller::station, Form::json, kJson, provision_evidence},
    Route{post, "/v1/provision/activate", Caller::station, Form::json, kJson, provision_activate},
    Route{post, "/v1/seal/challenge", Caller::station, Form::json, kJson, seal_challenge},
    Route{post, "/v1/seal", Caller::station, Form::json, kJson, seal},
    Route{get, "/v1/anchors", Caller::station, Form::json, {}, anchors},
    Route{post, "/v1/attest/challenge", Caller::device, Form::json, kJson, attest_challenge},
    Route{post, "/v1/attest", Caller::device, Form::json, kJson, attest},
    Route{post, "/v1/revalidate/challenge", Caller::anybody, Form::json, kJson, revalidate_challenge},
    Route{post, "/v1/revalidate", Caller::anybody, Form::json, kJson, revalidate},
    Route{post, "/v1/revalidate/activate", Caller::anybody, Form::json, kJson, revalidate_activate},
    Route{post, "/v1/retire/challenge", Caller::anybody, Form::json, kJson, retire_challenge},
    Route{post, "/v1/retire/permit", Caller::anybody, Form::json, kJson, retire_permit},
    Route{post, "/v1/retire", Caller::anybody, Form::json, kJson, retire},
    Route{.method = post,
          .pattern = "/v1/telemetry",
          .caller = Caller::device,
          .form = Form::json,
          .content_type = kJson,
          .handle = telemetry,
          .read_path = true},
    Route{get, "/v1/proof", Caller::device, Form::json, {}, proof},
    Route{post, "/v1/authorize", Caller::service, Form::json, kJson, authorize},
    Route{get, "/v1/time", Caller::anybody, Form::json, {}, time},
    Route{get, "/.well-known/est/cacerts", Caller::anybody, Form::est, {}, est::cacerts, Channel::any},
    Route{get, "/.well-known/est/csrattrs", Caller::anybody, Form::est, {}, est::csrattrs, Channel::any},
    Route{post, "/.well-known/est/simpleenroll", Caller::device, Form::est, "application/pkcs10", est::simpleenroll,
          Channel::any},
    Route{post, "/.well-known/est/simplereenroll", Caller::device, Form::est, "application/pkcs10", est::simplereenroll,
          Channel::any},
};

}  // namespace

std::span<const Route> device_routes() {
  return kRoutes;
}

}  // namespace birthmark::api
