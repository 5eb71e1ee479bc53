// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "adapters/api/orders.h"
#include "adapters/api/page.h"
#include "adapters/api/problem.h"
#include "adapters/api/router.h"
#include "adapters/api/service_routes.h"
#include "adapters/api/software_routes.h"
#include "adapters/api/wire.h"
#include "attest/step.h"
#include "audit/entry.h"
#include "audit/tile.h"
#include "codec/base64.h"
#include "crypto/hash.h"

// The operator listener: what people and their tools do, each by a certificate of his own.
namespace birthmark::api {
namespace {

constexpr std::size_t kPlanMax = 100'000;
constexpr std::size_t kOrderBytesMax = std::size_t{8} * 1024 * 1024;  // a plan of that many parts, and a policy
constexpr std::uint64_t kHistoryScanMax = 65'536;

Result<DeviceId> device_id(const std::string& text) {
  const auto bytes = text.size() == 64 ? from_hex(text) : std::nullopt;
  const auto id = bytes ? octets<32>(*bytes) : std::nullopt;
  return id ? Result<DeviceId>{DeviceId{*id}} : fail(Code::bad_request, "a DeviceId is 64 hex digits");
}

// --- devices ---

Result<http::Response> device_list(Call& call) {
  BM_TRY(const auto row, after_in(call.request.query, policy::kDeviceRowMax));
  const DeviceRow after{static_cast<std::uint32_t>(row)};
  BM_TRY(const auto devices, call.services.store.read_for<std::vector<lifecycle::DeviceRecord>>(
                                 [&](app::Tx& tx) { return tx.devices(after, kPageMax); }));
  boost::json::array rows;
  for (const auto& device : devices) {
    rows.push_back(wire::device_summary(device));
  }
  boost::json::object out{{"devices", std::move(rows)}};
  if (devices.size() == kPageMax) {
    out["next"] = devices.back().row.get();
  }
  return ok(out);
}

boost::json::object certificate_summary(const app::CertificateRecord& record) {
  return {{"serial", to_hex(record.serial.get())},
          {"kind", lifecycle::name(record.kind)},
          {"status", lifecycle::name(record.published)},
          {"registered", record.issuance == app::IssuanceState::registered},
          {"live", record.standing == lifecycle::Standing::live},
          {"not_before", to_rfc3339(record.not_before)},
          {"not_after", to_rfc3339(record.not_after)},
          {"log_index", record.log_index}};
}

Result<boost::json::array> findings_of(app::Tx& tx, DeviceRow device) {
  boost::json::array out;
  for (const auto purpose : lifecycle::kPurposes) {
    BM_TRY(const auto stored, tx.findings(device, purpose));
    if (!stored) {
      continue;
    }
    BM_TRY(const auto findings, attest::read_findings(*stored));
    for (const auto& finding : findings) {
      out.push_back({{"purpose", lifecycle::name(purpose)},
                     {"check", finding.check},
                     {"clause", finding.clause},
                     {"passed", finding.outcome == attest::Outcome::passed},
                     {"outcome", attest::name(finding.outcome)},
                     {"detail", finding.detail}});
    }
  }
  return out;
}

Result<http::Response> device_show(Call& call) {
  BM_TRY(const auto id, device_id(call.parameters.at(0)));
  call.about = id;
  BM_TRY(const auto out,
         call.services.store.read_for<boost::json::object>([&](app::Tx& tx) -> Result<boost::json::object> {
           BM_TRY(const auto device, tx.device(id));
           if (!device) {
             return fail(Code::not_found, "no such device");
           }
           auto body = wire::device_summary(*device);
           BM_TRY(const auto certificates, tx.certificates_of(device->row));
           boost::json::array rows;
           for (const auto& certificate : certificates) {
             rows.push_back(certificate_summary(certificate));
           }
           body["certificates"] = std::move(rows);
           BM_TRY(body["findings"], findings_of(tx, device->row));
           BM_TRY(const auto root, tx.root(device->row));
           if (root) {
             body["hardware_serial"] = root->hardware_serial;
           }
           return body;
         }));
  return ok(out);
}

/// One entry of the log as people read it.
boost::json::object history_row(std::uint64_t index, const audit::Entry& entry) {
  boost::json::object row{
      {"index", index}, {"at", to_rfc3339(entry.at)}, {"kind", audit::name(entry.kind)}, {"actor", entry.actor}};
  if (entry.state_from && entry.state_to) {
    row["from"] = "S" + std::to_string(*entry.state_from);
    row["to"] = "S" + std::to_string(*entry.state_to);
  }
  if (entry.serial) {
    row["serial"] = to_hex(entry.serial->get());
  }
  if (entry.refusal) {
    row["refusal"] = info(*entry.refusal).name;
  }
  if (!entry.reason.empty()) {
    row["reason"] = entry.reason;
  }
  return row;
}

/// By which entries that do not name the device speak of it all the same.
Result<std::set<Serial>> serials_of(const app::Store& store, const DeviceId& id) {
  return store.read_for<std::set<Serial>>([&](app::Tx& tx) -> Result<std::set<Serial>> {
    std::set<Serial> out;
    BM_TRY(const auto device, tx.device(id));
    BM_TRY(const auto certificates, device ? tx.certificates_of(device->row) : std::vector<app::CertificateRecord>{});
    for (const auto& certificate : certificates) {
      out.insert(certificate.serial);
    }
    return out;
  });
}

/// What the log says of one device. A call looks at kHistoryScanMax entries; `next` says where to go on.
Result<http::Response> device_history(Call& call) {
  BM_TRY(const auto id, device_id(call.parameters.at(0)));
  call.about = id;
  BM_TRY(const auto span, call.services.store.log_span());
  BM_TRY(const auto serials, serials_of(call.services.store, id));  // after: the span names none that is newer
  BM_TRY(auto at, after_in(call.request.query, span.size));
  const auto end = std::min(span.size, at + kHistoryScanMax);
  boost::json::array rows;
  while (at < end) {
    BM_TRY(const auto entries, wire::log_entries(call.services, at, span.size, audit::kTileWidth));
    if (entries.empty()) {
      break;
    }
    for (const auto& bytes : entries) {
      BM_TRY(const auto entry, audit::read_entry(bytes));
      if (entry.device == id || (entry.serial && serials.contains(*entry.serial))) {
        rows.push_back(history_row(at, entry));
      }
      ++at;
    }
  }
  boost::json::object out{{"device", to_hex(id.get())}, {"entries", std::move(rows)}};
  if (at < span.size) {
    out["next"] = at;
  }
  return ok(out);
}

bool is_deny(std::span<const std::string> parameters) {
  const auto action = app::device_action_named(parameters[1]);
  return action && app::is_deny(*action);
}

Result<http::Response> device_act(Call& call) {
  BM_TRY(const auto id, device_id(call.parameters.at(0)));
  call.about = id;
  const auto action = app::device_action_named(call.parameters.at(1));
  if (!action) {
    return fail(Code::not_found, "no such action");
  }
  BM_TRY(const auto cause,
         wire::body<lifecycle::HoldCause>(call.request, [](json::Object& in) -> Result<lifecycle::HoldCause> {
           BM_TRY(const auto text, in.optional_text("cause"));
           const auto named = lifecycle::hold_cause_named(text.value_or("operator"));
           return named && lifecycle::given_by_operators(*named) ? Result<lifecycle::HoldCause>{*named}
                                                                 : fail(Code::bad_request, "no cause of an operator");
         }));
  const auto answer = [](const app::ActionResult& done) {
    auto body = wire::device_summary(done.device);
    body["sessions_cut"] = done.sessions_cut;
    body["by_journal"] = done.deny.has_value();
    if (done.deny && !done.deny->signature.empty()) {
      body["deny"] = boost::json::object{{"statement", base64::encode(app::statement_of(done.deny->deny))},
                                         {"signature", base64::encode(done.deny->signature)}};
    }
    return ok(body);
  };
  const auto again = [answer](const lifecycle::DeviceRecord& device) { return answer({device, 0, std::nullopt}); };
  BM_TRY(const auto done, call.services.operations.act(*action, id, cause, actor_of(call),
                                                       keeping<lifecycle::DeviceRecord>(call, again)));
  return answer(done);
}

// --- batches, CAs ---

boost::json::object batch_summary(const Call& call, const app::BatchRecord& batch) {
  const auto& b = batch.budget;
  return {{"batch", batch.name},
          {"factory", b.factory},
          {"state", lifecycle::name(b.state)},
          {"quantity", b.quantity},
          {"issued", b.issued},
          {"reserved", b.reserved},
          {"left", b.quantity - b.issued - b.reserved},
          {"opens", to_rfc3339(b.opens)},
          {"closes", to_rfc3339(b.closes)},
          {"plan", b.plan == lifecycle::PlanOfHardware::present},
          {"list_first", batch.list.first},
          {"list_places", batch.list.count},
          {"own_ca", call.services.hierarchy.scope() == app::Scope::batch}};
}

Result<http::Response> batch_list(Call& call) {
  BM_TRY(const auto batches,
         call.services.store.read_for<std::vector<app::BatchRecord>>([](app::Tx& tx) { return tx.batches(); }));
  return page(call.request, "batches", std::span{batches},
              [&call](const app::BatchRecord& batch) { return batch_summary(call, batch); });
}

Result<http::Response> batch_show(Call& call) {
  BM_TRY(const auto batch, call.services.store.read_for<std::optional<app::BatchRecord>>(
                               [&](app::Tx& tx) { return tx.batch_named(call.parameters.at(0)); }));
  return batch ? Result<http::Response>{ok(batch_summary(call, *batch))} : fail(Code::not_found, "no such batch");
}

Result<std::vector<Digest>> plan_of(json::Object& in) {
  BM_TRY(const auto* const array, in.optional_array("plan"));
  std::vector<Digest> plan;
  if (array == nullptr) {
    return plan;
  }
  if (array->size() > kPlanMax) {
    return fail(Code::too_large, "a plan lists at most " + std::to_string(kPlanMax) + " parts: open several batches");
  }
  for (const auto& item : *array) {
    const auto bytes = item.is_string() ? from_hex(std::string_view{item.as_string()}) : std::nullopt;
    const auto digest = bytes ? octets<32>(*bytes) : std::nullopt;
    if (!digest) {
      return fail(Code::bad_json, "plan holds SHA-256 values of EK certificates in hex");
    }
    plan.emplace_back(*digest);
  }
  return plan;
}

Result<app::BatchOrder> batch_order(json::Object& in) {
  app::BatchOrder out;
  BM_TRY(out.name, in.text("batch"));
  BM_TRY(out.product, in.text("product"));
  BM_TRY(out.factory, in.text("factory"));
  BM_TRY(const auto policy, in.optional_text("policy"));
  out.policy = policy ? std::optional{std::string{*policy}} : std::nullopt;
  BM_TRY(const auto quantity, in.unsigned_int("quantity"));
  if (quantity > lifecycle::kBatchQuantityMax) {
    return fail(Code::bad_request, "a batch holds at most " + std::to_string(lifecycle::kBatchQuantityMax));
  }
  out.quantity = static_cast<std::uint32_t>(quantity);
  // In whole seconds, as it is shown: who orders what he was shown orders the same.
  BM_TRY(const auto opens, in.instant("opens"));
  BM_TRY(const auto closes, in.instant("closes"));
  out.opens = std::chrono::floor<std::chrono::seconds>(opens);
  out.closes = std::chrono::floor<std::chrono::seconds>(closes);
  BM_TRY(const auto rate, in.optional_unsigned_int("rate_per_hour"));
  BM_TRY(const auto burst, in.optional_unsigned_int("burst"));
  if (std::max(rate.value_or(0), burst.value_or(0)) > lifecycle::kBatchQuantityMax) {
    return fail(Code::bad_request,
                "rate_per_hour and burst are at most " + std::to_string(lifecycle::kBatchQuantityMax));
  }
  if (rate) {
    out.rate = lifecycle::Rate{static_cast<std::uint32_t>(*rate), static_cast<std::uint32_t>(burst.value_or(*rate))};
  }
  BM_TRY(out.plan, plan_of(in));
  return out;
}

Result<http::Response> batch_open(Call& call) {
  BM_TRY(const auto order, wire::body<app::BatchOrder>(call.request, batch_order,
                                                       {.bytes_max = kOrderBytesMax, .items_max = 2 * kPlanMax}));
  const auto answer = [&call](const app::BatchRecord& batch) { return ok(batch_summary(call, batch), 201); };
  BM_TRY(const auto batch,
         call.services.hierarchy.open_batch(order, actor_of(call), keeping<app::BatchRecord>(call, answer)));
  return answer(batch);
}

Result<void> batch_open_finish(Call& call) {
  return call.services.hierarchy.refresh();
}

Result<http::Response> batch_seal(Call& call) {
  const auto answer = [&call](const app::BatchRecord& batch) { return ok(batch_summary(call, batch)); };
  BM_TRY(const auto batch, call.services.hierarchy.seal_batch(call.parameters.at(0), actor_of(call),
                                                              keeping<app::BatchRecord>(call, answer)));
  return answer(batch);
}

Result<void> batch_seal_finish(Call& call) {
  return call.services.hierarchy.finish_seal(call.parameters.at(0));
}

Result<http::Response> batch_check(Call& call) {
  BM_TRY(const auto found, call.services.key_check.check(call.parameters.at(0), actor_of(call)));
  boost::json::array flagged;
  for (const auto& device : found.flagged) {
    flagged.emplace_back(to_hex(device.get()));
  }
  return ok({{"batch", call.parameters.at(0)},
             {"keys_checked", found.checked},
             {"flagged", std::move(flagged)},
             {"newly_held", found.newly_held}});
}

Result<http::Response> product_show(Call& call) {
  BM_TRY(const auto products,
         call.services.store.read_for<std::vector<app::ProductRecord>>([](app::Tx& tx) { return tx.products(); }));
  const auto product = std::ranges::find(products, call.parameters.at(0), &app::ProductRecord::name);
  if (product == products.end()) {
    return fail(Code::not_found, "no such product");
  }
  return ok(
      {{"product", product->name}, {"policy_sha256", to_hex(product->policy_hash.get())}, {"policy", product->policy}});
}

boost::json::object ca_summary(const app::Ca& ca) {
  const auto& r = ca.record;
  const auto* const state = r.state == app::CaState::active ? "active"
                            : r.state == app::CaState::held ? "held"
                                                            : "ended";
  return {{"ca", r.name},
          {"profile", pki::profile(r.profile).name},
          {"state", state},
          {"generation", r.generation},
          {"assigned", r.assigned},
          {"list", std::uint64_t{1} << r.list_bits},
          {"key_destroyed", r.key_destroyed},
          {"certificate", base64::encode(r.certificate)}};
}

Result<http::Response> ca_list(Call& call) {
  const auto directory = call.services.cas.get();
  return page(call.request, "cas", std::span{directory->all()}, ca_summary);
}

Result<std::string> ca_in(const http::Request& request) {
  return wire::body<std::string>(request, [](json::Object& in) -> Result<std::string> {
    BM_TRY(const auto text, in.text("ca"));
    return std::string{text};
  });
}

Result<http::Response> ca_revoke(Call& call) {
  BM_TRY(const auto name, ca_in(call.request));
  const auto answer = [](const app::CaRecord& ca) { return ok({{"ca", ca.name}, {"state", "ended"}}); };
  BM_TRY(const auto ca, call.services.hierarchy.revoke_ca(name, actor_of(call), keeping<app::CaRecord>(call, answer)));
  return answer(ca);
}

Result<void> ca_revoke_finish(Call& call) {
  BM_TRY(const auto name, ca_in(call.request));
  return call.services.hierarchy.finish_revocation(name);
}

Result<http::Response> status(Call& call) {
  const auto snapshot = call.services.store.epoch().get();
  BM_TRY(const auto checkpoint, call.services.log.checkpoint());
  return ok({{"ready", call.services.ready().has_value()}, {"epoch", snapshot}, {"checkpoint", checkpoint}});
}

Result<http::Response> proof(Call& call) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  BM_TRY(const auto index, whole_number(call.parameters.at(0), kMost, "an index"));
  BM_TRY(auto text, call.services.log.proof(index));
  return http::Response{.status = 200,
                        .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                        .body = std::move(text),
                        .close = false};
}

using enum http::Method;
constexpr std::string_view kJson = "application/json";
constexpr auto kPerson = Caller::operator_person;
constexpr auto kBodyMax = http::Limits{}.body_bytes_max;

constexpr std::array kRoutes{
    Route{get, "/v1/status", kPerson, Form::json, {}, status},
    Route{get, "/v1/devices", kPerson, Form::json, {}, device_list},
    Route{get, "/v1/devices/{}", kPerson, Form::json, {}, device_show},
    Route{get, "/v1/devices/{}/history", kPerson, Form::json, {}, device_history},
    Route{post, "/v1/devices/{}/{}", kPerson, Form::json, kJson, device_act, Channel::bound, kBodyMax, nullptr, false,
          is_deny},
    Route{get, "/v1/batches", kPerson, Form::json, {}, batch_list},
    Route{post, "/v1/batches", kPerson, Form::json, kJson, batch_open, Channel::bound, kOrderBytesMax,
          batch_open_finish},
    Route{get, "/v1/batches/{}", kPerson, Form::json, {}, batch_show},
    Route{post, "/v1/batches/{}/check", kPerson, Form::json, kJson, batch_check},
    Route{post, "/v1/batches/{}/seal", kPerson, Form::json, kJson, batch_seal, Channel::bound, kBodyMax,
          batch_seal_finish},
    Route{get, "/v1/products/{}", kPerson, Form::json, {}, product_show},
    Route{get, "/v1/cas", kPerson, Form::json, {}, ca_list},
    Route{post, "/v1/cas/revoke", kPerson, Form::json, kJson, ca_revoke, Channel::bound, kBodyMax, ca_revoke_finish},
    Route{post, "/v1/stations", kPerson, Form::json, kJson, station_enroll},
    Route{get, "/v1/services", kPerson, Form::json, {}, service_list},
    Route{post, "/v1/services", kPerson, Form::json, kJson, service_certify},
    Route{post, "/v1/services/{}/end", kPerson, Form::json, kJson, service_end},
    Route{post, "/v1/software-devices", kPerson, Form::json, kJson, software_register},
    Route{get, "/v1/proofs/{}", kPerson, Form::json, {}, proof},
};

}  // namespace

std::span<const Route> operator_routes() {
  return kRoutes;
}

}  // namespace birthmark::api
