// SPDX-License-Identifier: Apache-2.0
#include "support/world.h"

#include <algorithm>
#include <array>

#include "adapters/files/posix_files.h"
#include "adapters/sqlite/store.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "crypto/hash.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;
using lifecycle::State;

const Digest kFieldCaller = crypto::sha256(as_bytes("192.0.2.7"));
constexpr std::string_view kLine = "line-1", kGate = "gate-1", kBatch = "B-1";

/// An operational key: the same form as the IDevID key's, as a child of the storage key.
std::unique_ptr<PaperKey> new_key() {
  return std::make_unique<PaperKey>(tpm::Template::idevid_birthmark);
}

}  // namespace

Bytes csr_of(const crypto::PrivateKey& key, BytesView subject, std::span<const pkcs10::Attribute> attributes) {
  return must(pkcs10::write_request(subject, key.public_key().spki(), attributes,
                                    x509::SignatureAlgorithm::ecdsa_sha256,
                                    [&](BytesView info) { return key.sign(info); }));
}

policy::ProductPolicy test_policy() {
  policy::ProductPolicy policy;
  policy.simulated = policy::SimulatedRoots::allowed;
  return policy;
}

UseCases::UseCases(const Ports& p, const WorldOptions& options, crypto::PublicKey receipt_key)
    : store{{p.store, p.journal, p.clock, [this] { read_path.denies_recorded(); }}},
      cas{store, ""},
      catalog{store,
              [policy = options.policy](const app::ProductRecord& product) -> Result<policy::ProductPolicy> {
                if (product.policy == World::kUnreadablePolicy) {
                  return fail(Code::bad_request, "told to be unreadable");
                }
                BM_CHECK(policy::check(policy, policy::Environment::development));
                if (product.policy.starts_with(World::kMinimumFirmware)) {
                  auto raised = policy;
                  raised.minimum_firmware = *lifecycle::FirmwareVersion::parse(
                      product.policy.substr(std::string_view{World::kMinimumFirmware}.size()));
                  return raised;
                }
                return policy;
              }},
      read_path{store, cas, catalog},
      time{p.clock},
      issuance{{store, p.signer, p.clock, p.entropy, p.faults, cas, time, p.sessions}, World::kReceiptKey},
      hierarchy{{store, p.signer, issuance, cas, catalog, read_path, p.clock, p.sessions}, options.scope},
      challenges{p.clock, p.entropy},
      provisioning{{store, issuance, challenges, catalog, p.trust, p.clock, p.entropy, p.ephemerals}},
      hardware{{catalog, p.trust, p.clock}},
      sealing{{store, challenges, hardware, p.clock}},
      attestation{{store, challenges, catalog, hardware, p.sessions, p.clock}},
      enrollment{
          {store, issuance, catalog, [this](BatchId batch) { return hierarchy.operational_ca(batch); }, p.clock}},
      revalidation{{store, issuance, challenges, catalog, hardware,
                    [this](BatchId batch) { return hierarchy.operational_ca(batch); }, p.clock, p.entropy,
                    p.ephemerals}},
      retirement{{store, challenges, p.signer, hardware, p.clock}, World::kStatementKey},
      software_roots{{store, issuance, catalog, p.clock}},
      key_check{{store, p.sessions, p.clock}},
      operations{{store, read_path, p.sessions, p.signer, p.clock, std::chrono::minutes{1}}, World::kStatementKey},
      refusals{store, p.clock},
      access{{store, cas, read_path, p.clock}, std::move(receipt_key)} {}

Result<void> UseCases::start() {
  BM_CHECK(cas.refresh());
  BM_CHECK(catalog.refresh());
  BM_CHECK(read_path.rebuild());
  store.set_listener([this](const app::Committed& committed) { return read_path.follow(committed); });
  BM_CHECK(store.replay());
  BM_TRY(recovered, issuance.recover());
  return {};
}

struct World::Database {
  TempDir directory;
  PosixFiles files;
  NoFaults faults;
  std::unique_ptr<sqlite::SqliteStore> store;
};

