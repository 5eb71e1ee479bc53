// SPDX-License-Identifier: Apache-2.0
#include "app/hierarchy.h"

#include <algorithm>
#include <array>

#include "app/registration.h"
#include "crypto/hash.h"

namespace birthmark::app {
namespace {

using pki::ProfileId;

constexpr std::string_view kManufacturingRoot = "manufacturing/root";
constexpr std::string_view kOperationalRoot = "operational/root";
constexpr std::string_view kServiceRoot = "service/root";
constexpr std::string_view kServiceCa = "service/ca";
constexpr std::string_view kServiceOrganization = "birthmark service";
constexpr const char* kActor = "server:hierarchy";
constexpr std::uint8_t kSmallList = 12;
constexpr std::uint8_t kSharedList = 24;  // of a manufacturing CA that issues for many batches (`--scope`)
constexpr std::chrono::days kOperationalIssues{30};

struct ScopeRow {
  Scope scope;
  std::string_view name;
};
constexpr std::array kScopes{ScopeRow{Scope::global, "global"}, ScopeRow{Scope::product, "product"},
                             ScopeRow{Scope::factory, "factory"}, ScopeRow{Scope::batch, "batch"}};

/// The signer's name of a CA's key: its record's name may hold any printable character, a key name may not.
std::string key_name(const std::string& ca) {
  const auto digest = crypto::sha256(as_bytes(ca));
  return "ca-" + to_hex(BytesView{digest.get()}.first(16));
}

/// The logarithm of the smallest status list with room for `times` times the quantity: at least 8.
std::uint8_t list_bits(std::uint32_t quantity, std::uint32_t times) {
  std::uint8_t bits = 8;
  while (bits < policy::CredentialTable::kBitsMax && (std::uint64_t{1} << bits) < std::uint64_t{quantity} * times) {
    ++bits;
  }
  return bits;
}

Octets<16> request_id(std::string_view what) {
  const auto digest = crypto::sha256(as_bytes(what));
  Octets<16> id{};
  std::copy_n(digest.get().begin(), id.size(), id.begin());
  return id;
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts) {
    text += (text.empty() ? "" : "/") + std::string{part};
  }
  return text;
}

}  // namespace

std::optional<Scope> scope_named(std::string_view name) {
  const auto* const row = std::ranges::find(kScopes, name, &ScopeRow::name);
  return row == kScopes.end() ? std::nullopt : std::optional{row->scope};
}

std::string_view name(Scope scope) {
  const auto* const row = std::ranges::find(kScopes, scope, &ScopeRow::scope);
  return row == kScopes.end() ? std::string_view{"unknown"} : row->name;
}

Result<void> Hierarchy::init() {
  const std::scoped_lock lock{mutex_};
  const auto root = [&](ProfileId profile, std::string_view name, std::string_view organization) {
    const bool issues = profile == ProfileId::manufacturing_root && scope_ == Scope::global;
    return ensure_ca({.profile = profile,
                      .name = std::string{name},
                      .parent = std::nullopt,
                      .subject = {.organization = std::string{organization},
                                  .organizational_units = {},
                                  .common_name = std::string{name},
                                  .serial_number = {}},
                      .list_bits = issues ? kSharedList : kSmallList});
  };
  BM_CHECK(root(ProfileId::manufacturing_root, kManufacturingRoot, "birthmark manufacturing"));
  BM_CHECK(root(ProfileId::operational_root, kOperationalRoot, "birthmark operational"));
  BM_TRY(const auto service, root(ProfileId::service_root, kServiceRoot, kServiceOrganization));
  BM_CHECK(ensure_ca({.profile = ProfileId::service_ca,
                      .name = std::string{kServiceCa},
                      .parent = service.id,
                      .subject = {.organization = std::string{kServiceOrganization},
                                  .organizational_units = {},
                                  .common_name = std::string{kServiceCa},
                                  .serial_number = {}},
                      .list_bits = 16}));
  return {};
}

Result<std::optional<CaRecord>> Hierarchy::ca_named(const std::string& name) const {
  BM_TRY(auto all, ports_.store.read_for<std::vector<CaRecord>>([](Tx& tx) { return tx.cas(); }));
  const auto found = std::ranges::find(all, name, &CaRecord::name);
  return found == all.end() ? std::optional<CaRecord>{} : std::optional{std::move(*found)};
}

Result<void> Hierarchy::refresh() {
  BM_CHECK(ports_.cas.refresh());
  return ports_.read_path.refresh();
}

