// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/ports/store.h"
#include "app/registration.h"

// Whoever works with the registry and is no device: its people, its gates, its stations. Their certificates come from
// the service CA, which issues little: they are looked up among all of it.
namespace birthmark::app {

/// A registered certificate of a person, a gate or a station.
struct ServiceCredential {
  CertificateRecord record;
  std::string name;  ///< common name
};

/// All of them, ended ones too, in the order of their issue. @error storage
Result<std::vector<ServiceCredential>> service_credentials(Tx& tx);

/// All registered certificates of the service CA (there is one), ended ones too, in the order of their intents;
/// none where there is no such CA yet. @error storage
Result<std::vector<CertificateRecord>> service_certificates(Tx& tx);
/// Those of them that are the server's own. @error storage
Result<std::vector<CertificateRecord>> server_certificates(Tx& tx);

/// Whether a key may get this certificate of the service CA: no device has it, and no service of another kind or name;
/// nor did a gate's or a person's certificate of it end. Under the name of a person who has a certificate he alone
/// orders another one, so that entries of the log name one person. Runs in the transaction of the intent: an order that
/// is refused signs nothing.
/// @param name in the certificate. @param caller common name of the person who orders it.
/// @error key_reuse; policy (check "service.name"); storage
Result<void> service_may_have(Tx& tx, const CertificateRecord& certificate, std::string_view name,
                              std::string_view caller);

/// A certificate as the one who shows it proved it.
struct ShownCertificate {
  CaId ca;
  std::uint32_t index = 0;
  Digest certificate;  ///< SHA-256 of its DER
};

/// Ends one for ever: the next request that shows it is refused. One that has ended stays as it is.
/// @param caller of the person who orders it.
/// @error not_found: no such serial; policy (check "service.own"): it is the caller's: whoever ends his own may be the
/// last one; credential_ended: the caller's own was ended meanwhile: two who end each other do not both succeed;
/// not_registered: the caller's is unknown; storage
Result<ServiceCredential> end_service_credential(Tx& tx, const Serial& serial, const ShownCertificate& caller,
                                                 const Doing& doing);

/// Ends it, with its entry in the log. @error storage
Result<void> end_certificate(Tx& tx, CertificateRecord& certificate, std::string reason, const Doing& doing);

}  // namespace birthmark::app
