// SPDX-License-Identifier: Apache-2.0
#include "codec/crl.h"

#include <algorithm>
#include <array>

#include "codec/name.h"
#include "codec/oid.h"
#include "codec/x509.h"

namespace birthmark::x509 {
namespace {

using der::tag::context;
using der::tag::context_constructed;

constexpr std::size_t kDepthMax = 24;
constexpr std::uint64_t kVersion2 = 1;
constexpr std::size_t kEmptyNameBytes = 2;  // SEQUENCE of nothing
constexpr std::uint8_t kReasonMax = 10, kReasonUnused = 7;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"CRL: "} + what);
}

/// A positive number of at most 20 octets (a serial), or one that may be zero (a CRL number); without a sign octet.
Result<BytesView> read_magnitude(der::Reader& reader, bool zero_allowed) {
  BM_TRY(auto number, reader.integer());
  if ((number.front() & 0x80) != 0) {
    return refuse("negative number");
  }
  if (number.front() == 0) {
    number = number.subspan(1);
  }
  if ((number.empty() && !zero_allowed) || number.size() > kSerialMaxOctets) {
    return refuse("serial or number zero or too long");
  }
  return number;
}

Result<RevocationReason> read_reason(BytesView value) {
  der::Reader reader{value};
  BM_TRY(const auto contents, reader.expect(der::tag::enumerated));
  BM_CHECK(reader.finish());
  if (contents.size() != 1 || contents[0] > kReasonMax || contents[0] == kReasonUnused) {
    return refuse("reason");
  }
  return static_cast<RevocationReason>(contents[0]);
}

Result<Instant> read_invalidity_date(BytesView value) {
  der::Reader reader{value};
  if (reader.peek() != der::tag::generalized_time) {
    return refuse("invalidity date");
  }
  BM_TRY(const auto date, reader.time_of_either_type());
  BM_CHECK(reader.finish());
  return date;
}

/// RFC 5280 §5.3.3: the issuer's distinguished name, from whatever names stand there.
Result<BytesView> read_certificate_issuer(BytesView value) {
  BM_TRY(const auto names, read_general_names(value));
  for (const auto& name : names) {
    if (name.kind == GeneralNameKind::directory && name.value.size() > kEmptyNameBytes) {
      return name.value;
    }
  }
  return refuse("issuer of an entry without a distinguished name");
}

/// What the extensions of one entry say; @return whether one of them is critical and not known.
Result<bool> read_entry_extensions(BytesView whole, RevokedCertificate& entry) {
  BM_TRY(const auto extensions, read_extensions(whole));
  bool unknown = false;
  for (const auto& extension : extensions) {
    if (equal(extension.type, oids::crl_reason)) {
      BM_TRY(entry.reason, read_reason(extension.value));
    } else if (equal(extension.type, oids::invalidity_date)) {
      BM_TRY(entry.invalid_since, read_invalidity_date(extension.value));
    } else if (equal(extension.type, oids::certificate_issuer)) {
      BM_TRY(entry.certificate_issuer, read_certificate_issuer(extension.value));
    } else {
      unknown = unknown || extension.critical;
    }
  }
  return unknown;
}

Result<bool> read_default_false(der::Reader& fields, std::uint8_t number) {
  BM_TRY(const auto contents, fields.optional(context(number)));
  if (!contents) {
    return false;
  }
  if (contents->size() != 1 || contents->front() != 0xFF) {
    return refuse("flag of the scope");
  }
  return true;
}

/// RFC 5280 §5.2.5.
Result<CrlScope> read_scope(BytesView value) {
  BM_TRY(auto fields, der::read_one(value, der::tag::sequence));
  if (fields.empty()) {
    return refuse("scope that says nothing");
  }
  CrlScope scope;
  BM_TRY(const auto point, fields.optional(context_constructed(0)));
  if (point) {
    BM_TRY(scope.point, read_distribution_point_name(*point));
  }
  BM_TRY(const bool user, read_default_false(fields, 1));
  BM_TRY(const bool ca, read_default_false(fields, 2));
  BM_TRY(const auto reasons, fields.optional(context(3)));
  if (reasons) {
    BM_TRY(scope.reasons, read_reason_flags(*reasons));
  }
  BM_TRY(scope.indirect, read_default_false(fields, 4));
  BM_TRY(const bool attribute, read_default_false(fields, 5));
  BM_CHECK(fields.finish());
  if (static_cast<int>(user) + static_cast<int>(ca) + static_cast<int>(attribute) > 1) {
    return refuse("scope of two kinds of certificates");
  }
  using enum CrlScope::Only;
  scope.only = user ? user_certificates : ca ? ca_certificates : attribute ? attribute_certificates : any;
  return scope;
}

Result<std::optional<BytesView>> read_number(Extensions extensions, BytesView type) {
  const auto* const found = find_extension(extensions, type);
  if (found == nullptr) {
    return std::optional<BytesView>{};
  }
  der::Reader reader{found->value};
  BM_TRY(const auto number, read_magnitude(reader, true));
  BM_CHECK(reader.finish());
  return std::optional{number};
}

bool is_known(BytesView type) {
  const std::array<BytesView, 7> known{
      oids::authority_key_identifier,   oids::issuer_alt_name, oids::crl_number,           oids::delta_crl_indicator,
      oids::issuing_distribution_point, oids::freshest_crl,    oids::authority_info_access};
  return std::ranges::any_of(known, [&](BytesView one) { return equal(one, type); });
}

