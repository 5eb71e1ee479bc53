// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_attest.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "support/inputs.h"

namespace birthmark::tpm {
namespace {

using test::hex;

const std::string kDigest(64, '1');
const std::string kName = "0022 000b" + kDigest;
const std::string kNonce = "0020" + kDigest;
const std::string kClock = "00000000000000ec 00000001 00000002 01 2019102300163636";
const std::string kHead = "ff544347 8017" + kName + kNonce + kClock;
const std::string kQuoteHead = "ff544347 8018" + kName + kNonce + kClock;
const std::string kPcrDigest = "0020" + kDigest;

struct Refused {
  const char* name;
  std::string hex;
};

class RefusedAttest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedAttest, is_bad_evidence) {
  const auto outcome = read_attest(hex(GetParam().hex));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::bad_evidence);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, RefusedAttest,
    testing::Values(
        Refused{"empty", ""}, Refused{"magic", "ff544348 8017" + kName + kNonce + kClock + kName + kName},
        Refused{"magic_zero", "00000000 8017" + kName + kNonce + kClock + kName + kName},
        Refused{"type_nv", "ff544347 8014" + kName + kNonce + kClock + kName + kName},
        Refused{"type_session_audit", "ff544347 8016" + kName + kNonce + kClock + kName + kName},
        Refused{"type_time", "ff544347 8019" + kName + kNonce + kClock + kName + kName},
        Refused{"type_zero", "ff544347 0000" + kName + kNonce + kClock + kName + kName},
        Refused{"signer_empty", "ff544347 8017 0000" + kNonce + kClock + kName + kName},
        Refused{"signer_is_handle", "ff544347 8017 0004 4000000b" + kNonce + kClock + kName + kName},
        Refused{"signer_sha1", "ff544347 8017 0016 0004" + std::string(40, '1') + kNonce + kClock + kName + kName},
        Refused{"signer_digest_short",
                "ff544347 8017 0021 000b" + std::string(62, '1') + kNonce + kClock + kName + kName},
        Refused{"signer_digest_of_other_size", "ff544347 8017 0022 000c" + kDigest + kNonce + kClock + kName + kName},
        Refused{"extra_data_65", "ff544347 8017" + kName + "0041" + std::string(130, '1') + kClock + kName + kName},
        Refused{"safe_2", "ff544347 8017" + kName + kNonce + "00000000000000ec 00000001 00000002 02 2019102300163636" +
                              kName + kName},
        Refused{"trailing", kHead + kName + kName + "00"}, Refused{"one_name_only", kHead + kName},
        Refused{"name_empty", kHead + "0000" + kName}, Refused{"name_is_handle", kHead + "0004 81010001" + kName},
        Refused{"quote_as_certify", kHead + "00000001 000b 03 8f0000" + kPcrDigest},
        Refused{"certify_as_quote", kQuoteHead + kName + kName},
        Refused{"certify_as_creation", "ff544347 801a" + kName + kNonce + kClock + kName + kName},
        Refused{"quote_sha1_bank", kQuoteHead + "00000001 0004 03 8f0000" + kPcrDigest},
        Refused{"quote_2_31_banks", kQuoteHead + "80000000 000b 03 8f0000" + kPcrDigest},
        Refused{"quote_four_banks",
                kQuoteHead + "00000004 000b 03 8f0000 000c 03 8f0000 000d 03 8f0000 000b 03 8f0000" + kPcrDigest},
        Refused{"quote_bank_twice", kQuoteHead + "00000002 000b 03 8f0000 000b 03 010000" + kPcrDigest},
        Refused{"quote_two_octets", kQuoteHead + "00000001 000b 02 8f00" + kPcrDigest},
        Refused{"quote_four_octets", kQuoteHead + "00000001 000b 04 8f000000" + kPcrDigest},
        Refused{"quote_sha1_digest", kQuoteHead + "00000001 000b 03 8f0000 0014" + std::string(40, '1')},
        Refused{"quote_digest_33", kQuoteHead + "00000001 000b 03 8f0000 0021" + kDigest + "11"},
        Refused{"quote_no_digest", kQuoteHead + "00000001 000b 03 8f0000 0000"}),
    [](const auto& refused) { return std::string{refused.param.name}; });