Result<CaRecord> Hierarchy::ensure_ca(const CaOrder& order) {
  BM_TRY(auto there, ca_named(order.name));
  if (there && (there->profile != order.profile || there->parent != order.parent)) {
    return fail(Code::conflict, "CA " + order.name + " is there with another profile or parent");
  }
  if (there && !there->certificate.empty()) {
    // Whoever made it may not have come to this.
    if (ports_.cas.get()->find(there->id) == nullptr) {
      BM_CHECK(refresh());
    }
    return std::move(*there);
  }
  CaRecord record;
  record.id = there ? there->id : CaId{};
  record.profile = order.profile;
  record.name = order.name;
  record.parent = order.parent;
  record.generation = order.generation;
  record.list_bits = there ? there->list_bits : order.list_bits;
  record.key = key_name(order.name);
  record.issues_until = order.issues_until;
  BM_TRY(const auto key,
         ports_.signer.create(record.key, KeyUse::certificates, crypto::KeyType::p256, ports_.store.epoch()));
  Order certificate;
  certificate.profile = order.profile;
  certificate.subject.name = order.subject;
  certificate.subject.spki = to_bytes(key.spki());
  certificate.actor = kActor;
  certificate.reason = "make " + order.name;
  if (!order.parent) {
    BM_TRY(auto issued, ports_.issuance.issue_root(record, certificate));
    record.id = issued.record.ca;
    record.certificate = std::move(issued.certificate);
    BM_CHECK(refresh());
    return record;
  }
  certificate.ca = *order.parent;
  BM_TRY(auto issued, ports_.issuance.issue(certificate, RequestKey{key.spki_sha256(), request_id(order.name)}, {}));
  record.certificate = std::move(issued.certificate);
  BM_TRY(record.id, ports_.store.write_for<CaId>([&](Tx& tx) -> Result<CaId> {
    BM_CHECK(audit_ca(tx, record, key.spki_sha256(), {ports_.clock.now(), ports_.store.epoch(), kActor}));
    return tx.add_ca(record);
  }));
  BM_CHECK(refresh());
  return record;
}

Result<CaId> Hierarchy::manufacturing_ca(const BatchOrder& order) {
  BM_TRY(const auto root, ca_named(std::string{kManufacturingRoot}));
  if (!root) {
    return fail(Code::not_found, "no manufacturing root: run `birthmark init`");
  }
  struct Level {
    Scope scope;
    ProfileId profile;
    std::string name;
    std::vector<std::string> units;
  };
  const std::array levels{
      Level{Scope::product, ProfileId::product_line_ca, joined({"manufacturing", order.product}), {}},
      Level{Scope::factory,
            ProfileId::factory_ca,
            joined({"manufacturing", order.product, order.factory}),
            {order.factory}},
      Level{Scope::batch,
            ProfileId::batch_ca,
            joined({"manufacturing", order.product, order.factory, order.name}),
            {order.factory, order.name}}};
  const auto last_list = scope_ == Scope::batch ? list_bits(order.quantity, 2) : kSharedList;
  CaId last = root->id;
  for (const auto& level : levels) {
    if (level.scope > scope_) {
      break;
    }
    BM_TRY(const auto made, ensure_ca({.profile = level.profile,
                                       .name = level.name,
                                       .parent = last,
                                       .subject = {.organization = order.product,
                                                   .organizational_units = level.units,
                                                   .common_name = level.name.substr(0, 64),
                                                   .serial_number = {}},
                                       .list_bits = level.scope == scope_ ? last_list : kSmallList}));
    last = made.id;
  }
  return last;
}

Result<CaRecord> Hierarchy::operational_generation(const std::string& product, const std::string& factory,
                                                   const std::string& batch, std::uint32_t quantity,
                                                   std::uint32_t generation) {
  BM_TRY(const auto root, ca_named(std::string{kOperationalRoot}));
  if (!root) {
    return fail(Code::not_found, "no operational root: run `birthmark init`");
  }
  const auto name = joined({"operational", product, factory, batch, "g" + std::to_string(generation)});
  return ensure_ca({.profile = ProfileId::operational_ca,
                    .name = name,
                    .parent = root->id,
                    .subject = {.organization = product,
                                .organizational_units = {factory, batch},
                                .common_name = "operational g" + std::to_string(generation),
                                .serial_number = {}},
                    .list_bits = list_bits(quantity, 4),
                    .generation = generation,
                    .issues_until = ports_.clock.now() + kOperationalIssues});
}

Result<CaId> Hierarchy::operational_ca(BatchId id) {
  const auto needs_next = [&](const CaRecord& ca) {
    return ca.state != CaState::active || ports_.clock.now() >= ca.issues_until ||
           std::uint64_t{ca.assigned} * 8 >= (std::uint64_t{1} << ca.list_bits) * 7;
  };
  struct Facts {
    BatchRecord batch;
    CaRecord ca;
  };
  const auto read = [&] {
    return ports_.store.read_for<Facts>([&](Tx& tx) -> Result<Facts> {
      BM_TRY(auto batch, tx.batch(id));
      BM_TRY(auto ca, batch ? tx.ca(batch->operational_ca) : Result<std::optional<CaRecord>>{});
      return ca ? Result<Facts>{Facts{std::move(*batch), std::move(*ca)}}
                : fail(Code::not_found, "the batch has no operational CA");
    });
  };
  BM_TRY(auto facts, read());
  if (!needs_next(facts.ca)) {
    return facts.ca.id;
  }
  const std::scoped_lock lock{mutex_};
  BM_TRY(facts, read());
  if (!needs_next(facts.ca)) {
    return facts.ca.id;
  }
  BM_TRY(const auto policy, ports_.catalog.find(facts.batch.budget.product));
  BM_TRY(auto next, operational_generation(policy->name, facts.batch.budget.factory, facts.batch.name,
                                           facts.batch.budget.quantity, facts.ca.generation + 1));
  BM_CHECK(ports_.store.write([&](Tx& tx) -> Result<void> {
    BM_TRY(auto batch, tx.batch(id));
    BM_TRY(auto ca, tx.ca(next.id));
    if (!batch || !ca) {
      return fail(Code::not_found, "the batch or its new CA is gone");
    }
    batch->operational_ca = next.id;
    ca->batch = id;
    BM_CHECK(tx.update_ca(*ca));
    return tx.update_batch(*batch);
  }));
  BM_CHECK(refresh());
  return next.id;
}

