// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <unordered_map>

#include "app/ports/store.h"

namespace birthmark::app {

/// Which certificates of services, stations and people are good at one moment, as the read path sees them; immutable.
/// There are few of them: all are kept.
class ServiceBook {
 public:
  ServiceBook() = default;  ///< nobody is
  /// Reads all that the service CA has issued. @error storage
  static Result<std::shared_ptr<const ServiceBook>> read(const Store& store);

  /// @param certificate SHA-256 of the DER
  /// @error not_registered: not on the books; credential_ended: replaced or revoked
  [[nodiscard]] Result<void> check_certificate(const Digest& certificate) const;
  /// @param spki SHA-256 of the key of its certificate @error station_not_authorised: unknown, or suspended
  [[nodiscard]] Result<void> check_station(const Digest& spki) const;

 private:
  template <class T>
  using ByDigest = std::unordered_map<Digest, T, DigestHash>;

  ByDigest<lifecycle::Standing> certificates_;  ///< by SHA-256 of the DER
  ByDigest<StationRecord> stations_;            ///< by SHA-256 of the key
};

}  // namespace birthmark::app