TEST(TpmAttest, reads_a_certify_statement) {
  const auto statement = read_attest(hex(kHead + kName + "0022 000b" + std::string(64, '2')));
  ASSERT_TRUE(statement) << statement.error().detail;
  EXPECT_EQ(statement->type(), AttestType::certify);
  EXPECT_EQ(to_hex(statement->extra_data), kDigest);
  EXPECT_EQ(statement->clock, (ClockInfo{0xEC, 1, 2, true}));
  EXPECT_EQ(statement->firmware_version, 0x2019102300163636u);
  ASSERT_NE(statement->certify(), nullptr);
  EXPECT_EQ(to_hex(statement->certify()->name), "000b" + kDigest);
  EXPECT_EQ(to_hex(statement->certify()->qualified_name), "000b" + std::string(64, '2'));
  EXPECT_EQ(statement->quote(), nullptr);
  EXPECT_EQ(statement->creation(), nullptr);
}

TEST(TpmAttest, selected_pcrs_are_bits) {
  const auto statement = read_attest(hex(kQuoteHead + "00000001 000b 03 8f0080" + kPcrDigest));
  ASSERT_TRUE(statement) << statement.error().detail;
  ASSERT_NE(statement->quote(), nullptr);
  EXPECT_EQ(statement->quote()->selection, (PcrSelection{{Hash::sha256, 0x80008F}}));
  EXPECT_EQ(statement->type(), AttestType::quote);
}

TEST(TpmAttest, extra_data_of_64_bytes_fits) {
  EXPECT_TRUE(read_attest(hex("ff544347 8017" + kName + "0040" + std::string(128, '1') + kClock + kName + kName)));
}

TEST(TpmCreation, reads_a_primary_and_a_child) {
  const auto primary = read_creation_data(hex("00000000" + kPcrDigest + "01 0010 0004 4000000b 0004 4000000b 0000"));
  ASSERT_TRUE(primary) << primary.error().detail;
  EXPECT_FALSE(primary->parent_name_hash);
  EXPECT_EQ(to_hex(primary->parent_name), "4000000b");
  EXPECT_EQ(primary->locality, 1);
  const auto child = read_creation_data(hex("00000000" + kPcrDigest + "01 000b" + kName + kName + "0001 aa"));
  ASSERT_TRUE(child) << child.error().detail;
  EXPECT_EQ(child->parent_name_hash, Hash::sha256);
  EXPECT_EQ(to_hex(child->outside_info), "aa");
}

TEST(TpmCreation, refuses_what_does_not_fit_together) {
  const auto name384 = "0032 000c" + std::string(96, '1');
  for (const auto& text :
       {std::string{}, "00000000" + kPcrDigest + "01 0010 0004 4000000b 0004 4000000b 0000 00",
        "00000000" + kPcrDigest + "01 000b 0004 4000000b 0004 4000000b 0000",
        "00000000" + kPcrDigest + "01 0010" + kName + kName + "0000",
        "00000000" + kPcrDigest + "01 0010 0004 4000000b" + kName + "0000",
        "00000000" + kPcrDigest + "01 0010 0000 0000 0000",
        "00000000" + kPcrDigest + "01 000b" + name384 + name384 + "0000",
        "00000000" + kPcrDigest + "01 000b" + kName + name384 + "0000",
        "00000000" + kPcrDigest + "01 0004" + kName + kName + "0000",
        std::string{"00000000 0000 01 0010 0004 4000000b 0004 4000000b 0000"},
        "00000000" + kPcrDigest + "01 0010 0004 4000000b 0004 4000000b 0041" + std::string(130, '0')}) {
    const auto outcome = read_creation_data(hex(text));
    ASSERT_FALSE(outcome) << text;
    EXPECT_EQ(outcome.error().code, Code::bad_evidence);
  }
}

