// SPDX-License-Identifier: Apache-2.0
// Name constraints of every form, and each way around them (RFC 5280 §4.2.1.10); hosts (RFC 9525).
#include "unit/pki/path/chain.h"

namespace birthmark::pki::path {
namespace {

using test::directory;
using test::dns;
using test::ip;
using test::MadeName;
using test::mail;
using test::uri;
using testing::Chain;

Bytes two_part_name(std::string_view organization, std::string_view common) {
  const x509::NamePart parts[] = {{oids::organization, der::tag::utf8_string, organization},
                                  {oids::common_name, der::tag::utf8_string, common}};
  return x509::write_name(parts).value();
}

Bytes one_part_name(std::string_view organization) {
  const x509::NamePart part{oids::organization, der::tag::printable_string, organization};
  return x509::write_name({&part, 1}).value();
}

struct Case {
  const char* name;
  std::vector<MadeName> permitted, excluded, names;
  bool accepted;
};

const Case kCases[] = {
    {"dns_within", {dns("example.com")}, {}, {dns("a.b.example.com")}, true},
    {"dns_itself", {dns("example.com")}, {}, {dns("EXAMPLE.com")}, true},
    {"dns_with_the_same_end", {dns("example.com")}, {}, {dns("notexample.com")}, false},
    {"dns_above", {dns("www.example.com")}, {}, {dns("example.com")}, false},
    {"dns_everything", {dns("")}, {}, {dns("www.example.com")}, true},
    {"dns_nothing", {}, {dns("")}, {dns("www.example.com")}, false},
    {"dns_excluded", {}, {dns("example.com")}, {dns("www.example.com")}, false},
    {"dns_excluded_in_capitals", {}, {dns("EXAMPLE.com")}, {dns("www.example.COM")}, false},
    {"dns_one_of_two_outside", {dns("example.com")}, {}, {dns("www.example.com"), dns("example.org")}, false},
    {"dns_wildcard_within", {dns("example.com")}, {}, {dns("*.example.com")}, true},
    {"dns_wildcard_around_permitted", {dns("foo.example.com")}, {}, {dns("*.example.com")}, false},
    {"dns_wildcard_around_excluded", {}, {dns("foo.example.com")}, {dns("*.example.com")}, false},
    {"dns_wildcard_beside_excluded", {}, {dns("a.foo.example.com")}, {dns("*.example.com")}, true},
    {"dns_permitted_and_excluded", {dns("example.com")}, {dns("www.example.com")}, {dns("www.example.com")}, false},
    {"dns_two_permitted", {dns("example.org"), dns("example.com")}, {}, {dns("www.example.com")}, true},
    {"other_form_is_free", {dns("example.com")}, {}, {mail("a@example.org")}, true},
    {"ip_within", {ip({10, 0, 0, 0, 255, 0, 0, 0})}, {}, {ip({10, 9, 8, 7})}, true},
    {"ip_outside", {ip({10, 0, 0, 0, 255, 0, 0, 0})}, {}, {ip({11, 9, 8, 7})}, false},
    {"ip_excluded", {}, {ip({10, 0, 0, 0, 255, 0, 0, 0})}, {ip({10, 9, 8, 7})}, false},
    {"ip_of_the_other_version", {ip({10, 0, 0, 0, 255, 0, 0, 0})}, {}, {ip(Bytes(16, 0))}, false},
    {"mail_of_host", {mail("example.com")}, {}, {mail("a@EXAMPLE.com")}, true},
    {"mail_of_host_below", {mail("example.com")}, {}, {mail("a@x.example.com")}, false},
    {"mail_of_hosts_below", {mail(".example.com")}, {}, {mail("a@x.example.com")}, true},
    {"mail_of_hosts_below_not_itself", {mail(".example.com")}, {}, {mail("a@example.com")}, false},
    {"mail_of_one", {mail("a@example.com")}, {}, {mail("a@example.com")}, true},
    {"mail_of_one_in_capitals", {mail("a@example.com")}, {}, {mail("A@example.com")}, false},
    {"mail_excluded", {}, {mail("example.com")}, {mail("a@example.com")}, false},
    {"mail_with_two_ats", {}, {mail("example.org")}, {mail("a@b@example.com")}, false},
    {"uri_of_host", {uri("example.com")}, {}, {uri("https://user@example.com:443/x?y")}, true},
    {"uri_of_host_below", {uri("example.com")}, {}, {uri("https://www.example.com/")}, false},
    {"uri_of_hosts_below", {uri(".example.com")}, {}, {uri("https://www.example.com/")}, true},
    {"uri_excluded", {}, {uri(".example.com")}, {uri("https://www.example.com/")}, false},
    {"uri_user_that_looks_like_a_host", {uri("example.com")}, {}, {uri("https://example.com@evil.org/")}, false},
    {"uri_without_host", {uri("example.com")}, {}, {uri("urn:example.com")}, false},
    {"uri_with_address", {}, {uri("example.com")}, {uri("https://10.0.0.1/")}, false},
    {"directory_within", {directory(one_part_name("Works"))}, {}, {directory(two_part_name("works", "x"))}, true},
    {"directory_outside", {directory(one_part_name("Works"))}, {}, {directory(two_part_name("other", "x"))}, false},
    {"directory_excluded", {}, {directory(one_part_name("Works"))}, {directory(two_part_name(" WORKS ", "x"))}, false},
    {"other_name_permitted",
     {{0xA0, test::hex("06032a0304a0020500")}},
     {},
     {{0xA0, test::hex("06032a0304a0020500")}},
     false},
    {"other_name_excluded",
     {},
     {{0xA0, test::hex("06032a0305a0020500")}},
     {{0xA0, test::hex("06032a0304a0020500")}},
     false},
    {"registered_id", {}, {{0x88, test::hex("2a0304")}}, {{0x88, test::hex("2a0305")}}, false},
};

class Names : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(AC38, Names, ::testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST_P(Names, stay_within_their_constraints) {
  Chain chain;
  chain.options.host.reset();
  // Directory names are free for the subject of the leaf, or it would be refused first.
  auto permitted = GetParam().permitted;
  if (!permitted.empty() && permitted.front().tag == 0xA4) {
    permitted.push_back(directory(chain.leaf().made.subject));
  }
  chain.ca().put(test::name_constraints(permitted, GetParam().excluded));
  chain.leaf().put(test::alt_names(GetParam().names));
  const auto judgement = chain.judge();
  const auto* const failure = judgement.failure();
  EXPECT_EQ(judgement.accepted(), GetParam().accepted) << (failure == nullptr ? "" : failure->detail);
  if (failure != nullptr) {
    EXPECT_EQ(failure->check, "path.names") << failure->detail;
  }
}

TEST(NameConstraints, of_every_issuer_hold) {
  for (std::size_t place = 0; place < 3; ++place) {
    Chain chain{2};
    (place == 0 ? chain.root() : chain.ca(place)).put(test::name_constraints({dns("example.org")}));
    const auto judgement = chain.judge();
    ASSERT_NE(judgement.failure(), nullptr) << place;
    EXPECT_EQ(judgement.failure()->check, "path.names");
    EXPECT_EQ(judgement.failure()->certificate, 3U);
  }
}

TEST(NameConstraints, hold_for_intermediates_unless_they_are_self_issued) {
  Chain chain{2};
  chain.ca(1).put(test::name_constraints({}, {directory(test::common_name("ca 2"))}));
  EXPECT_EQ(chain.judge().failure()->certificate, 2U);
  // The same, where the second CA is the first one with a new key.
  Chain rollover{2};
  rollover.ca(2).made.subject = rollover.ca(1).made.subject;
  rollover.leaf().made.issuer = rollover.ca(1).made.subject;
  rollover.ca(1).put(test::name_constraints({}, {directory(rollover.ca(1).made.subject)}));
  EXPECT_TRUE(rollover.judge().accepted());
}

TEST(NameConstraints, mailboxes_in_the_subject_count_where_no_alternative_name_is_one) {
  Chain chain;
  const x509::NamePart part{oids::email_address, der::tag::ia5_string, "a@example.org"};
  chain.leaf().made.subject = x509::write_name({&part, 1}).value();
  chain.ca().put(test::name_constraints({mail("example.com")}));
  EXPECT_EQ(chain.judge().failure()->check, "path.names");
}

TEST(NameConstraints, bases_that_no_form_allows_fail_the_issuer) {
  for (const auto& base : {dns("*.example.com"), dns(".example.com"), mail("a@b@c"), uri("https://example.com"),
                           ip({10, 0, 0, 0, 255, 0, 255, 0})}) {
    Chain chain;
    chain.ca().put(test::name_constraints({base}));
    ASSERT_NE(chain.judge().failure(), nullptr);
    EXPECT_EQ(chain.judge().failure()->check, "path.form");
  }
}

struct Wanted {
  const char* presented;
  const char* wanted;
  bool matches;
};

TEST(Hosts, are_matched_label_by_label) {  // RFC 9525 §6.3
  constexpr Wanted kCasesOfHosts[] = {
      {"www.example.com", "WWW.example.com", true},
      {"*.example.com", "www.example.com", true},
      {"*.example.com", "example.com", false},
      {"*.example.com", "a.b.example.com", false},
      {"*.example.com", ".example.com", false},
      {"example.com", "www.example.com", false},
      {"*", "com", false},
      {"www.*.com", "www.example.com", false},
  };
  for (const auto& [presented, wanted, matches] : kCasesOfHosts) {
    const x509::GeneralName name{
        .kind = x509::GeneralNameKind::dns, .value = as_bytes(std::string_view{presented}), .type = {}};
    const auto found = names_host({&name, 1}, {Host::Kind::dns, wanted});
    EXPECT_EQ(found && *found, matches) << presented << " " << wanted;
  }
}

TEST(Hosts, that_are_no_hosts_are_refused) {
  for (const auto* bad : {"", ".", "a..b", "-a.com", "a-.com", "a_b.com", "exa mple.com", "example.com.", "*.com"}) {
    EXPECT_FALSE(names_host({}, {Host::Kind::dns, bad})) << bad;
  }
  for (const auto* bad :
       {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "::1::", "1:2:3:4:5:6:7:8:9", "g::", "%"}) {
    EXPECT_FALSE(names_host({}, {Host::Kind::ip, bad})) << bad;
  }
}

TEST(Hosts, addresses_are_read_and_written_as_the_standards_write_them) {  // RFC 5952 §4
  const std::pair<const char*, const char*> kTexts[] = {{"10.0.0.1", "10.0.0.1"},
                                                        {"::", "::"},
                                                        {"::1", "::1"},
                                                        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
                                                        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
                                                        {"::ffff:1.2.3.4", "::ffff:102:304"},
                                                        {"fe80::", "fe80::"},
                                                        {"1:0:0:2::3", "1:0:0:2::3"}};
  for (const auto& [text, written] : kTexts) {
    const auto read = read_ip(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(ip_text(*read), written) << text;
  }
}

}  // namespace
}  // namespace birthmark::pki::path
