// SPDX-License-Identifier: Apache-2.0
#include "codec/psa_token.h"

#include <gtest/gtest.h>

#include <functional>

#include "codec/cbor.h"
#include "support/diagnostic.h"
#include "support/inputs.h"

namespace birthmark::psa {
namespace {

SoftwareComponent component(std::string type, std::uint8_t octet) {
  return {.type = std::move(type), .measurement = Bytes(32, octet), .version = "1.2", .signer_id = Bytes(32, 4)};
}

Claims full(Profile profile = Profile::rfc9783) {
  Claims out{.profile = profile, .nonce = Bytes(32, 1), .components = {component("BL", 2), component("", 3)}};
  out.instance_id.fill(5);
  out.instance_id[0] = 0x01;
  out.client_id = -1;
  out.lifecycle = 0x3000;
  out.implementation_id.fill(6);
  out.boot_seed = Bytes(32, 7);
  out.certification_reference = "1234567890123-12345";
  out.components[0].description = "sha-256";
  out.verification_service = "https://psa-verifier.example";
  return out;
}

TEST(PsaToken, reads_what_it_wrote) {
  for (const auto profile : {Profile::rfc9783, Profile::arm_2, Profile::iot_1}) {
    const auto claims = full(profile);
    const auto written = write(claims);
    const auto read = read_claims(written, Profiles::legacy_too);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(*read, claims) << name(profile);
    cbor::Reader deterministic{written};
    EXPECT_TRUE(deterministic.skip() && deterministic.finish()) << name(profile);
  }
}

TEST(PsaToken, older_profiles_only_where_they_are_asked_for) {
  EXPECT_TRUE(read_claims(write(full())));
  for (const auto profile : {Profile::arm_2, Profile::iot_1}) {
    const auto read = read_claims(write(full(profile)));
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().detail.find("older"), std::string::npos) << read.error().detail;
  }
  EXPECT_FALSE(read_claims(Bytes{0xA0}));
}

TEST(PsaToken, the_first_profile_may_say_that_nothing_was_measured) {
  auto claims = full(Profile::iot_1);
  claims.components.clear();
  const auto read = read_claims(write(claims), Profiles::legacy_too);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read, claims);
  auto modern = full();
  modern.components.clear();
  EXPECT_FALSE(read_claims(write(modern)));
}

struct Change {
  const char* name;
  std::function<void(Claims&)> make;
};
class RefusedClaims : public testing::TestWithParam<Change> {};

TEST_P(RefusedClaims, are_bad_evidence) {
  auto claims = full();
  GetParam().make(claims);
  const auto read = read_claims(write(claims));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::bad_evidence);
}

