// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/device_id.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <string>

namespace birthmark::lifecycle {
namespace {

template <class S>
S filled(std::uint8_t octet) {
  Octets<32> out;
  out.fill(octet);
  return S{out};
}
Bytes counting(std::size_t size) {
  Bytes out(size);
  std::iota(out.begin(), out.end(), std::uint8_t{0});
  return out;
}

// The expected digests were made with Python's hashlib over CBOR heads written by hand (RFC 8949 §4.2.1).
TEST(DeviceIdentity, is_the_digest_of_the_array_of_the_design) {  // design §2
  const std::array<std::pair<RootKind, std::string_view>, 5> expected{{
      {RootKind::tpm, "d72127962a4437c2cbee7bbf2baea960e9255eac6f8294d3485fcb2b6486e9b0"},
      {RootKind::psa, "f630615f32ea08585c88e2b5e02e16231974ce17c72a7230c698791e9c9fd237"},
      {RootKind::dice, "c27b20c0d73cb4abf9e12fd29965d5ca65c549c8386b2c3b582272a860ac6c70"},
      {RootKind::se, "dfe3f509ef6f71174da88d2a57ffaf6e40309131d5f1428becdbcf57d07e2805"},
      {RootKind::software, "800fe809d2060d937645b3db30c577f5bfde51fc0d1aca932a30a858d37e02e7"},
  }};
  for (const auto& [kind, digest] : expected) {
    EXPECT_EQ(to_hex(device_id(kind, counting(91)).get()), digest) << name(kind);
  }
}

TEST(DeviceIdentity, differs_for_every_bit_of_the_hardware) {
  const auto identity = counting(16);
  const auto original = device_id(RootKind::tpm, identity);
  for (std::size_t bit = 0; bit < identity.size() * 8; ++bit) {
    auto other = identity;
    other.at(bit / 8) ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_NE(device_id(RootKind::tpm, other), original);
  }
}

TEST(DeviceIdentity, of_a_secure_element_is_its_vendor_and_chip_apart) {
  EXPECT_EQ(to_hex(secure_element_identity(Bytes{1, 2, 3}, counting(30))),
            "8243010203581e000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d");
  EXPECT_NE(secure_element_identity(Bytes{1, 2}, Bytes{3}), secure_element_identity(Bytes{1}, Bytes{2, 3}));
}

TEST(Freshness, value_is_the_digest_of_the_array_of_the_design) {  // design §3
  const std::array<std::pair<Purpose, std::string_view>, 7> expected{{
      {Purpose::provision, "2b486bc7af7e7264944c85c9757d3fab5c9238d3602da85090958a54aecb1c80"},
      {Purpose::seal, "1088d56abadbf6da9eec61cbc429568d63a690b3cadf2da7b8bf89792e197592"},
      {Purpose::enroll, "538f79a8e5a401812d09021f14fb1f9de233a3da97f10bf904175254f8b4669f"},
      {Purpose::renew, "c8961c1e66d01318ec265b11a59ae78eccce7653be558e170b79b5dc35b23db5"},
      {Purpose::revalidate, "db3714e0f2cbbc959f90e6399fd882d55aaf7e5d327fff4df0f976e7a2336cc0"},
      {Purpose::routine, "91d828ce75222ed9725ea03f2898f51c59449a99c8690fcf20fa14cc15061cb1"},
      {Purpose::retire, "75d2f04d2c6e9a57bc8d0dc8544f28785c86d989ad5b10ce4baef01ed48d2948"},
  }};
  for (const auto& [purpose, digest] : expected) {
    EXPECT_EQ(to_hex(freshness_value(purpose, filled<Nonce>(0x11), filled<SessionId>(0x22), filled<DeviceId>(0x33),
                                     filled<Digest>(0x44))
                         .get()),
              digest)
        << name(purpose);
  }
}

TEST(Freshness, an_unknown_device_counts_as_zeros) {
  const auto value = freshness_value(Purpose::provision, filled<Nonce>(0x11), filled<SessionId>(0x22), std::nullopt,
                                     filled<Digest>(0x44));
  EXPECT_EQ(to_hex(value.get()), "864df20dd226e3b7a55730e6faefd63be5fb000d8fbb7bd4d4016eec197623a8");
}

TEST(Freshness, no_answer_serves_twice) {
  const auto value = [](Purpose p, std::uint8_t n, std::uint8_t s, std::uint8_t d, std::uint8_t k) {
    return freshness_value(p, filled<Nonce>(n), filled<SessionId>(s), filled<DeviceId>(d), filled<Digest>(k));
  };
  const std::set<Digest> values{value(Purpose::enroll, 1, 2, 3, 4), value(Purpose::renew, 1, 2, 3, 4),
                                value(Purpose::enroll, 9, 2, 3, 4), value(Purpose::enroll, 1, 9, 3, 4),
                                value(Purpose::enroll, 1, 2, 9, 4), value(Purpose::enroll, 1, 2, 3, 9),
                                value(Purpose::enroll, 2, 1, 3, 4), value(Purpose::enroll, 1, 2, 4, 3)};
  EXPECT_EQ(values.size(), 8U);
}

TEST(DeviceIdentity, names_lead_back_to_their_values) {
  for (const auto kind : kRootKinds) {
    EXPECT_EQ(root_kind_named(name(kind)), kind);
  }
  for (const auto purpose : kPurposes) {
    EXPECT_EQ(purpose_named(name(purpose)), purpose);
  }
  EXPECT_EQ(root_kind_named("TPM"), std::nullopt);
  EXPECT_EQ(root_kind_named("unknown"), std::nullopt);
  EXPECT_EQ(purpose_named(""), std::nullopt);
  EXPECT_EQ(purpose_named("unknown"), std::nullopt);
}

}  // namespace
}  // namespace birthmark::lifecycle