Result<CaRecord> Hierarchy::revoke_ca(const std::string& name, const std::string& actor,
                                      const AtChange<CaRecord>& at_change) {
  BM_TRY(auto record, ca_named(name));
  if (!record) {
    return fail(Code::not_found, "no CA " + name);
  }
  if (record->profile != ProfileId::operational_ca || !record->batch) {
    return fail(Code::scope, "only an operational CA is revoked here");
  }
  const auto written = ports_.store.write([&](Tx& tx) -> Result<void> {
    BM_TRY(record, tx.ca(record->id));  // its count may have moved on
    record->state = CaState::ended;
    BM_CHECK(tx.update_ca(*record));
    BM_CHECK(tx.audit({.kind = audit::EntryKind::operator_action,
                       .at = ports_.clock.now(),
                       .epoch = ports_.store.epoch().get(),
                       .subject_hash = crypto::sha256(record->certificate),
                       .actor = actor,
                       .reason = "revoke " + name.substr(0, 200)}));
    return at_change ? at_change(tx, *record) : Result<void>{};
  });
  if (!written) {
    // It may be durable all the same, and only its log entry is owed: then nothing is admitted under it any more.
    if (written.error().code == Code::storage) {
      static_cast<void>(enforce_revocation(name));
    }
    return fail(written.error());
  }
  BM_CHECK(finish_revocation(name));
  return std::move(*record);
}

Result<void> Hierarchy::finish_revocation(const std::string& name) {
  BM_TRY(const auto batch, enforce_revocation(name));  // before the successor, which may have to wait for the signer
  return without_value(operational_ca(batch));
}

/// Denies what the CA has issued and cuts the open sessions, also where somebody else's refresh had denied it already.
Result<BatchId> Hierarchy::enforce_revocation(const std::string& name) {
  BM_TRY(const auto record, ca_named(name));
  if (!record || record->state != CaState::ended || !record->batch) {
    return fail(Code::not_found, "no revoked CA " + name);
  }
  BM_CHECK(refresh());
  cut_sessions_of(record->id);
  return *record->batch;
}

/// Whoever holds a credential of it that has not ended, admitted or not: the others have come under a successor.
void Hierarchy::cut_sessions_of(CaId ca) {
  const auto snapshot = ports_.read_path.snapshots().get();
  const auto* const issuer = snapshot->issuer(ca);
  if (issuer == nullptr) {
    return;
  }
  std::set<DeviceRow> devices;
  for (std::uint32_t index = 0; index < issuer->credentials->capacity(); ++index) {
    const auto credential = issuer->credentials->load(index);
    if (credential.status != lifecycle::Status::ended) {
      devices.insert(credential.device);
    }
  }
  devices.erase(DeviceRow{});  // of places that nobody has
  ports_.sessions.cut(devices);
}

Result<Issued> Hierarchy::certify(const ServiceOrder& order, const Issuance::AtIntent& at_intent,
                                  const std::optional<RequestKey>& request) {
  BM_TRY(const auto ca, ca_named(std::string{kServiceCa}));
  if (!ca) {
    return fail(Code::not_found, "no service CA: run `birthmark init`");
  }
  Order certificate;
  certificate.ca = ca->id;
  certificate.profile = order.profile;
  certificate.subject.name = {.organization = std::string{kServiceOrganization},
                              .organizational_units = {std::string{pki::profile(order.profile).name}},
                              .common_name = order.common_name,
                              .serial_number = {}};
  certificate.subject.spki = order.spki;
  certificate.subject.dns_names = order.dns_names;
  certificate.subject.ip_addresses = order.ip_addresses;
  certificate.actor = order.actor;
  certificate.reason = "certify " + order.common_name;
  return ports_.issuance.issue(certificate, request, at_intent);
}

Result<std::vector<Bytes>> Hierarchy::service_chain() const {
  std::vector<Bytes> chain;
  for (const auto name : {kServiceCa, kServiceRoot}) {
    BM_TRY(auto ca, ca_named(std::string{name}));
    if (!ca) {
      return fail(Code::not_found, "no service hierarchy: run `birthmark init`");
    }
    chain.push_back(std::move(ca->certificate));
  }
  return chain;
}

}  // namespace birthmark::app
