// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "app/cas.h"
#include "app/ports/clock.h"
#include "app/ports/entropy.h"
#include "app/ports/faults.h"
#include "app/ports/sessions.h"
#include "app/ports/signer.h"
#include "app/ports/store.h"
#include "app/repeats.h"
#include "app/time_guard.h"

namespace birthmark::app {

/// What is to be certified, decided by a use case.
struct Order {
  CaId ca;
  std::optional<Places> list = {};  ///< that the certificate takes one of; none: all of the CA's
  pki::ProfileId profile = pki::ProfileId::idevid;
  pki::Subject subject;
  std::optional<lifecycle::Purpose> purpose;  ///< none: no device
  lifecycle::CredentialKind kind = lifecycle::CredentialKind::idevid;
  std::optional<Instant> not_after;  ///< none: as the profile says
  std::string actor;                 ///< "station:line-1"
  std::string reason;                ///< for the audit entry
  /// The device that asks, put on the books if need be: it is held with the one that holds the key, where another
  /// identity does (design rule 1). None: no device.
  std::function<Result<lifecycle::DeviceRecord>(Tx&)> newcomer = {};
};

/// Who asks, and by which id, so that a retry gets the same answer (AC-05).
struct RequestKey {
  Digest caller;
  Octets<16> id;
  std::optional<Digest> fingerprint = {};  ///< of what must be the same; none: the key to be certified
};

/// A certificate that is on the books.
struct Issued {
  CertificateRecord record;
  Bytes certificate;  ///< DER
};

/// The one way to a signature (design rule 3): lint, record the intent durably, sign, verify, register, release. Used
/// for devices, services and CAs alike. Safe from any thread.
class Issuance {
 public:
  struct Ports {
    Store& store;
    Signer& signer;
    const Clock& clock;
    Entropy& entropy;
    Faults& faults;
    CaDirectoryHolder& cas;
    TimeGuard& time;
    Sessions& sessions;
  };
  /// @param receipt_key the signer's name of the registry's own key.
  Issuance(Ports ports, std::string receipt_key)
      : ports_{ports}, receipt_key_{std::move(receipt_key)}, repeats_{ports.store, ports.clock} {}

  /// Runs inside the transaction of the intent; may refuse it. Gives the record its device.
  using AtIntent = std::function<Result<void>(Tx&, CertificateRecord&, const lifecycle::ClockReading&)>;

  /// Issues one certificate.
  /// @param request none: not idempotent. The same caller, id and key get the stored certificate again, free of charge.
  /// @param at_intent the use case's share of the first transaction: budget, device row, known hashes.
  /// @error request_conflict: this id was used for something else; key_reuse: another device holds the key, and both
  /// are held, their connections end, and it is an incident;
  /// clock_suspect; scope, issuer_expires_first, csr_policy: the certificate may not be; fenced, storage, hsm_*;
  /// whatever `at_intent` refuses. Nothing is half done: an intent that was recorded is completed at the next start.
  Result<Issued> issue(const Order& order, const std::optional<RequestKey>& request, const AtIntent& at_intent);

  /// Makes a root certify itself, by the same way: the first intent puts the CA on the books, without a certificate;
  /// registering the certificate makes it a CA. An intent that an earlier attempt left is completed.
  /// @param root its key is made; `id` is zero unless an earlier attempt put it on the books; `certificate` is empty.
  /// @param order `ca` is set here.
  /// @error as `issue`; conflict: the name is taken
  Result<Issued> issue_root(const CaRecord& root, Order order);

  /// The certificate that answered (caller, id, key) before, if there is one; that it was asked for again is audited.
  /// @error request_conflict; storage
  Result<std::optional<Issued>> repeat(const RequestKey& request, const Digest& spki, const std::string& actor);

  struct Recovered {
    std::size_t completed = 0;
    std::size_t orphaned = 0;
    Result<void> signer;  ///< what the signer refused last; the intents of its keys wait for the next call
  };
  /// An intent of that age is stuck, if nobody is at work on it.
  static constexpr std::chrono::minutes kStuckAfter{1};
  /// Completes or gives up the intents that are older than `age` and that no thread of this process is at work on: at
  /// start all that an earlier process left behind (AC-11), later what a signer left that was away for a moment.
  /// A key that is not there to sign, or whose signatures do not verify, holds up its own intents only.
  /// @error of the store: what is left waits for the next call
  Result<Recovered> recover(std::chrono::milliseconds age = std::chrono::milliseconds::min());

 private:
  struct Prepared {
    CertificateRecord record;
    Digest tbs_hash;
  };
  Result<std::optional<Issued>> stored(const RequestKey& request, const Digest& same) const;
  Result<Issued> given_again(const RequestKey& request, Issued issued, const std::string& actor);
  /// A CA's key: the signer's name of it, and what its signatures verify by.
  struct IssuerKey {
    std::string name;
    crypto::PublicKey key;
  };
  [[nodiscard]] std::uint32_t draw_place(const Places& list) const;
  Result<std::uint32_t> free_place(CaId ca, const Places& list) const;
  /// Whether the place in the list is looked up before it is used: near the end of a list most draws hit a taken one.
  enum class Place : std::uint8_t { any, looked_up };
  Result<Prepared> prepare(const Order& order, Place place);
  Result<Prepared> prepare(const Order& order, const pki::Issuer& issuer, std::uint32_t place);
  Result<CertificateRow> record(Tx& tx, Prepared& prepared, const Order& order,
                                const std::optional<RequestKey>& request, const AtIntent& at_intent);
  Error hold_both(const Order& order, const Error& refused);
  Result<std::optional<CertificateRecord>> intent_of(CaId root) const;
  Result<IssuerKey> issuer_key(const CertificateRecord& record) const;
  Result<IssuerKey> own_key(const CertificateRecord& record) const;
  Result<Bytes> sign(const CertificateRecord& record) const;
  Result<Issued> complete(CertificateRecord record);
  Result<Issued> register_signed(CertificateRecord record, const Bytes& signature);
  Result<void> give_up(CertificateRow intent, const std::string& reason);
  /// While it lives, `recover` leaves the intent alone.
  class AtWork;
  [[nodiscard]] bool is_at_work(CertificateRow intent) const;

  Ports ports_;
  const std::string receipt_key_;
  Repeats repeats_;
  mutable std::mutex mutex_;
  std::multiset<CertificateRow> at_work_;
};

/// The operational CA that issues for a batch now (Hierarchy::operational_ca, as the use cases of devices see it).
using IssuingCa = std::function<Result<CaId>(BatchId)>;

/// The DER certificate of a registered record.
Bytes certificate_of(const CertificateRecord& record);

}  // namespace birthmark::app
