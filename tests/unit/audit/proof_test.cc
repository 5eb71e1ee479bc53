// SPDX-License-Identifier: Apache-2.0
#include "audit/proof.h"

#include <gtest/gtest.h>

#include "codec/base64.h"
#include "memory_log.h"

namespace birthmark::audit {
namespace {

using testing::must;
using testing::sample_bytes;

class Proof : public ::testing::Test {
 protected:
  testing::Keys keys;
  testing::MemoryLog log;

  void SetUp() override { log.grow(300, keys); }
  LogProof proof_of(std::uint64_t index) const {
    return {index, {}, must(prove_inclusion(index, 300, log.hashes().reader())), log.note};
  }
};

TEST_F(Proof, every_entry_has_one_that_stands_alone) {
  const auto vkey = keys.log.verifier.write();
  for (std::uint64_t i = 0; i < 300; ++i) {
    const auto text = must(write_proof(proof_of(i)));
    EXPECT_EQ(must(read_proof(text)), proof_of(i));
    EXPECT_EQ(must(verify_proof(text, sample_bytes(i), vkey)).checkpoint, log.head());
    EXPECT_EQ(must(verify_proof(proof_of(i), sample_bytes(i), keys.trust())).cosignatures.size(), 1U);
    EXPECT_FALSE(verify_proof(text, sample_bytes(i + 1), vkey));
  }
}

TEST_F(Proof, text_is_that_of_the_specification) {
  auto proof = proof_of(5);
  proof.path.resize(1);
  const auto hash = base64::encode(proof.path[0].get());
  EXPECT_EQ(must(write_proof(proof)), "c2sp.org/tlog-proof@v1\nindex 5\n" + hash + "\n\n" + log.note);
  proof.extra = {1, 2, 3};
  proof.path.clear();
  EXPECT_EQ(must(write_proof(proof)), "c2sp.org/tlog-proof@v1\nextra AQID\nindex 5\n\n" + log.note);
}

TEST_F(Proof, a_log_of_one_entry_needs_no_path) {
  testing::MemoryLog one;
  one.grow(1, keys);
  const auto text = must(write_proof({0, {}, {}, one.note}));
  EXPECT_TRUE(verify_proof(text, sample_bytes(0), keys.log.verifier.write()));
}

TEST_F(Proof, extra_data_is_kept_and_proves_nothing) {
  auto proof = proof_of(7);
  proof.extra = Bytes(kProofExtraMaxBytes, 0xA5);
  const auto text = must(write_proof(proof));
  EXPECT_EQ(must(read_proof(text)), proof);
  EXPECT_TRUE(verify_proof(text, sample_bytes(7), keys.log.verifier.write()));
}

TEST_F(Proof, every_single_byte_change_is_refused) {
  const auto good = must(write_proof(proof_of(123)));
  const auto entry = sample_bytes(123);
  const auto verdict = [&](const std::string& text) -> bool {
    const auto proof = read_proof(text);
    return proof && verify_proof(*proof, entry, keys.trust());
  };
  ASSERT_TRUE(verdict(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int change : {0x01, 0x10, 0x20, 0x80}) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ change);
      EXPECT_FALSE(verdict(bad)) << i << " " << change;
    }
    EXPECT_FALSE(verdict(good.substr(0, i))) << i;
    EXPECT_FALSE(verdict(good.substr(0, i) + good.substr(i + 1))) << i;
    EXPECT_FALSE(verdict(good.substr(0, i) + "\n" + good.substr(i))) << i;
  }
  EXPECT_FALSE(verdict(good + "\n"));
}

TEST_F(Proof, malformed_texts_are_refused) {
  const std::string first = "c2sp.org/tlog-proof@v1\n";
  const auto hash = base64::encode(Bytes(32)) + "\n";
  const auto tail = "\n" + log.note;
  ASSERT_TRUE(read_proof(first + "index 0\n" + hash + tail)) << "the base of the table";
  std::string long_path;
  for (std::size_t i = 0; i <= kProofPathMax; ++i) {
    long_path += hash;
  }
  for (const auto& bad : std::vector<std::string>{
           "",
           first,
           "c2sp.org/tlog-proof@v2\nindex 0\n" + tail,
           "c2sp.org/tlog-proof@v1\r\nindex 0\n" + tail,
           "\n" + first + "index 0\n" + tail,
           first + tail,
           first + "index\n" + tail,
           first + "index \n" + tail,
           first + "index 00\n" + tail,
           first + "index 01\n" + tail,
           first + "index -1\n" + tail,
           first + "index 9223372036854775808\n" + tail,
           first + "index  0\n" + tail,
           first + "index 0 \n" + tail,
           first + "Index 0\n" + tail,
           first + "index 0\nindex 0\n" + tail,
           first + "index 0\nextra AQID\n" + tail,
           first + "extra AQID\nextra AQID\nindex 0\n" + tail,
           first + "extra\nindex 0\n" + tail,
           first + "extra \nindex 0\n" + tail,
           first + "extra AQI\nindex 0\n" + tail,
           first + "extra AQJ=\nindex 0\n" + tail,
           first + "index 0\n" + hash,
           first + "index 0\n" + base64::encode(Bytes(31)) + "\n" + tail,
           first + "index 0\n" + base64::encode(Bytes(33)) + "\n" + tail,
           first + "index 0\n " + hash + tail,
           first + "index 0\n" + long_path + tail,
           first + "index 0\n" + hash + "\n",
           first + "index 0\n" + hash + "\n\n" + log.note,
           first + "index 0\n" + hash + log.note,
       }) {
    EXPECT_FALSE(read_proof(bad)) << bad.substr(0, 200);
  }
  EXPECT_FALSE(read_proof(std::string(10'000'000, 'x')));
}

TEST_F(Proof, what_cannot_be_read_is_not_written) {
  auto proof = proof_of(0);
  proof.index = std::uint64_t{1} << 63;
  EXPECT_FALSE(write_proof(proof));
  proof = proof_of(0);
  proof.path.assign(kProofPathMax + 1, Digest{});
  EXPECT_FALSE(write_proof(proof));
  proof = proof_of(0);
  proof.extra = Bytes(kProofExtraMaxBytes + 1);
  EXPECT_FALSE(write_proof(proof));
  proof = proof_of(0);
  proof.checkpoint = "words";
  EXPECT_FALSE(write_proof(proof));
}

TEST_F(Proof, another_logs_key_or_position_is_refused) {
  const testing::Keys others;
  EXPECT_FALSE(verify_proof(proof_of(3), sample_bytes(3), others.trust()));
  auto moved = proof_of(3);
  moved.index = 4;
  EXPECT_FALSE(verify_proof(moved, sample_bytes(3), keys.trust()));
  EXPECT_FALSE(verify_proof(must(write_proof(proof_of(3))), sample_bytes(3), "no vkey"));
}

}  // namespace
}  // namespace birthmark::audit
