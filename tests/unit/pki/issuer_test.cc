// SPDX-License-Identifier: Apache-2.0
#include "pki/issuer.h"

#include <gtest/gtest.h>

#include "unit/pki/support.h"

namespace birthmark::pki {
namespace {

using testing::at;
using testing::Ca;
using testing::made_at;
using testing::Parts;
using testing::world;
using enum ProfileId;

const Instant kLater = at("2026-12-01T00:00:00Z");

Result<void> verdict(BytesView der, const CaCertificate& issuer, ProfileId profile, Instant when = kLater) {
  return verify_issued(x509::Certificate::read(der).value(), issuer, profile, when);
}
void expect_refused(const Result<void>& result, Code code, std::string_view check) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code) << result.error().detail;
  EXPECT_EQ(result.error().check, check);
}

TEST(VerifyIssued, everything_that_we_make_verifies_under_its_issuer) {
  for (const auto& row : all_profiles()) {
    const auto& issuer = world().issuer_of(row.id);
    if (row.id == manufacturing_root || row.id == operational_root || row.id == service_root || row.id == matter_paa) {
      EXPECT_TRUE(verify_issued(issuer.made.certificate, issuer.made, row.id, kLater));  // itself
      continue;
    }
    const auto result = verdict(world().certificate(row.id), issuer.made, row.id);
    EXPECT_TRUE(result) << row.name << ": " << result.error().detail;
  }
}

// RFC 5280 §6.1.3: each step of it, told by its name.
TEST(VerifyIssued, no_other_ca_has_made_it) {
  const auto der = world().certificate(idevid);
  for (const auto* other : {&world().factory, &world().operational, &world().service, &world().manufacturing_root}) {
    expect_refused(verdict(der, other->made, idevid), Code::unauthenticated, "RFC 5280 6.1.3(a)(4)");
  }
}

// Matter Core §6.2.3.1: a PAI signs for its own vendor and product only, and so does a PAA that has a vendor.
TEST(VerifyIssued, a_dac_is_for_the_vendor_and_product_of_its_pai) {
  auto other = world().matter_pai.made;
  other.issuer.matter = {0xFFF2, {}};
  expect_refused(verdict(world().certificate(matter_dac), other, matter_dac), Code::scope, "RFC 5280 6.1.3(b)");
  other.issuer.matter = {0xFFF1, 0x8001};
  expect_refused(verdict(world().certificate(matter_dac), other, matter_dac), Code::scope, "RFC 5280 6.1.3(b)");
}

// AC-38: a CA of the same name with another key.
TEST(VerifyIssued, the_same_name_with_another_key_is_another_ca) {
  const auto twin =
      testing::make_ca(world().factory, batch_ca, testing::name_of("heatpump", {"plant-1", "B-2026-11"}, "batch"));
  ASSERT_TRUE(equal(twin.made.issuer.name, world().batch.made.issuer.name));
  expect_refused(verdict(world().certificate(idevid), twin.made, idevid), Code::unauthenticated, "RFC 5280 4.2.1.1");
  // And with the key id of the right one, by the signature.
  auto pretender =
      testing::make_ca(world().factory, batch_ca, testing::name_of("heatpump", {"plant-1", "B-2026-11"}, "batch"));
  pretender.made.issuer.key_id = world().batch.made.issuer.key_id;
  expect_refused(verdict(world().certificate(idevid), pretender.made, idevid), Code::unauthenticated,
                 "RFC 5280 6.1.3(a)(1)");
}

TEST(VerifyIssued, each_flipped_byte_is_refused) {
  const auto good = world().certificate(ldevid);
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x01;
    const auto read = x509::Certificate::read(bad);
    EXPECT_FALSE(read && verify_issued(*read, world().operational.made, ldevid, kLater)) << i;
  }
}

