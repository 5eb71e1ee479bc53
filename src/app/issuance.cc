// SPDX-License-Identifier: Apache-2.0
#include "app/issuance.h"

#include <bit>

#include "app/registration.h"
#include "crypto/hash.h"
#include "lifecycle/serial.h"
#include "pki/lint.h"
#include "pki/receipt.h"

namespace birthmark::app {
namespace {

constexpr int kDrawsMax = 16;    // of a place that another request takes first
constexpr int kLooksMax = 4096;  // for a free one; at seven eighths, where a CA rolls, eight are enough on average

Octets<4> receipt_key_id(const crypto::PublicKey& key) {
  Octets<4> id{};
  std::copy_n(key.spki_sha256().get().begin(), id.size(), id.begin());
  return id;
}

Instant whole_seconds(Instant t) {
  return std::chrono::floor<std::chrono::seconds>(t);
}

}  // namespace

Bytes certificate_of(const CertificateRecord& record) {
  return pki::assemble(record.tbs, record.signature);
}

Result<Issued> Issuance::issue(const Order& order, const std::optional<RequestKey>& request,
                               const AtIntent& at_intent) {
  const auto spki = crypto::sha256(order.subject.spki);
  const auto same = request ? request->fingerprint.value_or(spki) : spki;
  for (int draw = 0; draw < kDrawsMax; ++draw) {
    if (request) {
      BM_TRY(auto again, stored(*request, same));
      if (again && again->record.issuance == IssuanceState::registered) {
        return given_again(*request, std::move(*again), order.actor);
      }
      if (again) {
        return complete(std::move(again->record));
      }
    }
    BM_TRY(auto prepared, prepare(order, draw == 0 ? Place::any : Place::looked_up));
    const auto row =
        ports_.store.write_for<CertificateRow>([&](Tx& tx) { return record(tx, prepared, order, request, at_intent); });
    if (row) {
      ports_.faults.reached("issue.after_intent");
      prepared.record.row = *row;
      return complete(std::move(prepared.record));
    }
    if (row.error().code == Code::key_reuse && order.newcomer) {
      return fail(hold_both(order, row.error()));
    }
    if (row.error().code != Code::conflict) {
      return fail(row.error());
    }
  }
  return fail(Code::conflict, "others took each place of the list first");
}

Result<std::optional<Issued>> Issuance::repeat(const RequestKey& request, const Digest& spki,
                                               const std::string& actor) {
  BM_TRY(auto again, stored(request, spki));
  if (!again || again->record.issuance != IssuanceState::registered) {
    return std::optional<Issued>{};
  }
  BM_TRY(auto issued, given_again(request, std::move(*again), actor));
  return std::optional{std::move(issued)};
}

Result<Issued> Issuance::given_again(const RequestKey& request, Issued issued, const std::string& actor) {
  audit::Entry entry{.serial = issued.record.serial, .spki_hash = issued.record.spki, .actor = actor};
  if (issued.record.device.get() != 0) {
    BM_TRY(const auto device, ports_.store.read_for<std::optional<lifecycle::DeviceRecord>>(
                                  [&](Tx& tx) { return tx.device(issued.record.device); }));
    entry.device = device ? std::optional{device->id} : std::nullopt;
  }
  BM_CHECK(repeats_.note(request.caller, std::move(entry)));
  BM_CHECK(ports_.store.settle());  // nothing is acknowledged before the log has it
  return issued;
}

/// The certificate of (caller, id, key), registered or under way.
Result<std::optional<Issued>> Issuance::stored(const RequestKey& request, const Digest& same) const {
  return ports_.store.read_for<std::optional<Issued>>([&](Tx& tx) -> Result<std::optional<Issued>> {
    BM_TRY(const auto earlier, tx.request(request.caller, request.id));
    if (!earlier) {
      return std::optional<Issued>{};
    }
    if (earlier->key != same) {
      return fail(Code::request_conflict, "this request id was used for something else");
    }
    BM_TRY(const auto record, tx.certificate(earlier->certificate));
    if (!record || record->issuance == IssuanceState::orphaned) {
      return std::optional<Issued>{};
    }
    return std::optional<Issued>{Issued{*record, certificate_of(*record)}};
  });
}

/// @param refused names in `check` the row of the one that holds the key.
/// @return the refusal to give; or why they could not be held.
Error Issuance::hold_both(const Order& order, const Error& refused) {
  const Doing doing{ports_.clock.now(), ports_.store.epoch(), order.actor};
  std::set<DeviceRow> held;
  const auto written = ports_.store.write([&](Tx& tx) -> Result<void> {
    held.clear();
    BM_TRY(const auto second, order.newcomer(tx));
    BM_TRY(const auto holder, tx.device(DeviceRow{static_cast<std::uint32_t>(std::stoul(refused.check))}));
    for (const auto& device : {std::optional{second}, holder}) {
      if (device) {
        BM_CHECK(advance(tx, *device, lifecycle::decide_hold(*device, lifecycle::HoldCause::key_collision), doing));
        held.insert(device->row);
      }
    }
    return without_value(tx.audit({.kind = audit::EntryKind::incident,
                                   .at = doing.now,
                                   .epoch = doing.epoch.get(),
                                   .device = second.id,
                                   .actor = doing.actor,
                                   .refusal = Code::key_reuse,
                                   .reason = "two identities show one key"}));
  });
  if (!written) {
    return written.error();
  }
  ports_.sessions.cut(held);
  return {Code::key_reuse, "another identity holds this key; both are held"};
}

/// Each place of the list with the same chance: a number beyond it is drawn again. @param list of one place at least
std::uint32_t Issuance::draw_place(const Places& list) const {
  const auto mask = std::bit_ceil(std::uint64_t{list.count}) - 1;
  for (;;) {
    Octets<4> drawn{};
    ports_.entropy.fill(drawn);
    std::uint64_t place = 0;
    for (const auto byte : drawn) {
      place = place << 8 | byte;
    }
    if ((place & mask) < list.count) {
      return list.first + static_cast<std::uint32_t>(place & mask);
    }
  }
}

Result<std::uint32_t> Issuance::free_place(CaId ca, const Places& list) const {
  return ports_.store.read_for<std::uint32_t>([&](Tx& tx) -> Result<std::uint32_t> {
    for (int look = 0; look < kLooksMax; ++look) {
      const auto place = draw_place(list);
      BM_TRY(const auto taken, tx.certificate(ca, place));
      if (!taken) {
        return place;
      }
    }
    return fail(Code::conflict, "the list is full, or nearly so");
  });
}

Result<Issuance::Prepared> Issuance::prepare(const Order& order, Place place) {
  const auto directory = ports_.cas.get();
  const Ca* const ca = directory->find(order.ca);
  BM_CHECK(check_issues(ca != nullptr ? &ca->record : nullptr));
  const auto list = order.list.value_or(places_of(ca->record));
  if (list.count == 0) {
    return fail(Code::storage, "a batch without places in its CA's list");
  }
  BM_TRY(const auto index, place == Place::any ? draw_place(list) : free_place(order.ca, list));
  return prepare(order, ca->certificate.issuer, index);
}

Result<Issuance::Prepared> Issuance::prepare(const Order& order, const pki::Issuer& issuer, std::uint32_t index) {
  const auto& profile = pki::profile(order.profile);
  const auto now = ports_.clock.now();
  Octets<11> random{};
  ports_.entropy.fill(random);
  const auto serial = lifecycle::make_serial(index, random);

  BM_TRY(auto built, pki::build_tbs(issuer, {.profile = order.profile,
                                             .serial = serial,
                                             .not_before = whole_seconds(now),
                                             .not_after = order.not_after,
                                             .subject = order.subject}));
  auto tbs = std::move(built.der);
  if (profile.receipt) {
    BM_TRY(const auto key, ports_.signer.public_key(receipt_key_));
    const auto key_id = receipt_key_id(key);
    const auto message = pki::receipt_message(tbs, key_id, now);
    BM_TRY(auto signature, ports_.signer.sign({.key = receipt_key_,
                                               .use = KeyUse::receipts,
                                               .epoch = ports_.store.epoch(),
                                               .message = message,
                                               .profile_hash = {}},
                                              key));
    BM_TRY(tbs, pki::append_receipt(tbs, {key_id, now, std::move(signature)}));
  }
  BM_CHECK(pki::lint(tbs, issuer, order.profile));

  CertificateRecord record;
  record.ca = order.ca;
  record.index = index;
  record.serial = serial;
  record.profile = order.profile;
  record.kind = order.kind;
  record.purpose = order.purpose;
  record.spki = crypto::sha256(order.subject.spki);
  record.profile_hash = pki::profile_hash(order.profile);
  record.not_before = whole_seconds(now);
  record.not_after = built.not_after;
  record.appraised_at = order.subject.device ? order.subject.device->appraised_at.value_or(now) : now;
  record.tbs = std::move(tbs);
  const auto hash = crypto::sha256(record.tbs);
  return Prepared{std::move(record), hash};
}

Result<CertificateRow> Issuance::record(Tx& tx, Prepared& prepared, const Order& order,
                                        const std::optional<RequestKey>& request, const AtIntent& at_intent) {
  auto intent = prepared.record;
  const Doing doing{.now = ports_.clock.now(), .epoch = ports_.store.epoch(), .actor = order.actor};
  if (request) {
    BM_TRY(const auto earlier, tx.request(request->caller, request->id));
    BM_TRY(const auto record,
           earlier ? tx.certificate(earlier->certificate) : Result<std::optional<CertificateRecord>>{});
    if (record && record->issuance != IssuanceState::orphaned) {
      return fail(Code::conflict, "the same request is under way");
    }
  }
  BM_TRY(const auto clock, ports_.time.check(tx));
  if (at_intent) {
    BM_CHECK(at_intent(tx, intent, clock));
  }
  audit::Entry entry{.kind = audit::EntryKind::intent_recorded, .at = doing.now, .epoch = doing.epoch.get()};
  if (intent.device.get() != 0) {
    BM_TRY(const auto known, tx.known(intent.spki));
    if (known && known->device != intent.device) {
      return fail(Code::key_reuse, "another identity holds this key", std::to_string(known->device.get()));
    }
    BM_CHECK(tx.add_known(intent.spki, {KnownKind::key_spki, intent.device}));
    BM_TRY(const auto device, tx.device(intent.device));
    entry.device = device ? std::optional{device->id} : std::nullopt;
  }
  BM_TRY(auto ca, tx.ca(intent.ca));
  BM_CHECK(check_issues(ca ? &*ca : nullptr));
  ++ca->assigned;
  BM_CHECK(tx.update_ca(*ca));
  BM_TRY(const auto row, tx.add_certificate(intent));
  if (request) {
    const auto same = request->fingerprint.value_or(intent.spki);
    BM_CHECK(tx.add_request({request->caller, request->id, same, row, doing.now}));
  }
  entry.serial = intent.serial;
  entry.spki_hash = intent.spki;
  entry.subject_hash = prepared.tbs_hash;
  entry.actor = order.actor;
  entry.reason = order.reason;
  BM_CHECK(tx.audit(entry));
  prepared.record = std::move(intent);
  return row;
}

Result<Issuance::IssuerKey> Issuance::issuer_key(const CertificateRecord& record) const {
  const auto directory = ports_.cas.get();
  const Ca* const ca = directory->find(record.ca);
  if (ca == nullptr) {
    return own_key(record);
  }
  BM_CHECK(check_issues(&ca->record));  // it may have ended since the intent
  return IssuerKey{ca->record.key, ca->certificate.key};
}

Result<Bytes> Issuance::sign(const CertificateRecord& record) const {
  BM_TRY(const auto issuer, issuer_key(record));
  // The request was pinned to one profile when it was linted (AC-13).
  if (record.profile_hash != pki::profile_hash(record.profile)) {
    return fail(Code::scope, "the profile has changed since the intent", "profile_hash");
  }
  return ports_.signer.sign({.key = issuer.name,
                             .use = KeyUse::certificates,
                             .epoch = ports_.store.epoch(),
                             .message = record.tbs,
                             .profile_hash = record.profile_hash},
                            issuer.key);
}

class Issuance::AtWork {
 public:
  AtWork(Issuance& on, CertificateRow intent) : on_{on} {
    const std::scoped_lock lock{on_.mutex_};
    place_ = on_.at_work_.insert(intent);
  }
  ~AtWork() {
    const std::scoped_lock lock{on_.mutex_};
    on_.at_work_.erase(place_);
  }
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;

