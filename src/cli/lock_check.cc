// SPDX-License-Identifier: Apache-2.0
#include "cli/lock_check.h"

#include <thread>

#include "agent/link/client.h"
#include "attest/lock_check.h"
#include "cli/debug_probe.h"
#include "cli/pending_seal.h"
#include "cli/seen_open.h"
#include "codec/base64.h"
#include "crypto/hash.h"
#include "lifecycle/device_id.h"

namespace birthmark::cli {
namespace {

/// One unit on its way to the seal.
class Seal {
 public:
  struct Station {
    ApiClient& server;
    Files& files;
    const crypto::PrivateKey& key;
    const LockCheckRun& order;
    TaskReport& report;
  };
  Seal(const Station& station, link::LinkClient& device, const link::Endpoint& debug)
      : server_{station.server},
        files_{station.files},
        key_{station.key},
        order_{station.order},
        report_{station.report},
        device_{device},
        debug_{debug} {}

  Result<boost::json::object> run() {
    BM_TRY(hello_, device_.hello());
    report_.step("hello");
    BM_TRY(const auto keys, device_.keys());
    BM_TRY(id_, wire::device_of(hello_, keys));
    report_.step("keys");
    const auto directory = pending_directory(order_.files, order_.batch);
    BM_TRY(auto pending, PendingSeal::of(files_, directory, id_));
    BM_TRY(auto seen, SeenOpen::of(files_, directory, id_, debug_));
    auto sealed = settle(pending, seen);
    if (sealed) {
      static_cast<void>(seen.forget());  // what stays says nothing of a unit that is sealed
    }
    return sealed;
  }

 private:
  Result<boost::json::object> settle(PendingSeal& pending, SeenOpen& seen) {
    auto pause = order_.patience.pause;
    for (unsigned attempt = 1;; ++attempt) {
      auto sealed = pending.settle([&] { return new_statement(seen); },
                                   [this](const boost::json::object& statement) { return hand_in(statement); });
      if (sealed || !passes(sealed.error()) || attempt >= order_.patience.attempts) {
        return sealed;
      }
      report_.retry(sealed.error());
      std::this_thread::sleep_for(pause);
      pause *= 2;
    }
  }

  /// Sees the port open, has the unit lock itself, and looks again. A port that is open behind the lock is not this
  /// unit's, or locks nothing: that it was open says nothing of this unit any more.
  Result<boost::json::object> new_statement(SeenOpen& seen) {
    BM_TRY(hello_, device_.hello());
    BM_TRY(const auto given, server_.post("/v1/seal/challenge", {{"batch", order_.batch}}));
    BM_TRY(const auto challenge, wire::read_challenge(given));
    report_.step("challenge");
    BM_TRY(auto transcript, see_open(seen));
    if (!hello_.secure_boot) {  // before anything is locked for ever: the registry would refuse the seal
      return fail(Code::not_sealed, "the unit says that secure boot is off; nothing was locked", "seal.secure_boot");
    }
    BM_TRY(const auto quote, device_.seal({.nonce = challenge.nonce, .session = challenge.session, .device = id_}));
    report_.step("lock and quote");
    BM_TRY(hello_, device_.hello());
    BM_TRY(const auto probe, probe_debug_port(debug_, order_.bound));
    report_.step(probe.refused ? "probe: locked" : "probe: open");
    if (!probe.refused) {
      BM_CHECK(seen.forget());
    }
    append(transcript, probe.transcript);
    const attest::LockCheck record{.device = id_,
                                   .nonce = challenge.nonce,
                                   .transcript = crypto::sha256(transcript),
                                   .debug_locked = probe.refused,
                                   .secure_boot = hello_.secure_boot,
                                   .lockdown_sealed = hello_.lockdown};
    return seal_body(challenge, record, quote);
  }

  /// The positive control: a port that answers now, or of a unit that is fused already, that this station saw answer.
  /// @return what went over it
  Result<Bytes> see_open(SeenOpen& seen) {
    BM_TRY(auto probe, probe_debug_port(debug_, order_.bound));
    if (tells_idcode(probe)) {
      if (!hello_.lockdown) {  // a fused unit's port does not answer
        BM_CHECK(seen.keep(probe.transcript));
      }
      report_.step("probe: open, as before the lock");
      return std::move(probe.transcript);
    }
    auto before = seen.said();
    if (!probe.refused || !hello_.lockdown || !before) {
      return fail(Code::not_sealed, never_seen_open(probe), "seal.seen_open");
    }
    report_.step("probe: locked, was seen open");
    return std::move(*before);
  }

  [[nodiscard]] std::string never_seen_open(const DebugProbe& probe) const {
    const auto port = "the debug port " + link::to_text(debug_);
    if (!probe.refused) {
      return port + " takes connections and tells no IDCODE: is --debug the address of this unit's port?";
    }
    if (!hello_.lockdown) {
      return port + " refuses, but the unit says that it is not fused: is --debug its address?";
    }
    return port +
           " refuses, and this station never saw it open: is --debug its address? A unit that is fused is sealed "
           "already, or only the station that saw it open can seal it";
  }

  Result<boost::json::object> hand_in(const boost::json::object& statement) {
    BM_TRY(auto answer, server_.post("/v1/seal", statement));
    report_.step("seal");
    if (!answer.is_object()) {
      return fail(Code::bad_json, "the answer to a seal is an object");
    }
    return std::move(answer.as_object());
  }

  [[nodiscard]] Result<boost::json::object> seal_body(const wire::Challenge& challenge, const attest::LockCheck& record,
                                                      const link::SealReply& answer) const {
    BM_TRY(const auto signature, key_.sign(attest::lock_check_message(record)));
    boost::json::object body{{"batch", order_.batch},
                             {"session", to_hex(challenge.session.get())},
                             {"record",
                              {{"device", to_hex(record.device.get())},
                               {"nonce", to_hex(record.nonce.get())},
                               {"transcript", to_hex(record.transcript.get())},
                               {"debug_locked", record.debug_locked},
                               {"secure_boot", record.secure_boot},
                               {"lockdown_sealed", record.lockdown_sealed}}},
                             {"record_signature", base64::encode(signature)}};
    wire::add_proof(body, answer.proof);
    return body;
  }

  ApiClient& server_;
  Files& files_;
  const crypto::PrivateKey& key_;
  const LockCheckRun& order_;
  TaskReport& report_;
  link::LinkClient& device_;
  const link::Endpoint& debug_;
  link::HelloReply hello_;
  DeviceId id_;
};

Result<boost::json::object> seal(const Seal::Station& station, const UnitToSeal& unit) {
  BM_TRY(const auto stream, unit.device.open(station.order.wait));
  link::LinkClient device{*stream};
  return Seal{station, device, unit.debug}.run();
}

}  // namespace

int run_lock_check(const LockCheckRun& order) {
  PosixFiles files;
  const auto credentials = read_credentials(files, order.files.credentials());
  if (!credentials) {
    return complain(credentials.error(), order.form, kEnvironment);
  }
  const auto server = ApiClient::open(order.server, *credentials);
  if (!server) {
    return complain(server.error(), order.form, kEnvironment);
  }
  TaskReport report{"lock-check", order.units.size(), order.form};
  for (const auto& unit : order.units) {
    report.begin(unit.device.text());
    auto sealed = seal({**server, files, credentials->key, order, report}, unit);
    if (sealed) {
      report.succeed(std::move(*sealed));
      continue;
    }
    report.refuse(sealed.error());
    if (concerns_all_units(sealed.error())) {
      break;
    }
  }
  return report.finish();
}

}  // namespace birthmark::cli
