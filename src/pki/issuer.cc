// SPDX-License-Identifier: Apache-2.0
#include "pki/issuer.h"

#include <algorithm>
#include <optional>

#include "codec/extensions.h"
#include "codec/oid.h"
#include "pki/scope.h"

namespace birthmark::pki {
namespace {

using crypto::SignatureScheme;

bool is(BytesView type, BytesView expected) {
  return equal(type, expected);
}

Result<void> names_chain(const x509::Certificate& leaf, const CaCertificate& issuer) {
  if (!equal(leaf.issuer(), issuer.certificate.subject())) {
    return fail(Code::unauthenticated, "issued by another name", "RFC 5280 6.1.3(a)(4)");
  }
  BM_TRY(const auto key, x509::authority_key_identifier(leaf.extensions()));
  if (!key || !key->key_id || !equal(*key->key_id, issuer.issuer.key_id)) {
    return fail(Code::unauthenticated, "issued by another key", "RFC 5280 4.2.1.1");
  }
  return {};
}

std::optional<std::uint32_t> wanted_path_length(const Profile& profile) {
  return profile.path_length ? std::optional<std::uint32_t>{*profile.path_length} : std::nullopt;
}

/// A constrained CA permits its own place and nothing else; everybody else constrains nothing.
Result<void> constraint_fits(const x509::Certificate& certificate, const Profile& profile) {
  BM_TRY(const auto constraints, x509::name_constraints(certificate.extensions()));
  if (!profile.name_constraint) {
    return constraints ? fail(Code::scope, "nameConstraints", "RFC 5280 4.2.1.10") : Result<void>{};
  }
  BM_TRY(const auto place, place_of(certificate.subject_attributes()));
  const bool own = constraints && constraints->permitted.size() == 1 && constraints->excluded.empty() &&
                   constraints->permitted.front().kind == x509::GeneralNameKind::directory &&
                   equal(constraints->permitted.front().value, encode(place));
  return own ? Result<void>{} : fail(Code::scope, "nameConstraints", "RFC 5280 4.2.1.10");
}

/// What the profile says of a certificate, as it must show it.
Result<void> shape_fits(const x509::Certificate& leaf, const Profile& profile) {
  BM_TRY(const auto constraints, x509::basic_constraints(leaf.extensions()));
  const auto path_length = constraints ? constraints->path_length : std::nullopt;
  if ((constraints && constraints->is_ca) != profile.is_ca || path_length != wanted_path_length(profile)) {
    return fail(Code::scope, "basicConstraints", "RFC 5280 6.1.4(k)");
  }
  BM_TRY(const auto usage, x509::key_usage(leaf.extensions()));
  if (!usage || *usage != profile.key_usage) {
    return fail(Code::scope, "keyUsage is not the profile's", "RFC 5280 4.2.1.3");
  }
  BM_TRY(const auto usages, x509::extended_key_usage(leaf.extensions()));
  const std::size_t count = usages ? usages->size() : 0;
  if (count != profile.extended_key_usages.size() ||
      (usages && !std::ranges::equal(*usages, profile.extended_key_usages,
                                     [](BytesView a, BytesView b) { return equal(a, b); }))) {
    return fail(Code::scope, "extKeyUsage is not the profile's", "RFC 5280 4.2.1.12");
  }
  const auto known = [](const x509::Extension& extension) {
    return is(extension.type, oids::key_usage) || is(extension.type, oids::basic_constraints) ||
           is(extension.type, oids::name_constraints);
  };
  if (!std::ranges::all_of(leaf.extensions(),
                           [&](const auto& extension) { return !extension.critical || known(extension); })) {
    return fail(Code::scope, "an unknown critical extension", "RFC 5280 6.1.5(f)");
  }
  return constraint_fits(leaf, profile);
}

/// Matter Core §6.2.3.1: what the issuer is for is what the certificate is for.
Result<void> matter_ids_fit(const x509::Certificate& leaf, const Issuer& issuer) {
  BM_TRY(const auto ids, matter::vendor_product(leaf.subject_attributes()));
  const bool fit = (!issuer.matter.vendor || issuer.matter.vendor == ids.vendor) &&
                   (!issuer.matter.product || issuer.matter.product == ids.product);
  return fit ? Result<void>{} : fail(Code::scope, "another Matter vendor or product", "RFC 5280 6.1.3(b)");
}

Result<void> inside_scope(const x509::Certificate& leaf, const Issuer& issuer) {
  if (profile(issuer.profile).hierarchy == Hierarchy::matter) {
    return matter_ids_fit(leaf, issuer);
  }
  if (!profile(issuer.profile).name_constraint) {
    return {};
  }
  const auto base = encode({.organization = issuer.scope_organization,
                            .organizational_units = issuer.scope_units,
                            .common_name = {},
                            .serial_number = {}});
  return lies_below(base, leaf.subject()) ? Result<void>{}
                                          : fail(Code::scope, "outside the issuer's scope", "RFC 5280 6.1.3(b)");
}

}  // namespace

Result<CaCertificate> ca_certificate(BytesView der, ProfileId profile, std::string crl_url) {
  BM_TRY(auto certificate, x509::Certificate::read(der));
  BM_TRY(auto key, crypto::PublicKey::from_spki(certificate.spki()));
  BM_TRY(const auto key_id, x509::subject_key_identifier(certificate.extensions()));
  BM_TRY(const auto constraints, x509::basic_constraints(certificate.extensions()));
  const auto id = key_id ? octets<20>(*key_id) : std::nullopt;
  if (!id || !constraints || !constraints->is_ca) {
    return fail(Code::bad_request, "no CA certificate of ours");
  }
  BM_CHECK(shape_fits(certificate, pki::profile(profile)));
  BM_TRY(auto place, place_of(certificate.subject_attributes()));
  Issuer issuer{.profile = profile,
                .name = to_bytes(certificate.subject()),
                .key_id = *id,
                .not_after = certificate.not_after(),
                .crl_url = std::move(crl_url),
                .scope_organization = std::move(place.organization),
                .scope_units = std::move(place.organizational_units),
                .matter = place.matter};
  return CaCertificate{std::move(certificate), std::move(key), std::move(issuer)};
}

Result<void> verify_issued(const x509::Certificate& leaf, const CaCertificate& issuer, ProfileId leaf_profile,
                           Instant at) {
  BM_CHECK(names_chain(leaf, issuer));
  const auto scheme = crypto::scheme_of(leaf.signature_algorithm());
  if (!scheme || !issuer.key.verify(*scheme, leaf.tbs(), leaf.signature())) {
    return fail(Code::unauthenticated, "the issuer's signature does not verify", "RFC 5280 6.1.3(a)(1)");
  }
  if (!may_issue(issuer.issuer.profile, leaf_profile)) {
    return fail(Code::scope, "this issuer makes no such certificate", "profile");
  }
  BM_CHECK(shape_fits(leaf, profile(leaf_profile)));
  BM_CHECK(inside_scope(leaf, issuer.issuer));
  for (const auto* const certificate : {&leaf, &issuer.certificate}) {
    if (at < certificate->not_before() || at > certificate->not_after()) {
      return fail(Code::credential_ended, "outside its validity", "RFC 5280 6.1.3(a)(2)");
    }
  }
  return {};
}

}  // namespace birthmark::pki
