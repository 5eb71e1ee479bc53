// SPDX-License-Identifier: Apache-2.0
#include "pki/lint.h"

#include <algorithm>
#include <array>

#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/oid.h"
#include "pki/arc.h"
#include "pki/receipt.h"
#include "pki/scope.h"

namespace birthmark::pki {
namespace {

bool serial_form(const LintInput& in) {
  const auto serial = in.certificate.serial();
  return serial.size() == 16 && serial.front() == 0x4B;
}

bool issuer_name(const LintInput& in) {
  return equal(in.certificate.issuer(), in.issuer.name);
}

bool validity(const LintInput& in) {
  const auto from = in.certificate.not_before();
  const auto to = in.certificate.not_after();
  const bool ends_right =
      in.profile.ends == Ends::never ? to == kNoEnd : to < kNoEnd && to - from <= in.profile.lifetime;
  return from < to && to <= in.issuer.not_after && ends_right;
}

bool key_identifier(const LintInput& in) {
  const auto id = x509::authority_key_identifier(in.certificate.extensions());
  return id && *id && (*id)->key_id && equal(*(*id)->key_id, in.issuer.key_id);
}

bool usage(const LintInput& in) {
  const auto bits = x509::key_usage(in.certificate.extensions());
  const auto* const extension = in.certificate.extension(oids::key_usage);
  return bits && *bits && **bits == in.profile.key_usage && extension != nullptr && extension->critical;
}

/// A CA, and each member of a Matter chain: they say what they are, and have a key identifier.
bool names_itself(const Profile& profile) {
  return profile.is_ca || profile.hierarchy == Hierarchy::matter;
}

bool constraints(const LintInput& in) {
  const auto value = x509::basic_constraints(in.certificate.extensions());
  const auto* const extension = in.certificate.extension(oids::basic_constraints);
  if (!value || !names_itself(in.profile)) {
    return value.has_value() && extension == nullptr;
  }
  return *value && (*value)->is_ca == in.profile.is_ca && extension->critical &&
         (*value)->path_length ==
             (in.profile.path_length ? std::optional<std::uint32_t>{*in.profile.path_length} : std::nullopt);
}

bool extended_usage(const LintInput& in) {
  const auto usages = x509::extended_key_usage(in.certificate.extensions());
  const auto& wanted = in.profile.extended_key_usages;
  if (!usages || !*usages) {
    return usages.has_value() && wanted.empty();
  }
  return std::ranges::equal(**usages, wanted, [](BytesView a, BytesView b) { return equal(a, b); });
}

/// Exactly the CA's own organization and units are permitted, where the profile constrains it.
bool name_constraint(const LintInput& in) {
  const auto value = x509::name_constraints(in.certificate.extensions());
  const auto* const extension = in.certificate.extension(oids::name_constraints);
  if (!value || !in.profile.name_constraint) {
    return value.has_value() && extension == nullptr;
  }
  const auto subject = place_of(in.subject);
  return subject && *value && extension->critical && (*value)->permitted.size() == 1 && (*value)->excluded.empty() &&
         (*value)->permitted.front().kind == x509::GeneralNameKind::directory &&
         equal((*value)->permitted.front().value, encode(*subject));
}

bool inside_scope(const LintInput& in) {
  if (!profile(in.issuer.profile).name_constraint) {
    return true;
  }
  const auto base = encode({.organization = in.issuer.scope_organization,
                            .organizational_units = in.issuer.scope_units,
                            .common_name = {},
                            .serial_number = {}});
  return lies_below(base, in.certificate.subject());
}

bool own_key_identifier(const LintInput& in) {
  const auto id = x509::subject_key_identifier(in.certificate.extensions());
  return id && id->has_value() == names_itself(in.profile) && (!*id || equal(**id, key_id(in.certificate.spki())));
}

/// Nothing critical that an old verifier would not know.
bool critical_extensions(const LintInput& in) {
  return std::ranges::all_of(in.certificate.extensions(), [](const x509::Extension& extension) {
    return !extension.critical || equal(extension.type, oids::key_usage) ||
           equal(extension.type, oids::basic_constraints) || equal(extension.type, oids::name_constraints);
  });
}

bool device_serial_number(const LintInput& in) {
  const auto is_serial = [](const x509::NameAttribute& attribute) {
    return equal(attribute.type, oids::serial_number);
  };
  const auto value = std::ranges::find_if(in.subject, is_serial);
  if (!in.profile.device) {
    return value == in.subject.end();
  }
  return std::ranges::count_if(in.subject, is_serial) == 1 && value->tag == der::tag::printable_string &&
         value->value.size() == 2 * sizeof(DeviceId::rep) && from_hex(as_text(value->value)).has_value();
}

bool device_alt_name(const LintInput& in) {
  const auto names = x509::subject_alt_name(in.certificate.extensions());
  if (!in.profile.device) {
    return names && (!*names || std::ranges::all_of(**names, [](const x509::GeneralName& name) {
             return name.kind == x509::GeneralNameKind::dns || name.kind == x509::GeneralNameKind::ip;
           }));
  }
  return names && *names && (*names)->size() == 1 && equal((*names)->front().type, oids::hardware_module_name);
}

/// Those of the profile and of the issuer, and no others.
bool matter_ids(const LintInput& in) {
  const auto ids = matter::vendor_product(in.subject);
  if (!ids || in.profile.hierarchy != Hierarchy::matter) {
    return ids && *ids == matter::VendorProduct{};
  }
  const bool vendor = ids->vendor || in.profile.id == ProfileId::matter_paa;
  const bool product = ids->product ? in.profile.id != ProfileId::matter_paa : in.profile.id != ProfileId::matter_dac;
  const auto& above = in.issuer.matter;
  return vendor && product && (!above.vendor || above.vendor == ids->vendor) &&
         (!above.product || above.product == ids->product);
}

/// With the longest signature that P-256 makes.
bool matter_size(const LintInput& in) {
  constexpr std::size_t kSignatureMax = 72;
  const bool bound = in.profile.id == ProfileId::matter_pai || in.profile.id == ProfileId::matter_dac;
  return !bound || in.certificate.der().size() - in.certificate.signature().size() + kSignatureMax <= kMatterMaxBytes;
}

bool receipt_is_there(const LintInput& in) {
  return in.profile.receipt ? take_receipt(in.certificate.tbs()).has_value()
                            : in.certificate.extension(arc::registration_receipt) == nullptr;
}

bool appraised_at(const LintInput& in) {
  return in.profile.appraised_at == (in.certificate.extension(arc::appraised_at) != nullptr);
}

constexpr std::array kLints{
    Lint{"serial_form", "design §3: 16 octets, mark, index", serial_form},
    Lint{"issuer_name", "RFC 5280 §4.1.2.4", issuer_name},
    Lint{"validity", "802.1AR-2018 §8.7; RFC 5280 §4.1.2.5", validity},
    Lint{"key_identifier", "RFC 5280 §4.2.1.1", key_identifier},
    Lint{"key_usage", "RFC 5280 §4.2.1.3", usage},
    Lint{"basic_constraints", "RFC 5280 §4.2.1.9", constraints},
    Lint{"extended_key_usage", "RFC 5280 §4.2.1.12; 802.1AR-2018 §8.10: none in an IDevID", extended_usage},
    Lint{"name_constraints", "RFC 5280 §4.2.1.10: the scope of the CA", name_constraint},
    Lint{"scope", "AC-15: below the issuer's name", inside_scope},
    Lint{"subject_key_identifier", "RFC 5280 §4.2.1.2: CAs, and Matter", own_key_identifier},
    Lint{"critical_extensions", "RFC 5280 §4.2", critical_extensions},
    Lint{"device_serial_number", "802.1AR-2018 §8.6", device_serial_number},
    Lint{"device_alt_name", "RFC 4108 §5", device_alt_name},
    Lint{"matter_ids", "Matter Core §6.2.2: vendor and product", matter_ids},
    Lint{"matter_size", "Matter Core §6.2.2: at most 600 octets", matter_size},
    Lint{"receipt", "design rule 3", receipt_is_there},
    Lint{"appraised_at", "design §3", appraised_at},
};

/// DER Ecdsa-Sig-Value {1, 1}: makes the bytes readable as a certificate, verifies under no key.
constexpr std::array<std::uint8_t, 8> kPlaceholder{0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};

}  // namespace

std::span<const Lint> lints() {
  return kLints;
}

Result<void> lint(BytesView tbs, const Issuer& issuer, ProfileId id) {
  BM_TRY(const auto certificate, x509::Certificate::read(assemble(tbs, kPlaceholder)));
  const LintInput input{certificate, profile(id), issuer};
  const auto* const broken = std::ranges::find_if(kLints, [&](const Lint& rule) { return !rule.holds(input); });
  return broken == kLints.end()
             ? Result<void>{}
             : fail(Code::scope, "the certificate breaks " + std::string{broken->clause}, std::string{broken->name});
}

}  // namespace birthmark::pki
