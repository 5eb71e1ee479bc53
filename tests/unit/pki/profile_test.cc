// SPDX-License-Identifier: Apache-2.0
#include "pki/profile.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/bytes.h"
#include "support/wire_document.h"

namespace birthmark::pki {
namespace {

using enum ProfileId;

TEST(Profile, each_is_found_by_its_number_and_by_its_name_and_by_no_other) {
  std::set<std::string_view> names;
  for (const auto& row : all_profiles()) {
    EXPECT_EQ(profile(row.id).name, row.name);
    EXPECT_EQ(profile_named(row.name), row.id);
    EXPECT_TRUE(names.insert(row.name).second);
  }
  EXPECT_EQ(names.size(), 17U);
  for (const std::string_view none : {"", "IDEVID", "idevid ", "root", "ca"}) {
    EXPECT_FALSE(profile_named(none)) << none;
  }
}

TEST(Profile, a_root_is_what_may_sign_itself) {
  const std::set roots{manufacturing_root, operational_root, service_root, matter_paa};
  for (const auto& row : all_profiles()) {
    EXPECT_EQ(is_root(row.id), roots.contains(row.id)) << row.name;
  }
}

TEST(Profile, each_has_its_row_in_the_page_of_certificates) {
  const auto page = test::document("certificates.md");
  const std::map<Hierarchy, std::string> hierarchies{{Hierarchy::manufacturing, "manufacturing"},
                                                     {Hierarchy::operational, "operational"},
                                                     {Hierarchy::service, "service"},
                                                     {Hierarchy::matter, "matter"}};
  for (const auto& row : all_profiles()) {
    const auto line = "| `" + std::string{row.name} + "` | " + hierarchies.at(row.hierarchy) + " | ";
    EXPECT_NE(page.find(line), std::string::npos) << line;
  }
}

// Whoever changes a profile changes its hash: then this table says so, and intents of before are refused (AC-13).
TEST(Profile, hashes_are_as_they_were_and_differ) {
  const std::map<ProfileId, std::string> expected{
#include "profile_hashes.inc"
  };
  std::set<Digest> seen;
  for (const auto& row : all_profiles()) {
    const auto hash = to_hex(profile_hash(row).get());
    const auto before = expected.find(row.id);
    EXPECT_TRUE(before != expected.end() && before->second == hash)
        << "profile_hashes.inc: {" << row.name << ", \"" << hash << "\"},";
    EXPECT_TRUE(seen.insert(profile_hash(row)).second) << row.name;
    EXPECT_EQ(profile_hash(row.id), profile_hash(row)) << row.name;
  }
}

TEST(Profile, every_field_is_in_the_hash) {
  const auto original = profile(ldevid);
  const auto changed = [&](auto&& change) {
    auto copy = original;
    change(copy);
    return profile_hash(copy) != profile_hash(original);
  };
  EXPECT_TRUE(changed([](Profile& p) { p.name = "other"; }));
  EXPECT_TRUE(changed([](Profile& p) { p.hierarchy = Hierarchy::service; }));
  EXPECT_TRUE(changed([](Profile& p) { p.is_ca = true; }));
  EXPECT_TRUE(changed([](Profile& p) { p.path_length = std::uint8_t{0}; }));
  EXPECT_TRUE(changed([](Profile& p) { p.key_usage |= key_usage::crl_sign; }));
  EXPECT_TRUE(changed([](Profile& p) { p.extended_key_usages = {}; }));
  EXPECT_TRUE(changed([](Profile& p) { p.ends = Ends::never; }));
  EXPECT_TRUE(changed([](Profile& p) { p.lifetime += std::chrono::seconds{1}; }));
  EXPECT_TRUE(changed([](Profile& p) { p.device = false; }));
  EXPECT_TRUE(changed([](Profile& p) { p.receipt = false; }));
  EXPECT_TRUE(changed([](Profile& p) { p.appraised_at = false; }));
  EXPECT_TRUE(changed([](Profile& p) { p.name_constraint = true; }));
}

TEST(Profile, may_issue_is_these_pairs_and_no_other) {
  const std::set<std::pair<ProfileId, ProfileId>> allowed{
      {manufacturing_root, manufacturing_root},
      {manufacturing_root, product_line_ca},
      {product_line_ca, factory_ca},
      {factory_ca, batch_ca},
      // `init --scope` ends the chain after any level.
      {manufacturing_root, idevid},
      {product_line_ca, idevid},
      {factory_ca, idevid},
      {batch_ca, idevid},
      {operational_root, operational_root},
      {operational_root, operational_ca},
      {operational_ca, ldevid},
      {service_root, service_root},
      {service_root, service_ca},
      {service_ca, server},
      {service_ca, station},
      {service_ca, operator_person},
      {service_ca, gate},
      {matter_paa, matter_paa},
      {matter_paa, matter_pai},
      {matter_pai, matter_dac},
  };
  for (const auto& issuer : all_profiles()) {
    for (const auto& subject : all_profiles()) {
      const bool may = may_issue(issuer.id, subject.id);
      EXPECT_EQ(may, allowed.contains({issuer.id, subject.id})) << issuer.name << " -> " << subject.name;
      if (may) {
        EXPECT_TRUE(issuer.is_ca);
        EXPECT_EQ(issuer.hierarchy, subject.hierarchy);  // they never mix
      }
    }
  }
}

// A path ends where the profile says: no CA of ours has room for one more CA below what `may_issue` allows.
TEST(Profile, path_lengths_fit_the_chain) {
  for (const auto& issuer : all_profiles()) {
    for (const auto& subject : all_profiles()) {
      if (issuer.id == subject.id || !subject.is_ca || !may_issue(issuer.id, subject.id) || !issuer.path_length) {
        continue;
      }
      ASSERT_TRUE(subject.path_length) << subject.name;
      EXPECT_EQ(*issuer.path_length, *subject.path_length + 1) << issuer.name << " -> " << subject.name;
    }
  }
  EXPECT_EQ(profile(batch_ca).path_length, std::uint8_t{0});
  EXPECT_EQ(profile(operational_ca).path_length, std::uint8_t{0});
  EXPECT_EQ(profile(service_ca).path_length, std::uint8_t{0});
}

// 802.1AR-2018 §8.10, §8.7; design §2.
TEST(Profile, devices_never_sign_certificates_and_only_births_and_cas_have_no_end) {
  for (const auto& row : all_profiles()) {
    EXPECT_EQ((row.key_usage & key_usage::key_cert_sign) != 0, row.is_ca) << row.name;
    EXPECT_EQ(row.ends == Ends::never, row.is_ca || row.id == idevid || row.id == matter_dac) << row.name;
    EXPECT_EQ(row.receipt, row.device) << row.name;
    EXPECT_EQ(row.appraised_at, row.id == ldevid) << row.name;
  }
  EXPECT_TRUE(profile(idevid).extended_key_usages.empty());
  EXPECT_EQ(profile(ldevid).lifetime, std::chrono::days{30});
}

}  // namespace
}  // namespace birthmark::pki
