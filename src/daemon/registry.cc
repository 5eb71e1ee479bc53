// SPDX-License-Identifier: Apache-2.0
#include "daemon/registry.h"

#include "adapters/clock/system_clock.h"
#include "adapters/entropy/generated_ephemerals.h"
#include "adapters/entropy/system_entropy.h"
#include "adapters/files/passphrase.h"
#include "adapters/files/posix_files.h"
#include "adapters/log/published_log.h"
#include "adapters/signer/file_signer.h"
#include "adapters/sqlite/store.h"
#include "daemon/bootstrap.h"
#include "daemon/deny_journal_place.h"
#include "daemon/made_as.h"
#include "daemon/policy_file.h"
#include "daemon/readiness.h"
#include "daemon/vendor_store.h"
#ifdef BIRTHMARK_FAULTS
#include "adapters/sqlite/fault_layer.h"
#endif

namespace birthmark::daemon {
namespace {

constexpr const char* kReceiptKey = "registry-receipts";
constexpr const char* kStatementKey = "registry-statements";
constexpr const char* kCheckpointKey = "log-checkpoints";
/// With a disk that hangs: a deny is to be out within a second or two.
constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::days kRequestsKept{30};
constexpr std::chrono::hours kPruneEvery{1};

/// Files, kill points and the database's VFS: the real ones, or in builds for tests the fault layer around them.
class World {
 public:
  static Result<std::unique_ptr<World>> make() {
    auto world = std::make_unique<World>();
#ifdef BIRTHMARK_FAULTS
    BM_TRY(world->layer_, FaultLayer::from_environment());
#endif
    return world;
  }
#ifdef BIRTHMARK_FAULTS
  Files& files() { return layer_ ? layer_->files() : files_; }
  Faults& faults() { return layer_ ? layer_->faults() : no_faults_; }
  [[nodiscard]] sqlite::OpenOptions database() const { return layer_ ? layer_->database({}) : sqlite::OpenOptions{}; }
#else
  Files& files() { return files_; }
  Faults& faults() { return no_faults_; }
  [[nodiscard]] sqlite::OpenOptions database() const { return {}; }
#endif

 private:
  PosixFiles files_;
  NoFaults no_faults_;
#ifdef BIRTHMARK_FAULTS
  std::unique_ptr<FaultLayer> layer_;
#endif
};

class CutSessions final : public app::Sessions {
 public:
  using Cut = std::function<std::size_t(const std::set<DeviceRow>&)>;
  std::size_t cut(const std::set<DeviceRow>& devices) override { return cut_ ? cut_(devices) : 0; }
  void set(Cut cut) { cut_ = std::move(cut); }

 private:
  Cut cut_;
};

/// The published log as the routes see it.
class ServedLog final : public api::LogPublic {
 public:
  explicit ServedLog(PublishedLog& log) : log_{log} {}
  Result<std::string> checkpoint() override { return log_.checkpoint(); }
  Result<std::string> proof(std::uint64_t index) override { return log_.proof(index); }
  Result<Bytes> tile(std::string_view path) override {
    const auto name = audit::read_tile_path(path);
    return name ? log_.read(*name) : Result<Bytes>{fail(Code::not_found, "no such tile")};
  }

 private:
  PublishedLog& log_;
};

/// The use cases, in the order of their dependencies.
struct UseCases {
  app::DeniesFirst store;
  app::CaDirectoryHolder cas;
  app::Catalog catalog;
  app::ReadPath read_path;
  app::TimeGuard time;
  app::Issuance issuance;
  app::Hierarchy hierarchy;
  app::Challenges challenges;
  app::Provisioning provisioning;
  app::KnownHardware hardware;
  app::Sealing sealing;
  app::Attestation attestation;
  app::Enrollment enrollment;
  app::Revalidation revalidation;
  app::Retirement retirement;
  app::Operations operations;
  app::SoftwareRoots software_roots;
  app::KeyCheck key_check;
  app::Refusals refusals;
  app::Access access;

