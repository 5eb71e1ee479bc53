// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <string_view>

#include "app/cas.h"
#include "app/ports/clock.h"
#include "app/ports/store.h"
#include "app/read_path.h"
#include "crypto/keys.h"
#include "policy/authorize.h"

namespace birthmark::app {

/// What is proved of a presented certificate by itself: path and receipt. Constant for its DER, so it may be kept with
/// the connection; what is known of the device *now* is judged anew on every request.
struct Presentation {
  policy::Presented presented;
  pki::ProfileId profile = pki::ProfileId::ldevid;
  CaId ca;
  std::uint32_t index = 0;
  Digest certificate;  ///< SHA-256 of the DER
  Instant not_after;
  Bytes subject;   ///< DER Name
  Bytes alt_name;  ///< SAN value, empty if there is none
  crypto::PublicKey key;
  std::string common_name;  ///< services
};

/// How requests were judged since start: denials by the step that refused.
struct Decisions {
  std::uint64_t allowed = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(policy::Step::policy) + 1> denied{};
};

/// The zero-trust decision on the current snapshot (design rule 6), and the first success of a device (S2 to S3).
class Access {
 public:
  struct Ports {
    Store& store;
    const CaDirectoryHolder& cas;
    const ReadPath& read_path;
    const Clock& clock;
  };
  Access(Ports ports, crypto::PublicKey receipt_key) : ports_{ports}, receipt_key_{std::move(receipt_key)} {}

  /// Verifies a leaf against the CAs of the registry: one signature, and one more for the receipt of a device.
  /// @error bad_request: malformed; unauthenticated: issued by nobody here; scope, credential_ended, not_registered.
  Result<Presentation> present(BytesView leaf) const;

  /// Whose connection it is: the device that the registry put at this place of the list; row 0 if none.
  [[nodiscard]] DeviceRow owner(const Presentation& presentation) const;

  /// Whether a station, person or gate is good now: its certificate on the books and not ended, a station in service.
  /// As everything on this road it waits for no store. @error not_registered, credential_ended; station_not_authorised
  [[nodiscard]] Result<void> check_service(const Presentation& presentation) const;

  /// Judges one request on the snapshot. Allocates nothing on the way to an answer but the error text of a denial.
  [[nodiscard]] policy::Authorized decide(const Presentation& presentation, policy::Action action,
                                          std::string_view resource) const;

  /// The same at birthmark's own listener: a device in S2 whose LDevID is good goes to S3 first.
  /// @error what the decision denies with; state_forbids, conflict, storage: of the transition.
  Result<policy::Authorized> use(const Presentation& presentation, policy::Action action, std::string_view resource);

  /// Counts of `decide` and `use`; nothing waits for them.
  [[nodiscard]] Decisions decisions() const;

 private:
  Result<void> first_use(const Presentation& presentation, DeviceRow device);
  const policy::Authorized& counted(const policy::Authorized& answer) const;

  Ports ports_;
  const crypto::PublicKey receipt_key_;
  mutable std::atomic<std::uint64_t> allowed_ = 0;
  mutable std::array<std::atomic<std::uint64_t>, std::tuple_size_v<decltype(Decisions::denied)>> denied_{};
};

}  // namespace birthmark::app
