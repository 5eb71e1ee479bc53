// SPDX-License-Identifier: Apache-2.0
#include "pki/path/path.h"

#include <algorithm>

#include "codec/name.h"
#include "pki/path/revocation.h"
#include "pki/path/steps.h"

namespace birthmark::pki::path {
namespace {

bool all_passed(const std::vector<Finding>& findings) {
  return !findings.empty() &&
         std::ranges::all_of(findings, [](const Finding& finding) { return finding.outcome == Outcome::passed; });
}

/// How far a walk came: the likeliest of several refused paths is the one that failed last.
std::size_t passed(const std::vector<Finding>& findings) {
  return static_cast<std::size_t>(std::ranges::count(findings, Outcome::passed, &Finding::outcome));
}

/// A signer of lists, for no purpose and with no policy (RFC 5280 §6.3.3(f)): up to the same anchor.
bool good_signer(Revocation& revocation, const MemberPtr& signer, const MemberPtr& anchor) {
  auto& search = revocation.search();
  if (signer == anchor) {
    return true;
  }
  Options options;
  options.at = revocation.options().at;
  options.revocation =
      revocation.options().revocation == RevocationScope::all ? RevocationScope::all : RevocationScope::none;
  options.crl_age_max = revocation.options().crl_age_max;
  return search.each_path(signer, kIntermediatesMax, [&](const Path& path) {
    return path.front()->certificate == anchor->certificate && all_passed(walk(path, options, search, revocation));
  });
}

Finding no_path(const Search& search, const Member& leaf, bool exhausted) {
  Finding finding{.certificate = 0,
                  .check = "path.search",
                  .clause = "RFC 5280 §6.1",
                  .outcome = Outcome::failed,
                  .detail = "no path to an anchor"};
  if (exhausted) {
    finding.detail = "no path to an anchor within the effort that one judgement may cost";
  } else if (const auto* const broken = search.broken_signature()) {
    finding.check = "path.signature";
    finding.clause = "RFC 5280 §6.1.3(a)(1)";
    finding.detail = "nobody of that name signed " + x509::display_name(broken->certificate.subject());
  } else {
    finding.detail += " from " + x509::display_name(leaf.certificate.issuer());
  }
  return finding;
}

}  // namespace

bool Judgement::accepted() const {
  return all_passed(findings);
}

const Finding* Judgement::failure() const {
  const auto found = std::ranges::find(findings, Outcome::failed, &Finding::outcome);
  return found == findings.end() ? nullptr : &*found;
}

Judgement judge(const Trust& trust, const MemberPtr& leaf, std::span<const MemberPtr> hints,
                std::span<const x509::Crl> crls, const Options& asked) {
  // Certificates know whole seconds (RFC 5280 §4.1.2.5): a part of one is not yet the next.
  Options options = asked;
  options.at = std::chrono::floor<std::chrono::seconds>(asked.at);
  Effort effort;
  Search search{trust, hints, options.at, effort};
  Revocation revocation{crls, search, options, good_signer};
  Judgement judgement;
  search.each_path(leaf, options.intermediates_max, [&](const Path& path) {
    auto findings = walk(path, options, search, revocation);
    const bool good = all_passed(findings);
    if (good || judgement.findings.empty() || passed(findings) > passed(judgement.findings)) {
      judgement.path = path;
      judgement.findings = std::move(findings);
    }
    return good;
  });
  judgement.signatures = effort.signatures();
  judgement.exhausted = effort.exhausted();
  if (judgement.findings.empty()) {
    judgement.findings.push_back(no_path(search, *leaf, judgement.exhausted));
  }
  return judgement;
}

}  // namespace birthmark::pki::path
