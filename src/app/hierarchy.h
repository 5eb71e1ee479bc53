// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/issuance.h"
#include "app/orders.h"
#include "app/ports/sessions.h"
#include "app/read_path.h"

namespace birthmark::app {

/// After which level the manufacturing chain ends; the last level issues the IDevIDs (`init --scope`, mission Table 6).
enum class Scope : std::uint8_t { global, product, factory, batch };
/// "batch". @return nothing for a name that is none.
std::optional<Scope> scope_named(std::string_view name);
std::string_view name(Scope scope);

/// A production order.
struct BatchOrder {
  std::string name;     ///< 1..64 printable ASCII without '/', unique
  std::string product;  ///< likewise, but for being unique
  std::string factory;  ///< likewise, but for being unique
  /// TOML of the product's policy, in place of the one it has; none: it keeps that, and a new product gets the default.
  std::optional<std::string> policy;
  std::uint32_t quantity = 0;
  Instant opens;
  Instant closes;
  std::optional<lifecycle::Rate> rate;
  std::vector<Digest> plan;  ///< SHA-256 of expected EK certificates; empty: none listed
};

/// Who else gets a certificate of the service hierarchy.
struct ServiceOrder {
  pki::ProfileId profile = pki::ProfileId::station;
  std::string common_name;
  Bytes spki;
  std::vector<std::string> dns_names;
  std::vector<Octets<4>> ip_addresses;
  std::string actor;
};

/// The three hierarchies (design §4): makes CAs, opens and seals batches, rolls operational CAs, certifies services.
/// Everything is idempotent by name: what an interrupted run made is found and used again.
class Hierarchy {
 public:
  struct Ports {
    Store& store;
    Signer& signer;
    Issuance& issuance;
    CaDirectoryHolder& cas;
    Catalog& catalog;
    ReadPath& read_path;
    const Clock& clock;
    Sessions& sessions;
  };
  Hierarchy(Ports ports, Scope scope) : ports_{ports}, scope_{scope} {}
  [[nodiscard]] Scope scope() const { return scope_; }

  /// Makes the three roots and the service CA where they are missing. @error of the signer and the store
  Result<void> init();

  /// Opens a batch with its CAs. The same order again, window and plan included, finds the same batch while it is open;
  /// to a closed one it is an attempt to open it again (AC-18). An order that is refused changes nothing. Where its
  /// policy raises the product's minimum firmware, the devices below it are held and their connections cut.
  /// @error bad_request: a name or number of the order, or the policy's text; policy, test_anchor: the policy;
  /// conflict: the name is taken by another order; batch_closed; quota_exhausted: no room for another product, or in
  /// the issuer's list; not_found: there are no roots, `init` makes them; of the signer and the store.
  Result<BatchRecord> open_batch(const BatchOrder& order, const std::string& actor,
                                 const AtChange<BatchRecord>& at_change = {});
  /// Shows the CAs as the registry has them to whoever issues and judges: what an order left undone that was cut off
  /// behind its record. @error storage
  Result<void> refresh();
  /// Ends the batch for ever and destroys its CA's key (its own one only). Asked again it destroys what an interrupted
  /// seal left. @error batch_closed, conflict, not_found
  Result<BatchRecord> seal_batch(const std::string& name, const std::string& actor,
                                 const AtChange<BatchRecord>& at_change = {});
  /// Destroys what a seal left behind that was cut off between its record and the key. @error of the signer and the
  /// store
  Result<void> finish_seal(const std::string& name);
  /// The operational CA that issues for the batch now: rolled to a new generation (key, list) after 30 days or when
  /// seven eighths of the list are used. @error as making a CA
  Result<CaId> operational_ca(BatchId batch);
  /// Ends an operational CA: its credentials are refused and the open connections of their devices cut at once; the
  /// devices revalidate under the successor made here.
  /// @error not_found; scope: no operational CA.
  Result<CaRecord> revoke_ca(const std::string& name, const std::string& actor,
                             const AtChange<CaRecord>& at_change = {});
  /// What a revocation left undone that was cut off behind its record. @error of the signer and the store; not_found
  Result<void> finish_revocation(const std::string& name);

  /// Certifies a station, operator, gate or server.
  /// @param at_intent runs in the transaction of the intent and may refuse it, before anything is signed.
  /// @param request as in Issuance::issue
  /// @error csr_policy, bad_request; request_conflict; whatever `at_intent` refuses
  Result<Issued> certify(const ServiceOrder& order, const Issuance::AtIntent& at_intent = {},
                         const std::optional<RequestKey>& request = std::nullopt);
  /// The service CA and its root, DER, in this order. @error not_found
  Result<std::vector<Bytes>> service_chain() const;

 private:
  struct CaOrder {
    pki::ProfileId profile;
    std::string name;            ///< of the record
    std::optional<CaId> parent;  ///< none: a root
    pki::Name subject;
    std::uint8_t list_bits = 8;
    std::uint32_t generation = 1;
    Instant issues_until = kNoEnd;
  };
  Result<CaRecord> ensure_ca(const CaOrder& order);
  Result<void> check_order(const BatchOrder& order, const lifecycle::Batch& wanted) const;
  Result<std::optional<BatchRecord>> opened_before(const BatchOrder& order) const;
  Result<ProductId> product_of(const BatchOrder& order, const std::string& actor);
  Result<BatchRecord> add_batch(const BatchOrder& order, const lifecycle::Batch& wanted, const std::string& actor,
                                const AtChange<BatchRecord>& at_change);
  Result<void> hold_overtaken(ProductId product, const std::string& actor);
  Result<CaId> manufacturing_ca(const BatchOrder& order);
  Result<CaRecord> operational_generation(const std::string& product, const std::string& factory,
                                          const std::string& batch, std::uint32_t quantity, std::uint32_t generation);
  Result<std::optional<CaRecord>> ca_named(const std::string& name) const;
  Result<BatchId> enforce_revocation(const std::string& name);
  void cut_sessions_of(CaId ca);

  Ports ports_;
  const Scope scope_;
  std::mutex mutex_;  ///< one maker of CAs at a time
};

}  // namespace birthmark::app