TEST(TpmPcrSelection, is_read_alone_as_well) {
  const auto two = hex("00000002 000b 03 8f0000 000c 03 000000");
  EXPECT_EQ(read_pcr_selection(two), (PcrSelection{{Hash::sha256, 0x8F}, {Hash::sha384, 0}}));
  EXPECT_TRUE(read_pcr_selection(hex("00000000")));
  EXPECT_FALSE(read_pcr_selection(hex("0000000000")));
  test::each_truncation(two, [](const Bytes& cut) { EXPECT_FALSE(read_pcr_selection(cut)); });
}

Bytes any_digest() {
  return Bytes(*rc::gen::element<std::size_t>(32, 48, 64), *rc::gen::arbitrary<std::uint8_t>());
}

Bytes name_with(Hash hash) {
  Bytes out{0, static_cast<std::uint8_t>(hash)};
  append(out, Bytes(digest_size(hash), *rc::gen::arbitrary<std::uint8_t>()));
  return out;
}

Hash any_hash() {
  return *rc::gen::element(Hash::sha256, Hash::sha384, Hash::sha512);
}

PcrSelection any_selection() {
  PcrSelection out;
  for (const auto hash : {Hash::sha384, Hash::sha256, Hash::sha512}) {
    if (*rc::gen::arbitrary<bool>()) {
      out.push_back({hash, *rc::gen::inRange<std::uint32_t>(0, 1U << 24)});
    }
  }
  return out;
}

Bytes any_extra() {
  return Bytes(*rc::gen::inRange<std::size_t>(0, 65), *rc::gen::arbitrary<std::uint8_t>());
}

Attest any_attest() {
  Attest out;
  out.qualified_signer = name_with(any_hash());
  out.extra_data = any_extra();
  out.clock = {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint32_t>(),
               *rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<bool>()};
  out.firmware_version = *rc::gen::arbitrary<std::uint64_t>();
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      out.attested = CertifyInfo{name_with(any_hash()), name_with(any_hash())};
      break;
    case 1:
      out.attested = QuoteInfo{any_selection(), any_digest()};
      break;
    default:
      out.attested = CreationInfo{name_with(any_hash()), any_digest()};
      break;
  }
  return out;
}

CreationData any_creation_data() {
  CreationData out{any_selection(), any_digest(), *rc::gen::arbitrary<std::uint8_t>(), {}, {}, {}, any_extra()};
  if (*rc::gen::arbitrary<bool>()) {
    out.parent_name_hash = any_hash();
    out.parent_name = name_with(*out.parent_name_hash);
    out.parent_qualified_name = name_with(*out.parent_name_hash);
  } else {
    out.parent_name = out.parent_qualified_name = {0x40, 0, 0, 0x0B};
  }
  return out;
}

RC_GTEST_PROP(TpmAttestLaws, what_is_written_is_read_back, ()) {
  const auto statement = any_attest();
  RC_ASSERT(read_attest(write(statement)) == statement);
  const auto data = any_creation_data();
  RC_ASSERT(read_creation_data(write(data)) == data);
}

RC_GTEST_PROP(TpmAttestLaws, what_is_read_is_written_byte_for_byte, ()) {
  const auto statement = write(any_attest());
  test::each_truncation(statement, [](const Bytes& cut) { RC_ASSERT_FALSE(read_attest(cut).has_value()); });
  test::each_damage(statement, [](const Bytes& damaged) {
    if (const auto again = read_attest(damaged)) {
      RC_ASSERT(write(*again) == damaged);
    }
  });
  const auto data = write(any_creation_data());
  test::each_truncation(data, [](const Bytes& cut) { RC_ASSERT_FALSE(read_creation_data(cut).has_value()); });
  test::each_damage(data, [](const Bytes& damaged) {
    if (const auto again = read_creation_data(damaged)) {
      RC_ASSERT(write(*again) == damaged);
    }
  });
}

}  // namespace
}  // namespace birthmark::tpm
