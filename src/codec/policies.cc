// SPDX-License-Identifier: Apache-2.0
#include "codec/policies.h"

#include <algorithm>
#include <limits>

#include "codec/extension_reader.h"
#include "codec/oid.h"
#include "codec/utf8.h"

namespace birthmark::x509 {
namespace {

using der::tag::context;

constexpr std::uint8_t kVisibleString = 0x1A, kBmpString = 0x1E;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"policies: "} + what);
}

/// DisplayText (§4.2.1.4): the four string types; 200 characters is the limit for issuers, and many are longer.
Result<void> check_display_text(const der::Element& text) {
  const auto visible = [](std::uint8_t c) { return c < 0x80 && c != 0; };
  bool good = !text.contents.empty();
  if (text.tag == der::tag::utf8_string) {
    good = good && is_utf8(as_text(text.contents));
  } else if (text.tag == der::tag::ia5_string || text.tag == kVisibleString) {
    good = good && std::ranges::all_of(text.contents, visible);
  } else {
    good = good && text.tag == kBmpString && text.contents.size() % 2 == 0;
  }
  return good ? Result<void>{} : refuse("text of a notice");
}

/// NoticeReference ::= SEQUENCE { organization DisplayText, noticeNumbers SEQUENCE OF INTEGER }.
Result<void> check_notice_reference(der::Reader reference) {
  BM_TRY(const auto organization, reference.any());
  BM_CHECK(check_display_text(organization));
  BM_TRY(auto numbers, reference.enter(der::tag::sequence));
  while (!numbers.empty()) {
    BM_CHECK(numbers.integer());
  }
  return reference.finish();
}

Result<void> check_user_notice(der::Reader notice) {
  if (notice.peek() == der::tag::sequence) {
    BM_TRY(const auto reference, notice.enter(der::tag::sequence));
    BM_CHECK(check_notice_reference(reference));
  }
  if (!notice.empty()) {
    BM_TRY(const auto text, notice.any());
    BM_CHECK(check_display_text(text));
  }
  return notice.finish();
}

/// One PolicyQualifierInfo. @return whether its kind is known
Result<bool> read_qualifier(der::Reader qualifier) {
  BM_TRY(const auto id, qualifier.oid());
  if (equal(id, oids::cps_qualifier)) {
    BM_TRY(const auto uri, qualifier.expect(der::tag::ia5_string));
    if (uri.empty() || std::ranges::any_of(uri, [](std::uint8_t c) { return c <= 0x20 || c >= 0x7F; })) {
      return refuse("pointer to a practice statement");
    }
    BM_CHECK(qualifier.finish());
    return true;
  }
  if (equal(id, oids::user_notice_qualifier)) {
    BM_TRY(const auto notice, qualifier.enter(der::tag::sequence));
    BM_CHECK(check_user_notice(notice));
    BM_CHECK(qualifier.finish());
    return true;
  }
  BM_CHECK(qualifier.any());
  BM_CHECK(qualifier.finish());
  return false;
}

Result<PolicyInformation> read_policy(der::Reader fields) {
  PolicyInformation information;
  BM_TRY(information.policy, fields.oid());
  if (fields.empty()) {
    return information;
  }
  BM_TRY(auto qualifiers, fields.enter(der::tag::sequence));
  BM_CHECK(fields.finish());
  std::size_t count = 0;
  for (; !qualifiers.empty(); ++count) {
    BM_TRY(const auto qualifier, qualifiers.enter(der::tag::sequence));
    BM_TRY(const bool known, read_qualifier(qualifier));
    information.has_unknown_qualifier = information.has_unknown_qualifier || !known;
  }
  return count == 0 || count > kPolicyQualifiersMax ? Result<PolicyInformation>{refuse("number of qualifiers")}
                                                    : Result<PolicyInformation>{information};
}

