// SPDX-License-Identifier: Apache-2.0
#include "app/stations.h"

#include <algorithm>

#include "app/service_credentials.h"

namespace birthmark::app {
namespace {

constexpr std::uint32_t kStrikesMax = 3;  // AC-04

tl::unexpected<Error> refused(std::string_view check, std::string detail) {
  return fail(Code::station_not_authorised, std::move(detail), std::string{check});
}

Result<void> end_certificates(Tx& tx, CaId ca, const StationRecord& station, const Doing& doing) {
  BM_TRY(auto certificates, tx.certificates_of(ca));
  for (auto& certificate : certificates) {
    const bool of_station = certificate.spki == station.spki && certificate.profile == pki::ProfileId::station;
    if (of_station && certificate.standing != lifecycle::Standing::ended) {
      BM_CHECK(end_certificate(tx, certificate, "replaced station " + station.name.substr(0, 100), doing));
    }
  }
  return {};
}

/// @error key_reuse
Result<void> key_is_free(Tx& tx, const CertificateRecord& certificate, const std::string& name) {
  BM_TRY(const auto holder, tx.station_of(certificate.spki));
  return holder && holder->name != name ? fail(Code::key_reuse, "the station " + holder->name + " has this key")
                                        : service_may_have(tx, certificate, name, {});
}

bool inside_shift(const StationRecord& station, Instant now) {
  if (station.shift_from == station.shift_to) {
    return true;
  }
  const auto midnight = std::chrono::floor<std::chrono::days>(now);
  const auto minute = std::chrono::floor<std::chrono::minutes>(now - midnight).count();
  const bool over_midnight = station.shift_from > station.shift_to;
  const bool after_start = minute >= station.shift_from;
  const bool before_end = minute < station.shift_to;
  return over_midnight ? after_start || before_end : after_start && before_end;
}

}  // namespace

Result<void> in_service(const StationRecord* station) {
  if (station == nullptr) {
    return refused("station.known", "no station has this key");
  }
  return station->suspended ? Result<void>{refused("station.suspended", station->name + " is suspended")}
                            : Result<void>{};
}

Result<StationGrant> authorise(Tx& tx, const StationAction& action) {
  BM_TRY(auto station, tx.station_of(action.spki));
  BM_CHECK(in_service(station ? &*station : nullptr));
  if (station->role != action.role) {
    return refused("station.role", station->name + " has another role");
  }
  if (action.now >= station->not_after) {
    return refused("station.expired", "the certificate of " + station->name + " has expired");
  }
  BM_TRY(auto batch, tx.batch_named(action.batch));
  if (!batch || batch->budget.id != station->batch) {
    return refused("station.batch", station->name + " works on another batch");
  }
  if (!inside_shift(*station, action.now)) {
    return refused("station.shift", station->name + " is outside its shift");
  }
  if (batch->budget.state != lifecycle::BatchState::open || action.now < batch->budget.opens ||
      action.now >= batch->budget.closes) {
    return fail(Code::batch_closed, "batch " + batch->name + " is " +
                                        std::string{lifecycle::name(batch->budget.state)} + " or outside its window");
  }
  return StationGrant{std::move(*station), std::move(*batch)};
}

Result<StationGrant> admit(Store& store, const StationAction& action) {
  auto grant = store.read_for<StationGrant>([&](Tx& tx) { return authorise(tx, action); });
  if (!grant && grant.error().code == Code::station_not_authorised) {
    BM_CHECK(store.write([&](Tx& tx) { return without_value(strike(tx, action.spki, action.now, store.epoch())); }));
  }
  return grant;
}

Result<void> put_in_service(Tx& tx, const StationOrder& order, const CertificateRecord& certificate,
                            const Doing& doing) {
  BM_TRY(const auto batch, tx.batch_named(order.batch));
  if (!batch) {
    return fail(Code::not_found, "no batch " + order.batch);
  }
  BM_CHECK(key_is_free(tx, certificate, order.name));
  BM_TRY(const auto all, tx.stations());
  if (const auto before = std::ranges::find(all, order.name, &StationRecord::name); before != all.end()) {
    BM_CHECK(end_certificates(tx, certificate.ca, *before, doing));
  }
  BM_CHECK(tx.put_station({.id = {},
                           .name = order.name,
                           .role = order.role,
                           .batch = batch->budget.id,
                           .spki = certificate.spki,
                           .not_after = certificate.not_after,
                           .shift_from = order.shift_from,
                           .shift_to = order.shift_to}));
  return without_value(tx.audit({.kind = audit::EntryKind::station_enrolled,
                                 .at = doing.now,
                                 .epoch = doing.epoch.get(),
                                 .batch = batch->budget.id,
                                 .spki_hash = certificate.spki,
                                 .actor = doing.actor,
                                 .reason = order.name.substr(0, 200)}));
}

Result<bool> strike(Tx& tx, const Digest& spki, Instant now, Epoch epoch) {
  BM_TRY(auto station, tx.station_of(spki));
  if (!station) {
    return false;
  }
  if (station->suspended) {
    return true;
  }
  ++station->strikes;
  station->suspended = station->strikes >= kStrikesMax;
  BM_CHECK(tx.update_station(*station));
  if (station->suspended) {
    BM_CHECK(tx.audit({.kind = audit::EntryKind::incident,
                       .at = now,
                       .epoch = epoch.get(),
                       .spki_hash = spki,
                       .actor = "station:" + station->name,
                       .reason = "station suspended after three refusals"}));
  }
  return station->suspended;
}

}  // namespace birthmark::app
