// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/service_routes.h"

#include <array>

#include "adapters/api/orders.h"
#include "adapters/api/page.h"
#include "adapters/api/problem.h"
#include "adapters/api/wire.h"
#include "app/service_credentials.h"
#include "app/stations.h"
#include "codec/pkcs10.h"
#include "lifecycle/serial.h"
#include "pki/csr_policy.h"

namespace birthmark::api {
namespace {

constexpr std::size_t kNameMax = 64;  // of a common name (RFC 5280 appendix A)
constexpr std::size_t kCsrMax = std::size_t{16} * 1024;

struct RoleRow {
  std::string_view role;
  pki::ProfileId profile;
};
constexpr std::array kRoles{RoleRow{"gate", pki::ProfileId::gate}, RoleRow{"operator", pki::ProfileId::operator_person},
                            RoleRow{"station", pki::ProfileId::station}};

Result<std::string> name_in(json::Object& in, std::string_view member) {
  BM_TRY(auto name, in.text(member));
  return !name.empty() && name.size() <= kNameMax
             ? Result<std::string>{std::string{name}}
             : fail(Code::bad_request, std::string{member} + " has 1 to 64 characters");
}

app::Doing doing_of(const Call& call) {
  return {call.services.clock.now(), call.services.store.epoch(), actor_of(call)};
}

struct Wanted {
  pki::ProfileId profile;
  std::string name;
  Bytes csr;
};

/// A request without a name of its own: the server knows whom it certifies by the name in the order.
Result<http::Response> certify(Call& call, const Wanted& wanted, const app::Issuance::AtIntent& at_intent) {
  BM_TRY(const auto csr, pkcs10::Request::read(wanted.csr));
  static const Bytes kEmptyName{0x30, 0x00};
  BM_TRY(const auto key, pki::judge_csr(csr, {.subject = kEmptyName, .subject_alt_name = {}, .channel_binding = {}}));
  BM_TRY(const auto issued, call.services.hierarchy.certify({.profile = wanted.profile,
                                                             .common_name = wanted.name,
                                                             .spki = to_bytes(key.spki()),
                                                             .dns_names = {},
                                                             .ip_addresses = {},
                                                             .actor = actor_of(call)},
                                                            at_intent, request_of(call)));
  BM_TRY(auto body, wire::issued(call.services, issued));
  return ok(body, 201);
}

struct StationBody {
  app::StationOrder order;
  Bytes csr;
};

Result<StationBody> station_body(json::Object& in) {
  StationBody out;
  BM_TRY(out.order.name, name_in(in, "station"));
  BM_TRY(const auto role, in.text("role"));
  if (role != "provision" && role != "lock-check") {
    return fail(Code::bad_request, "role is provision or lock-check");
  }
  out.order.role = role == "provision" ? app::StationRole::provision : app::StationRole::lock_check;
  BM_TRY(out.order.batch, in.text("batch"));
  BM_TRY(out.csr, in.base64("csr", kCsrMax));
  BM_TRY(const auto from, in.optional_unsigned_int("shift_from"));
  BM_TRY(const auto to, in.optional_unsigned_int("shift_to"));
  if (from.value_or(0) >= 1440 || to.value_or(0) >= 1440) {
    return fail(Code::bad_request, "shifts are minutes of the day in UTC");
  }
  out.order.shift_from = static_cast<std::uint16_t>(from.value_or(0));
  out.order.shift_to = static_cast<std::uint16_t>(to.value_or(0));
  return out;
}

Result<Wanted> service_body(json::Object& in) {
  Wanted out{};
  BM_TRY(out.name, name_in(in, "name"));
  BM_TRY(const auto role, in.text("role"));
  const auto* const row = std::ranges::find(kRoles, role, &RoleRow::role);
  if (row == kRoles.end() || row->profile == pki::ProfileId::station) {
    return fail(Code::bad_request, "role is gate or operator; a station is ordered by POST /v1/stations");
  }
  out.profile = row->profile;
  BM_TRY(out.csr, in.base64("csr", kCsrMax));
  return out;
}

boost::json::object summary(const app::ServiceCredential& credential) {
  const auto& record = credential.record;
  const auto* const row = std::ranges::find(kRoles, record.profile, &RoleRow::profile);
  return {{"serial", to_hex(record.serial.get())},
          {"role", row != kRoles.end() ? row->role : std::string_view{"unknown"}},
          {"name", credential.name},
          {"state", record.standing == lifecycle::Standing::live ? "live" : "ended"},
          {"not_before", to_rfc3339(record.not_before)},
          {"not_after", to_rfc3339(record.not_after)}};
}

}  // namespace

Result<http::Response> station_enroll(Call& call) {
  BM_TRY(const auto in, wire::body<StationBody>(call.request, station_body));
  const auto doing = doing_of(call);
  return certify(call, {pki::ProfileId::station, in.order.name, in.csr},
                 [&](app::Tx& tx, app::CertificateRecord& record, const lifecycle::ClockReading&) {
                   return app::put_in_service(tx, in.order, record, doing);
                 });
}

Result<http::Response> service_list(Call& call) {
  BM_TRY(const auto all, call.services.store.read_for<std::vector<app::ServiceCredential>>(app::service_credentials));
  return page(call.request, "services", std::span{all}, summary);
}

Result<http::Response> service_certify(Call& call) {
  BM_TRY(const auto wanted, wire::body<Wanted>(call.request, service_body));
  return certify(call, wanted, [&](app::Tx& tx, app::CertificateRecord& record, const lifecycle::ClockReading&) {
    return app::service_may_have(tx, record, wanted.name, call.caller->common_name);
  });
}

Result<http::Response> service_end(Call& call) {
  const auto octets_of_serial = from_hex(call.parameters.at(0));
  const auto serial = octets_of_serial ? lifecycle::serial_from(*octets_of_serial) : std::nullopt;
  if (!serial) {
    return fail(Code::bad_request, "a serial is 32 hex digits, as `service list` prints it");
  }
  const auto& who = *call.caller;
  const auto answer = [](const app::ServiceCredential& ended) { return ok(summary(ended)); };
  const auto keep = keeping<app::ServiceCredential>(call, answer);
  BM_TRY(const auto ended,
         call.services.store.write_for<app::ServiceCredential>([&](app::Tx& tx) -> Result<app::ServiceCredential> {
           BM_TRY(auto credential,
                  app::end_service_credential(tx, *serial, {who.ca, who.index, who.certificate}, doing_of(call)));
           BM_CHECK(keep ? keep(tx, credential) : Result<void>{});
           return credential;
         }));
  return answer(ended);
}

}  // namespace birthmark::api
