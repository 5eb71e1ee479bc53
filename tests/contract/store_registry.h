// SPDX-License-Identifier: Apache-2.0
// A registry with its published log, composed as a program does; and a way to look at what they left behind.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/log/published_log.h"
#include "adapters/sqlite/store.h"
#include "audit/log_check.h"
#include "contract/store_samples.h"
#include "crypto/keys.h"

namespace birthmark::test {

inline const std::string kLogOrigin = "birthmark.example/registry";

/// The log's key pair.
struct LogKey {
  std::shared_ptr<crypto::PrivateKey> key;
  audit::VerifierKey verifier;

  static Result<LogKey> of(crypto::PrivateKey key) {
    auto shared = std::make_shared<crypto::PrivateKey>(std::move(key));
    BM_TRY(auto verifier,
           audit::VerifierKey::make(audit::SignatureType::ed25519, kLogOrigin, shared->public_key().point()));
    return LogKey{std::move(shared), std::move(verifier)};
  }
  static Result<LogKey> make() {
    BM_TRY(auto key, crypto::PrivateKey::generate(crypto::KeyType::ed25519));
    return of(std::move(key));
  }
  static Result<LogKey> from_pem(std::string_view pem) {
    BM_TRY(auto key, crypto::PrivateKey::from_pem(pem));
    return of(std::move(key));
  }
  [[nodiscard]] audit::NoteSigner signer() const {
    return [key = key](BytesView message) { return key->sign(message); };
  }
};

struct RegistryPorts {
  Files& files;
  Faults& faults;
  Clock& clock;
};

struct Registry {
  std::unique_ptr<PublishedLog> log;
  std::unique_ptr<sqlite::SqliteStore> store;  // first to go: its committer calls the log

  static Result<Registry> open(const std::filesystem::path& directory, const LogKey& key, const RegistryPorts& ports,
                               sqlite::OpenOptions database = {},
                               std::chrono::milliseconds files_behind = std::chrono::milliseconds{0}) {
    Registry registry;
    BM_TRY(registry.store, sqlite::SqliteStore::open({.directory = directory / "registry",
                                                      .files = ports.files,
                                                      .faults = ports.faults,
                                                      .clock = ports.clock,
                                                      .database = std::move(database)}));
    BM_TRY(registry.log, PublishedLog::open({.directory = directory / "log",
                                             .files = ports.files,
                                             .faults = ports.faults,
                                             .key = key.verifier,
                                             .sign = key.signer(),
                                             .files_behind = files_behind}));
    BM_CHECK(registry.log->catch_up(*registry.store));
    registry.store->set_listener([&log = *registry.log](const app::Committed& committed) {
      return without_value(log.append(committed.first_log_index, committed.entries));
    });
    return registry;
  }

  /// One write: a device, what is known of it, and `entries` audit entries.
  Result<void> write(std::uint32_t number, std::uint32_t entries) {
    return store->write([&](app::Tx& tx) -> Result<void> {
      BM_TRY(const auto row, tx.add_device(sample_device(number)));
      BM_CHECK(tx.add_known(digest_of(number), {app::KnownKind::ek_spki, row}));
      for (std::uint32_t i = 0; i < entries; ++i) {
        BM_CHECK(tx.audit(sample_entry(number)));
      }
      return {};
    });
  }
};

/// The log's directory as an auditor reads it, beside the rows of the registry where it has all.
class DirectoryLog final : public audit::LogSource {
 public:
  DirectoryLog(Files& files, std::filesystem::path directory, const app::Store* store)
      : files_{files}, directory_{std::move(directory)}, store_{store} {}

  Result<std::string> checkpoint() override {
    BM_TRY(const auto bytes, files_.read(directory_ / audit::kCheckpointPath, 1UL << 16));
    return std::string{as_text(bytes)};
  }
  Result<Bytes> tile(const audit::TileName& name) override {
    return files_.read(directory_ / audit::path_of(name), 1UL << 25);
  }
  [[nodiscard]] bool has_rows() const override { return store_ != nullptr; }
  Result<std::vector<audit::LogRow>> rows(std::uint64_t first, std::size_t most) override {
    BM_TRY(auto entries, store_->entries(first, most));
    std::vector<audit::LogRow> out;
    for (auto& entry : entries) {
      out.push_back({first + out.size(), std::move(entry)});
    }
    return out;
  }

 private:
  Files& files_;
  std::filesystem::path directory_;
  const app::Store* store_;
};

/// What is wrong with the published log, or "".
inline std::string wrong_with(Files& files, const std::filesystem::path& directory, const LogKey& key,
                              const app::Store& store) {
  const auto span = store.log_span();
  if (!span) {
    return span.error().detail;
  }
  DirectoryLog source{files, directory, span->first == 0 ? &store : nullptr};
  const auto report = audit::verify_log(source, {.trust = {.log = key.verifier}});
  if (!report) {
    return report.error().detail;
  }
  if (report->finding) {
    return report->finding->file + ": " + report->finding->words;
  }
  if (report->head.size != span->size) {
    return "the log has " + std::to_string(report->head.size) + " entries, the registry " + std::to_string(span->size);
  }
  return "";
}

}  // namespace birthmark::test