// attestation.md §2.1, RFC 9783 §4.
INSTANTIATE_TEST_SUITE_P(
    Tables, RefusedClaims,
    testing::Values(Change{"nonce_31", [](Claims& c) { c.nonce.pop_back(); }},
                    Change{"nonce_33", [](Claims& c) { c.nonce.push_back(0); }},
                    Change{"nonce_empty", [](Claims& c) { c.nonce.clear(); }},
                    Change{"nonce_65", [](Claims& c) { c.nonce.resize(65); }},
                    Change{"ueid_of_another_type", [](Claims& c) { c.instance_id[0] = 0x02; }},
                    Change{"client_id_0", [](Claims& c) { c.client_id = 0; }},
                    Change{"lifecycle_between", [](Claims& c) { c.lifecycle = 0x0100; }},
                    Change{"lifecycle_3100", [](Claims& c) { c.lifecycle = 0x3100; }},
                    Change{"lifecycle_6100", [](Claims& c) { c.lifecycle = 0x6100; }},
                    Change{"lifecycle_7000", [](Claims& c) { c.lifecycle = 0x7000; }},
                    Change{"lifecycle_ffff", [](Claims& c) { c.lifecycle = 0xFFFF; }},
                    Change{"boot_seed_7", [](Claims& c) { c.boot_seed = Bytes(7, 0); }},
                    Change{"boot_seed_33", [](Claims& c) { c.boot_seed = Bytes(33, 0); }},
                    Change{"reference_short", [](Claims& c) { c.certification_reference = "1234567890123"; }},
                    Change{"reference_letters", [](Claims& c) { c.certification_reference = "a234567890123-12345"; }},
                    Change{"reference_no_hyphen", [](Claims& c) { c.certification_reference = "1234567890123 12345"; }},
                    Change{"reference_long", [](Claims& c) { c.certification_reference = "1234567890123-123456"; }},
                    Change{"measurement_31", [](Claims& c) { c.components[0].measurement.pop_back(); }},
                    Change{"measurement_empty", [](Claims& c) { c.components[0].measurement.clear(); }},
                    Change{"signer_id_33", [](Claims& c) { c.components[0].signer_id.push_back(0); }},
                    Change{"type_of_300", [](Claims& c) { c.components[0].type = std::string(300, 'x'); }},
                    Change{"components_65", [](Claims& c) { c.components.resize(65, component("x", 1)); }},
                    Change{"service_empty", [](Claims& c) { c.verification_service = ""; }},
                    Change{"service_of_300", [](Claims& c) { c.verification_service = std::string(300, 'x'); }}),
    [](const auto& change) { return std::string{change.param.name}; });

TEST(PsaToken, sizes_that_are_taken) {
  for (const std::size_t size : {32U, 48U, 64U}) {
    auto claims = full();
    claims.nonce = Bytes(size, 9);
    claims.components[0].measurement = Bytes(size, 9);
    claims.components[0].signer_id = Bytes(size, 9);
    EXPECT_TRUE(read_claims(write(claims))) << size;
  }
  for (const int lifecycle : {0x0000, 0x00FF, 0x1000, 0x20FF, 0x3000, 0x30FF, 0x4001, 0x5000, 0x60FF}) {
    auto claims = full();
    claims.lifecycle = static_cast<std::uint16_t>(lifecycle);
    EXPECT_TRUE(read_claims(write(claims))) << lifecycle;
  }
  for (const std::int32_t client : {1, -1, 2147483647, -2147483647 - 1}) {
    auto claims = full();
    claims.client_id = client;
    EXPECT_EQ(read_claims(write(claims))->client_id, client);
  }
}

/// The claims of a token as text; each can be left out or said in another way.
std::string text_of(const std::string& key = "", const std::string& value = "") {
  const std::pair<std::string, std::string> claims[]{
      {"265", "\"tag:psacertified.org,2023:psa#tfm\""},
      {"10", "h'" + std::string(64, '1') + "'"},
      {"256", "h'01" + std::string(64, '2') + "'"},
      {"2394", "1"},
      {"2395", "12288"},
      {"2396", "h'" + std::string(64, '3') + "'"},
      {"2399", "[{2: h'" + std::string(64, '4') + "', 5: h'" + std::string(64, '5') + "'}]"}};
  std::string out = "{";
  for (const auto& [own, usual] : claims) {
    const auto& said = own == key ? value : usual;
    out += said.empty() ? "" : own + ": " + said + ", ";
  }
  return out + "}";
}
bool taken(const std::string& text) {
  const auto bytes = test::from_diagnostic(text);
  EXPECT_TRUE(bytes) << text;
  return bytes && read_claims(*bytes).has_value();
}

TEST(PsaToken, each_claim_that_must_be_there) {
  EXPECT_TRUE(taken(text_of()));
  for (const char* const key : {"265", "10", "256", "2394", "2395", "2396", "2399"}) {
    EXPECT_FALSE(taken(text_of(key, ""))) << key;
  }
}

