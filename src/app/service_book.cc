// SPDX-License-Identifier: Apache-2.0
#include "app/service_book.h"

#include "app/issuance.h"
#include "app/service_credentials.h"
#include "app/stations.h"
#include "crypto/hash.h"

namespace birthmark::app {

Result<std::shared_ptr<const ServiceBook>> ServiceBook::read(const Store& store) {
  auto book = std::make_shared<ServiceBook>();
  BM_CHECK(store.read([&book](Tx& tx) -> Result<void> {
    BM_TRY(const auto records, service_certificates(tx));
    for (const auto& record : records) {
      book->certificates_.emplace(crypto::sha256(certificate_of(record)), record.standing);
    }
    BM_TRY(auto stations, tx.stations());
    for (auto& station : stations) {
      book->stations_.emplace(station.spki, std::move(station));
    }
    return {};
  }));
  return std::shared_ptr<const ServiceBook>{std::move(book)};
}

Result<void> ServiceBook::check_certificate(const Digest& certificate) const {
  const auto at = certificates_.find(certificate);
  if (at == certificates_.end()) {
    return fail(Code::not_registered, "the registry does not know this certificate");
  }
  return at->second == lifecycle::Standing::live
             ? Result<void>{}
             : fail(Code::credential_ended, "this certificate was replaced or revoked");
}

Result<void> ServiceBook::check_station(const Digest& spki) const {
  const auto at = stations_.find(spki);
  return in_service(at != stations_.end() ? &at->second : nullptr);
}

}  // namespace birthmark::app