 private:
  Issuance& on_;
  std::multiset<CertificateRow>::iterator place_;
};

bool Issuance::is_at_work(CertificateRow intent) const {
  const std::scoped_lock lock{mutex_};
  return at_work_.contains(intent);
}

Result<Issued> Issuance::complete(CertificateRecord record) {
  const AtWork at_work{*this, record.row};
  BM_TRY(const auto signature, sign(record));
  return register_signed(std::move(record), signature);
}

Result<Issued> Issuance::register_signed(CertificateRecord record, const Bytes& signature) {
  ports_.faults.reached("issue.after_signature");
  const auto registered = ports_.store.write([&](Tx& tx) {
    return register_certificate(tx, record, signature, {.now = ports_.clock.now(), .epoch = ports_.store.epoch()});
  });
  if (!registered) {
    // Storage may come back: then the intent is completed. Any other refusal is final for it.
    const auto& error = registered.error();
    if (info(error.code).errc != Errc::unavailable && error.code != Code::fenced) {
      BM_CHECK(give_up(record.row, info(error.code).name.data()));
    }
    return fail(error);
  }
  ports_.faults.reached("issue.after_registration");
  if (pki::is_root(record.profile)) {
    BM_CHECK(ports_.cas.refresh());
  }
  auto der = certificate_of(record);
  return Issued{std::move(record), std::move(der)};
}

/// As it is stored: somebody else may have settled it.
Result<void> Issuance::give_up(CertificateRow intent, const std::string& reason) {
  return ports_.store.write([&](Tx& tx) -> Result<void> {
    BM_TRY(auto stored, tx.certificate(intent));
    return stored && stored->issuance == IssuanceState::intended
               ? orphan(tx, std::move(*stored), reason, {.now = ports_.clock.now(), .epoch = ports_.store.epoch()})
               : Result<void>{};
  });
}

Result<Issuance::Recovered> Issuance::recover(std::chrono::milliseconds age) {
  BM_TRY(auto left, ports_.store.read_for<std::vector<CertificateRecord>>(
                        [](Tx& tx) { return tx.certificates_in(IssuanceState::intended); }));
  const auto before = ports_.clock.now();
  std::erase_if(left, [&](const CertificateRecord& record) {
    return before - record.not_before < age || is_at_work(record.row);
  });
  Recovered count;
  for (auto& record : left) {
    const auto row = record.row;
    const AtWork at_work{*this, row};
    const auto signature = sign(record);
    if (!signature && info(signature.error().code).errc == Errc::unavailable) {
      count.signer = fail(signature.error());
      continue;
    }
    const auto done = signature ? register_signed(std::move(record), *signature) : fail(signature.error());
    if (!done && info(done.error().code).errc == Errc::unavailable) {
      return fail(done.error());
    }
    if (!done) {
      // What the registry refused is given up already; what the signer refuses for good ends here.
      BM_CHECK(give_up(row, "recovery"));
    }
    ++(done ? count.completed : count.orphaned);
  }
  return count;
}

}  // namespace birthmark::app
