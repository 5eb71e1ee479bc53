// SPDX-License-Identifier: Apache-2.0
#include "cli/station_run.h"

#include <thread>

#include "agent/link/client.h"
#include "cli/operator_call.h"
#include "cli/pending_request.h"
#include "codec/base64.h"

namespace birthmark::cli {
namespace {

/// Where devices of this line enroll later.
struct Field {
  std::string host;
  std::uint16_t device_port = 0;
  std::uint16_t public_port = 0;
};

/// One unit on its way to an IDevID.
class Provisioning {
 public:
  Provisioning(ApiClient& server, link::LinkClient& device, const StationRun& order, TaskReport& report)
      : server_{server}, device_{device}, order_{order}, report_{report} {}

  Result<boost::json::object> run(Files& files, const wire::Anchors& anchors, const Field& field) {
    BM_TRY(const auto hello, device_.hello());
    report_.step("hello");
    BM_TRY(keys_, device_.keys());
    BM_TRY(const auto device, wire::device_of(hello, keys_));
    report_.step("keys");
    BM_TRY(auto request, PendingRequest::of(files, pending_directory(order_.files, order_.batch), keys_.idevid_public));
    const auto issued = certify(request.id());
    if (!issued) {
      if (!passes(issued.error())) {
        BM_CHECK(request.forget());
      }
      return fail(issued.error());
    }
    BM_CHECK(device_.install(install_request(*issued, anchors, field)));
    report_.step("install");
    BM_CHECK(request.forget());
    return boost::json::object{
        {"device", to_hex(device.get())},
        {"serial", issued->serial},
        {"root", hello.root_kind},
        {"simulated", hello.simulated},
    };
  }

 private:
  /// From challenge to certificate, again from the challenge on where an answer is lost.
  Result<wire::Issued> certify(const Octets<16>& request_id) {
    auto pause = order_.patience.pause;
    for (unsigned attempt = 1;; ++attempt) {
      auto issued = attempt_once(request_id);
      if (issued || !at_server_ || !passes(issued.error()) || attempt >= order_.patience.attempts) {
        return issued;
      }
      report_.retry(issued.error());
      std::this_thread::sleep_for(pause);
      pause *= 2;
    }
  }

  Result<wire::Issued> attempt_once(const Octets<16>& request_id) {
    BM_TRY(const auto given, post("challenge", {{"batch", order_.batch}}));
    BM_TRY(const auto challenge, wire::read_challenge(given));
    report_.step("challenge");
    BM_TRY(const auto evidence, device_.evidence({.nonce = challenge.nonce, .session = challenge.session}));
    BM_TRY(const auto judged, post("evidence", evidence_body(challenge, request_id, evidence)));
    BM_TRY(auto answer, wire::read_evidence_answer(judged));
    report_.step("evidence");
    if (auto* const issued = std::get_if<wire::Issued>(&answer)) {
      return std::move(*issued);
    }
    const auto& activation = std::get<wire::Activation>(answer);
    BM_TRY(const auto opened,
           device_.activate({.id_object = activation.id_object, .encrypted_secret = activation.encrypted_secret}));
    BM_TRY(const auto value, post("activate", {{"batch", order_.batch},
                                               {"session", to_hex(activation.session.get())},
                                               {"secret", base64::encode(opened.secret.reveal())}}));
    report_.step("activate");
    return wire::read_issued(value);
  }

  /// Remembers that an error comes from the server: what the device lacks is not mended by asking again.
  Result<boost::json::value> post(const std::string& step, const boost::json::object& body) {
    auto answer = server_.post("/v1/provision/" + step, body);
    at_server_ = !answer;
    return answer;
  }

  [[nodiscard]] boost::json::object evidence_body(const wire::Challenge& challenge, const Octets<16>& request_id,
                                                  const link::EvidenceReply& evidence) const {
    boost::json::object body{{"batch", order_.batch},
                             {"session", to_hex(challenge.session.get())},
                             {"request_id", to_hex(request_id)},
                             {"csr", base64::encode(evidence.csr)}};
    if (keys_.tpm && evidence.statement) {
      body["ek_certificate"] = base64::encode(keys_.tpm->ek_certificate);
      body["ek_chain"] = wire::list(keys_.tpm->ek_chain);
      body["ek_public"] = base64::encode(keys_.tpm->ek_public);
      body["ak_public"] = base64::encode(keys_.tpm->ak_public);
      body["idevid_public"] = base64::encode(keys_.idevid_public);
      body["statement"] = wire::statement(*evidence.statement);
    }
    if (!evidence.creation_data.empty()) {
      body["creation_data"] = base64::encode(evidence.creation_data);
    }
    return body;
  }

  static link::InstallRequest install_request(const wire::Issued& issued, const wire::Anchors& anchors,
                                              const Field& field) {
    return {.idevid = issued.certificate,
            .chain = issued.chain,
            .service_root = anchors.service_root,
            .operational_roots = anchors.operational_roots,
            .statement_key = anchors.statement_key,
            .host = field.host,
            .device_port = field.device_port,
            .public_port = field.public_port};
  }

  ApiClient& server_;
  link::LinkClient& device_;
  const StationRun& order_;
  TaskReport& report_;
  link::KeysReply keys_;
  bool at_server_ = false;
};

Result<wire::Anchors> fetch_anchors(ApiClient& server) {
  BM_TRY(const auto value, server.get("/v1/anchors"));
  return wire::read_anchors(value);
}

Result<boost::json::object> provision(ApiClient& server, Files& files, const StationRun& order, const DeviceLink& where,
                                      const wire::Anchors& anchors, TaskReport& report) {
  BM_TRY(const auto field, read_host_port(order.field_server.empty() ? order.server : order.field_server));
  BM_TRY(const auto stream, where.open(order.wait));
  link::LinkClient device{*stream};
  return Provisioning{server, device, order, report}.run(files, anchors, {field.host, field.port, order.public_port});
}

}  // namespace

std::filesystem::path pending_directory(const StationFiles& files, const std::string& batch) {
  const auto where = files.credentials();
  return where.directory / (where.name + ".pending") / path_segment(batch);
}

bool passes(const Error& error) {
  return info(error.code).errc == Errc::unavailable || error.code == Code::rate_limited;
}

bool concerns_all_units(const Error& error) {
  return error.code == Code::station_not_authorised || error.code == Code::batch_closed ||
         error.code == Code::unauthenticated || error.code == Code::role;
}

int run_station(const StationRun& order) {
  PosixFiles files;
  const auto credentials = read_credentials(files, order.files.credentials());
  if (!credentials) {
    return complain(credentials.error(), order.form, kEnvironment);
  }
  const auto server = ApiClient::open(order.server, *credentials);
  if (!server) {
    return complain(server.error(), order.form, kEnvironment);
  }
  const auto anchors = fetch_anchors(**server);
  if (!anchors) {
    return complain(anchors.error(), order.form);
  }
  const auto units = order.units == 0 ? order.links.size() : order.units;
  TaskReport report{"provision", units, order.form};
  for (std::size_t unit = 0; unit < units; ++unit) {
    const auto& where = order.links[unit % order.links.size()];
    report.begin(where.text());
    const auto done = provision(**server, files, order, where, *anchors, report);
    if (done) {
      report.succeed(*done);
      continue;
    }
    report.refuse(done.error());
    if (concerns_all_units(done.error())) {
      break;
    }
  }
  return report.finish();
}

}  // namespace birthmark::cli