TEST(PsaToken, other_types) {
  const std::string nonce = "h'" + std::string(64, '1') + "'";
  EXPECT_FALSE(taken(text_of("10", "[" + nonce + "]"))) << "a nonce is never an array";
  EXPECT_FALSE(taken(text_of("10", "[" + nonce + ", " + nonce + "]")));
  EXPECT_FALSE(taken(text_of("10", "\"" + std::string(32, '1') + "\"")));
  EXPECT_FALSE(taken(text_of("256", "h'01'")));
  EXPECT_FALSE(taken(text_of("2394", "2147483648")));
  EXPECT_FALSE(taken(text_of("2394", "-2147483649")));
  EXPECT_FALSE(taken(text_of("2394", "\"1\"")));
  EXPECT_FALSE(taken(text_of("2395", "-1")));
  EXPECT_FALSE(taken(text_of("2395", "h'3000'")));
  EXPECT_FALSE(taken(text_of("2395", "78336"))) << "0x13000";
  EXPECT_FALSE(taken(text_of("2396", "h'00'")));
  EXPECT_FALSE(taken(text_of("2399", "[]")));
  EXPECT_FALSE(taken(text_of("2399", "{}")));
  EXPECT_FALSE(taken(text_of("2399", "1")));
  EXPECT_FALSE(taken(text_of("265", "\"PSA_IOT_PROFILE_1\"")));
  EXPECT_FALSE(taken(text_of("265", "\"tag:psacertified.org,2023:psa#TFM\"")));
  EXPECT_FALSE(taken(text_of("265", "h'00'")));
  EXPECT_FALSE(taken("[" + text_of() + "]"));
  EXPECT_FALSE(taken("1(" + text_of() + ")"));
}

TEST(PsaToken, unknown_claims_are_passed_over) {
  EXPECT_TRUE(taken("{99: {1: [null]}, -5: 1, \"text\": true, h'00': 0, " + text_of().substr(1)));
  EXPECT_TRUE(taken("{0: 0, 2397: h'00', 2401: \"x\", -75001: 0, " + text_of().substr(1)));
  EXPECT_TRUE(taken(text_of("2399", "[{2: h'" + std::string(64, '4') + "', 5: h'" + std::string(64, '5') +
                                        "', 3: 0, 7: [1], \"x\": 2, -1: 3}]")));
}

TEST(PsaToken, two_profiles_are_none) {
  EXPECT_FALSE(taken("{-75000: \"PSA_IOT_PROFILE_1\", " + text_of().substr(1)));
  const auto bytes = test::from_diagnostic("{-75000: \"http://arm.com/psa/2.0.0\"}");
  EXPECT_FALSE(read_claims(*bytes, Profiles::legacy_too));
}

TEST(PsaToken, a_claim_that_stands_twice_is_refused) {
  EXPECT_FALSE(taken("{2395: 12288, " + text_of().substr(1)));
  EXPECT_FALSE(taken("{99: 1, 99: 1, " + text_of().substr(1)));
  // 2395 in a longer head.
  auto bytes = test::from_diagnostic(text_of()).value();
  bytes[0] = static_cast<std::uint8_t>(bytes[0] + 1);
  append(bytes, test::hex("1a0000095b 193000"));
  EXPECT_FALSE(read_claims(bytes));
}

TEST(PsaToken, damage_never_reads_as_the_same) {
  const auto whole = write(full());
  const auto original = read_claims(whole).value();
  test::each_truncation(whole, [](const Bytes& cut) { EXPECT_FALSE(read_claims(cut)); });
  auto longer = whole;
  longer.push_back(0xA0);
  EXPECT_FALSE(read_claims(longer));
  test::each_damage(whole, [&](const Bytes& damaged) {
    if (const auto read = read_claims(damaged); read && damaged != whole) {
      // What is not known, a damaged optional claim among it, is passed over; then something is missing.
      EXPECT_FALSE(*read == original) << to_hex(damaged);
    }
  });
}

}  // namespace
}  // namespace birthmark::psa