World::World(WorldOptions options) : entropy{options.seed}, options_{std::move(options)} {
  vendor = std::make_unique<fleet::SiliconVendor>(must(fleet::SiliconVendor::create(clock.now())));
  const auto pin = [&](BytesView certificate, attest::AnchorKind kind) {
    must(trust.tpm.add(certificate, "simulated", kind, attest::AnchorClass::simulated));
  };
  pin(vendor->root_certificate(), attest::AnchorKind::root);
  pin(vendor->intermediate_certificate(), attest::AnchorKind::intermediate);
  must(open_store());
  must(start());
  if (options_.roots == Roots::made) {
    must(cases->hierarchy.init());
  }
}

World::~World() {
  if (database_) {
    database_->store.reset();  // its committer calls the read path
  }
}

Result<void> World::open_store() {
  if (options_.backing == Backing::memory) {
    if (!fake_store_) {
      fake_store_ = std::make_unique<FakeStore>();
    }
    real_store_ = fake_store_.get();
  } else {
    if (!database_) {
      database_ = std::make_unique<Database>();
    }
    BM_TRY(database_->store, sqlite::SqliteStore::open({.directory = database_->directory / "registry",
                                                        .files = database_->files,
                                                        .faults = database_->faults,
                                                        .clock = clock}));
    real_store_ = database_->store.get();
  }
  failing_store_ = std::make_unique<FailingStore>(*real_store_, calls_);
  return {};
}

Result<void> World::start() {
  BM_TRY(auto receipt_key,
         signer.create(kReceiptKey, app::KeyUse::receipts, crypto::KeyType::p256, real_store_->epoch()));
  BM_CHECK(signer.create(kStatementKey, app::KeyUse::statements, crypto::KeyType::p256, real_store_->epoch()));
  cases = std::make_unique<UseCases>(
      UseCases::Ports{*failing_store_, signer, clock, entropy, kill_points, ephemerals_, trust, sessions, journal},
      options_, std::move(receipt_key));
  return cases->start();
}

Result<void> World::restart() {
  if (database_) {
    database_->store.reset();
  } else {
    fake_store_->set_listener({});
  }
  cases.reset();
  BM_CHECK(open_store());
  return start();
}

Octets<16> World::next_request_id() {
  Octets<16> id{};
  ++requests_;
  for (std::size_t i = 0; i < 8; ++i) {
    id[15 - i] = static_cast<std::uint8_t>(requests_ >> (8 * i));
  }
  return id;
}

// --- the line ---

app::BatchOrder World::batch_order(const std::string& name, std::uint32_t quantity) const {
  app::BatchOrder order;
  order.name = name;
  order.product = "heatpump";
  order.factory = "plant-1";
  order.quantity = quantity;
  order.opens = clock.now() - std::chrono::hours{1};
  order.closes = clock.now() + std::chrono::days{400};
  return order;
}

app::BatchRecord World::open_batch(const std::string& name, std::uint32_t quantity) {
  return must(cases->hierarchy.open_batch(batch_order(name, quantity), "operator:test"));
}

Station World::enroll_station(const std::string& name, app::StationRole role, const std::string& batch) {
  Station station{name, batch, role, must(crypto::PrivateKey::generate(crypto::KeyType::p256))};
  must(cases->hierarchy.certify({.profile = pki::ProfileId::station,
                                 .common_name = name,
                                 .spki = to_bytes(station.key.public_key().spki()),
                                 .dns_names = {},
                                 .ip_addresses = {},
                                 .actor = "operator:test"}));
  must(store().write([&](app::Tx& tx) -> Result<void> {
    BM_TRY(const auto record, tx.batch_named(batch));
    return without_value(tx.put_station({.id = {},
                                         .name = name,
                                         .role = role,
                                         .batch = record ? record->budget.id : BatchId{},
                                         .spki = station.id(),
                                         .not_after = clock.now() + std::chrono::days{365}}));
  }));
  return station;
}

Device World::make_device(const fleet::ChipModel& model) {
  Device device{.tpm = PaperTpm{*vendor, clock.now(), model},
                .id = {},
                .request_id = next_request_id(),
                .idevid = {},
                .ldevid = {},
                .ldevid_key = {}};
  device.id = lifecycle::device_id(lifecycle::RootKind::tpm, device.tpm.ek.spki());
  return device;
}

