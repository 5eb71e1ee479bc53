// SPDX-License-Identifier: Apache-2.0
#include "pki/lint.h"

#include <gtest/gtest.h>

#include <set>

#include "unit/pki/support.h"

namespace birthmark::pki {
namespace {

using testing::bits_value;
using testing::oids_value;
using testing::Parts;
using testing::world;
using enum ProfileId;

TEST(Lint, everything_that_we_make_is_clean) {
  for (const auto& row : all_profiles()) {
    const auto clean = lint(world().tbs(row.id), world().issuer_of(row.id).issuer(), row.id);
    EXPECT_TRUE(clean) << row.name << ": " << clean.error().check;
  }
}

Bytes constraints_value(bool ca, std::optional<unsigned> length) {
  der::Writer out;
  out.open(der::tag::sequence);
  if (ca) {
    out.boolean(true);
  }
  if (length) {
    out.unsigned_int(*length);
  }
  out.close();
  return std::move(out).finish();
}

Bytes alt_name_value(std::uint8_t tag, std::string_view text) {
  der::Writer out;
  out.open(der::tag::sequence).text(tag, text).close();
  return std::move(out).finish();
}

Bytes subject_with(std::uint8_t tag, std::string_view serial_number) {
  der::Writer out;
  out.open(der::tag::sequence);
  const auto part = [&](BytesView type, std::uint8_t string_tag, std::string_view text) {
    out.open(der::tag::set).open(der::tag::sequence).oid(type).text(string_tag, text).close().close();
  };
  part(oids::organization, der::tag::utf8_string, "heatpump");
  part(oids::organizational_unit, der::tag::utf8_string, "plant-1");
  part(oids::organizational_unit, der::tag::utf8_string, "B-2026-11");
  part(oids::serial_number, tag, serial_number);
  out.close();
  return std::move(out).finish();
}

/// One way to break one rule; the certificate is made by hand, since the builder could not be brought to make it.
struct Broken {
  const char* name;
  const char* lint;
  ProfileId profile;
  void (*spoil)(Parts&);
};
class Lints : public ::testing::TestWithParam<Broken> {};

constexpr auto kUsage = oids::key_usage;
INSTANTIATE_TEST_SUITE_P(
    Table, Lints,
    ::testing::Values(
        Broken{"dac_of_another_vendor", "matter_ids", matter_dac,
               [](Parts& p) { p.subject = encode(testing::matter_name("x", {0xFFF2, 0x8000})); }},
        Broken{"dac_without_product", "matter_ids", matter_dac,
               [](Parts& p) { p.subject = encode(testing::matter_name("x", {0xFFF1, {}})); }},
        Broken{"pai_without_vendor", "matter_ids", matter_pai,
               [](Parts& p) { p.subject = encode(testing::matter_name("x", {})); }},
        Broken{"dac_that_does_not_say_that_it_is_no_ca", "basic_constraints", matter_dac,
               [](Parts& p) { p.drop(oids::basic_constraints); }},
        Broken{"dac_that_is_a_ca", "basic_constraints", matter_dac,
               [](Parts& p) { p[oids::basic_constraints].value = constraints_value(true, {}); }},
        Broken{"dac_without_key_identifier", "subject_key_identifier", matter_dac,
               [](Parts& p) { p.drop(oids::subject_key_identifier); }},
        Broken{"dac_for_clients", "extended_key_usage", matter_dac,
               [](Parts& p) { p.add(oids::extended_key_usage, false, oids_value({oids::client_auth})); }},
        Broken{"dac_above_600_octets", "matter_size", matter_dac,
               [](Parts& p) { p.add(oids::authority_info_access, false, Bytes(100, 0)); }},
        Broken{"serial_without_mark", "serial_form", ldevid, [](Parts& p) { p.serial[0] = 0x4C; }},
        Broken{"short_serial", "serial_form", ldevid, [](Parts& p) { p.serial.resize(8); }},
        Broken{"long_serial", "serial_form", ldevid, [](Parts& p) { p.serial.resize(20, 1); }},
        Broken{"another_issuer", "issuer_name", ldevid,
               [](Parts& p) { p.issuer = encode(testing::name_of("Example", {}, "x")); }},
        Broken{"ends_before_it_begins", "validity", ldevid,
               [](Parts& p) { p.not_after = p.not_before - std::chrono::seconds{1}; }},
        Broken{"ldevid_without_end", "validity", ldevid, [](Parts& p) { p.not_after = kNoEnd; }},
        Broken{"ldevid_of_a_second_more", "validity", ldevid, [](Parts& p) { p.not_after += std::chrono::seconds{1}; }},
        Broken{"idevid_with_an_end", "validity", idevid,
               [](Parts& p) { p.not_after = testing::at("2050-01-01T00:00:00Z"); }},
        Broken{"ca_with_an_end", "validity", batch_ca,
               [](Parts& p) { p.not_after = testing::at("2050-01-01T00:00:00Z"); }},
        Broken{"another_issuer_key", "key_identifier", ldevid,
               [](Parts& p) { p[oids::authority_key_identifier].value.back() ^= 1; }},
        Broken{"no_issuer_key", "key_identifier", ldevid,
               [](Parts& p) { p.drop(oids::authority_key_identifier); }},
        Broken{"key_cert_sign_in_a_leaf", "key_usage", ldevid,
               [](Parts& p) { p[kUsage].value = bits_value(key_usage::digital_signature | key_usage::key_cert_sign); }},
        Broken{"key_agreement", "key_usage", idevid,
               [](Parts& p) { p[kUsage].value = bits_value(key_usage::key_agreement); }},
        Broken{"usage_not_critical", "key_usage", ldevid, [](Parts& p) { p[kUsage].critical = false; }},
        Broken{"no_usage", "key_usage", ldevid, [](Parts& p) { p.drop(kUsage); }},
        Broken{"ca_leaf", "basic_constraints", ldevid,
               [](Parts& p) { p.add(oids::basic_constraints, true, constraints_value(true, {})); }},
        Broken{"basic_constraints_in_a_leaf", "basic_constraints", ldevid,
               [](Parts& p) { p.add(oids::basic_constraints, true, constraints_value(false, {})); }},
        Broken{"batch_ca_with_a_longer_path", "basic_constraints", batch_ca,
               [](Parts& p) { p[oids::basic_constraints].value = constraints_value(true, 1); }},
        Broken{"batch_ca_with_any_path", "basic_constraints", batch_ca,
               [](Parts& p) { p[oids::basic_constraints].value = constraints_value(true, {}); }},
        Broken{"constraints_not_critical", "basic_constraints", batch_ca,
               [](Parts& p) { p[oids::basic_constraints].critical = false; }},
        Broken{"no_ca", "basic_constraints", batch_ca, [](Parts& p) { p.drop(oids::basic_constraints); }},
        Broken{"idevid_with_client_auth", "extended_key_usage", idevid,
               [](Parts& p) { p.add(oids::extended_key_usage, false, oids_value({oids::client_auth})); }},
        Broken{"ldevid_for_servers", "extended_key_usage", ldevid,
               [](Parts& p) { p[oids::extended_key_usage].value = oids_value({oids::server_auth}); }},
        Broken{"ldevid_for_both", "extended_key_usage", ldevid,
               [](Parts& p) {
                 p[oids::extended_key_usage].value = oids_value({oids::client_auth, oids::server_auth});
               }},
        Broken{"ldevid_for_anything", "extended_key_usage", ldevid,
               [](Parts& p) { p.drop(oids::extended_key_usage); }},
        Broken{"ca_without_constraint", "name_constraints", batch_ca,
               [](Parts& p) { p.drop(oids::name_constraints); }},
        Broken{"constraint_of_the_factory", "name_constraints", batch_ca,
               [](Parts& p) {
                 p[oids::name_constraints].value =
                     Parts{world().factory.der()}[oids::name_constraints].value;
               }},
        Broken{"constraint_not_critical", "name_constraints", batch_ca,
               [](Parts& p) { p[oids::name_constraints].critical = false; }},
        Broken{"constraint_in_a_leaf", "name_constraints", ldevid,
               [](Parts& p) {
                 p.add(oids::name_constraints, true, Parts{world().batch.der()}[oids::name_constraints].value);
               }},
        Broken{"another_batch", "scope", idevid,
               [](Parts& p) {
                 auto name = testing::device_request(idevid, {}, {"plant-1", "B-2026-12"}).subject.name;
                 p.subject = encode(name);
               }},
        Broken{"key_id_of_another_key", "subject_key_identifier", batch_ca,
               [](Parts& p) { p[oids::subject_key_identifier].value.back() ^= 1; }},
        Broken{"ca_without_key_id", "subject_key_identifier", batch_ca,
               [](Parts& p) { p.drop(oids::subject_key_identifier); }},
        Broken{"leaf_with_key_id", "subject_key_identifier", ldevid,
               [](Parts& p) { p.add(oids::subject_key_identifier, false, Bytes{0x04, 0x01, 0x01}); }},
        Broken{"unknown_critical", "critical_extensions", ldevid,
               [](Parts& p) { p.add(oid<1, 3, 6, 1, 4, 1, 99999, 1>, true, Bytes{0x05, 0x00}); }},
        Broken{"critical_alt_name", "critical_extensions", ldevid,
               [](Parts& p) { p[oids::subject_alt_name].critical = true; }},
        Broken{"utf8_serial_number", "device_serial_number", ldevid,
               [](Parts& p) { p.subject = subject_with(der::tag::utf8_string, testing::device_serial()); }},
        Broken{"short_serial_number", "device_serial_number", ldevid,
               [](Parts& p) { p.subject = subject_with(der::tag::printable_string, "1234"); }},
        Broken{"serial_number_that_is_not_hex", "device_serial_number", ldevid,
               [](Parts& p) { p.subject = subject_with(der::tag::printable_string, std::string(64, 'g')); }},
        Broken{"no_serial_number", "device_serial_number", ldevid,
               [](Parts& p) { p.subject = encode(testing::name_of("heatpump", {"plant-1", "B-2026-11"}, {})); }},
        Broken{"ca_with_a_serial_number", "device_serial_number", service_ca,
               [](Parts& p) { p.subject = subject_with(der::tag::printable_string, "1234"); }},
        Broken{"device_with_a_host_name", "device_alt_name", ldevid,
               [](Parts& p) {
                 p[oids::subject_alt_name].value = alt_name_value(der::tag::context(2), "device.example");
               }},
        Broken{"device_without_alt_name", "device_alt_name", ldevid,
               [](Parts& p) { p.drop(oids::subject_alt_name); }},
        Broken{"server_with_a_uri", "device_alt_name", server,
               [](Parts& p) {
                 p[oids::subject_alt_name].value = alt_name_value(der::tag::context(6), "https://a.example");
               }},
        Broken{"no_receipt", "receipt", ldevid, [](Parts& p) { p.drop(arc::registration_receipt); }},
        Broken{"receipt_not_last", "receipt", ldevid,
               [](Parts& p) { std::swap(p.extensions.back(), p.extensions.front()); }},
        Broken{"server_with_a_receipt", "receipt", server,
               [](Parts& p) { p.extensions.push_back(Parts{world().certificate(ldevid)}.extensions.back()); }},
        Broken{"server_with_a_receipt_that_is_not_last", "receipt", server,
               [](Parts& p) {
                 p.extensions.insert(p.extensions.begin(), Parts{world().certificate(ldevid)}.extensions.back());
               }},
        Broken{"ldevid_without_appraised_at", "appraised_at", ldevid, [](Parts& p) { p.drop(arc::appraised_at); }},
        Broken{"idevid_with_appraised_at", "appraised_at", idevid,
               [](Parts& p) {
                 p.add(arc::appraised_at, false, Parts{world().certificate(ldevid)}[arc::appraised_at].value);
               }}),
    [](const auto& one) { return one.param.name; });

TEST_P(Lints, names_the_rule_that_is_broken) {
  Parts parts{world().certificate(GetParam().profile)};
  GetParam().spoil(parts);
  const auto found = lint(parts.tbs(), world().issuer_of(GetParam().profile).issuer(), GetParam().profile);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::scope) << found.error().detail;
  EXPECT_EQ(found.error().check, GetParam().lint);
}

TEST(Lint, every_rule_is_broken_by_the_table_above) {
  std::set<std::string_view> broken{
      "serial_form",         "issuer_name",          "validity",         "key_identifier", "key_usage",
      "basic_constraints",   "extended_key_usage",   "name_constraints", "scope",          "subject_key_identifier",
      "critical_extensions", "device_serial_number", "device_alt_name",  "receipt",        "appraised_at",
      "matter_ids",          "matter_size"};
  for (const auto& rule : lints()) {
    EXPECT_EQ(broken.erase(rule.name), 1U) << rule.name << " has no certificate that breaks it";
    EXPECT_FALSE(rule.clause.empty());
  }
  EXPECT_TRUE(broken.empty());
}

TEST(Lint, a_certificate_is_of_one_profile) {
  for (const auto& row : all_profiles()) {
    for (const auto& other : all_profiles()) {
      const auto tbs = world().tbs(row.id);
      const auto fits = lint(tbs, world().issuer_of(row.id).issuer(), other.id).has_value();
      // Certificates of people, gates and stations differ by their lifetime and unit only; so do the three roots, and
      // the two CAs of a batch by what they sign.
      const bool alike = row.hierarchy == Hierarchy::service && !row.is_ca && other.hierarchy == row.hierarchy &&
                         !other.is_ca && row.id != server && other.id != server && row.lifetime <= other.lifetime;
      const bool roots = !row.path_length && row.is_ca && !other.path_length && other.is_ca;
      const auto of_a_batch = [](ProfileId id) { return id == batch_ca || id == operational_ca; };
      const bool batch = of_a_batch(row.id) && of_a_batch(other.id);
      EXPECT_EQ(fits, row.id == other.id || alike || roots || batch) << row.name << " as " << other.name;
    }
  }
}

TEST(Lint, bytes_that_are_no_certificate_are_refused) {
  const auto tbs = world().tbs(ldevid);
  const auto& issuer = world().operational.issuer();
  for (std::size_t size = 0; size < tbs.size(); size += 7) {
    const auto found = lint(BytesView{tbs}.first(size), issuer, ldevid);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Code::bad_request);
  }
}

}  // namespace
}  // namespace birthmark::pki