  UseCases(const Config& config, app::Scope scope, app::Store& registry, app::Signer& signer, Clock& clock,
           Entropy& entropy, Faults& faults, crypto::EphemeralSource& ephemerals, const attest::Trust& trust,
           app::Sessions& sessions, app::DenyJournal& journal, crypto::PublicKey receipt_key)
      : store{{registry, journal, clock, [this] { read_path.denies_recorded(); }}},
        cas{store, config.public_url},
        catalog{
            store,
            [&config](const app::ProductRecord& product) { return read_policy(product.policy, config.environment); }},
        read_path{store, cas, catalog},
        time{clock},
        issuance{{store, signer, clock, entropy, faults, cas, time, sessions}, kReceiptKey},
        hierarchy{{store, signer, issuance, cas, catalog, read_path, clock, sessions}, scope},
        challenges{clock, entropy},
        provisioning{{store, issuance, challenges, catalog, trust, clock, entropy, ephemerals}},
        hardware{{catalog, trust, clock}},
        sealing{{store, challenges, hardware, clock}},
        attestation{{store, challenges, catalog, hardware, sessions, clock}},
        enrollment{
            {store, issuance, catalog, [this](BatchId batch) { return hierarchy.operational_ca(batch); }, clock}},
        revalidation{{store, issuance, challenges, catalog, hardware,
                      [this](BatchId batch) { return hierarchy.operational_ca(batch); }, clock, entropy, ephemerals}},
        retirement{{store, challenges, signer, hardware, clock}, kStatementKey},
        operations{{store, read_path, sessions, signer, clock, kPatience}, kStatementKey},
        software_roots{{store, issuance, catalog, clock}},
        key_check{{store, sessions, clock}},
        refusals{store, clock},
        access{{store, cas, read_path, clock}, std::move(receipt_key)} {}
};

class ComposedRegistry final : public Registry {
 public:
  explicit ComposedRegistry(Config config)
      : config_{std::move(config)}, paths_{Registry::paths(config_)}, ephemerals_{entropy_} {}

  Result<void> start() {
    BM_TRY(world_, World::make());
    BM_TRY(made_as_, made_as(world_->files(), config_.data, config_.scope, config_.environment));
    BM_TRY(auto passphrase, read_passphrase(world_->files(), paths_.passphrase));
    BM_CHECK(keep_environment(world_->files(), config_.data, made_as_.environment));
    BM_TRY(signer_, FileSigner::open(world_->files(), paths_.keys, std::move(passphrase)));
    BM_TRY(store_, sqlite::SqliteStore::open({.directory = paths_.store,
                                              .files = world_->files(),
                                              .faults = world_->faults(),
                                              .clock = clock_,
                                              .database = world_->database()}));
    const auto epoch = store_->epoch();
    BM_TRY(auto receipt_key, signer_->create(kReceiptKey, app::KeyUse::receipts, crypto::KeyType::p256, epoch));
    BM_CHECK(signer_->create(kStatementKey, app::KeyUse::statements, crypto::KeyType::p256, epoch));
    BM_TRY(const auto checkpoint_key,
           signer_->create(kCheckpointKey, app::KeyUse::checkpoints, crypto::KeyType::ed25519, epoch));
    BM_CHECK(open_log(checkpoint_key));
    BM_TRY(journal_, open_journal(world_->files(), config_.data, paths_.journal, log_key_));
    BM_TRY(trust_, read_vendors(world_->files(), paths_.trust, config_.environment, clock_.now()));
    cases_ = std::make_unique<UseCases>(config_, made_as_.scope, *store_, *signer_, clock_, entropy_, world_->faults(),
                                        ephemerals_, trust_, sessions_, *journal_, std::move(receipt_key));
    return recover();
  }

  Result<void> init() override {
    BM_CHECK(keep_scope(world_->files(), config_.data, made_as_.scope));
    BM_CHECK(bootstrap(config_, paths_, server_certificate_ports()));
    return write_atomically(world_->files(), config_.data / "log.vkey", as_bytes(log_key_ + "\n"),
                            Visibility::everyone);
  }
  Result<ServerCertificate> renew_server_certificate() override {
    BM_TRY(const auto passphrase, read_passphrase(world_->files(), paths_.passphrase));
    return ensure_server_certificate(config_, paths_.tls, passphrase, server_certificate_ports());
  }
  api::Services& services() override { return *services_; }
  void set_sessions(CutSessions::Cut cut) override { sessions_.set(std::move(cut)); }
  Clock& clock() override { return clock_; }
  Files& files() override { return world_->files(); }
  [[nodiscard]] std::string log_key() const override { return log_key_; }

  [[nodiscard]] Numbers numbers() const override {
    const auto store = store_->counters();
    return {events_, cases_->access.decisions(), store.works, store.commits, store.commit_time};
  }

  std::vector<TidyFailure> tidy(app::Refusals::Minutes minutes) override {
    std::vector<TidyFailure> failed;
    const auto judge = [&failed](std::string_view chore, const auto& result) {
      if (!result) {
        failed.push_back({chore, result.error()});
      }
    };
    judge("journal", cases_->store.replay());
    const auto intents = cases_->issuance.recover(app::Issuance::kStuckAfter);
    judge("intents", intents);
    if (intents) {
      judge("intents", intents->signer);
    }
    judge("refusals", cases_->refusals.flush(minutes));
    const auto durable = log_->make_durable();
    judge("log", durable);
    if (durable) {
      judge("rows", store_->prune_log(*durable));
    }
    if (clock_.ticks() >= prune_at_) {
      const auto pruned = store_->prune_requests(clock_.now() - kRequestsKept);
      judge("requests", pruned);
      prune_at_ = pruned ? clock_.ticks() + kPruneEvery : prune_at_;
    }
    return failed;
  }

