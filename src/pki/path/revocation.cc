// SPDX-License-Identifier: Apache-2.0
#include "pki/path/revocation.h"

#include <algorithm>

#include "codec/oid.h"

namespace birthmark::pki::path {
namespace {

using x509::CrlScope;
using x509::GeneralName;
using x509::GeneralNameKind;
using x509::RevocationReason;

/// A name of a distribution point, to be compared: of a directory name its form for comparison, else its bytes.
struct PointName {
  GeneralNameKind kind = GeneralNameKind::uri;
  std::string text;
  friend bool operator==(const PointName&, const PointName&) = default;
};

void put_names(std::vector<PointName>& out, std::span<const GeneralName> names) {
  for (const auto& name : names) {
    if (name.kind != GeneralNameKind::directory) {
      out.push_back({name.kind, std::string{as_text(name.value)}});
    } else if (const auto directory = MatchName::of(name.value)) {
      out.push_back({name.kind, directory->key()});
    }
  }
}

/// @param base what a relative name is relative to
std::vector<PointName> names_of(const x509::DistributionPointName& name, const MatchName& base) {
  std::vector<PointName> out;
  put_names(out, name.full_name);
  if (name.relative_name) {
    if (const auto whole = base.with(*name.relative_name)) {
      out.push_back({GeneralNameKind::directory, whole->key()});
    }
  }
  return out;
}

bool less(BytesView a, BytesView b) {
  return a.size() != b.size() ? a.size() < b.size() : std::ranges::lexicographical_compare(a, b);
}

std::string_view words(RevocationReason reason) {
  switch (reason) {
    case RevocationReason::unspecified:
      return "unspecified";
    case RevocationReason::key_compromise:
      return "keyCompromise";
    case RevocationReason::ca_compromise:
      return "cACompromise";
    case RevocationReason::affiliation_changed:
      return "affiliationChanged";
    case RevocationReason::superseded:
      return "superseded";
    case RevocationReason::cessation_of_operation:
      return "cessationOfOperation";
    case RevocationReason::certificate_hold:
      return "certificateHold";
    case RevocationReason::remove_from_crl:
      return "removeFromCRL";
    case RevocationReason::privilege_withdrawn:
      return "privilegeWithdrawn";
    case RevocationReason::aa_compromise:
      return "aACompromise";
  }
  return "unknown";
}

}  // namespace

struct Revocation::Point {
  std::vector<PointName> names;
  std::vector<std::string> issuers;  ///< keys of the names of cRLIssuer; empty: the certificate's issuer
  std::uint32_t reasons = x509::reasons::all;
};

Revocation::Revocation(std::span<const x509::Crl> crls, Search& search, const Options& options, GoodSigner good_signer)
    : search_{search}, options_{options}, good_signer_{good_signer} {
  for (const auto& crl : crls) {
    if (auto issuer = MatchName::of(crl.issuer())) {
      auto key = issuer->key();
      lists_.push_back({.crl = &crl, .issuer = std::move(*issuer), .issuer_key = std::move(key)});
    }
  }
}

/// The points that the certificate names, and behind them its issuer's own list (RFC 5280 §6.3.3, last paragraph),
/// unless the certificate says that another one issues its lists.
std::vector<Revocation::Point> Revocation::points_of(const Member& certificate) {
  std::vector<Point> out;
  bool delegated = false;
  if (certificate.distribution_points) {
    for (const auto& from : *certificate.distribution_points) {
      Point point;
      point.reasons = from.reasons.value_or(x509::reasons::all) & x509::reasons::all;
      std::vector<PointName> issuers;
      put_names(issuers, from.crl_issuer);
      delegated = delegated || !from.crl_issuer.empty();
      MatchName base = certificate.issuer;
      for (const auto& issuer : from.crl_issuer) {
        if (issuer.kind == GeneralNameKind::directory) {
          base = MatchName::of(issuer.value).value_or(MatchName{});
        }
      }
      for (const auto& issuer : issuers) {
        if (issuer.kind == GeneralNameKind::directory) {
          point.issuers.push_back(issuer.text);
        }
      }
      if (!from.crl_issuer.empty() && point.issuers.empty()) {
        continue;  // of an issuer that nothing here can be compared with
      }
      point.names = from.name ? names_of(*from.name, base) : issuers;
      out.push_back(std::move(point));
    }
  }
  if (!delegated) {
    out.push_back({.names = {{GeneralNameKind::directory, certificate.issuer_key}}, .issuers = {}});
  }
  return out;
}

/// §5.1.2.4, §5.1.2.5; a complete list that ended may be carried on by changes that are current (§6.3.3(a)).
bool Revocation::is_usable(const x509::Crl& crl, bool has_delta, std::string& why) const {
  const auto at = options_.at;
  const auto age_max = options_.crl_age_max ? *options_.crl_age_max : std::chrono::seconds{kCrlAgeMax};
  const bool ended = crl.next_update() ? at > *crl.next_update() : false;
  const bool too_old = (!crl.next_update() || options_.crl_age_max) && at - crl.this_update() > age_max;
  if (crl.has_unknown_critical()) {
    why = "a list with something critical that is not processed here";
  } else if (at < crl.this_update()) {
    why = "a list of the future";
  } else if ((ended || too_old) && !has_delta) {
    why = "a list that is out of date";
  } else if (options_.conformance == Conformance::issuer &&
             (!crl.next_update() || !crl.number() || !crl.authority_key_id() ||
              std::ranges::any_of(crl.extensions(), [](const x509::Extension& one) {
                return one.critical &&
                       (equal(one.type, oids::crl_number) || equal(one.type, oids::authority_key_identifier));
              }))) {
    why = "a list without nextUpdate, number or key identifier, or that has them critical (RFC 5280 §5)";
  } else {
    return true;
  }
  return false;
}

/// §6.3.3(b).
bool Revocation::is_in_scope(const List& list, const Point& point, const Member& certificate) {
  const auto& scope = list.crl->scope();
  if (point.issuers.empty() ? list.issuer_key != certificate.issuer_key
                            : std::ranges::find(point.issuers, list.issuer_key) == point.issuers.end()) {
    return false;
  }
  if (!point.issuers.empty() && list.issuer_key != certificate.issuer_key && !(scope && scope->indirect)) {
    return false;
  }
  if (!scope) {
    return true;
  }
  if (scope->point) {
    const auto names = names_of(*scope->point, list.issuer);
    if (std::ranges::none_of(
            names, [&](const PointName& name) { return std::ranges::find(point.names, name) != point.names.end(); })) {
      return false;
    }
  }
  switch (scope->only) {
    case CrlScope::Only::any:
      return true;
    case CrlScope::Only::user_certificates:
      return !certificate.is_ca();
    case CrlScope::Only::ca_certificates:
      return certificate.is_ca();
    case CrlScope::Only::attribute_certificates:
      break;
  }
  return false;
}

/// §5.2.4, §6.3.3(c): changes to this list or an earlier one, of the same issuer and scope, in date.
const Revocation::List* Revocation::delta_of(const List& complete) const {
  const List* best = nullptr;
  for (const auto& list : lists_) {
    const auto& crl = *list.crl;
    std::string unused;
    if (crl.base_number() && crl.number() && complete.crl->number() && list.issuer_key == complete.issuer_key &&
        equal(crl.scope_der(), complete.crl->scope_der()) && !less(*complete.crl->number(), *crl.base_number()) &&
        !less(*crl.number(), *complete.crl->number()) && is_usable(crl, false, unused) &&
        (best == nullptr || less(*best->crl->number(), *crl.number()))) {
      best = &list;
    }
  }
  return best;
}

bool Revocation::signed_by(const List& list, const Member& signer) {
  const auto known = signed_.find({list.crl, &signer});
  if (known != signed_.end()) {
    return known->second;
  }
  const auto& crl = *list.crl;
  const bool good = search_.verifies(signer, crl.signature_algorithm(), crl.tbs(), crl.signature());
  signed_.emplace(std::pair{list.crl, &signer}, good);
  return good;
}

/// §6.3.3(f), (g): by a key that may sign lists, of a certificate of that name that is good up to the same anchor.
bool Revocation::is_signed(const List& list, Asked& asked) {
  const auto may_sign = [](const Member& signer, bool is_issuer) {
    return signer.key_usage ? (*signer.key_usage & usage::crl_sign) != 0 : is_issuer;
  };
  // Those of the path first: they are judged already.
  for (const auto& member : asked.path) {
    if (member.get() == &asked.certificate) {
      break;
    }
    if (member->subject_key == list.issuer_key && may_sign(*member, true) && signed_by(list, *member)) {
      return true;
    }
  }
  for (const auto& signer : search_.named(list.issuer_key)) {
    if (std::ranges::find(asked.path, signer) != asked.path.end() || !may_sign(*signer, false) ||
        !signed_by(list, *signer)) {
      continue;
    }
    const auto [known, is_new] = signers_.emplace(signer.get(), false);
    if (is_new) {
      known->second = good_signer_(*this, signer, asked.path.front());
    }
    if (known->second) {
      return true;
    }
  }
  asked.why = "a list that nobody signed who may";
  return false;
}

/// §6.3.3(i): the certificate's serial under its issuer's name. Null if it is not listed.
const x509::RevokedCertificate* Revocation::entry_of(const List& list, const Member& certificate) {
  for (const auto& entry : list.crl->find(certificate.certificate.serial())) {
    const auto issuer =
        entry.certificate_issuer.empty() ? Result<MatchName>{list.issuer} : MatchName::of(entry.certificate_issuer);
    if (issuer && *issuer == certificate.issuer) {
      return &entry;
    }
  }
  return nullptr;
}

Revocation::Status Revocation::look_up(const List& list, Asked& asked, std::string& revoked) {
  const auto* const delta = delta_of(list);
  if (!is_usable(*list.crl, delta != nullptr, asked.why) || !is_signed(list, asked)) {
    return Status::unknown;
  }
  const auto* entry = entry_of(list, asked.certificate);
  if (delta != nullptr) {
    if (!is_signed(*delta, asked)) {
      return Status::unknown;
    }
    const auto* const change = entry_of(*delta, asked.certificate);
    entry = change == nullptr ? entry : change->reason == RevocationReason::remove_from_crl ? nullptr : change;
  }
  if (entry == nullptr) {
    return Status::good;
  }
  revoked = "revoked at " + to_rfc3339(entry->revoked_at) + ", " + std::string{words(entry->reason)};
  return Status::revoked;
}

std::optional<std::string> Revocation::refuse(const Path& path, std::size_t place) {
  Asked asked{.path = path, .certificate = *path[place], .why = "no list covers it"};
  std::uint32_t covered = 0;
  for (const auto& point : points_of(asked.certificate)) {
    for (const auto& list : lists_) {
      const auto reasons =
          list.crl->scope() && list.crl->scope()->reasons ? *list.crl->scope()->reasons : x509::reasons::all;
      const auto more = point.reasons & reasons & ~covered;
      if (more == 0 || list.crl->base_number() || !is_in_scope(list, point, asked.certificate)) {
        continue;
      }
      std::string revoked;
      switch (look_up(list, asked, revoked)) {
        case Status::unknown:
          break;
        case Status::good:
          covered |= more;
          break;
        case Status::revoked:
          return revoked;
      }
    }
  }
  return covered == x509::reasons::all ? std::nullopt : std::optional{"status unknown: " + asked.why};
}

}  // namespace birthmark::pki::path
