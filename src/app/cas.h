// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/ports/records.h"
#include "app/ports/store.h"
#include "pki/issuer.h"

namespace birthmark::app {

/// @param ca null: there is none. @error scope: it issues nothing, or nothing any more
Result<void> check_issues(const CaRecord* ca);

/// One CA with its certificate read once.
struct Ca {
  CaRecord record;
  pki::CaCertificate certificate;
};

/// All CAs that have their certificate at one moment; immutable. Found by id for signing, by key id for verifying.
class CaDirectory {
 public:
  /// @param crl_base URL prefix of the CRLs; empty: certificates get no distribution point.
  /// @error bad_request, scope: a stored CA certificate is not ours; key_attributes: two CAs share a key (AC-17).
  static Result<std::shared_ptr<const CaDirectory>> make(std::vector<CaRecord> records, const std::string& crl_base);

  /// Null if there is none. Lives as long as the directory.
  [[nodiscard]] const Ca* find(CaId id) const;
  [[nodiscard]] const Ca* by_key_id(BytesView key_id) const;
  [[nodiscard]] const std::vector<Ca>& all() const { return cas_; }
  /// The certificates from `id` up to its root, in this order.
  [[nodiscard]] std::vector<const Ca*> chain(CaId id) const;

 private:
  std::vector<Ca> cas_;
  std::map<CaId, std::size_t> by_id_;
  std::map<Octets<20>, std::size_t> by_key_id_;
};

/// Holds the newest directory; read again from the store after every change of a CA.
class CaDirectoryHolder {
 public:
  CaDirectoryHolder(const Store& store, std::string crl_base) : store_{store}, crl_base_{std::move(crl_base)} {}
  /// Reads all CAs anew. @error storage, and as `CaDirectory::make`.
  Result<void> refresh();
  [[nodiscard]] std::shared_ptr<const CaDirectory> get() const;
  [[nodiscard]] const std::string& crl_base() const { return crl_base_; }

 private:
  const Store& store_;
  const std::string crl_base_;
  mutable std::mutex mutex_;
  std::shared_ptr<const CaDirectory> newest_ = std::make_shared<const CaDirectory>();
};

}  // namespace birthmark::app
