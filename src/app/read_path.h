// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "app/cas.h"
#include "app/catalog.h"
#include "app/ports/store.h"
#include "app/service_book.h"
#include "base/published.h"
#include "policy/snapshot.h"

namespace birthmark::app {

/// Feeds the published snapshot from what the store commits (design "Two paths"): rebuilt at start, followed commit by
/// commit afterwards. Readers never wait for it.
class ReadPath {
 public:
  ReadPath(const Store& store, const CaDirectoryHolder& cas, const Catalog& catalog);

  /// Reads every registered credential into fresh tables, and the services, and publishes the first snapshot.
  /// @error storage; bad_request, conflict: the store contradicts itself.
  Result<void> rebuild();
  /// Publishes a snapshot with the present CAs and products; existing tables stay. After a CA or product changed.
  Result<void> refresh();
  /// Follows one commit: the store's listener. @error as `apply`; storage: what the services are could not be read
  Result<void> follow(const Committed& committed);
  /// Publishes these. @error conflict, bad_request: a record that the wire rule forbids (never published).
  Result<void> apply(std::span<const Publication> publications);

  /// Publishes an emergency deny of a device, which stands in no store yet (design rule 8): until `denies_recorded`,
  /// commits that know nothing of it loosen nothing. @error as `apply`
  Result<void> deny(DeviceRow device, std::span<const Publication> publications);
  /// The store has them all.
  void denies_recorded();

  [[nodiscard]] const policy::SnapshotHolder& snapshots() const { return *holder_; }
  [[nodiscard]] const Published<ServiceBook>& services() const { return services_; }

 private:
  Result<std::shared_ptr<const policy::Snapshot>> make();
  Result<void> read_services();
  Result<policy::CredentialTable*> table(CaId ca);
  Result<void> put(const Publication& publication);

  const Store& store_;
  const CaDirectoryHolder& cas_;
  const Catalog& catalog_;
  std::mutex mutex_;  ///< of the writers of the snapshot; readers take none
  std::map<CaId, std::shared_ptr<policy::CredentialTable>> tables_;
  std::set<DeviceRow> denied_;  ///< by the journal alone
  std::uint64_t number_ = 0;
  std::unique_ptr<policy::SnapshotHolder> holder_;
  Published<ServiceBook> services_{std::make_shared<const ServiceBook>()};
};

}  // namespace birthmark::app
