// SPDX-License-Identifier: Apache-2.0
#include "pki/path/member.h"

#include "codec/oid.h"

namespace birthmark::pki::path {
namespace {

/// Keeps the first problem, under the name of what it concerns.
class Problems {
 public:
  explicit Problems(std::string& out) : out_{out} {}

  template <class T>
  T value(std::string_view of, Result<T> read) {
    if (read) {
      return std::move(*read);
    }
    note(of, read.error());
    return {};
  }
  void note(std::string_view of, const Error& error) {
    if (out_.empty()) {
      out_.append(of).append(": ").append(error.detail);
    }
  }

 private:
  std::string& out_;
};

/// The subject, the alternative names, and mailboxes in the subject where no alternative name is one: RFC 5280
/// §4.2.1.10 holds constraints of mailboxes for those as well.
std::vector<ConstrainedName> constrained_names(const Member& member, Problems& problems) {
  using enum x509::GeneralNameKind;
  std::vector<ConstrainedName> names;
  if (!member.subject.empty()) {
    names.push_back({{.kind = directory, .value = member.certificate.subject(), .type = {}}, member.subject});
  }
  bool has_mailbox = false;
  for (const auto& name : member.alt_names) {
    ConstrainedName one{.name = name, .directory = {}};
    if (name.kind == directory) {
      one.directory = problems.value("subjectAltName", MatchName::of(name.value));
    }
    has_mailbox = has_mailbox || name.kind == rfc822;
    names.push_back(std::move(one));
  }
  if (!has_mailbox) {
    for (const auto& attribute : member.certificate.subject_attributes()) {
      if (equal(attribute.type, oids::email_address)) {
        names.push_back({{.kind = rfc822, .value = attribute.value, .type = {}}, {}});
      }
    }
  }
  return names;
}

void read_extensions(Member& member, Problems& problems) {
  const auto all = member.certificate.extensions();
  member.basic_constraints = problems.value("basicConstraints", x509::basic_constraints(all));
  member.key_usage = problems.value("keyUsage", x509::key_usage(all));
  member.extended_key_usage = problems.value("extKeyUsage", x509::extended_key_usage(all));
  member.authority_key_id = problems.value("authorityKeyIdentifier", x509::authority_key_identifier(all));
  member.subject_key_id = problems.value("subjectKeyIdentifier", x509::subject_key_identifier(all));
  member.alt_names =
      problems.value("subjectAltName", x509::subject_alt_name(all)).value_or(std::vector<x509::GeneralName>{});
  problems.value("issuerAltName", x509::issuer_alt_name(all));
  if (const auto constraints = problems.value("nameConstraints", x509::name_constraints(all))) {
    if (auto subtrees = Subtrees::of(*constraints)) {
      member.name_constraints = std::move(*subtrees);
    } else {
      problems.note("nameConstraints", subtrees.error());
    }
  }
  member.policies = problems.value("certificatePolicies", x509::certificate_policies(all));
  member.policy_mappings = problems.value("policyMappings", x509::policy_mappings(all));
  member.policy_constraints = problems.value("policyConstraints", x509::policy_constraints(all));
  member.inhibit_any_policy = problems.value("inhibitAnyPolicy", x509::inhibit_any_policy(all));
  member.distribution_points = problems.value("cRLDistributionPoints", x509::crl_distribution_points(all));
  problems.value("freshestCRL", x509::freshest_crl(all));
  for (const BytesView access : {BytesView{oids::authority_info_access}, BytesView{oids::subject_info_access}}) {
    if (const auto read = x509::check_info_access(all, access); !read) {
      problems.note("infoAccess", read.error());
    }
  }
}

}  // namespace

const Result<crypto::PublicKey>& Member::key() const {
  std::call_once(key_read_, [this] { key_.emplace(crypto::PublicKey::from_spki(certificate.spki())); });
  return *key_;
}

MemberPtr make_member(x509::Certificate certificate) {
  const auto member = std::make_shared<Member>(std::move(certificate));
  Problems problems{member->form_problem};
  member->subject = problems.value("subject", MatchName::of(member->certificate.subject()));
  member->issuer = problems.value("issuer", MatchName::of(member->certificate.issuer()));
  member->subject_key = member->subject.key();
  member->issuer_key = member->issuer.key();
  member->scheme = crypto::scheme_of(member->certificate.signature_algorithm());
  read_extensions(*member, problems);
  member->constrained = constrained_names(*member, problems);
  return member;
}

}  // namespace birthmark::pki::path