 private:
  ServerCertificatePorts server_certificate_ports() {
    return {world_->files(), cases_->store, cases_->hierarchy, clock_};
  }

  Result<void> open_log(const crypto::PublicKey& key) {
    BM_TRY(const auto verifier,
           audit::VerifierKey::make(audit::SignatureType::ed25519, config_.log_origin, key.point()));
    log_key_ = verifier.write();
    BM_TRY(log_, PublishedLog::open({.directory = paths_.log,
                                     .files = world_->files(),
                                     .faults = world_->faults(),
                                     .key = verifier,
                                     .sign = [this, key](BytesView message) {
                                       return signer_->sign({.key = kCheckpointKey,
                                                             .use = app::KeyUse::checkpoints,
                                                             .epoch = store_->epoch(),
                                                             .message = message,
                                                             .profile_hash = {}},
                                                            key);
                                     }}));
    served_log_ = std::make_unique<ServedLog>(*log_);
    return log_->catch_up(*store_);
  }

  /// From here on every commit is followed: the read path learns it and the log publishes it before anybody is
  /// answered.
  Result<void> recover() {
    BM_CHECK(cases_->cas.refresh());
    BM_CHECK(cases_->catalog.refresh());
    BM_CHECK(cases_->read_path.rebuild());
    store_->set_listener([this](const app::Committed& committed) -> Result<void> {
      BM_CHECK(cases_->read_path.follow(committed));
      BM_CHECK(without_value(log_->append(committed.first_log_index, committed.entries)));
      events_.add(committed.entries);
      return {};
    });
    BM_CHECK(cases_->store.replay());
    BM_CHECK(cases_->issuance.recover());  // what the signer refuses holds up nobody else: tidy() tries and tells
    services_ = std::make_unique<api::Services>(api::Services{cases_->store,
                                                              cases_->access,
                                                              cases_->provisioning,
                                                              cases_->sealing,
                                                              cases_->attestation,
                                                              cases_->enrollment,
                                                              cases_->revalidation,
                                                              cases_->retirement,
                                                              cases_->operations,
                                                              cases_->software_roots,
                                                              cases_->key_check,
                                                              cases_->hierarchy,
                                                              cases_->catalog,
                                                              cases_->cas,
                                                              cases_->refusals,
                                                              cases_->time,
                                                              *signer_,
                                                              *served_log_,
                                                              clock_,
                                                              kStatementKey,
                                                              [] { return std::string{}; },
                                                              [this] { return readiness_.ask(); }});
    return {};
  }

  /// Really commits, and really writes where the log and the journal lie. Anybody may ask: no path is told.
  Result<void> probe() {
    if (const auto stored = store_->write([](app::Tx&) { return Result<void>{}; }); !stored) {
      return fail(stored.error().code, "the store takes no writes");
    }
    for (const auto& [what, directory] : {std::pair{"log", paths_.log}, std::pair{"journal", paths_.journal}}) {
      const auto written =
          write_atomically(world_->files(), directory / ".ready", as_bytes("ready\n"), Visibility::owner);
      if (!written) {
        return fail(written.error().code, std::string{"the directory of the "} + what + " takes no writes");
      }
    }
    return {};
  }

  const Config config_;
  const Registry::Paths paths_;
  MadeAs made_as_;
  SystemClock clock_;
  Ticks prune_at_{};  ///< requests; the first time at once
  Readiness readiness_{[this] { return probe(); }, clock_};
  SystemEntropy entropy_;
  GeneratedEphemerals ephemerals_;
  CutSessions sessions_;
  EventCounts events_;
  std::unique_ptr<World> world_;
  std::unique_ptr<FileSigner> signer_;
  attest::Trust trust_;
  std::unique_ptr<FileDenyJournal> journal_;
  // The store ends first: its committer still calls what stands above it.
  std::unique_ptr<PublishedLog> log_;
  std::unique_ptr<ServedLog> served_log_;
  std::string log_key_;
  std::unique_ptr<UseCases> cases_;
  std::unique_ptr<api::Services> services_;
  std::unique_ptr<sqlite::SqliteStore> store_;
};

}  // namespace

Registry::Paths Registry::paths(const Config& config) {
  const auto& data = config.data;
  return {.store = data / "registry",
          .log = data / "log",
          .keys = data / "keys",
          .journal = config.journal.empty() ? data / "journal" : config.journal,
          .trust = data / "trust",
          .tls = data / "tls",
          .operators = data / "operators",
          .passphrase = passphrase_file(data, config.passphrase_file)};
}

Result<std::unique_ptr<Registry>> Registry::open(const Config& config) {
  auto registry = std::make_unique<ComposedRegistry>(config);
  BM_CHECK(registry->start());
  return std::unique_ptr<Registry>{std::move(registry)};
}

}  // namespace birthmark::daemon