// AC-15: the other side of the scope. A thief of the CA's key signs what the CA itself would refuse.
struct Stolen {
  const char* name;
  ProfileId profile;
  void (*change)(Parts&);
  const char* check;
};
class StolenKey : public ::testing::TestWithParam<Stolen> {};
Bytes device_name(const std::string& organization, std::vector<std::string> units) {
  auto name = testing::device_request(idevid, {}, std::move(units)).subject.name;
  name.organization = organization;
  return encode(name);
}
INSTANTIATE_TEST_SUITE_P(
    AC15, StolenKey,
    ::testing::Values(
        Stolen{"another_batch", idevid,
               [](Parts& p) {
                 p.subject = device_name("heatpump", {"plant-1", "B-2026-12"});
               },
               "RFC 5280 6.1.3(b)"},
        Stolen{"another_factory", idevid,
               [](Parts& p) {
                 p.subject = device_name("heatpump", {"plant-2", "B-2026-11"});
               },
               "RFC 5280 6.1.3(b)"},
        Stolen{"another_product", ldevid,
               [](Parts& p) {
                 p.subject = device_name("boiler", {"plant-1", "B-2026-11"});
               },
               "RFC 5280 6.1.3(b)"},
        Stolen{"the_factory", idevid, [](Parts& p) { p.subject = device_name("heatpump", {"plant-1"}); },
               "RFC 5280 6.1.3(b)"},
        Stolen{"another_string_type", idevid,
               [](Parts& p) {
                 const auto at = std::ranges::search(p.subject, as_bytes("heatpump")).begin() - p.subject.begin();
                 p.subject[static_cast<std::size_t>(at) - 2] = der::tag::printable_string;
               },
               "RFC 5280 6.1.3(b)"},
        Stolen{"a_ca", idevid, [](Parts& p) { p.add(oids::basic_constraints, true, from_hex("30030101ff").value()); },
               "RFC 5280 6.1.4(k)"},
        Stolen{"key_cert_sign", idevid,
               [](Parts& p) { p[oids::key_usage].value = testing::bits_value(key_usage::key_cert_sign); },
               "RFC 5280 4.2.1.3"},
        Stolen{"no_key_usage", idevid, [](Parts& p) { p.drop(oids::key_usage); }, "RFC 5280 4.2.1.3"},
        Stolen{"a_server", ldevid,
               [](Parts& p) { p[oids::extended_key_usage].value = testing::oids_value({oids::server_auth}); },
               "RFC 5280 4.2.1.12"},
        Stolen{"an_idevid_with_client_auth", idevid,
               [](Parts& p) { p.add(oids::extended_key_usage, false, testing::oids_value({oids::client_auth})); },
               "RFC 5280 4.2.1.12"},
        Stolen{"an_unknown_critical_extension", idevid,
               [](Parts& p) {
                 p.add(oid<1, 3, 6, 1, 4, 1, 99999, 1>, true, Bytes{0x05, 0x00});
               },
               "RFC 5280 6.1.5(f)"},
        Stolen{"a_constraint_of_its_own", idevid,
               [](Parts& p) {
                 p.add(oids::name_constraints, true, Parts{world().batch.der()}[oids::name_constraints].value);
               },
               "RFC 5280 4.2.1.10"},
        Stolen{"an_unconstrained_batch_ca", batch_ca, [](Parts& p) { p.drop(oids::name_constraints); },
               "RFC 5280 4.2.1.10"},
        Stolen{"a_batch_ca_with_the_factorys_constraint", batch_ca,
               [](Parts& p) {
                 p[oids::name_constraints].value = Parts{world().factory.der()}[oids::name_constraints].value;
               },
               "RFC 5280 4.2.1.10"},
        Stolen{"a_batch_ca_with_a_longer_path", batch_ca,
               [](Parts& p) { p[oids::basic_constraints].value = from_hex("30060101ff020101").value(); },
               "RFC 5280 6.1.4(k)"}),
    [](const auto& one) { return one.param.name; });

TEST_P(StolenKey, makes_nothing_that_the_verifier_takes) {
  Parts parts{world().certificate(GetParam().profile)};
  GetParam().change(parts);
  const auto& issuer = world().issuer_of(GetParam().profile);
  const auto forged = testing::sign(issuer.key, parts.tbs());
  expect_refused(verdict(forged, issuer.made, GetParam().profile), Code::scope, GetParam().check);
}

