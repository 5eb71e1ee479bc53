// SPDX-License-Identifier: Apache-2.0
#include "pki/tbs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "codec/distribution_point.h"
#include "unit/pki/support.h"

namespace birthmark::pki {
namespace {

using testing::at;
using testing::device_request;
using testing::made_at;
using testing::Parts;
using testing::world;
using enum ProfileId;

Code refusal(const Issuer& issuer, const Request& request) {
  const auto built = build_tbs(issuer, request);
  EXPECT_FALSE(built);
  return built ? Code::unavailable : built.error().code;
}

x509::Certificate read_back(BytesView tbs) {
  return x509::Certificate::read(assemble(tbs, from_hex("3006020101020101").value())).value();
}

// --- every profile read back by our own strict reader ---

std::vector<ProfileId> every_profile() {
  std::vector<ProfileId> out;
  std::ranges::transform(all_profiles(), std::back_inserter(out), &Profile::id);
  return out;
}
class EveryProfile : public ::testing::TestWithParam<ProfileId> {};
INSTANTIATE_TEST_SUITE_P(Profiles, EveryProfile, ::testing::ValuesIn(every_profile()),
                         [](const auto& one) { return std::string{profile(one.param).name}; });

// RFC 5280 §4.1, §4.2.1.1, §4.2.1.2, §4.2.1.3, §4.2.1.9, §4.2.1.12; 802.1AR-2018 §8.6, §8.7, §8.10.
TEST_P(EveryProfile, says_what_its_row_says) {
  const auto& row = profile(GetParam());
  const auto request = world().request(GetParam());
  const auto& issuer = world().issuer_of(GetParam()).issuer();
  const auto read = x509::Certificate::read(world().certificate(GetParam())).value();
  EXPECT_TRUE(equal(read.serial(), request.serial.get()));
  EXPECT_EQ(read.signature_algorithm(), x509::SignatureAlgorithm::ecdsa_sha256);
  EXPECT_TRUE(equal(read.issuer(), issuer.name));
  EXPECT_TRUE(equal(read.subject(), encode(request.subject.name)));
  EXPECT_TRUE(equal(read.spki(), request.subject.spki));
  EXPECT_EQ(read.not_before(), made_at());
  EXPECT_EQ(read.not_after(), row.ends == Ends::never ? kNoEnd : made_at() + row.lifetime);

  const auto all = read.extensions();
  EXPECT_TRUE(equal(*x509::authority_key_identifier(all).value()->key_id, issuer.key_id));
  EXPECT_EQ(x509::key_usage(all).value(), row.key_usage);
  EXPECT_TRUE(read.extension(oids::key_usage)->critical);
  const auto constraints = x509::basic_constraints(all).value();
  const bool names_itself = row.is_ca || row.hierarchy == Hierarchy::matter;
  EXPECT_EQ(constraints.has_value(), names_itself);
  const auto own_id = x509::subject_key_identifier(all).value();
  EXPECT_EQ(own_id.has_value(), names_itself);
  if (row.is_ca) {
    EXPECT_TRUE(constraints->is_ca);
    EXPECT_EQ(constraints->path_length,
              row.path_length ? std::optional<std::uint32_t>{*row.path_length} : std::nullopt);
    EXPECT_TRUE(read.extension(oids::basic_constraints)->critical);
    EXPECT_TRUE(equal(*own_id, key_id(read.spki())));
  }
  const auto usages = x509::extended_key_usage(all).value();
  EXPECT_EQ(usages ? usages->size() : 0, row.extended_key_usages.size());
  EXPECT_EQ(read.extension(oids::name_constraints) != nullptr, row.name_constraint);
  EXPECT_EQ(read.extension(arc::registration_receipt) != nullptr, row.receipt);
  EXPECT_EQ(read.extension(arc::appraised_at) != nullptr, row.appraised_at);
}

TEST_P(EveryProfile, is_deterministic) {
  const auto& issuer = world().issuer_of(GetParam()).issuer();
  const auto request = world().request(GetParam());
  EXPECT_EQ(build_tbs(issuer, request).value().der, build_tbs(issuer, request).value().der);
}

// RFC 4108 §5; RFC 5280 §4.2.1.6, §4.2.1.13.
TEST(Tbs, a_device_is_named_by_its_hardware_and_its_serial_number) {
  const auto read = x509::Certificate::read(world().certificate(ldevid)).value();
  const auto number = read.find_attribute(oids::serial_number).value();
  EXPECT_EQ(number.tag, der::tag::printable_string);
  EXPECT_EQ(as_text(number.value), testing::device_serial());
  const auto names = x509::subject_alt_name(read.extensions()).value().value();
  ASSERT_EQ(names.size(), 1U);
  EXPECT_TRUE(equal(names[0].type, oids::hardware_module_name));
  EXPECT_FALSE(read.extension(oids::subject_alt_name)->critical);
  auto module = der::read_one(names[0].value, der::tag::sequence).value();
  EXPECT_TRUE(equal(module.oid().value(), oids::tpm_hardware_type));
  EXPECT_EQ(as_text(module.expect(der::tag::octet_string).value()), "53494D31:AABB:0102");
  EXPECT_TRUE(module.finish());
  EXPECT_EQ(x509::crl_distribution_uris(read.extensions()).value().value(),
            std::vector<std::string_view>{testing::kCrlUrl});
  EXPECT_EQ(to_hex(read.extension(arc::appraised_at)->value), "180f32303236313132333130303030305a");
}

TEST(Tbs, a_ca_permits_its_own_place_and_nothing_else) {
  const auto read = x509::Certificate::read(world().batch.der()).value();
  const auto constraints = x509::name_constraints(read.extensions()).value().value();
  EXPECT_TRUE(constraints.excluded.empty());
  ASSERT_EQ(constraints.permitted_directory_names().size(), 1U);
  EXPECT_TRUE(equal(constraints.permitted_directory_names()[0],
                    encode(testing::name_of("heatpump", {"plant-1", "B-2026-11"}, {}))));
  EXPECT_TRUE(read.extension(oids::name_constraints)->critical);
}

// --- AC-14: years, ends, and being born dead ---

struct Year {
  const char* name;
  const char* not_before;
  const char* not_after;  ///< of the request; null: as the profile says
  const char* begins;     ///< as the certificate must spell it: tag and text in hex are too far from the eye
  const char* ends;
};
class Years : public ::testing::TestWithParam<Year> {};
INSTANTIATE_TEST_SUITE_P(
    AC14, Years,
    ::testing::Values(
        Year{"both_before_2050", "2026-11-23T10:00:00Z", "2026-12-23T10:00:00Z", "U261123100000Z", "U261223100000Z"},
        Year{"last_second_of_2049", "2049-12-02T00:00:00Z", "2049-12-31T23:59:59Z", "U491202000000Z", "U491231235959Z"},
        Year{"first_second_of_2050", "2049-12-02T00:00:00Z", "2050-01-01T00:00:00Z", "U491202000000Z",
             "G20500101000000Z"},
        Year{"lifetime_over_the_turn", "2049-12-15T00:00:00Z", nullptr, "U491215000000Z", "G20500114000000Z"},
        Year{"both_after_2050", "2050-02-01T00:00:00Z", nullptr, "G20500201000000Z", "G20500303000000Z"},
        Year{"parts_of_a_second_are_cut", "2026-11-23T10:00:00Z", "2026-11-24T10:00:00.999Z", "U261123100000Z",
             "U261124100000Z"},
        Year{"the_last_year", "9999-11-01T00:00:00Z", nullptr, "G99991101000000Z", "G99991201000000Z"}),
    [](const auto& one) { return one.param.name; });

std::string spelt(der::Reader& validity) {
  const auto element = validity.any().value();
  return (element.tag == der::tag::utc_time ? "U" : "G") + std::string{as_text(element.contents)};
}

TEST_P(Years, are_spelt_as_rfc_5280_says) {  // RFC 5280 §4.1.2.5
  auto request = device_request(ldevid, world().device.public_key().spki());
  request.not_before = at(GetParam().not_before);
  request.not_after = GetParam().not_after == nullptr ? std::nullopt : std::optional{at(GetParam().not_after)};
  const auto built = build_tbs(world().operational.issuer(), request).value();
  auto fields = der::read_one(built.der, der::tag::sequence).value();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(fields.any());
  }
  auto validity = fields.enter(der::tag::sequence).value();
  EXPECT_EQ(spelt(validity), GetParam().begins);
  EXPECT_EQ(spelt(validity), GetParam().ends);
  EXPECT_EQ(read_back(built.der).not_after(), built.not_after);
}

TEST(Tbs, no_end_is_the_last_second_of_9999_and_stands_in_cas_and_births_only) {
  for (const auto& row : all_profiles()) {
    const auto read = x509::Certificate::read(world().certificate(row.id)).value();
    EXPECT_EQ(read.not_after() == kNoEnd, row.is_ca || row.id == idevid || row.id == matter_dac) << row.name;
  }
}

struct Dates {
  const char* name;
  const char* issuer_ends;
  const char* not_before;
  const char* not_after;
  ProfileId profile;
  Code refusal;
};
class BadDates : public ::testing::TestWithParam<Dates> {};
INSTANTIATE_TEST_SUITE_P(
    AC14, BadDates,
    ::testing::Values(Dates{"beyond_the_issuer", "2026-12-01T00:00:00Z", "2026-11-23T10:00:00Z", nullptr, ldevid,
                            Code::issuer_expires_first},
                      Dates{"one_second_beyond_the_issuer", "2026-12-01T00:00:00Z", "2026-11-23T10:00:00Z",
                            "2026-12-01T00:00:01Z", ldevid, Code::issuer_expires_first},
                      Dates{"no_end_below_an_issuer_that_ends", "2060-01-01T00:00:00Z", "2026-11-23T10:00:00Z", nullptr,
                            idevid, Code::issuer_expires_first},
                      Dates{"an_expired_issuer", "2026-01-01T00:00:00Z", "2026-11-23T10:00:00Z", "2025-12-01T00:00:00Z",
                            ldevid, Code::issuer_expires_first},
                      Dates{"an_issuer_that_ends_now", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z", nullptr, ldevid,
                            Code::issuer_expires_first},
                      Dates{"born_expired", "9999-12-31T23:59:59Z", "2026-11-23T10:00:00Z", "2026-11-23T09:59:59Z",
                            ldevid, Code::issuer_expires_first},
                      Dates{"of_no_duration", "9999-12-31T23:59:59Z", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z",
                            ldevid, Code::issuer_expires_first},
                      Dates{"of_less_than_a_second", "9999-12-31T23:59:59Z", "2026-11-23T10:00:00Z",
                            "2026-11-23T10:00:00.900Z", ldevid, Code::issuer_expires_first},
                      Dates{"longer_than_the_profile", "9999-12-31T23:59:59Z", "2026-11-23T10:00:00Z",
                            "2026-12-23T10:00:01Z", ldevid, Code::issuer_expires_first},
                      Dates{"the_year_9999_for_an_ldevid", "9999-12-31T23:59:59Z", "2026-11-23T10:00:00Z",
                            "9999-12-31T23:59:59Z", ldevid, Code::issuer_expires_first},
                      Dates{"over_the_end_of_the_calendar", "9999-12-31T23:59:59Z", "9999-12-15T00:00:00Z", nullptr,
                            ldevid, Code::issuer_expires_first},
                      Dates{"before_the_calendar_of_utctime", "9999-12-31T23:59:59Z", "1949-12-31T23:59:59Z", nullptr,
                            idevid, Code::clock_suspect}),
    [](const auto& one) { return one.param.name; });

TEST_P(BadDates, are_refused) {
  auto issuer = world().issuer_of(GetParam().profile).issuer();
  issuer.not_after = at(GetParam().issuer_ends);
  auto request = device_request(GetParam().profile, world().device.public_key().spki());
  request.not_before = at(GetParam().not_before);
  if (GetParam().not_after != nullptr) {
    request.not_after = at(GetParam().not_after);
  }
  EXPECT_EQ(refusal(issuer, request), GetParam().refusal);
}

// --- AC-15: scope ---

struct Place {
  const char* name;
  const char* organization;
  std::vector<std::string> units;
  bool inside;
};
class Scope : public ::testing::TestWithParam<Place> {};
INSTANTIATE_TEST_SUITE_P(AC15, Scope,
                         ::testing::Values(Place{"own_batch", "heatpump", {"plant-1", "B-2026-11"}, true},
                                           Place{"below_own_batch", "heatpump", {"plant-1", "B-2026-11", "line"}, true},
                                           Place{"another_batch", "heatpump", {"plant-1", "B-2026-12"}, false},
                                           Place{"another_factory", "heatpump", {"plant-2", "B-2026-11"}, false},
                                           Place{"another_product", "boiler", {"plant-1", "B-2026-11"}, false},
                                           Place{"the_factory_above", "heatpump", {"plant-1"}, false},
                                           Place{"a_longer_batch_name", "heatpump", {"plant-1", "B-2026-110"}, false},
                                           Place{"another_case", "Heatpump", {"plant-1", "B-2026-11"}, false},
                                           Place{"other_order", "heatpump", {"B-2026-11", "plant-1"}, false},
                                           Place{"nowhere", "heatpump", {}, false}),
                         [](const auto& one) { return one.param.name; });

TEST_P(Scope, the_ca_signs_only_below_itself) {
  for (const auto which : {idevid, ldevid}) {
    auto request = device_request(which, world().device.public_key().spki(), GetParam().units);
    request.subject.name.organization = GetParam().organization;
    const auto built = build_tbs(world().issuer_of(which).issuer(), request);
    EXPECT_EQ(built.has_value(), GetParam().inside);
    if (!built) {
      EXPECT_EQ(built.error().code, Code::scope);
    }
  }
}

TEST(Tbs, a_ca_signs_no_profile_that_is_not_its_own) {
  for (const auto& issuer : all_profiles()) {
    for (const auto& subject : all_profiles()) {
      auto as = world().issuer_of(subject.id).issuer();
      as.profile = issuer.id;
      const auto built = build_tbs(as, world().request(subject.id));
      EXPECT_EQ(built.has_value(), may_issue(issuer.id, subject.id)) << issuer.name << " -> " << subject.name;
      if (!built) {
        EXPECT_EQ(built.error().code, Code::scope);
      }
    }
  }
}

// --- Matter (Core Specification §6.2.2) ---

struct MatterNames {
  const char* name;
  ProfileId profile;
  matter::VendorProduct ids;
  const char* common_name;
  std::optional<Code> refusal;
};
class MatterIds : public ::testing::TestWithParam<MatterNames> {};
TEST_P(MatterIds, stand_where_they_must_and_are_the_issuers) {
  const auto& row = GetParam();
  auto request = world().request(row.profile);
  request.subject.name.matter = row.ids;
  request.subject.name.common_name = row.common_name;
  const auto built = build_tbs(world().issuer_of(row.profile).issuer(), request);
  EXPECT_EQ(built.has_value(), !row.refusal);
  if (!built && row.refusal) {
    EXPECT_EQ(built.error().code, *row.refusal) << built.error().detail;
  }
}
INSTANTIATE_TEST_SUITE_P(
    Table, MatterIds,
    ::testing::Values(MatterNames{"dac", matter_dac, {0xFFF1, 0x8000}, "DAC 1", {}},
                      MatterNames{"dac_without_product", matter_dac, {0xFFF1, {}}, "DAC 1", Code::csr_policy},
                      MatterNames{"dac_without_vendor", matter_dac, {{}, 0x8000}, "DAC 1", Code::csr_policy},
                      MatterNames{"dac_of_another_vendor", matter_dac, {0xFFF2, 0x8000}, "DAC 1", Code::scope},
                      MatterNames{"dac_of_another_product", matter_dac, {0xFFF1, 0x8001}, "DAC 1", Code::scope},
                      MatterNames{
                          "dac_with_ids_in_the_name_too", matter_dac, {0xFFF1, 0x8000}, "Mvid:FFF1", Code::csr_policy},
                      MatterNames{"pai_of_a_vendor", matter_pai, {0xFFF1, {}}, "PAI", {}},
                      MatterNames{"pai_without_vendor", matter_pai, {{}, {}}, "PAI", Code::csr_policy},
                      MatterNames{"pai_of_another_vendor", matter_pai, {0xFFF2, {}}, "PAI", Code::scope},
                      MatterNames{"idevid_with_a_vendor", batch_ca, {0xFFF1, {}}, "batch", Code::csr_policy}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(MatterIds, of_a_paa_are_a_vendor_or_nothing) {
  auto request = world().request(matter_paa);
  auto self = world().matter_paa.issuer();
  self.matter = {};
  for (const auto& [ids, fits] :
       {std::pair{matter::VendorProduct{{}, {}}, true}, std::pair{matter::VendorProduct{0xFFF1, {}}, true},
        std::pair{matter::VendorProduct{0xFFF1, 0x8000}, false}}) {
    request.subject.name.matter = ids;
    EXPECT_EQ(build_tbs(self, request).has_value(), fits);
  }
}

// --- names (host names: RFC 1123 §2.1, RFC 1035 §2.3.4) ---

struct BadName {
  const char* name;
  ProfileId profile;
  void (*spoil)(Subject&);
};
/// Labels of one byte, the first one of two if the length asks for it.
std::string host_name_of(std::size_t bytes) {
  std::string name = bytes % 2 == 0 ? "aa" : "a";
  while (name.size() < bytes) {
    name += ".a";
  }
  return name;
}
class BadNames : public ::testing::TestWithParam<BadName> {};
INSTANTIATE_TEST_SUITE_P(
    Table, BadNames,
    ::testing::Values(
        BadName{"empty_organization", idevid, [](Subject& s) { s.name.organization.clear(); }},
        BadName{"organization_of_65_bytes", idevid, [](Subject& s) { s.name.organization = std::string(65, 'a'); }},
        BadName{"empty_unit", idevid, [](Subject& s) { s.name.organizational_units.back().clear(); }},
        BadName{"unit_with_a_line_feed", idevid, [](Subject& s) { s.name.organizational_units.back() += "\n"; }},
        BadName{"unit_with_nul", idevid, [](Subject& s) { s.name.organizational_units.back() += '\0'; }},
        BadName{"unit_outside_ascii", idevid, [](Subject& s) { s.name.organizational_units.back() = "Pl\xC3\xA4"; }},
        BadName{"unit_with_a_wildcard", idevid, [](Subject& s) { s.name.organizational_units.back() = "*"; }},
        BadName{"device_without_serial_number", idevid, [](Subject& s) { s.name.serial_number.clear(); }},
        BadName{"device_without_device_fields", idevid, [](Subject& s) { s.device.reset(); }},
        BadName{"serial_number_outside_printable_string", idevid, [](Subject& s) { s.name.serial_number = "a_b"; }},
        BadName{"serial_number_with_at", idevid, [](Subject& s) { s.name.serial_number = "a@b"; }},
        BadName{"serial_number_of_65_bytes", idevid, [](Subject& s) { s.name.serial_number = std::string(65, 'a'); }},
        BadName{"no_hardware_serial", idevid, [](Subject& s) { s.device->hardware_serial.clear(); }},
        BadName{"hardware_serial_of_129_bytes", idevid,
                [](Subject& s) { s.device->hardware_serial = std::string(129, 'a'); }},
        BadName{"hardware_serial_with_cr", idevid, [](Subject& s) { s.device->hardware_serial = "a\rb"; }},
        BadName{"idevid_with_appraised_at", idevid, [](Subject& s) { s.device->appraised_at = made_at(); }},
        BadName{"ldevid_without_appraised_at", ldevid, [](Subject& s) { s.device->appraised_at.reset(); }},
        BadName{"device_with_a_host_name", ldevid, [](Subject& s) { s.dns_names = {"device.example"}; }},
        BadName{"device_with_an_address", idevid,
                [](Subject& s) {
                  s.ip_addresses = {{10, 0, 0, 1}};
                }},
        BadName{"ca_with_a_serial_number", batch_ca, [](Subject& s) { s.name.serial_number = "1"; }},
        BadName{"ca_without_common_name", batch_ca, [](Subject& s) { s.name.common_name.clear(); }},
        BadName{"ca_with_device_fields", batch_ca, [](Subject& s) { s.device = DeviceFields{}; }},
        BadName{"ca_with_a_host_name", service_ca, [](Subject& s) { s.dns_names = {"ca.example"}; }},
        BadName{"server_without_common_name", server, [](Subject& s) { s.name.common_name.clear(); }},
        BadName{"host_name_with_a_wildcard", server, [](Subject& s) { s.dns_names = {"*.example"}; }},
        BadName{"host_name_empty", server, [](Subject& s) { s.dns_names = {""}; }},
        BadName{"host_name_of_a_dot", server, [](Subject& s) { s.dns_names = {"."}; }},
        BadName{"host_name_that_ends_with_a_dot", server, [](Subject& s) { s.dns_names = {"a.example."}; }},
        BadName{"host_name_that_begins_with_a_hyphen", server, [](Subject& s) { s.dns_names = {"-a.example"}; }},
        BadName{"host_name_that_ends_with_a_hyphen", server, [](Subject& s) { s.dns_names = {"a.example-"}; }},
        BadName{"host_name_with_an_underscore", server, [](Subject& s) { s.dns_names = {"a_b.example"}; }},
        BadName{"host_name_with_nul", server, [](Subject& s) { s.dns_names = {std::string{"a\0.example", 10}}; }},
        BadName{"host_label_of_64_bytes", server, [](Subject& s) { s.dns_names = {std::string(64, 'a')}; }},
        BadName{"host_name_of_254_bytes", server, [](Subject& s) { s.dns_names = {host_name_of(254)}; }}),
    [](const auto& one) { return one.param.name; });

TEST_P(BadNames, are_refused) {
  auto request = world().request(GetParam().profile);
  GetParam().spoil(request.subject);
  EXPECT_EQ(refusal(world().issuer_of(GetParam().profile).issuer(), request), Code::csr_policy);
}

// RFC 1123 §2.1 lets a label begin with a digit; RFC 1035 §2.3.4 has the longest name and label.
TEST(Tbs, host_names_at_the_bounds_are_taken) {
  for (const auto& name : {host_name_of(253), std::string(63, 'a'), std::string{"3com.x-1.example"}}) {
    auto request = world().request(server);
    request.subject.dns_names = {name};
    EXPECT_TRUE(build_tbs(world().issuer_of(server).issuer(), request)) << name;
  }
}

// RFC 7093 §2.
TEST(Tbs, key_ids_are_cut_from_the_digest_of_the_key) {
  const auto spki = world().device.public_key().spki();
  EXPECT_TRUE(equal(key_id(spki), BytesView{crypto::sha256(spki).get()}.first(20)));
}

// AC-12: what the serial looks like in DER does not depend on its bits; it is never negative and never over-long.
RC_GTEST_PROP(Tbs, any_serial_with_our_mark_comes_back, ()) {
  auto request = world().request(idevid);
  Octets<16> octets{0x4B};
  for (std::size_t i = 1; i < octets.size(); ++i) {
    octets.at(i) = *rc::gen::arbitrary<std::uint8_t>();
  }
  request.serial = Serial{octets};
  const auto read = read_back(build_tbs(world().batch.issuer(), request).value().der);
  RC_ASSERT(equal(read.serial(), octets));
}

RC_GTEST_PROP(Tbs, any_printable_name_comes_back_and_any_other_is_refused, ()) {
  auto request = world().request(station);
  const auto text = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  request.subject.name.common_name = text;
  const bool good = !text.empty() && text.size() <= 64 &&
                    std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '*'; });
  const auto built = build_tbs(world().service.issuer(), request);
  RC_ASSERT(built.has_value() == good);
  if (built) {
    RC_ASSERT(as_text(read_back(built->der).find_attribute(oids::common_name)->value) == text);
  }
}

}  // namespace
}  // namespace birthmark::pki
