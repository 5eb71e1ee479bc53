// SPDX-License-Identifier: Apache-2.0
#include "crypto/cose_signature.h"

#include <gtest/gtest.h>

#include <array>

#include "support/inputs.h"

namespace birthmark::crypto {
namespace {

constexpr std::array kAll{cose::Algorithm::es256, cose::Algorithm::es384, cose::Algorithm::es512,
                          cose::Algorithm::eddsa};
constexpr std::array kTypes{KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519};

TEST(CoseSignature, each_key_by_its_own_algorithm) {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    const auto key = PrivateKey::generate(kTypes[i]).value();
    EXPECT_EQ(cose_algorithm(kTypes[i]), kAll[i]);
    const auto whole = sign(key, {.payload = {1, 2, 3}}, Bytes{9}).value();
    const auto message = cose::read_sign1(whole).value();
    EXPECT_EQ(cose::algorithm_of(message, kAll), kAll[i]);
    for (const auto algorithm : kAll) {
      EXPECT_EQ(verify(key.public_key(), algorithm, message, Bytes{9}), algorithm == kAll[i]);
    }
    EXPECT_FALSE(verify(key.public_key(), kAll[i], message)) << "without what was signed beside it";
    EXPECT_FALSE(verify(key.public_key(), kAll[i], message, Bytes{8}));
    EXPECT_FALSE(verify(PrivateKey::generate(kTypes[i])->public_key(), kAll[i], message, Bytes{9}));
  }
  EXPECT_EQ(cose_algorithm(KeyType::rsa), std::nullopt);
}

TEST(CoseSignature, of_the_size_of_the_field_and_no_other) {
  for (const auto type : kTypes) {
    const auto key = PrivateKey::generate(type).value();
    const auto algorithm = cose_algorithm(type).value();
    const auto whole = sign(key, {.payload = {1, 2, 3}}).value();
    const auto message = cose::read_sign1(whole).value();
    const auto to_be_signed = cose::sig_structure(message);
    const auto good = to_bytes(message.signature);
    EXPECT_TRUE(verify_cose(key.public_key(), algorithm, to_be_signed, good));
    test::each_truncation(
        good, [&](const Bytes& cut) { EXPECT_FALSE(verify_cose(key.public_key(), algorithm, to_be_signed, cut)); });
    auto longer = good;
    longer.push_back(0);
    EXPECT_FALSE(verify_cose(key.public_key(), algorithm, to_be_signed, longer));
    EXPECT_FALSE(verify_cose(key.public_key(), algorithm, to_be_signed, Bytes(good.size(), 0)));
    for (std::size_t at = 0; at < good.size(); ++at) {
      auto damaged = good;
      damaged[at] ^= 0x10;
      EXPECT_FALSE(verify_cose(key.public_key(), algorithm, to_be_signed, damaged)) << at;
    }
  }
}

TEST(CoseSignature, keys) {
  for (const auto type : {KeyType::p256, KeyType::p384, KeyType::p521}) {
    const auto key = PrivateKey::generate(type)->public_key();
    const auto point = key.point().subspan(1);
    cose::Key said{.curve = type == KeyType::p256   ? cose::Curve::p256
                            : type == KeyType::p384 ? cose::Curve::p384
                                                    : cose::Curve::p521,
                   .x = point.first(point.size() / 2),
                   .y = point.subspan(point.size() / 2)};
    EXPECT_EQ(public_key(said).value(), key);
    said.y = said.x;
    EXPECT_EQ(public_key(said).error().code, Code::bad_request) << "not on the curve";
  }
  const auto okp = PrivateKey::generate(KeyType::ed25519)->public_key();
  EXPECT_EQ(public_key({.curve = cose::Curve::ed25519, .x = okp.point(), .y = {}}).value(), okp);
}

}  // namespace
}  // namespace birthmark::crypto