TEST(VerifyIssued, a_profile_that_the_issuer_does_not_make_is_out_of_scope) {
  Parts parts{world().certificate(ldevid)};
  parts.issuer = world().batch.made.issuer.name;
  parts[oids::authority_key_identifier].value =
      Parts{world().certificate(idevid)}[oids::authority_key_identifier].value;
  expect_refused(verdict(testing::sign(world().batch.key, parts.tbs()), world().batch.made, ldevid), Code::scope,
                 "profile");
}

// RFC 5280 §6.1.3(a)(2): both ends are inside.
TEST(VerifyIssued, validity_is_looked_at_to_the_millisecond) {
  const auto der = world().certificate(ldevid);
  const auto ms = std::chrono::milliseconds{1};
  const auto end = made_at() + std::chrono::days{30};
  const auto when = [&](Instant t) { return verdict(der, world().operational.made, ldevid, t); };
  EXPECT_TRUE(when(made_at()));
  EXPECT_TRUE(when(end));
  for (const auto outside : {made_at() - ms, end + ms, at("1970-01-01T00:00:00Z"), kNoEnd}) {
    expect_refused(when(outside), Code::credential_ended, "RFC 5280 6.1.3(a)(2)");
  }
  EXPECT_TRUE(verdict(world().certificate(idevid), world().batch.made, idevid, kNoEnd));
}

TEST(VerifyIssued, an_issuer_outside_its_own_validity_vouches_for_nothing) {
  Parts parts{world().batch.der()};
  parts.not_after = at("2026-11-25T00:00:00Z");
  const auto der = testing::sign(world().factory.key, parts.tbs());
  const auto ended = ca_certificate(der, batch_ca, {}).value();
  expect_refused(verdict(world().certificate(idevid), ended, idevid), Code::credential_ended, "RFC 5280 6.1.3(a)(2)");
}

TEST(CaCertificate, gives_what_the_ca_puts_into_others) {
  const auto& issuer = world().batch.made.issuer;
  EXPECT_EQ(issuer.profile, batch_ca);
  EXPECT_EQ(issuer.name, encode(testing::name_of("heatpump", {"plant-1", "B-2026-11"}, "batch")));
  EXPECT_EQ(issuer.key_id, key_id(world().batch.key.public_key().spki()));
  EXPECT_EQ(issuer.not_after, kNoEnd);
  EXPECT_EQ(issuer.scope_organization, "heatpump");
  EXPECT_EQ(issuer.scope_units, (std::vector<std::string>{"plant-1", "B-2026-11"}));
}

TEST(CaCertificate, refuses_what_is_no_ca_of_ours_or_of_another_profile) {
  const auto refused = [](BytesView der, ProfileId as, Code code) {
    const auto read = ca_certificate(der, as, {});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, code) << read.error().detail;
  };
  refused({}, batch_ca, Code::bad_request);
  refused(world().certificate(idevid), batch_ca, Code::bad_request);
  refused(world().batch.der(), factory_ca, Code::scope);
  refused(world().batch.der(), manufacturing_root, Code::scope);
  refused(world().manufacturing_root.der(), batch_ca, Code::scope);
  Parts parts{world().batch.der()};
  parts.drop(oids::subject_key_identifier);
  refused(testing::sign(world().factory.key, parts.tbs()), batch_ca, Code::bad_request);
  Parts unnamed{world().manufacturing_root.der()};
  unnamed.subject = encode({.organization = "x", .organizational_units = {}, .common_name = {}, .serial_number = {}});
  const auto type = std::ranges::search(unnamed.subject, oids::organization).begin();
  *(type + 2) = 0x07;  // a locality
  refused(testing::sign(world().manufacturing_root.key, unnamed.tbs()), manufacturing_root, Code::scope);
}

}  // namespace
}  // namespace birthmark::pki
