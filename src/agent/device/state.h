// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/idevid_template.h"
#include "agent/link/message.h"
#include "app/ports/files.h"
#include "base/ids.h"
#include "base/instant.h"

namespace birthmark::agent {

/// A certificate of the device with what stands above it, as far as it was told.
struct Credential {
  Bytes certificate;
  std::vector<Bytes> chain;
  friend bool operator==(const Credential&, const Credential&) = default;
};

/// What shows to anybody, without asking, that a certificate of the device is in the registry's log: handed on with it.
/// The device itself relies on the registration receipt and does not know the log's key.
struct LogProof {
  Digest certificate;  ///< SHA-256 of it
  Bytes entry;         ///< canonical CBOR (docs/wire/log.md), at most kLogEntryMaxBytes
  std::string text;    ///< tlog-proof@v1, at most kLogProofMaxBytes
  friend bool operator==(const LogProof&, const LogProof&) = default;
};
inline constexpr std::size_t kLogEntryMaxBytes = std::size_t{4} * 1024;
inline constexpr std::size_t kLogProofMaxBytes = std::size_t{16} * 1024;

/// The registry's signed word on a retirement (docs/wire/statements.md).
struct RetirementReceipt {
  Bytes statement;
  Bytes signature;
  friend bool operator==(const RetirementReceipt&, const RetirementReceipt&) = default;
};

/// What a device remembers: its birth and what its IDevID key is made of, its operational credential, the log's proofs
/// of both, the latest moment it was ever told, and whether its debug port is fused. One file each, replaced in one
/// step: after a power cut at any moment the old or the new one is whole (AC-43). One writer: hold `lock` while it is
/// open.
class DeviceState {
 public:
  /// @param files outlives this. @param directory made (0700) if absent.
  /// @error storage: unusable, or a file holds something else than was written: that is never taken for "none", but for
  /// the log's proofs.
  static Result<std::unique_ptr<DeviceState>> open(Files& files, std::filesystem::path directory);

  /// Keeps every other program of this device out. @error unavailable: one is at work.
  static Result<std::unique_ptr<FileLock>> lock(Files& files, const std::filesystem::path& directory);
  /// Where the root keeps its wrapped operational keys.
  static std::filesystem::path key_directory(const std::filesystem::path& directory);

  /// What the line installed, or nothing.
  [[nodiscard]] const std::optional<link::InstallRequest>& birth() const { return birth_; }
  /// @error storage
  Result<void> install(const link::InstallRequest& birth);

  /// What the IDevID key of its birth is made of: after an owner clear the chip itself cannot tell. Nothing: never
  /// noted.
  [[nodiscard]] std::optional<IdevidTemplate> idevid_template() const { return idevid_template_; }
  /// @error storage
  Result<void> note_idevid_template(IdevidTemplate made_of);

  /// The kind of root that the device was born with, as in its DeviceId. Nothing: never noted.
  [[nodiscard]] const std::optional<std::string>& root_kind() const { return root_kind_; }
  /// @error storage
  Result<void> note_root_kind(std::string_view kind);

  /// The LDevID in use, for the operational key; or nothing.
  [[nodiscard]] const std::optional<Credential>& operational() const { return operational_; }
  /// One that was received for the pending key, and is not in use yet.
  [[nodiscard]] const std::optional<Credential>& staged() const { return staged_; }
  /// Keeps `next` beside the present one. @error storage
  Result<void> stage(Credential next);
  /// The staged one becomes the one in use. @error not_found: nothing is staged. storage
  Result<void> promote();
  /// Drops what is staged. @error storage
  Result<void> unstage();
  /// Drops both: their keys are gone. @error storage
  Result<void> drop_credentials();

  /// The proof of this certificate (DER), or nullptr: none is kept.
  [[nodiscard]] const LogProof* log_proof(BytesView certificate) const;
  /// Keeps it, and of the others those of certificates that the device still has. @error storage
  Result<void> keep(LogProof proof);

  /// No moment before this one is believed; it never goes back (AC-41).
  [[nodiscard]] Instant time_floor() const { return floor_; }
  /// Does nothing if `to` is earlier. Written at most once a minute of it. @error storage
  Result<void> raise_time_floor(Instant to);

  [[nodiscard]] bool fused() const { return fused_; }
  /// For ever. @error storage
  Result<void> fuse();

  /// The receipt of the device's retirement, or nothing.
  [[nodiscard]] const std::optional<RetirementReceipt>& retirement() const { return retirement_; }
  /// @error storage
  Result<void> store_retirement(RetirementReceipt receipt);

 private:
  DeviceState(Files& files, std::filesystem::path directory) : files_{files}, directory_{std::move(directory)} {}
  Result<std::optional<Bytes>> read(const char* name);
  Result<void> load();
  Result<void> write_credentials(std::optional<Credential> operational, std::optional<Credential> staged);

  Files& files_;
  std::filesystem::path directory_;
  std::optional<link::InstallRequest> birth_;
  std::optional<IdevidTemplate> idevid_template_;
  std::optional<std::string> root_kind_;
  std::optional<Credential> operational_;
  std::optional<Credential> staged_;
  std::vector<LogProof> log_proofs_;
  Instant floor_{};
  Instant floor_written_{};
  bool fused_ = false;
  std::optional<RetirementReceipt> retirement_;
};

}  // namespace birthmark::agent