app::ProvisionEvidence World::provision_evidence(const Device& device, const app::Challenge& challenge) const {
  const auto& tpm = device.tpm;
  const auto freshness = lifecycle::freshness_value(Purpose::provision, challenge.nonce, challenge.session,
                                                    std::nullopt, tpm.idevid.spki_hash());
  auto attested = tpm.attest(tpm.idevid, freshness);
  return {.session = challenge.session,
          .request_id = device.request_id,
          .ek_certificate = tpm.ek_certificate(),
          .ek_chain = {},
          .ek_public = tpm.ek.public_area(),
          .ak_public = tpm.iak.public_area(),
          .idevid_public = tpm.idevid.public_area(),
          .statement = std::move(attested.statement),
          .csr = csr_of(tpm.idevid, kEmptyName, {}),
          .creation_data = std::move(attested.creation_data)};
}

Result<app::Issued> World::provision(Device& device, const Station& station) {
  auto& line = cases->provisioning;
  BM_TRY(const auto challenge, line.begin(station.id(), station.batch));
  BM_TRY(auto answer, line.evidence(station.id(), station.batch, provision_evidence(device, challenge)));
  if (auto* const again = std::get_if<app::Issued>(&answer)) {
    device.idevid = again->certificate;
    return std::move(*again);
  }
  const auto& activation = std::get<app::ActivationChallenge>(answer);
  BM_TRY(const auto secret, device.tpm.activate(activation.id_object, activation.encrypted_secret));
  BM_TRY(auto issued, line.activate(station.id(), station.batch, activation.session, secret));
  device.idevid = issued.certificate;
  return issued;
}

app::LockCheck World::in_order(const Device& device, const app::Challenge& challenge) {
  return {.device = device.id,
          .nonce = challenge.nonce,
          .transcript = crypto::sha256(as_bytes("no answer")),
          .debug_locked = true,
          .secure_boot = true,
          .lockdown_sealed = true};
}

app::SealEvidence World::seal_evidence(const Device& device, const Station& station, const app::Challenge& challenge,
                                       const app::LockCheck& found) const {
  const auto freshness = lifecycle::freshness_value(Purpose::seal, challenge.nonce, challenge.session, device.id,
                                                    device.tpm.iak.spki_hash());
  return {.session = challenge.session,
          .record = found,
          .record_signature = must(station.key.sign(app::lock_check_message(found))),
          .device = device.tpm.quote(freshness)};
}

Result<lifecycle::DeviceRecord> World::seal(const Device& device, const Station& station) {
  BM_TRY(const auto challenge, cases->sealing.begin(station.id(), station.batch));
  return cases->sealing.seal(station.key.public_key(), station.batch,
                             seal_evidence(device, station, challenge, in_order(device, challenge)));
}

// --- the field ---

app::DeviceEvidence World::device_evidence(const Device& device, const PaperKey& key,
                                           const app::Challenge& challenge) const {
  const auto freshness =
      lifecycle::freshness_value(challenge.purpose, challenge.nonce, challenge.session, device.id, key.spki_hash());
  return {.session = challenge.session,
          .key = app::TpmKeyEvidence{.key_public = key.public_area(),
                                     .parent_public = device.tpm.storage.public_area(),
                                     .statement = device.tpm.certify_child(key, freshness)},
          .firmware = "4.12.0"};
}

Result<app::AppraisalRecord> World::attest(const Device& device, Purpose purpose, const PaperKey& key) {
  const auto caller = purpose == Purpose::enroll ? crypto::sha256(device.idevid) : crypto::sha256(device.ldevid);
  BM_TRY(const auto challenge, cases->attestation.begin(purpose, caller, record(device)));
  return cases->attestation.attest(purpose, caller, record(device).row, device_evidence(device, key, challenge));
}

app::EstRequest World::est_request(BytesView certificate, const crypto::PrivateKey& key, Purpose purpose) const {
  const auto shown = must(cases->access.present(certificate));
  const auto password = must(pkcs10::challenge_password_value(kBinding));
  std::vector<pkcs10::Attribute> attributes{{oids::challenge_password, password}};
  Bytes extensions;
  const bool names = purpose == Purpose::renew && !shown.alt_name.empty();
  if (names) {
    const std::array asked{x509::Extension{oids::subject_alt_name, false, shown.alt_name}};
    extensions = x509::write_extensions(asked);
    attributes.push_back({oids::extension_request, extensions});
  }
  return {.certificate = shown.certificate,
          .ca = shown.ca,
          .index = shown.index,
          .presented_subject = shown.subject,
          .presented_alt_name = shown.alt_name,
          .csr = csr_of(key, purpose == Purpose::renew ? BytesView{shown.subject} : BytesView{kEmptyName}, attributes),
          .channel_binding = kBinding};
}