bool before(BytesView a, BytesView b) {
  return a.size() != b.size() ? a.size() < b.size() : std::ranges::lexicographical_compare(a, b);
}

}  // namespace

Result<Crl> Crl::read(BytesView der) {
  if (der.empty() || der.size() > kCrlMaxBytes) {
    return refuse("empty or too long");
  }
  BM_CHECK(der::check_nesting(der, kDepthMax));
  const auto parts = std::make_shared<Parts>();
  parts->der = to_bytes(der);
  BM_TRY(auto list, der::read_one(parts->der, der::tag::sequence));
  BM_TRY(const auto tbs, list.any());
  BM_TRY(const auto algorithm, list.any());
  BM_TRY(parts->signature, list.bit_octets());
  BM_CHECK(list.finish());
  BM_TRY(parts->algorithm, read_signature_algorithm(algorithm.whole));
  parts->tbs = tbs.whole;
  BM_CHECK(read_tbs(algorithm.whole, *parts));
  return Crl{parts};
}

Result<void> Crl::read_tbs(BytesView algorithm, Parts& parts) {
  BM_TRY(auto tbs, der::read_one(parts.tbs, der::tag::sequence));
  bool version2 = false;
  if (tbs.peek() == der::tag::integer) {
    BM_TRY(const auto version, tbs.small_unsigned());
    if (version != kVersion2) {
      return refuse("version");
    }
    version2 = true;
  }
  BM_TRY(const auto inner, tbs.any());
  if (!equal(inner.whole, algorithm)) {
    return refuse("inner and outer signature algorithm differ");
  }
  BM_TRY(const auto issuer, tbs.any());
  BM_CHECK(read_name(issuer.whole));
  if (issuer.whole.size() == kEmptyNameBytes) {
    return refuse("empty issuer");
  }
  parts.issuer = issuer.whole;
  BM_TRY(parts.this_update, tbs.time_of_either_type());
  if (tbs.peek() == der::tag::utc_time || tbs.peek() == der::tag::generalized_time) {
    BM_TRY(parts.next_update, tbs.time_of_either_type());
  }
  if (tbs.peek() == der::tag::sequence) {
    BM_TRY(const auto list, tbs.enter(der::tag::sequence));
    BM_CHECK(read_entries(list, parts));
  }
  if (tbs.peek() == context_constructed(0)) {
    BM_TRY(auto wrapped, tbs.enter(context_constructed(0)));
    BM_TRY(const auto extensions, wrapped.any());
    BM_CHECK(wrapped.finish());
    BM_TRY(parts.extensions, read_extensions(extensions.whole));
    BM_CHECK(read_list_extensions(parts));
  }
  BM_CHECK(tbs.finish());
  return version2 || parts.extensions.empty() ? Result<void>{} : refuse("extensions in version 1");
}

/// In a list of another kind than indirect, `certificateIssuer` is read all the same: whoever looks entries up decides.
Result<void> Crl::read_entries(der::Reader list, Parts& parts) {
  BytesView issuer;  // of the entries from here on (RFC 5280 §5.3.3)
  if (list.empty()) {
    return refuse("empty list of entries");  // §5.1.2.6
  }
  while (!list.empty()) {
    BM_TRY(auto fields, list.enter(der::tag::sequence));
    RevokedCertificate entry;
    entry.certificate_issuer = issuer;
    BM_TRY(entry.serial, read_magnitude(fields, false));
    BM_TRY(entry.revoked_at, fields.time_of_either_type());
    if (!fields.empty()) {
      BM_TRY(const auto extensions, fields.any());
      BM_TRY(const bool unknown, read_entry_extensions(extensions.whole, entry));
      parts.has_unknown_critical = parts.has_unknown_critical || unknown;
      issuer = entry.certificate_issuer;
    }
    BM_CHECK(fields.finish());
    parts.entries.push_back(entry);
  }
  std::ranges::stable_sort(parts.entries, before, &RevokedCertificate::serial);
  return {};
}

Result<void> Crl::read_list_extensions(Parts& parts) {
  const Extensions all{parts.extensions};
  BM_TRY(parts.number, read_number(all, oids::crl_number));
  BM_TRY(parts.base_number, read_number(all, oids::delta_crl_indicator));
  BM_TRY(const auto authority, authority_key_identifier(all));
  if (authority) {
    parts.authority_key_id = authority->key_id;
  }
  BM_CHECK(issuer_alt_name(all));
  BM_CHECK(freshest_crl(all));
  BM_CHECK(check_info_access(all, oids::authority_info_access));
  if (const auto* const scope = find_extension(all, oids::issuing_distribution_point)) {
    BM_TRY(parts.scope, read_scope(scope->value));
    parts.scope_der = scope->value;
  }
  parts.has_unknown_critical = parts.has_unknown_critical || std::ranges::any_of(all, [](const Extension& one) {
                                 return one.critical && !is_known(one.type);
                               });
  return {};
}

std::span<const RevokedCertificate> Crl::find(BytesView serial) const {
  const auto found = std::ranges::equal_range(parts_->entries, serial, before, &RevokedCertificate::serial);
  return {found.begin(), found.end()};
}

}  // namespace birthmark::x509
