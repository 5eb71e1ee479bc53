// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

using test::hex;

// FIPS 180-4 examples "abc" and the empty message; RFC 4231 cases 1 and 2.
TEST(Hash, known_answers) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc")).get()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(BytesView{}).get()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(hash(HashAlgorithm::sha384, {as_bytes("abc")})),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(20, 0x0B), {as_bytes("Hi There")})),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac(HashAlgorithm::sha384, as_bytes("Jefe"), {as_bytes("what do ya want for nothing?")})),
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
}

TEST(Hash, parts_are_one_message) {
  const auto whole = sha256(as_bytes("abcdef"));
  EXPECT_EQ(sha256({as_bytes("abc"), as_bytes("def")}), whole);
  EXPECT_EQ(sha256({as_bytes(""), as_bytes("abcdef"), BytesView{}}), whole);
  EXPECT_NE(sha256({as_bytes("def"), as_bytes("abc")}), whole);
  EXPECT_EQ(hmac_sha256(as_bytes("k"), {as_bytes("abc"), as_bytes("def")}),
            hmac_sha256(as_bytes("k"), {as_bytes("abcdef")}));
}

TEST(Hash, one_algorithm_does_not_disturb_the_other) {
  const auto before = sha256(as_bytes("x"));
  static_cast<void>(hash(HashAlgorithm::sha384, {as_bytes("y")}));
  EXPECT_EQ(sha256(as_bytes("x")), before);
  EXPECT_EQ(hash(HashAlgorithm::sha256, {as_bytes("x")}), to_bytes(before.get()));
}

TEST(Hmac, an_empty_key_is_a_key_of_its_own) {
  const auto empty = hmac_sha256({}, {as_bytes("message")});
  static_cast<void>(hmac_sha256(as_bytes("other"), {as_bytes("message")}));
  EXPECT_EQ(hmac_sha256({}, {as_bytes("message")}), empty);
  EXPECT_EQ(hmac_sha256(Bytes(1, 0), {as_bytes("message")}), empty);  // FIPS 198-1: keys are padded with zeros
  EXPECT_NE(hmac_sha256(as_bytes("other"), {as_bytes("message")}), empty);
}

}  // namespace
}  // namespace birthmark::crypto
