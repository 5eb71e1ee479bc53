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

Result<void> service_key_is_free(Tx& tx, const CertificateRecord& certificate, std::string_view name) {
  BM_TRY(const auto known, tx.known(certificate.spki));
  if (known) {
    return fail(Code::key_reuse, "a device has this key");
  }
  BM_TRY(const auto records, of_service_ca(tx));
  for (const auto& other : records) {
    if (other.spki != certificate.spki) {
      continue;
    }
    if (other.profile != certificate.profile) {
      return fail(Code::key_reuse, "a service of another kind has this key");
    }
    if (other.profile == ProfileId::station || other.issuance != IssuanceState::registered) {
      continue;  // a station's key goes on with its next certificate; what was never released is nobody's
    }
    BM_TRY(const auto holder, named(other));
    if (other.standing == lifecycle::Standing::ended || holder.name != name) {
      return fail(Code::key_reuse, "this key has another name, or its certificate was ended");
    }
  }
  return {};
}

Result<void> service_name_is_free(Tx& tx, ProfileId profile, std::string_view name, std::string_view caller) {
  if (profile != ProfileId::operator_person || name == caller) {
    return {};
  }
  BM_TRY(const auto all, service_credentials(tx));
  const bool taken = std::ranges::any_of(all, [&](const ServiceCredential& other) {
    return other.record.profile == profile && other.name == name && other.record.standing == lifecycle::Standing::live;
  });
  return taken ? fail(Code::policy, "an operator of this name has a certificate: he alone orders his next one",
                      "service.name")
               : Result<void>{};
}

Result<ServiceCredential> end_service_credential(Tx& tx, const Serial& serial, const Digest& caller,
                                                 const Doing& doing) {
  BM_TRY(const auto records, of_service_ca(tx));
  const CertificateRecord* ended = nullptr;
  const CertificateRecord* own = nullptr;
  for (const auto& record : records) {
    if (is_listed(record)) {
      ended = record.serial == serial ? &record : ended;
      own = crypto::sha256(certificate_of(record)) == caller ? &record : own;
    }
  }
  if (own == nullptr || own->standing != lifecycle::Standing::live) {
    return fail(Code::credential_ended, "your own certificate was ended");
  }
  if (ended == nullptr) {
    return fail(Code::not_found, "no person, gate or station has a certificate of this serial");
  }
  if (ended == own) {
    return fail(Code::policy, "another operator ends your certificate: you may be the last one", "service.own");
  }
  BM_TRY(auto credential, named(*ended));
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
