// SPDX-License-Identifier: Apache-2.0
#include "crypto/verify_table.h"

#include "crypto/key_impl.h"
#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

using test::generate;

TEST(VerifyTable, takes_no_point_that_is_not_on_the_curve) {
  auto point = to_bytes(generate(KeyType::p256).public_key().point());
  point.back() ^= 1;
  EXPECT_FALSE(VerifyTable::make(point));
  EXPECT_FALSE(VerifyTable::make({}));
}

TEST(TableWhenHot, verdicts_stay_when_a_key_gets_its_table) {
  const auto key = generate(KeyType::p256);
  const auto& half = key.public_key();
  const auto good = *key.sign(as_bytes("m"));
  for (unsigned i = 0; i < TableWhenHot::kUses + 4; ++i) {
    EXPECT_TRUE(half.verify(SignatureScheme::ecdsa_sha256, as_bytes("m"), good)) << i;
  }
  EXPECT_NE(half.impl().table.use(half.point()), nullptr);
  EXPECT_FALSE(half.verify(SignatureScheme::ecdsa_sha256, as_bytes("n"), good));
  EXPECT_FALSE(half.verify(SignatureScheme::ecdsa_sha384, as_bytes("m"), good));
}

}  // namespace
}  // namespace birthmark::crypto
