// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/ids.h"
#include "base/instant.h"
#include "base/result.h"
#include "lifecycle/state.h"
#include "lifecycle/status.h"

namespace birthmark::policy {

/// What the read path knows of one certificate. Row 0 stands for a place that was never assigned.
struct CredentialRecord {
  lifecycle::Status status = lifecycle::Status::not_admitted;
  lifecycle::State state = lifecycle::State::uninitialized;
  std::uint8_t product = 0;  ///< place in the snapshot's list of product policies
  DeviceRow device;          ///< at most kDeviceRowMax
  /// Whole minutes; nothing where the device was never appraised.
  std::optional<Instant> appraised_at;

  friend bool operator==(const CredentialRecord&, const CredentialRecord&) = default;
};

inline constexpr std::uint32_t kDeviceRowMax = (1U << 26) - 1;
/// 2020-01-01T00:00:00Z; 25 bits of minutes from here last into 2083. Minute 0 stands for "never".
inline constexpr Instant kMinuteZero = std::chrono::sys_days{std::chrono::year{2020} / 1 / 1};
inline constexpr std::int64_t kMinuteMax = (1 << 25) - 1;

/// Packs a record into the 64 bits that a table holds: status 2, state 3, product 8, row 26, minutes 25.
/// The status is stored so that a word of zeros is `not_admitted`: memory that nobody wrote admits nobody.
/// Parts of a minute are cut, so an appraisal never seems younger than it is; one from before 2020 counts as none.
/// @return nothing if the row or the moment does not fit, or an enumerator is outside its enumeration.
constexpr std::optional<std::uint64_t> pack(const CredentialRecord& record) {
  std::int64_t minutes = 0;
  if (record.appraised_at && *record.appraised_at > kMinuteZero) {
    minutes = std::chrono::floor<std::chrono::minutes>(*record.appraised_at - kMinuteZero).count();
  }
  const auto status = static_cast<std::uint64_t>(record.status);
  const auto state = static_cast<std::uint64_t>(record.state);
  if (record.device.get() > kDeviceRowMax || minutes > kMinuteMax || status > 3 || state >= lifecycle::kStates.size()) {
    return std::nullopt;
  }
  return (status ^ 3U) << 62 | state << 59 | std::uint64_t{record.product} << 51 |
         std::uint64_t{record.device.get()} << 25 | static_cast<std::uint64_t>(minutes);
}

/// The record of a word; total. A state that does not exist (only a damaged word has one) reads as ended and S6.
constexpr CredentialRecord unpack(std::uint64_t word) {
  CredentialRecord record;
  const auto state = (word >> 59) & 7U;
  const bool sound = state < lifecycle::kStates.size();
  record.status = sound ? static_cast<lifecycle::Status>((word >> 62) ^ 3U) : lifecycle::Status::ended;
  record.state = sound ? static_cast<lifecycle::State>(state) : lifecycle::State::decommissioned;
  record.product = static_cast<std::uint8_t>(word >> 51);
  record.device = DeviceRow{static_cast<std::uint32_t>(word >> 25) & kDeviceRowMax};
  if (const auto minutes = static_cast<std::int64_t>(word & static_cast<std::uint64_t>(kMinuteMax)); minutes != 0) {
    record.appraised_at = kMinuteZero + std::chrono::minutes{minutes};
  }
  return record;
}
static_assert(unpack(0) == CredentialRecord{}, "memory that nobody wrote admits nobody");

/// The credentials of one CA by their place in its list: 8 bytes each, in pages that exist once something is in them.
/// Any number of threads may load while others publish: a load is one atomic word, never a mixture of two records.
class CredentialTable {
 public:
  static constexpr unsigned kBitsMax = 26;

  /// @param bits the list has 2^bits places; at most kBitsMax, which is asserted.
  explicit CredentialTable(unsigned bits);
  ~CredentialTable();
  CredentialTable(const CredentialTable&) = delete;
  CredentialTable& operator=(const CredentialTable&) = delete;

  [[nodiscard]] std::uint32_t capacity() const { return 1U << bits_; }

  /// The record at `index` (acquire); an unassigned one, which nothing admits, for a place outside the list.
  [[nodiscard]] CredentialRecord load(std::uint32_t index) const {
    if (index >= capacity()) {
      return {};
    }
    const Page* page = pages_[index / kPageWords].load(std::memory_order_acquire);
    return page == nullptr ? CredentialRecord{} : unpack((*page)[index % kPageWords].load(std::memory_order_acquire));
  }

  /// Replaces the record at `index` (release). A record that becomes held while it is still `not_admitted` stays that
  /// (design rule 7), and so it is stored.
  /// @error bad_request: outside the list, or a field does not fit; conflict: the wire rule forbids the status, Table 7
  /// the state, or the place belongs to another device: indexes are never used again.
  Result<void> publish(std::uint32_t index, const CredentialRecord& record);

  /// Writes what was published before this process lived, of any status, to a place that is still unassigned.
  /// @error bad_request: as above; conflict: the place is assigned.
  Result<void> restore(std::uint32_t index, const CredentialRecord& record);

  /// Memory that the table takes, in bytes, its directory included.
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::uint32_t kPageWords = 4096;
  using Page = std::array<std::atomic<std::uint64_t>, kPageWords>;
  using Judge = Result<CredentialRecord> (*)(const CredentialRecord& before, const CredentialRecord& wanted);

  Result<void> replace(std::uint32_t index, const CredentialRecord& record, Judge judge);
  Page& page_of(std::uint32_t index);
  [[nodiscard]] std::size_t page_count() const { return (capacity() + kPageWords - 1) / kPageWords; }

  unsigned bits_;
  std::unique_ptr<std::atomic<Page*>[]> pages_;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(std::atomic<std::uint64_t>) == 8);

}  // namespace birthmark::policy
