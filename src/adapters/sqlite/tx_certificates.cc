// SPDX-License-Identifier: Apache-2.0
// Certificates with their bodies, requests and appraisals.
#include "adapters/sqlite/tbs_delta.h"
#include "adapters/sqlite/tx.h"
#include "codec/x509.h"
#include "crypto/hash.h"

namespace birthmark::sqlite {

using app::AppraisalRecord;
using app::CertificateHead;
using app::CertificateRecord;
using app::CertificateRow;
using app::RequestRecord;

namespace {

#define BM_HEAD_COLUMNS                                                                                    \
  "c.row, c.ca, c.list_index, c.profile, c.device, c.kind, c.purpose, c.issuance, c.counted, c.standing, " \
  "c.published, c.not_before, c.not_after, c.appraised_at, c.log_index"

#define BM_CERTIFICATE_SELECT                                                                      \
  "SELECT " BM_HEAD_COLUMNS                                                                        \
  ", b.serial, b.spki, coalesce(b.profile_hash, t.profile_hash), b.signature, t.tbs, b.tbs, d.id " \
  "FROM certificate c JOIN certificate_body b ON b.row = c.row "                                   \
  "JOIN template t ON t.ca = c.ca AND t.profile = c.profile LEFT JOIN device d ON d.row = c.device "

/// What the bytes of a certificate are told by: what is stored of it anyway, and the template.
Bytes known_parts(const std::optional<DeviceId>& device, const Serial& serial, BytesView tbs_of_template) {
  Bytes out;
  if (device) {
    const auto name = to_hex(device->get());  // as the subject spells it
    append(out, as_bytes(name));
  }
  append(out, serial.get());
  append(out, tbs_of_template);
  return out;
}

/// The key that to-be-signed bytes are for; nothing where they are not a certificate's.
std::optional<Digest> spki_in(BytesView tbs) {
  const auto spki = x509::spki_of(tbs);
  return spki ? std::optional{crypto::sha256(*spki)} : std::nullopt;
}

void take_head(Columns& columns, CertificateHead& head) {
  std::optional<DeviceRow> device;
  columns.take(head.row, head.ca, head.index, head.profile, device, head.kind, head.purpose, head.issuance,
               head.counted, head.standing, head.published, head.not_before, head.not_after, head.appraised_at,
               head.log_index);
  head.device = device.value_or(DeviceRow{});
}

Result<CertificateHead> read_head(const Statement& row) {
  CertificateHead head;
  Columns columns{row};
  take_head(columns, head);
  BM_CHECK(columns.intact("certificate"));
  return head;
}

Result<CertificateRecord> read_certificate(const Statement& row) {
  CertificateRecord record;
  std::optional<Digest> spki;
  std::optional<Bytes> signature;
  std::optional<DeviceId> device_id;
  Bytes base;
  Bytes delta;
  Columns columns{row};
  take_head(columns, record);
  columns.take(record.serial, spki, record.profile_hash, signature, base, delta, device_id);
  BM_CHECK(columns.intact("certificate"));
  record.signature = std::move(signature).value_or(Bytes{});
  BM_TRY(record.tbs, apply_delta(known_parts(device_id, record.serial, base), delta));
  spki = spki ? spki : spki_in(record.tbs);
  if (!spki) {
    return fail(Code::storage, "certificate: its key");
  }
  record.spki = *spki;
  return record;
}

struct Template {
  Digest profile_hash;
  Bytes tbs;
};

Result<Template> read_template(const Statement& row) {
  Template out;
  Columns columns{row};
  columns.take(out.profile_hash, out.tbs);
  BM_CHECK(columns.intact("template"));
  return out;
}

/// (caller, id) in 16 octets: whoever finds two of the same finds two of his own.
Octets<16> name_of(const Digest& caller, const Octets<16>& id) {
  const auto digest = crypto::sha256({caller.get(), id});
  Octets<16> out{};
  std::copy_n(digest.get().begin(), out.size(), out.begin());
  return out;
}

struct StoredRequest {
  RequestRecord record;             ///< without its caller and id
  bool of_its_certificate = false;  ///< it asked for the key of its certificate, and `record` has no key
};

Result<StoredRequest> read_request(const Statement& row) {
  RequestRecord request;
  std::optional<Digest> key;
  std::optional<std::uint16_t> status;
  std::optional<Bytes> body;
  Columns columns{row};
  columns.take(key, request.certificate, request.at, status, body);
  BM_CHECK(columns.intact("request"));
  if (status && body) {
    request.answer = app::KeptAnswer{*status, std::move(*body)};
  }
  request.key = key.value_or(Digest{});
  return StoredRequest{std::move(request), !key};
}

Result<AppraisalRecord> read_appraisal(const Statement& row) {
  AppraisalRecord appraisal;
  Columns columns{row};
  columns.take(appraisal.device, appraisal.spki, appraisal.purpose, appraisal.at, appraisal.firmware);
  BM_CHECK(columns.intact("appraisal"));
  return appraisal;
}

std::optional<DeviceRow> device_or_null(const CertificateRecord& record) {
  return record.device.get() == 0 ? std::nullopt : std::optional{record.device};
}

std::optional<Bytes> signature_or_null(const CertificateRecord& record) {
  return record.signature.empty() ? std::nullopt : std::optional{record.signature};
}

}  // namespace

Result<CertificateRow> SqliteTx::insert_certificate(const CertificateRecord& record) {
  BM_CHECK(
      tell("INSERT INTO certificate(ca, list_index, profile, device, kind, purpose, issuance, counted, standing, "
           "published, not_before, not_after, appraised_at, log_index, epoch, version) "
           "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 1)",
           record.ca, record.index, record.profile, device_or_null(record), record.kind, record.purpose,
           record.issuance, record.counted, record.standing, record.published, record.not_before, record.not_after,
           record.appraised_at, record.log_index, context_.epoch));
  return CertificateRow{static_cast<std::uint32_t>(connection_.last_insert_row())};
}

Result<CertificateRow> SqliteTx::add_certificate(const CertificateRecord& record) {
  if (record.tbs.size() > kDeltaMaxBytes) {
    return fail(Code::too_large, "to-be-signed bytes");
  }
  BM_TRY(const auto row, insert_certificate(record));
  BM_TRY(auto base,
         one(ask("SELECT profile_hash, tbs FROM template WHERE ca = ?1 AND profile = ?2", record.ca, record.profile),
             read_template));
  if (!base) {
    base = Template{record.profile_hash, record.tbs};
    BM_CHECK(tell("INSERT INTO template(ca, profile, profile_hash, tbs) VALUES(?1, ?2, ?3, ?4)", record.ca,
                  record.profile, base->profile_hash, base->tbs));
  }
  BM_TRY(const auto holder, device(record.device));
  const auto known = known_parts(holder ? std::optional{holder->id} : std::nullopt, record.serial, base->tbs);
  const bool usual = record.profile_hash == base->profile_hash;
  const bool told_by_tbs = spki_in(record.tbs) == record.spki;
  BM_CHECK(
      tell("INSERT INTO certificate_body(row, serial, spki, profile_hash, signature, tbs) "
           "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
           row, record.serial, told_by_tbs ? std::nullopt : std::optional{record.spki},
           usual ? std::nullopt : std::optional{record.profile_hash}, signature_or_null(record),
           delta_of(known, record.tbs)));
  added_ = {row, record.spki};
  return row;
}

Result<void> SqliteTx::update_head(const CertificateHead& head) {
  services |= is_of_service(head);
  return change(Code::not_found,
                "UPDATE certificate SET issuance = ?2, counted = ?3, standing = ?4, published = ?5, log_index = ?6, "
                "epoch = ?7, version = version + 1 WHERE row = ?1",
                head.row, head.issuance, head.counted, head.standing, head.published, head.log_index, context_.epoch);
}

Result<void> SqliteTx::update_certificate(const CertificateRecord& record) {
  BM_CHECK(update_head(record));
  return tell("UPDATE certificate_body SET signature = ?2 WHERE row = ?1 AND signature IS NOT ?2", record.row,
              signature_or_null(record));
}

Result<std::optional<CertificateRecord>> SqliteTx::certificate(CertificateRow row) {
  return one(ask(BM_CERTIFICATE_SELECT "WHERE c.row = ?1", row), read_certificate);
}

Result<std::optional<CertificateRecord>> SqliteTx::certificate(CaId ca, std::uint32_t index) {
  return one(ask(BM_CERTIFICATE_SELECT "WHERE c.ca = ?1 AND c.list_index = ?2", ca, index), read_certificate);
}

Result<std::vector<CertificateRecord>> SqliteTx::certificates_of(DeviceRow device) {
  return all(ask(BM_CERTIFICATE_SELECT "WHERE c.device = ?1 ORDER BY c.row", device), read_certificate);
}

Result<std::vector<CertificateHead>> SqliteTx::heads_of(DeviceRow device) {
  return all(ask("SELECT " BM_HEAD_COLUMNS " FROM certificate c WHERE c.device = ?1 ORDER BY c.row", device),
             read_head);
}

Result<std::vector<CertificateRecord>> SqliteTx::certificates_of(CaId ca) {
  return all(ask(BM_CERTIFICATE_SELECT "WHERE c.ca = ?1 ORDER BY c.row", ca), read_certificate);
}

Result<std::vector<CertificateRecord>> SqliteTx::certificates_in(app::IssuanceState state) {
  if (state == app::IssuanceState::registered) {
    return fail(Code::bad_request, "registered certificates are listed by device");
  }
  // The second condition lets SQLite use the index over what is unsettled.
  return all(ask(BM_CERTIFICATE_SELECT "WHERE c.issuance = ?1 AND c.issuance <> 1 ORDER BY c.row", state),
             read_certificate);
}

Result<std::optional<RequestRecord>> SqliteTx::request(const Digest& caller, const Octets<16>& id) {
  BM_TRY(auto found,
         one(ask("SELECT key, certificate, at, status, answer FROM request WHERE name = ?1", name_of(caller, id)),
             read_request));
  if (!found) {
    return std::optional<RequestRecord>{};
  }
  auto& record = found->record;
  record.caller = caller;
  record.id = id;
  if (found->of_its_certificate) {
    BM_TRY(const auto issued, certificate(record.certificate));
    if (!issued) {
      return fail(Code::storage, "request: its certificate");
    }
    record.key = issued->spki;
  }
  return std::optional{std::move(record)};
}

Result<void> SqliteTx::add_request(const RequestRecord& request) {
  const auto& answer = request.answer;
  const bool of_its_certificate = added_ && added_->row == request.certificate && added_->spki == request.key;
  return tell(
      "INSERT OR REPLACE INTO request(name, key, certificate, at, status, answer) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
      name_of(request.caller, request.id), of_its_certificate ? std::nullopt : std::optional{request.key},
      request.certificate, request.at, answer ? std::optional{answer->status} : std::nullopt,
      answer ? std::optional{answer->body} : std::nullopt);
}

Result<void> SqliteTx::put_appraisal(const AppraisalRecord& appraisal) {
  return tell(
      "INSERT INTO appraisal(device, spki, purpose, at, firmware) VALUES(?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT(device, spki) DO UPDATE SET purpose = excluded.purpose, at = excluded.at, "
      "firmware = excluded.firmware",
      appraisal.device, appraisal.spki, appraisal.purpose, appraisal.at, appraisal.firmware);
}

Result<std::optional<AppraisalRecord>> SqliteTx::appraisal(DeviceRow device, const Digest& spki) {
  return one(ask("SELECT device, spki, purpose, at, firmware FROM appraisal "
                 "WHERE device = ?1 AND spki = ?2",
                 device, spki),
             read_appraisal);
}

Result<std::optional<AppraisalRecord>> SqliteTx::take_appraisal(DeviceRow device, const Digest& spki) {
  BM_TRY(auto found, appraisal(device, spki));
  if (found) {
    BM_CHECK(tell("DELETE FROM appraisal WHERE device = ?1 AND spki = ?2", device, spki));
  }
  return found;
}

}  // namespace birthmark::sqlite
