// SPDX-License-Identifier: Apache-2.0
#include "pki/path/steps.h"

#include <algorithm>
#include <array>
#include <limits>

#include "codec/name.h"
#include "codec/oid.h"

namespace birthmark::pki::path {
namespace {

constexpr auto kNever = std::numeric_limits<std::uint32_t>::max();

bool is(BytesView type, BytesView expected) {
  return equal(type, expected);
}

// --- RFC 5280 §6.1.3: every certificate below the anchor ---

Failure issuer_name(Walk& w) {
  return w.certificate().issuer_key == w.issuer().subject_key ? std::nullopt
                                                              : Failure{"issuer is not the subject of the one above"};
}

Failure signature(Walk& w) {
  if (!w.certificate().scheme) {
    return "signed with an algorithm that is not trusted";
  }
  return w.search.signed_by(w.certificate(), w.issuer()) ? std::nullopt : Failure{"the signature does not verify"};
}

/// §6.1.3(a)(2), §4.1.2.5: both ends belong to it.
Failure validity(Walk& w) {
  const auto& certificate = w.certificate().certificate;
  if (w.options.at < certificate.not_before()) {
    return "not valid before " + to_rfc3339(certificate.not_before());
  }
  return w.options.at > certificate.not_after() ? Failure{"not valid after " + to_rfc3339(certificate.not_after())}
                                                : std::nullopt;
}

Failure revocation(Walk& w) {
  switch (w.options.revocation) {
    case RevocationScope::none:
      return std::nullopt;
    case RevocationScope::leaf:
      return w.is_leaf() ? w.revocation.refuse(w.path, w.place) : std::nullopt;
    case RevocationScope::all:
      break;
  }
  return w.revocation.refuse(w.path, w.place);
}

/// The values of the extensions that the standard defines, and the key: what cannot be read cannot be judged.
Failure form(Walk& w) {
  return w.certificate().form_problem.empty() ? std::nullopt : Failure{w.certificate().form_problem};
}

/// Size and kind of the key; §6.1.4(d) to (f) without inheritance of parameters, which no key that is taken here has.
Failure key(Walk& w) {
  return w.certificate().key() ? std::nullopt : Failure{w.certificate().key().error().detail};
}

/// §6.1.3(b), (c): not of certificates that CAs issue to themselves, but of the last one in any case.
Failure names(Walk& w) {
  if (w.certificate().self_issued() && !w.is_leaf()) {
    return std::nullopt;
  }
  for (const auto* const subtrees : w.subtrees) {
    if (auto refused = subtrees->refuse(w.certificate().constrained, w.comparisons)) {
      return refused;
    }
    if (w.comparisons > Effort::kNameComparisonsMax) {
      return "more names and constraints than are compared";
    }
  }
  return std::nullopt;
}

/// §6.1.3(d) to (f).
Failure policies(Walk& w) {
  const auto& certificate = w.certificate();
  const bool any_counts = w.inhibit_any_policy > 0 || (!w.is_leaf() && certificate.self_issued());
  w.policies.assert_policies(certificate.policies ? &*certificate.policies : nullptr, any_counts);
  return w.explicit_policy > 0 || w.policies.valid() ? std::nullopt : Failure{"no policy is left, and one is required"};
}

// --- RFC 5280 §6.1.4: every certificate that issues the next ---

/// (a), (b). The anchor's own mappings are of nobody's policies.
Failure mappings(Walk& w) {
  const auto& mappings = w.certificate().policy_mappings;
  if (!mappings || w.is_anchor()) {
    return std::nullopt;
  }
  for (const auto& mapping : *mappings) {
    if (is(mapping.issuer_domain, oids::any_policy) || is(mapping.subject_domain, oids::any_policy)) {
      return "anyPolicy is mapped";
    }
  }
  w.policies.map(*mappings, w.policy_mapping > 0);
  return std::nullopt;
}

/// (k). Version 1 and 2 are not read.
Failure basic_constraints(Walk& w) {
  return w.certificate().is_ca() ? std::nullopt : Failure{"basicConstraints does not make it a CA"};
}

/// (l), (m).
Failure path_length(Walk& w) {
  const auto& certificate = w.certificate();
  if (!w.is_anchor() && !certificate.self_issued()) {
    if (w.path_length == 0) {
      return "an issuer above allows no further CA";
    }
    --w.path_length;
  }
  if (certificate.basic_constraints && certificate.basic_constraints->path_length) {
    w.path_length = std::min<std::size_t>(w.path_length, *certificate.basic_constraints->path_length);
  }
  return std::nullopt;
}

/// (n).
Failure key_usage(Walk& w) {
  const auto& bits = w.certificate().key_usage;
  return !bits || (*bits & usage::key_cert_sign) != 0 ? std::nullopt
                                                      : Failure{"keyUsage does not let it sign certificates"};
}

/// (g) to (j): what this certificate asks of those below.
Failure constraints_for_next(Walk& w) {
  const auto& certificate = w.certificate();
  if (certificate.name_constraints) {
    w.subtrees.push_back(&*certificate.name_constraints);
  }
  if (!w.is_anchor() && !certificate.self_issued()) {
    for (auto* const count : {&w.explicit_policy, &w.policy_mapping, &w.inhibit_any_policy}) {
      *count -= *count == 0 ? 0 : 1;
    }
  }
  if (certificate.policy_constraints) {
    const auto& limits = *certificate.policy_constraints;
    w.explicit_policy = std::min(w.explicit_policy, limits.require_explicit_policy.value_or(kNever));
    w.policy_mapping = std::min(w.policy_mapping, limits.inhibit_policy_mapping.value_or(kNever));
  }
  w.inhibit_any_policy = std::min(w.inhibit_any_policy, certificate.inhibit_any_policy.value_or(kNever));
  return std::nullopt;
}

/// §6.1.4(o), §6.1.5(f), §4.2.
Failure critical_extensions(Walk& w) {
  const std::array<BytesView, 13> processed{oids::basic_constraints,       oids::key_usage,
                                            oids::extended_key_usage,      oids::subject_alt_name,
                                            oids::issuer_alt_name,         oids::name_constraints,
                                            oids::certificate_policies,    oids::policy_mappings,
                                            oids::policy_constraints,      oids::inhibit_any_policy,
                                            oids::crl_distribution_points, oids::subject_key_identifier,
                                            oids::authority_key_identifier};
  const auto& certificate = w.certificate();
  for (const auto& extension : certificate.certificate.extensions()) {
    if (extension.critical &&
        std::ranges::none_of(processed, [&](BytesView known) { return is(extension.type, known); })) {
      return "critical and not processed here: " + oid_text(extension.type);
    }
  }
  const bool qualified = certificate.policies && std::ranges::any_of(*certificate.policies, [](const auto& one) {
                           return one.has_unknown_qualifier;
                         });
  return qualified && certificate.is_critical(oids::certificate_policies)
             ? Failure{"critical policies with a qualifier that is not known"}
             : std::nullopt;
}

/// §4.2.1.12, of issuers as well: a CA that is limited to a purpose issues for no other. anyExtendedKeyUsage will do
/// for an issuer, not for the leaf of somebody who asks for a purpose.
Failure purpose(Walk& w) {
  if (w.options.purpose == Purpose::any) {
    return std::nullopt;
  }
  const auto wanted =
      w.options.purpose == Purpose::server ? BytesView{oids::server_auth} : BytesView{oids::client_auth};
  const auto& usages = w.certificate().extended_key_usage;
  const auto names = [&](BytesView one) {
    return std::ranges::any_of(*usages, [&](BytesView u) { return is(u, one); });
  };
  if (usages && !names(wanted) && (w.is_leaf() || !names(oids::any_extended_key_usage))) {
    return "extKeyUsage has another purpose";
  }
  constexpr auto kHandshake = usage::digital_signature | usage::key_encipherment | usage::key_agreement;
  const auto& bits = w.certificate().key_usage;
  const bool ends_here = w.is_leaf() && !w.certificate().is_ca();
  return ends_here && bits && (*bits & kHandshake) == 0 ? Failure{"keyUsage is of no use in a handshake"}
                                                        : std::nullopt;
}

// --- RFC 5280 §6.1.5: the leaf ---

Failure explicit_policy(Walk& w) {
  auto left = w.explicit_policy;
  left -= left == 0 ? 0 : 1;
  const auto& limits = w.certificate().policy_constraints;
  if (limits && limits->require_explicit_policy == 0U) {
    left = 0;
  }
  return left > 0 || w.policies.valid_for(w.options.policies.user_initial_policy_set)
             ? std::nullopt
             : Failure{"none of the policies that are asked for is left"};
}

Failure host(Walk& w) {
  if (!w.options.host) {
    return std::nullopt;
  }
  const auto named = names_host(w.certificate().alt_names, *w.options.host);
  if (!named) {
    return named.error().detail;
  }
  return *named ? std::nullopt : Failure{"subjectAltName does not have " + w.options.host->value};
}

constexpr std::array kSteps{
    Step{"path.issuer", "RFC 5280 §6.1.3(a)(4)", Where::below_anchor, issuer_name},
    Step{"path.signature", "RFC 5280 §6.1.3(a)(1)", Where::below_anchor, signature},
    Step{"path.validity", "RFC 5280 §6.1.3(a)(2), §4.1.2.5", Where::every, validity},
    Step{"path.form", "RFC 5280 §4.2", Where::every, form},
    Step{"path.key", "RFC 5280 §4.1.2.7; RFC 5480 §2.1.1", Where::every, key},
    Step{"path.revocation", "RFC 5280 §6.1.3(a)(3), §6.3", Where::below_anchor, revocation},
    Step{"path.names", "RFC 5280 §6.1.3(b), (c), §4.2.1.10", Where::below_anchor, names},
    Step{"path.policies", "RFC 5280 §6.1.3(d)-(f); RFC 9618 §5", Where::below_anchor, policies},
    Step{"path.mappings", "RFC 5280 §6.1.4(a), (b)", Where::issuers, mappings},
    Step{"path.constraints", "RFC 5280 §6.1.4(g)-(j)", Where::issuers, constraints_for_next},
    Step{"path.basic_constraints", "RFC 5280 §6.1.4(k), §4.2.1.9", Where::issuers, basic_constraints},
    Step{"path.length", "RFC 5280 §6.1.4(l), (m)", Where::issuers, path_length},
    Step{"path.key_usage", "RFC 5280 §6.1.4(n), §4.2.1.3", Where::issuers, key_usage},
    Step{"path.critical", "RFC 5280 §6.1.4(o), §6.1.5(f)", Where::every, critical_extensions},
    Step{"path.explicit_policy", "RFC 5280 §6.1.5(a), (b), (g)", Where::leaf, explicit_policy},
    Step{"path.purpose", "RFC 5280 §4.2.1.12, §4.2.1.3", Where::every, purpose},
    Step{"path.host", "RFC 9525 §6; RFC 5280 §4.2.1.6", Where::leaf, host},
    Step{"path.allowed", "RFC 5280 §4.1.2.6, §4.2.1", Where::every, form_is_allowed},
    Step{"path.issuer_profile", "RFC 5280 §4.1.2.5, §4.2.1.1-§4.2.1.3", Where::every, issuer_conforms},
    Step{"path.server_profile", "CA/Browser Forum BR §7.1; RFC 9525 §6.3", Where::every, public_server_conforms},
};

bool belongs(Where where, const Walk& w) {
  switch (where) {
    case Where::every:
      return true;
    case Where::below_anchor:
      return !w.is_anchor();
    case Where::issuers:
      return !w.is_leaf();
    case Where::leaf:
      return w.is_leaf();
  }
  return false;
}

/// RFC 5280 §6.1.2.
Walk begin(const Path& path, const Options& options, Search& search, Revocation& revocation) {
  Walk w{.path = path, .options = options, .search = search, .revocation = revocation};
  const auto begins = [](bool at_once) { return at_once ? 0 : kNever; };
  w.explicit_policy = begins(options.policies.initial_explicit_policy);
  w.inhibit_any_policy = begins(options.policies.initial_any_policy_inhibit);
  w.policy_mapping = begins(options.policies.initial_policy_mapping_inhibit);
  w.path_length = path.size();
  return w;
}

}  // namespace

std::span<const Step> steps() {
  return kSteps;
}

std::vector<Finding> walk(const Path& path, const Options& options, Search& search, Revocation& revocation) {
  auto w = begin(path, options, search, revocation);
  std::vector<Finding> findings;
  findings.reserve(path.size() * kSteps.size());
  bool stopped = false;
  for (w.place = 0; w.place < path.size(); ++w.place) {
    for (const auto& step : kSteps) {
      if (!belongs(step.where, w)) {
        continue;
      }
      Finding finding{.certificate = w.place, .check = step.check, .clause = step.clause, .detail = {}};
      if (!stopped) {
        auto failure = step.run(w);
        finding.outcome = failure ? Outcome::failed : Outcome::passed;
        finding.detail = std::move(failure).value_or("");
        stopped = finding.outcome == Outcome::failed;
      }
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace birthmark::pki::path
