// SPDX-License-Identifier: Apache-2.0
#include "app/service_credentials.h"

#include <algorithm>

#include "app/issuance.h"
#include "codec/oid.h"
#include "lifecycle/serial.h"

namespace birthmark::app {
namespace {

using pki::ProfileId;

bool is_listed(const CertificateRecord& record) {
  const bool kind = record.profile == ProfileId::operator_person || record.profile == ProfileId::gate ||
                    record.profile == ProfileId::station;
  return kind && record.issuance == IssuanceState::registered;
}

Result<ServiceCredential> named(CertificateRecord record) {
  BM_TRY(const auto certificate, x509::Certificate::read(certificate_of(record)));
  const auto name = certificate.find_attribute(oids::common_name);
  return ServiceCredential{std::move(record), name ? std::string{as_text(name->value)} : std::string{}};
}

}  // namespace

Result<std::vector<CertificateRecord>> service_certificates(Tx& tx) {
  BM_TRY(const auto cas, tx.cas());
  const auto ca = std::ranges::find(cas, ProfileId::service_ca, &CaRecord::profile);
  if (ca == cas.end()) {
    return std::vector<CertificateRecord>{};
  }
  BM_TRY(auto records, tx.certificates_of(ca->id));
  std::erase_if(records, [](const CertificateRecord& record) { return record.issuance != IssuanceState::registered; });
  return records;
}

Result<std::vector<ServiceCredential>> service_credentials(Tx& tx) {
  std::vector<ServiceCredential> out;
  BM_TRY(auto records, service_certificates(tx));
  for (auto& record : records) {
    if (is_listed(record)) {
      BM_TRY(auto credential, named(std::move(record)));
      out.push_back(std::move(credential));
    }
  }
  return out;
}

Result<std::vector<CertificateRecord>> server_certificates(Tx& tx) {
  BM_TRY(auto records, service_certificates(tx));
  std::erase_if(records, [](const CertificateRecord& record) { return record.profile != ProfileId::server; });
  return records;
}

Result<void> service_may_have(Tx& tx, const CertificateRecord& certificate, std::string_view name,
                              std::string_view caller) {
  BM_TRY(const auto known, tx.known(certificate.spki));
  if (known) {
    return fail(Code::key_reuse, "a device has this key");
  }
  BM_TRY(const auto records, tx.certificates_of(certificate.ca));
  const bool of_person = certificate.profile == ProfileId::operator_person;
  for (const auto& other : records) {
    const bool same_key = other.spki == certificate.spki;
    if (same_key && other.profile != certificate.profile) {
      return fail(Code::key_reuse, "a service of another kind has this key");
    }
    const bool stands_in_the_way = same_key || (of_person && other.profile == certificate.profile && name != caller);
    if (!stands_in_the_way || other.profile == ProfileId::station || !is_listed(other)) {
      continue;  // a station's key goes on with its next certificate; what was never released is nobody's
    }
    BM_TRY(const auto holder, named(other));
    const bool ended = other.standing == lifecycle::Standing::ended;
    if (same_key && (ended || holder.name != name)) {
      return fail(Code::key_reuse, "this key has another name, or its certificate was ended");
    }
    if (of_person && !ended && holder.name == name && name != caller) {
      return fail(Code::policy, "an operator of this name has a certificate: he alone orders his next one",
                  "service.name");
    }
  }
  return {};
}

Result<ServiceCredential> end_service_credential(Tx& tx, const Serial& serial, const ShownCertificate& caller,
                                                 const Doing& doing) {
  BM_TRY(const auto own, on_the_books(tx, caller.ca, caller.index, caller.certificate));
  if (own.standing != lifecycle::Standing::live) {
    return fail(Code::credential_ended, "your own certificate was ended");
  }
  const auto index = lifecycle::index_of(serial);
  BM_TRY(const auto record, index ? tx.certificate(caller.ca, *index) : Result<std::optional<CertificateRecord>>{});
  if (!record || record->serial != serial || !is_listed(*record)) {
    return fail(Code::not_found, "no person, gate or station has a certificate of this serial");
  }
  if (record->row == own.row) {
    return fail(Code::policy, "another operator ends your certificate: you may be the last one", "service.own");
  }
  BM_TRY(auto credential, named(*record));
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
