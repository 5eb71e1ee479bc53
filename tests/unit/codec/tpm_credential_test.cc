// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_credential.h"

#include <gtest/gtest.h>

#include "support/inputs.h"

namespace birthmark::tpm {
namespace {

using test::hex;

TEST(TpmCredential, an_id_object_is_read_and_written) {
  const IdObject object{Bytes(32, 0xAA), Bytes(34, 0xBB)};
  const auto whole = write_sized(object);
  EXPECT_EQ(to_hex(whole).substr(0, 12), "00440020aaaa");
  EXPECT_EQ(read_id_object(whole), object);
  EXPECT_EQ(read_id_object_buffer(write(object)), object);
  test::each_truncation(whole, [](const Bytes& cut) { EXPECT_FALSE(read_id_object(cut)); });
  test::each_damage(whole, [](const Bytes& damaged) {
    if (const auto again = read_id_object(damaged)) {
      EXPECT_EQ(write_sized(*again), damaged);
    }
  });
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(read_id_object(longer));
}

TEST(TpmCredential, sizes_of_an_id_object_are_bounded) {
  for (const auto& object : {IdObject{Bytes(20, 1), Bytes(34, 1)}, IdObject{Bytes(33, 1), Bytes(34, 1)},
                             IdObject{{}, Bytes(34, 1)}, IdObject{Bytes(32, 1), Bytes(2, 1)},
                             IdObject{Bytes(32, 1), Bytes(67, 1)}, IdObject{Bytes(80, 1), Bytes(34, 1)}}) {
    const auto outcome = read_id_object(write_sized(object));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Code::bad_evidence);
  }
  EXPECT_TRUE(read_id_object(write_sized(IdObject{Bytes(64, 1), Bytes(66, 1)})));
  EXPECT_TRUE(read_id_object(write_sized(IdObject{Bytes(48, 1), Bytes(3, 1)})));
}

TEST(TpmCredential, an_encrypted_secret_is_bounded) {
  EXPECT_FALSE(read_encrypted_secret(hex("0000")));
  EXPECT_FALSE(read_encrypted_secret(hex("0001")));
  EXPECT_FALSE(read_encrypted_secret(hex("0001aabb")));
  EXPECT_FALSE(read_encrypted_secret(write_encrypted_secret(Bytes(385, 1))));
  const auto whole = write_encrypted_secret(Bytes(384, 1));
  const auto buffer = read_encrypted_secret(whole);
  ASSERT_TRUE(buffer);
  EXPECT_TRUE(equal(*buffer, Bytes(384, 1)));
}

TEST(TpmCredential, an_ecc_secret_is_a_point_of_the_curve_s_size) {
  const EccSecret secret{Bytes(32, 1), Bytes(31, 2)};
  EXPECT_EQ(read_ecc_secret(write(secret), Curve::p256), secret);
  EXPECT_FALSE(read_ecc_secret(write(EccSecret{Bytes(33, 1), Bytes(32, 2)}), Curve::p256));
  EXPECT_TRUE(read_ecc_secret(write(EccSecret{Bytes(48, 1), Bytes(48, 2)}), Curve::p384));
  EXPECT_FALSE(read_ecc_secret(write(EccSecret{{}, Bytes(32, 2)}), Curve::p256));
  auto longer = write(secret);
  longer.push_back(0);
  EXPECT_FALSE(read_ecc_secret(longer, Curve::p256));
  test::each_truncation(write(secret), [](const Bytes& cut) { EXPECT_FALSE(read_ecc_secret(cut, Curve::p256)); });
}

}  // namespace
}  // namespace birthmark::tpm
