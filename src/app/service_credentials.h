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

/// Whether a key may get this certificate: no device has it, and no service of another kind or name; nor did a gate's
/// or a person's certificate of it end. Runs in the transaction of the intent: an order that is refused signs nothing.
/// @param name in the certificate. @error key_reuse; storage
Result<void> service_key_is_free(Tx& tx, const CertificateRecord& certificate, std::string_view name);

/// Whether `caller` may order a certificate of that name: under the name of a person who has one, he himself alone, so
/// that entries of the log name one person. @param caller his common name.
/// @error policy (check "service.name"); storage
Result<void> service_name_is_free(Tx& tx, pki::ProfileId profile, std::string_view name, std::string_view caller);

/// Ends one for ever: the next request that shows it is refused. One that has ended stays as it is.
/// @param caller certificate of the person who orders it (SHA-256).
/// @error not_found: no such serial; policy (check "service.own"): it is the caller's: whoever ends his own may be the
/// last one; credential_ended: the caller's own was ended meanwhile: two who end each other do not both succeed;
/// storage
Result<ServiceCredential> end_service_credential(Tx& tx, const Serial& serial, const Digest& caller,
                                                 const Doing& doing);

/// Ends it, with its entry in the log. @error storage
Result<void> end_certificate(Tx& tx, CertificateRecord& certificate, std::string reason, const Doing& doing);

}  // namespace birthmark::app
