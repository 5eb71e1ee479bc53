// SPDX-License-Identifier: Apache-2.0
#include "agent/program/commands.h"

#include <functional>

#include "agent/device/root_keys.h"
#include "agent/field/renewal.h"
#include "agent/program/output.h"
#include "codec/base64.h"

namespace birthmark::agent::program {
namespace {

using Answer = Result<boost::json::object>;

int show(const Common& common, const Answer& answer) {
  if (!answer) {
    return complain(answer.error(), common.as_json);
  }
  if (common.as_json) {
    print(*answer);
  } else {
    print_members(*answer);
  }
  return kDone;
}

/// Opens the device, does one thing, shows what came of it.
int with_client(const Common& common, const std::function<Answer(FieldClient&, OpenDevice&)>& act) {
  PosixFiles files;
  const SystemClock clock;
  SystemEntropy entropy;
  auto device = open_device(common, files);
  if (!device) {
    return complain(device.error(), common.as_json);
  }
  FieldClient client{{*device->root, *device->state, clock, entropy},
                     {.firmware = common.firmware, .timeout = std::chrono::seconds{common.timeout_s}}};
  return show(common, act(client, *device));
}

boost::json::object describe(const x509::Certificate& certificate) {
  return {{"serial", to_hex(certificate.serial())},
          {"subject", x509::display_name(certificate.subject())},
          {"not_before", to_rfc3339(certificate.not_before())},
          {"not_after", to_rfc3339(certificate.not_after())},
          {"renewal_due", to_rfc3339(renewal_due(certificate))}};
}

Answer described(Result<x509::Certificate> certificate) {
  return certificate ? Answer{describe(*certificate)} : Answer{fail(std::move(certificate).error())};
}

Answer describe_device(OpenDevice& device) {
  const auto& state = *device.state;
  BM_TRY(const auto id, own_device_id(*device.root));
  BM_TRY(const auto counters, device.root->state());
  boost::json::object out{{"device", to_hex(id.get())},
                          {"root", device.root->kind()},
                          {"debug_port", state.fused() ? "fused (simulated)" : "open (simulated)"},
                          {"provisioned", state.birth().has_value()},
                          {"retired", state.retirement().has_value()}};
  if (state.birth()) {
    out["registry"] = state.birth()->host + ":" + std::to_string(state.birth()->device_port);
    BM_TRY(const auto idevid, x509::Certificate::read(state.birth()->idevid));
    out["idevid_serial"] = to_hex(idevid.serial());
    if (const auto made_of = state.idevid_template()) {
      out["idevid_template"] = row_of(*made_of).name;
    }
  }
  if (state.operational()) {
    BM_TRY(const auto ldevid, x509::Certificate::read(state.operational()->certificate));
    out["ldevid"] = describe(ldevid);
  }
  if (state.time_floor() != Instant{}) {
    out["time_floor"] = to_rfc3339(state.time_floor());
  }
  out[device.root->kind()] = boost::json::object{{"clock_ms", counters.clock_ms},
                                                 {"reset_count", counters.reset_count},
                                                 {"restart_count", counters.restart_count},
                                                 {"firmware_version", counters.firmware_version}};
  return out;
}

}  // namespace

int enroll(const Common& common) {
  return with_client(common, [](FieldClient& client, OpenDevice&) { return described(client.enroll()); });
}
int renew(const Common& common) {
  return with_client(common, [](FieldClient& client, OpenDevice&) { return described(client.renew()); });
}

int attest(const Common& common) {
  return with_client(common, [](FieldClient& client, OpenDevice&) -> Answer {
    BM_TRY(const auto answer, client.attest());
    return answer.is_object() ? Answer{answer.as_object()} : fail(Code::bad_json, "the answer is no object");
  });
}

int revalidate(const Common& common) {
  return with_client(common, [](FieldClient& client, OpenDevice&) -> Answer {
    BM_TRY(const auto outcome, client.revalidate());
    if (!outcome.certificate) {
      return boost::json::object{
          {"issued", false}, {"appraised", true}, {"state", outcome.state}, {"waits_for", outcome.waits_for}};
    }
    auto out = describe(*outcome.certificate);
    out["issued"] = true;
    return out;
  });
}

int telemetry(const Common& common, const std::string& message) {
  return with_client(common, [&](FieldClient& client, OpenDevice&) -> Answer {
    BM_TRY(const auto accepted, client.telemetry(message));
    return boost::json::object{{"accepted", true}, {"max_age_ms", accepted.max_age.count()}};
  });
}

int time(const Common& common) {
  return with_client(common, [](FieldClient& client, OpenDevice& device) -> Answer {
    BM_TRY(const auto now, client.time());
    return boost::json::object{{"time", to_rfc3339(now)}, {"floor", to_rfc3339(device.state->time_floor())}};
  });
}

int proofs(const Common& common) {
  return with_client(common, [](FieldClient& client, OpenDevice& device) -> Answer {
    const auto shown = [&](DeviceKey key, BytesView certificate) -> Answer {
      BM_TRY(const auto proof, client.log_proof(key));
      return boost::json::object{
          {"certificate", base64::encode(certificate)}, {"entry", base64::encode(proof.entry)}, {"proof", proof.text}};
    };
    if (!device.state->birth()) {
      return fail(Code::not_found, "this device was never provisioned", "device.birth");
    }
    boost::json::object out;
    BM_TRY(out["idevid"], shown(DeviceKey::idevid, device.state->birth()->idevid));
    if (device.state->operational()) {
      BM_TRY(out["ldevid"], shown(DeviceKey::operational, device.state->operational()->certificate));
    }
    return out;
  });
}

int status(const Common& common) {
  return with_client(common, [](FieldClient&, OpenDevice& device) -> Answer {
    BM_CHECK(settle(*device.root, *device.state));
    return describe_device(device);
  });
}

int retire(const Common& common) {
  return with_client(common, [](FieldClient& client, OpenDevice& device) -> Answer {
    BM_TRY(const auto receipt, client.retire());
    return boost::json::object{{"retired", true},
                               {"statement", base64::encode(receipt.statement)},
                               {"signature", base64::encode(receipt.signature)},
                               {"statement_key", base64::encode(device.state->birth()->statement_key)}};
  });
}

}  // namespace birthmark::agent::program
