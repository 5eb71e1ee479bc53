// SPDX-License-Identifier: Apache-2.0
#include "codec/cms_signed.h"

#include <gtest/gtest.h>
#include <openssl/cms.h>

#include <algorithm>

#include "codec/oid.h"
#include "support/inputs.h"

namespace birthmark::cms {
namespace {

const Bytes kContent(54, 0x15), kKeyId(20, 0x62), kSignature{0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};

Bytes whole() {
  return write_signed_content({kContent, kKeyId, kSignature});
}

TEST(SignedContent, what_is_written_is_read_again) {
  const auto der = whole();
  const auto read = read_signed_content(der);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_TRUE(equal(read->content, kContent));
  EXPECT_TRUE(equal(read->key_id, kKeyId));
  EXPECT_TRUE(equal(read->signature, kSignature));
}

TEST(SignedContent, openssl_reads_what_is_written) {
  const auto der = whole();
  const auto* cursor = der.data();
  CMS_ContentInfo* const info = d2i_CMS_ContentInfo(nullptr, &cursor, static_cast<long>(der.size()));
  ASSERT_NE(info, nullptr);
  auto* const signers = CMS_get0_SignerInfos(info);
  ASSERT_NE(signers, nullptr);
  EXPECT_EQ(sk_CMS_SignerInfo_num(signers), 1);
  EXPECT_EQ(ASN1_STRING_length(*CMS_get0_content(info)), static_cast<int>(kContent.size()));
  CMS_ContentInfo_free(info);
}

TEST(SignedContent, every_truncation_and_every_byte_behind_is_refused) {
  const auto der = whole();
  test::each_truncation(der, [](const Bytes& part) { EXPECT_FALSE(read_signed_content(part)) << part.size(); });
  auto longer = der;
  longer.push_back(0);
  EXPECT_FALSE(read_signed_content(longer));
}

TEST(SignedContent, what_survives_damage_is_written_as_it_stands) {
  test::each_damage(whole(), [](const Bytes& damaged) {
    if (const auto read = read_signed_content(damaged)) {
      EXPECT_EQ(write_signed_content(*read), damaged);
    }
  });
}

/// The first place of some octets exchanged for others of the same number.
Bytes exchanged(BytesView from, BytesView to) {
  auto der = whole();
  const auto found = std::ranges::search(der, from);
  EXPECT_FALSE(found.empty());
  std::ranges::copy(to, found.begin());
  return der;
}

TEST(SignedContent, other_algorithms_and_contents_are_refused) {
  constexpr auto kSha384 = oid<2, 16, 840, 1, 101, 3, 4, 2, 2>;
  constexpr auto kEnveloped = oid<1, 2, 840, 113549, 1, 7, 3>;
  EXPECT_FALSE(read_signed_content(exchanged(oids::sha256, kSha384)));
  EXPECT_FALSE(read_signed_content(exchanged(oids::data, kEnveloped)));
  EXPECT_FALSE(read_signed_content(exchanged(oids::signed_data, kEnveloped)));
  EXPECT_FALSE(read_signed_content(exchanged(oids::ecdsa_with_sha256, oids::ecdsa_with_sha384)));
}

TEST(SignedContent, a_key_identifier_has_1_to_64_octets) {
  EXPECT_TRUE(read_signed_content(write_signed_content({kContent, Bytes(64, 1), kSignature})));
  EXPECT_FALSE(read_signed_content(write_signed_content({kContent, Bytes(65, 1), kSignature})));
  EXPECT_FALSE(read_signed_content(write_signed_content({kContent, {}, kSignature})));
  EXPECT_FALSE(read_signed_content(Bytes(kSignedMaxBytes + 1, 0x30)));
}

}  // namespace
}  // namespace birthmark::cms
