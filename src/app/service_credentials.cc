// SPDX-License-Identifier: Apache-2.0
#include "app/service_credentials.h"

#include <algorithm>

#include "app/issuance.h"
#include "codec/oid.h"
#include "crypto/hash.h"

namespace birthmark::app {
namespace {

using pki::ProfileId;

bool is_listed(const CertificateRecord& record) {
  const bool kind = record.profile == ProfileId::operator_person || record.profile == ProfileId::gate ||
                    record.profile == ProfileId::station;
  return kind && record.issuance == IssuanceState::registered;
}

/// All that the service CA has issued or is about to; nothing before there is one.
Result<std::vector<CertificateRecord>> of_service_ca(Tx& tx) {
  BM_TRY(const auto cas, tx.cas());
  const auto ca = std::ranges::find(cas, ProfileId::service_ca, &CaRecord::profile);
  return ca == cas.end() ? Result<std::vector<CertificateRecord>>{} : tx.certificates_of(ca->id);
}

Result<ServiceCredential> named(CertificateRecord record) {
  BM_TRY(const auto certificate, x509::Certificate::read(certificate_of(record)));
  const auto name = certificate.find_attribute(oids::common_name);
  return ServiceCredential{std::move(record), name ? std::string{as_text(name->value)} : std::string{}};
}

}  // namespace

Result<std::vector<ServiceCredential>> service_credentials(Tx& tx) {
  BM_TRY(auto records, of_service_ca(tx));
  std::vector<ServiceCredential> out;
  for (auto& record : records) {
    if (is_listed(record)) {
      BM_TRY(auto credential, named(std::move(record)));
      out.push_back(std::move(credential));
    }
  }
  return out;
}

Result<void> service_key_is_free(Tx& tx, const CertificateRecord& certificate) {
  BM_TRY(const auto known, tx.known(certificate.spki));
  if (known) {
    return fail(Code::key_reuse, "a device has this key");
  }
  BM_TRY(const auto records, of_service_ca(tx));
  const bool taken = std::ranges::any_of(records, [&](const CertificateRecord& other) {
    return other.spki == certificate.spki && other.profile != certificate.profile;
  });
  return taken ? fail(Code::key_reuse, "a service of another kind has this key") : Result<void>{};
}

Result<ServiceCredential> end_service_credential(Tx& tx, const Serial& serial, const Digest& caller,
                                                 const Doing& doing) {
  BM_TRY(const auto records, of_service_ca(tx));
  const auto found = std::ranges::find_if(
      records, [&](const CertificateRecord& record) { return is_listed(record) && record.serial == serial; });
  if (found == records.end()) {
    return fail(Code::not_found, "no person, gate or station has a certificate of this serial");
  }
  if (crypto::sha256(certificate_of(*found)) == caller) {
    return fail(Code::policy, "another operator ends your certificate: you may be the last one", "service.own");
  }
  BM_TRY(auto credential, named(*found));
  if (credential.record.standing != lifecycle::Standing::ended) {
    BM_CHECK(end_certificate(tx, credential.record, "end " + credential.name.substr(0, 100), doing));
  }
  return credential;
}

Result<void> end_certificate(Tx& tx, CertificateRecord& certificate, std::string reason, const Doing& doing) {
  certificate.standing = lifecycle::Standing::ended;
  certificate.published = lifecycle::Status::ended;
  BM_CHECK(tx.update_certificate(certificate));
  return without_value(tx.audit({.kind = audit::EntryKind::credential_status,
                                 .at = doing.now,
                                 .epoch = doing.epoch.get(),
                                 .serial = certificate.serial,
                                 .spki_hash = certificate.spki,
                                 .actor = doing.actor,
                                 .reason = std::move(reason)}));
}

}  // namespace birthmark::app
