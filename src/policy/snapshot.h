// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/published.h"
#include "base/result.h"
#include "policy/credential_table.h"
#include "policy/decide.h"
#include "policy/policy.h"

namespace birthmark::policy {

/// The key identifier that an issuer's certificates carry (RFC 5280 §4.2.1.1, RFC 7093 §2 method 1).
using IssuerKeyId = Strong<struct IssuerKeyIdTag, Octets<20>>;

/// One CA generation as the read path sees it. The table is shared by successive snapshots; its records change in it.
struct Issuer {
  CaId ca;
  IssuerKeyId key_id;
  IssuerStatus status = IssuerStatus::unknown;
  std::shared_ptr<const CredentialTable> credentials;
};

/// Where a snapshot stands in the order of what was published (design rule 10).
struct HeadNumber {
  Epoch epoch;
  std::uint64_t number = 0;
  friend constexpr auto operator<=>(const HeadNumber&, const HeadNumber&) = default;
};

/// The directory of the read path: issuers by key id and by CA, product policies by their place in the list. Immutable;
/// what changes often, the credentials, changes inside the tables.
class Snapshot {
 public:
  struct Parts {
    HeadNumber head;
    std::vector<Issuer> issuers;
    std::vector<std::shared_ptr<const ProductPolicy>> products;  ///< at most 256; nothing at a place that is not used
  };

  /// @error bad_request: more than 256 products, an issuer without a table, or one key id or CA twice.
  static Result<std::shared_ptr<const Snapshot>> make(Parts parts);

  [[nodiscard]] HeadNumber head() const { return parts_.head; }
  /// The issuer with that key id or of that CA; null if there is none. Lives as long as the snapshot.
  [[nodiscard]] const Issuer* issuer(const IssuerKeyId& key_id) const;
  [[nodiscard]] const Issuer* issuer(CaId ca) const;
  /// The policy at a place of the list; null if there is none. Lives as long as the snapshot.
  [[nodiscard]] const ProductPolicy* product(std::uint8_t place) const;

 private:
  explicit Snapshot(Parts parts);

  Parts parts_;
  std::unordered_map<IssuerKeyId, std::size_t, DigestHash> by_key_id_;  ///< digests of keys that we admitted
  std::unordered_map<std::uint32_t, std::size_t> by_ca_;
};

/// Holds the newest snapshot.
class SnapshotHolder {
 public:
  explicit SnapshotHolder(std::shared_ptr<const Snapshot> first) : newest_{std::move(first)} {}

  /// Makes `next` the newest.
  /// @error fenced: of an older epoch; conflict: of the same epoch and not of a higher number, or null.
  Result<void> publish(std::shared_ptr<const Snapshot> next);

  /// The newest snapshot, to keep; takes a lock.
  [[nodiscard]] std::shared_ptr<const Snapshot> get() const { return newest_.get(); }
  /// The newest snapshot as Published::look gives it: without a lock, good until this thread looks again.
  [[nodiscard]] const Snapshot& look() const { return newest_.look(); }

 private:
  std::mutex publishing_;
  Published<Snapshot> newest_;
};

}  // namespace birthmark::policy