Result<app::Issued> World::enroll(Device& device) {
  if (!device.ldevid_key) {
    device.ldevid_key = new_key();
  }
  BM_CHECK(attest(device, Purpose::enroll, *device.ldevid_key));
  BM_TRY(auto issued, cases->enrollment.enroll(est_request(device.idevid, *device.ldevid_key, Purpose::enroll)));
  device.ldevid = issued.certificate;
  return issued;
}

Result<app::Issued> World::renew(Device& device) {
  auto key = new_key();
  BM_CHECK(attest(device, Purpose::renew, *key));
  BM_TRY(auto issued, cases->enrollment.reenroll(est_request(device.ldevid, *key, Purpose::renew)));
  device.ldevid = issued.certificate;
  device.ldevid_key = std::move(key);
  return issued;
}

Result<app::RevalidationAnswer> World::revalidate(Device& device) {
  auto key = new_key();
  auto answer = revalidate(device, *key, next_request_id());
  if (answer && std::holds_alternative<app::Issued>(*answer)) {
    device.ldevid_key = std::move(key);
  }
  return answer;
}

Result<app::RevalidationAnswer> World::revalidate(Device& device, const PaperKey& key, const Octets<16>& request_id) {
  BM_TRY(const auto challenge, cases->revalidation.begin(kFieldCaller));
  const app::RevalidationEvidence evidence{.device = device.id,
                                           .request_id = request_id,
                                           .ek_public = device.tpm.ek.public_area(),
                                           .evidence = device_evidence(device, key, challenge)};
  BM_TRY(const auto step, cases->revalidation.evidence(kFieldCaller, evidence));
  const auto& activation = std::get<app::ActivationChallenge>(step);
  BM_TRY(const auto secret, device.tpm.activate(activation.id_object, activation.encrypted_secret));
  BM_TRY(auto answer, cases->revalidation.activate(kFieldCaller, activation.session, secret));
  if (const auto* const issued = std::get_if<app::Issued>(&answer)) {
    device.ldevid = issued->certificate;
  }
  return answer;
}

Result<policy::Authorized> World::use(const Device& device) {
  BM_TRY(const auto shown, cases->access.present(device.ldevid));
  return cases->access.use(shown, policy::Action::telemetry_publish, "telemetry");
}

Result<app::ActionResult> World::act(app::DeviceAction action, const Device& device, lifecycle::HoldCause cause) {
  return cases->operations.act(action, device.id, cause, "operator:test");
}

Result<app::RetireReceipt> World::retire(Device& device) {
  BM_TRY(const auto challenge, cases->retirement.begin(kFieldCaller));
  device.tpm.clear();
  const auto freshness = lifecycle::freshness_value(Purpose::retire, challenge.nonce, challenge.session, device.id,
                                                    device.tpm.iak.spki_hash());
  return cases->retirement.finish(kFieldCaller, challenge.session, device.id, device.tpm.quote(freshness));
}

// --- short roads ---

void World::ensure_line() {
  if (!line_) {
    open_batch(std::string{kBatch});
    line_ =
        std::make_unique<Station>(enroll_station(std::string{kLine}, app::StationRole::provision, std::string{kBatch}));
    gate_ = std::make_unique<Station>(
        enroll_station(std::string{kGate}, app::StationRole::lock_check, std::string{kBatch}));
  }
}

const Station& World::line() {
  ensure_line();
  return *line_;
}

const Station& World::lock_check() {
  ensure_line();
  return *gate_;
}

Device World::device_in(State state) {
  auto device = make_device();
  must(provision(device, line()));
  if (state == State::uninitialized) {
    return device;
  }
  must(seal(device, lock_check()));
  if (state == State::provisioned) {
    return device;
  }
  must(enroll(device));
  if (state == State::enrolled) {
    return device;
  }
  must(use(device));
  if (state == State::suspended) {
    must(act(app::DeviceAction::suspend, device));
  }
  if (state == State::revoked) {
    must(act(app::DeviceAction::revoke, device));
  }
  if (state == State::decommissioned) {
    must(act(app::DeviceAction::retire, device));
  }
  return device;
}

}  // namespace birthmark::test
