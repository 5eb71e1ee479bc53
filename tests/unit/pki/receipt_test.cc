// SPDX-License-Identifier: Apache-2.0
#include "pki/receipt.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lifecycle/serial.h"
#include "support/wire_document.h"
#include "unit/pki/support.h"

namespace birthmark::pki {
namespace {

using testing::made_at;
using testing::Parts;
using testing::world;
using enum ProfileId;

const Octets<4> kKeyId{0x01, 0x02, 0x03, 0x04};

Bytes plain_tbs() {
  return build_tbs(world().operational.issuer(), world().request(ldevid)).value().der;
}
Receipt receipt(std::size_t signature_bytes = 70) {
  return {kKeyId, from_ms(1'795'428'000'123), Bytes(signature_bytes, 0x5A)};
}
void expect_not_registered(BytesView tbs) {
  const auto taken = take_receipt(tbs);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::not_registered) << taken.error().detail;
}

TEST(Receipt, comes_off_exactly_as_it_was_put_on) {
  for (const auto which : {idevid, ldevid}) {
    const auto tbs = build_tbs(world().issuer_of(which).issuer(), world().request(which)).value().der;
    const auto taken = take_receipt(append_receipt(tbs, receipt()).value()).value();
    EXPECT_EQ(taken.tbs_without_receipt, tbs);
    EXPECT_EQ(taken.receipt.key_id, kKeyId);
    EXPECT_EQ(taken.receipt.issued_at, receipt().issued_at);
    EXPECT_EQ(taken.receipt.signature, receipt().signature);
  }
}

RC_GTEST_PROP(Receipt, append_and_take_are_inverse, ()) {
  const auto ms = *rc::gen::inRange<std::int64_t>(0, to_ms(kNoEnd) + 1);
  const auto size = *rc::gen::inRange<std::size_t>(1, 73);
  const auto signature = *rc::gen::container<Bytes>(size, rc::gen::arbitrary<std::uint8_t>());
  const auto key = *rc::gen::container<Bytes>(4, rc::gen::arbitrary<std::uint8_t>());
  const auto url_size = *rc::gen::inRange<std::size_t>(1, 300);  // so that lengths change their own length
  auto issuer = world().operational.issuer();
  issuer.crl_url = "http://" + std::string(url_size, 'a');
  const auto tbs = build_tbs(issuer, world().request(ldevid)).value().der;
  const Receipt made{*octets<4>(key), from_ms(ms), signature};
  const auto with = append_receipt(tbs, made).value();
  const auto taken = take_receipt(with).value();
  RC_ASSERT(taken.tbs_without_receipt == tbs);
  RC_ASSERT(taken.receipt.key_id == made.key_id && taken.receipt.issued_at == made.issued_at &&
            taken.receipt.signature == made.signature);
  RC_ASSERT(append_receipt(taken.tbs_without_receipt, taken.receipt).value() == with);
}

// The registry's signature covers everything but itself: no byte can change unseen.
TEST(Receipt, each_flipped_byte_is_refused_or_is_another_message) {
  const auto good = testing::with_receipt(plain_tbs(), world().registry);
  const auto& key = world().registry.public_key();
  const auto verifies = [&](const Receipted& taken) {
    const auto message = receipt_message(taken.tbs_without_receipt, taken.receipt.key_id, taken.receipt.issued_at);
    return equal(BytesView{key.spki_sha256().get()}.first(4), taken.receipt.key_id) &&
           key.verify(crypto::SignatureScheme::ecdsa_sha256, message, taken.receipt.signature);
  };
  ASSERT_TRUE(verifies(take_receipt(good).value()));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const unsigned bit : {0x01U, 0x80U}) {
      auto bad = good;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ bit);
      const auto taken = take_receipt(bad);
      EXPECT_FALSE(taken && verifies(*taken)) << at;
    }
  }
}

TEST(Receipt, every_truncation_and_a_byte_more_are_not_registered) {
  const auto good = append_receipt(plain_tbs(), receipt()).value();
  for (std::size_t size = 0; size < good.size(); ++size) {
    expect_not_registered(BytesView{good}.first(size));
  }
  auto longer = good;
  longer.push_back(0);
  expect_not_registered(longer);
}

/// A certificate's parts with a receipt as the last extension, to be spoilt.
Parts spoilable() {
  return Parts{assemble(append_receipt(plain_tbs(), receipt()).value(), from_hex("3006020101020101").value())};
}

TEST(Receipt, the_parts_that_the_tests_below_spoil_are_good) {
  EXPECT_EQ(spoilable().tbs(), append_receipt(plain_tbs(), receipt()).value());
}

TEST(Receipt, none_is_not_registered) {
  expect_not_registered(plain_tbs());
  auto parts = spoilable();
  parts.extensions.clear();
  expect_not_registered(parts.tbs());
}