/// The INTEGER (0..MAX) of an implicitly tagged or plain number, held to 32 bits.
Result<std::uint32_t> skip_count(BytesView contents) {
  const bool minimal = contents.size() < 2 || contents[0] != 0 || (contents[1] & 0x80) != 0;
  if (contents.empty() || (contents[0] & 0x80) != 0 || !minimal) {
    return refuse("number of certificates");
  }
  std::uint64_t value = 0;
  for (const auto octet : contents) {
    value = std::min<std::uint64_t>(value << 8 | octet, std::numeric_limits<std::uint32_t>::max());
  }
  return static_cast<std::uint32_t>(value);
}

Result<std::optional<std::uint32_t>> optional_skip_count(der::Reader& fields, std::uint8_t tag) {
  BM_TRY(const auto contents, fields.optional(tag));
  if (!contents) {
    return std::optional<std::uint32_t>{};
  }
  BM_TRY(const auto value, skip_count(*contents));
  return std::optional{value};
}

}  // namespace

Result<std::optional<std::vector<PolicyInformation>>> certificate_policies(Extensions extensions) {
  BM_TRY(auto list, enter_extension(extensions, oids::certificate_policies));
  if (!list) {
    return std::optional<std::vector<PolicyInformation>>{};
  }
  std::vector<PolicyInformation> policies;
  while (!list->empty()) {
    BM_TRY(const auto fields, list->enter(der::tag::sequence));
    BM_TRY(const auto policy, read_policy(fields));
    const bool twice =
        std::ranges::any_of(policies, [&](const auto& other) { return equal(other.policy, policy.policy); });
    if (twice || policies.size() == kPoliciesMax) {
      return refuse("one policy twice, or too many");
    }
    policies.push_back(policy);
  }
  if (policies.empty()) {
    return refuse("no policy");
  }
  return std::optional{std::move(policies)};
}

Result<std::optional<std::vector<PolicyMapping>>> policy_mappings(Extensions extensions) {
  BM_TRY(auto list, enter_extension(extensions, oids::policy_mappings));
  if (!list) {
    return std::optional<std::vector<PolicyMapping>>{};
  }
  std::vector<PolicyMapping> mappings;
  while (!list->empty()) {
    BM_TRY(auto fields, list->enter(der::tag::sequence));
    PolicyMapping mapping;
    BM_TRY(mapping.issuer_domain, fields.oid());
    BM_TRY(mapping.subject_domain, fields.oid());
    BM_CHECK(fields.finish());
    if (mappings.size() == kPoliciesMax) {
      return refuse("too many mappings");
    }
    mappings.push_back(mapping);
  }
  if (mappings.empty()) {
    return refuse("no mapping");
  }
  return std::optional{std::move(mappings)};
}

Result<std::optional<PolicyConstraints>> policy_constraints(Extensions extensions) {
  BM_TRY(auto fields, enter_extension(extensions, oids::policy_constraints));
  if (!fields) {
    return std::optional<PolicyConstraints>{};
  }
  PolicyConstraints constraints;
  BM_TRY(constraints.require_explicit_policy, optional_skip_count(*fields, context(0)));
  BM_TRY(constraints.inhibit_policy_mapping, optional_skip_count(*fields, context(1)));
  BM_CHECK(fields->finish());
  if (!constraints.require_explicit_policy && !constraints.inhibit_policy_mapping) {
    return refuse("constraints that constrain nothing");
  }
  return std::optional{constraints};
}

Result<std::optional<std::uint32_t>> inhibit_any_policy(Extensions extensions) {
  const auto* found = find_extension(extensions, oids::inhibit_any_policy);
  if (found == nullptr) {
    return std::optional<std::uint32_t>{};
  }
  der::Reader reader{found->value};
  BM_TRY(const auto contents, reader.expect(der::tag::integer));
  BM_CHECK(reader.finish());
  BM_TRY(const auto value, skip_count(contents));
  return std::optional{value};
}

}  // namespace birthmark::x509