TEST(Receipt, not_last_is_not_registered) {
  auto parts = spoilable();
  std::swap(parts.extensions.back(), parts.extensions.front());
  expect_not_registered(parts.tbs());
  parts = spoilable();
  parts.extensions.push_back({to_bytes(oids::extended_key_usage), false, testing::oids_value({oids::client_auth})});
  expect_not_registered(parts.tbs());
}

TEST(Receipt, critical_is_not_registered) {
  auto parts = spoilable();
  parts.extensions.back().critical = true;
  expect_not_registered(parts.tbs());
}

TEST(Receipt, twice_is_not_registered) {
  auto parts = spoilable();
  parts.extensions.push_back(parts.extensions.back());
  expect_not_registered(parts.tbs());
  parts.extensions.back().value[5] ^= 1;  // nor two that differ
  expect_not_registered(parts.tbs());
  parts = spoilable();
  parts.extensions.insert(parts.extensions.begin(), parts.extensions.back());
  expect_not_registered(parts.tbs());
}

TEST(Receipt, of_another_version_length_or_time_is_not_registered) {
  const auto refused = [](auto&& spoil) {
    auto parts = spoilable();
    spoil(parts.extensions.back().value);
    expect_not_registered(parts.tbs());
  };
  refused([](Bytes& value) { value[0] = 0; });
  refused([](Bytes& value) { value[0] = 2; });
  refused([](Bytes& value) { value.clear(); });
  refused([](Bytes& value) { value.resize(13); });       // no signature
  refused([](Bytes& value) { value.resize(13 + 73); });  // longer than any P-256 signature
  refused([](Bytes& value) { value[5] = 0x80; });        // negative, or far beyond the year 9999
  refused([](Bytes& value) { value[7] = 0xE7; });        // beyond the year 9999
}

TEST(Receipt, what_could_not_be_taken_off_is_not_put_on) {
  const auto refused = [](BytesView tbs, const Receipt& bad) {
    const auto made = append_receipt(tbs, bad);
    return !made && made.error().code == Code::bad_request;
  };
  EXPECT_TRUE(refused(append_receipt(plain_tbs(), receipt()).value(), receipt()));  // a second one
  EXPECT_TRUE(refused(plain_tbs(), receipt(0)));
  EXPECT_TRUE(refused(plain_tbs(), receipt(73)));
  EXPECT_TRUE(refused(plain_tbs(), {kKeyId, from_ms(-1), Bytes(70, 1)}));
  EXPECT_TRUE(refused(plain_tbs(), {kKeyId, kNoEnd + std::chrono::milliseconds{1}, Bytes(70, 1)}));
  auto parts = spoilable();
  parts.extensions.clear();
  EXPECT_TRUE(refused(parts.tbs(), receipt()));  // no extensions field
  EXPECT_TRUE(refused({}, receipt()));
  EXPECT_TRUE(refused(from_hex("30020500").value(), receipt()));
}

// --- the worked vector of docs/wire/certificates.md ---

std::string in_document(const std::string& name) {
  return test::in_document("certificates.md", name);
}

// The to-be-signed bytes are shortened to version, serial and one extension: the layout does not depend on the rest.
TEST(ReceiptVector, the_document_shows_what_the_code_makes) {
  const auto tbs = from_hex(in_document("Without a receipt")).value();
  const auto key = crypto::PublicKey::from_spki(from_hex(in_document("Key of the registry")).value()).value();
  const auto signature = from_hex(in_document("Signature")).value();
  const Receipt made{*octets<4>(BytesView{key.spki_sha256().get()}.first(4)), testing::at("2026-11-23T10:00:00.123Z"),
                     signature};
  const auto message = receipt_message(tbs, made.key_id, made.issued_at);
  EXPECT_EQ(to_hex(message), in_document("Message"));
  EXPECT_TRUE(key.verify(crypto::SignatureScheme::ecdsa_sha256, message, signature));
  const auto with = append_receipt(tbs, made).value();
  EXPECT_EQ(to_hex(with), in_document("With the receipt"));
  EXPECT_EQ(to_hex(BytesView{with}.last(13 + signature.size())), in_document("Value of the extension"));
}

// The other values that the page shows.
TEST(CertificateVectors, the_document_shows_what_the_code_makes) {
  EXPECT_EQ(to_hex(arc::kRoot), in_document("Arc"));
  const auto serial =
      lifecycle::make_serial(0x00012345, {0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA});
  EXPECT_EQ(to_hex(serial.get()), in_document("Serial"));
  auto request = world().request(ldevid);
  auto& device = request.subject.device.value();
  device.appraised_at = testing::at("2026-11-23T10:00:00.999Z");
  device.policies = {{arc::software_root.begin(), arc::software_root.end()},
                     {arc::simulated_root.begin(), arc::simulated_root.end()}};
  const auto tbs = to_hex(build_tbs(world().operational.issuer(), request).value().der);
  for (const auto* const shown : {"Appraised at", "Policies of a software device"}) {
    EXPECT_NE(tbs.find(in_document(shown)), std::string::npos) << shown;
  }
}

}  // namespace
}  // namespace birthmark::pki
