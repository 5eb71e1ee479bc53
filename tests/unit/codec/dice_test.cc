// SPDX-License-Identifier: Apache-2.0
#include "codec/dice.h"

#include <gtest/gtest.h>

#include "codec/der.h"
#include "codec/oid.h"
#include "support/inputs.h"

namespace birthmark::dice {
namespace {

using test::hex;

Bytes sha256_oid() {
  return to_bytes(oids::sha256);
}

TcbInfo whole_info() {
  return {.vendor = "ACME",
          .model = "Pump",
          .version = "1.2",
          .svn = 7,
          .layer = 1,
          .index = 0,
          .fwids = {{sha256_oid(), Bytes(32, 0xA1)}},
          .flags = std::uint32_t{0},
          .vendor_info = Bytes{1, 2, 3},
          .type = to_bytes(as_bytes("FMC")),
          .flags_mask = flag::not_configured | flag::not_secure | flag::debug,
          .integrity_registers = {{.name = "log", .number = 4, .digests = {{sha256_oid(), Bytes(32, 0xB2)}}}}};
}

TEST(TcbInfo, what_is_written_is_read_again) {
  const auto info = whole_info();
  EXPECT_EQ(read_tcb_info(write(info)), info);
  EXPECT_EQ(read_tcb_info(write(TcbInfo{})), TcbInfo{});
  const std::vector infos{info, TcbInfo{.svn = 1}};
  EXPECT_EQ(read_multi_tcb_info(write(std::span{infos})), infos);
}

// Every field under its own implicit tag, by hand (DICE Attestation Architecture 1.1 §6.1.1).
TEST(TcbInfo, fields_are_under_their_tags) {
  const auto info =
      read_tcb_info(hex("3021 800141 810142 820143 830105 840102 850103 870203 08 8802 0102 890104 8A0203 08"));
  ASSERT_TRUE(info) << info.error().detail;
  EXPECT_EQ(info->vendor, "A");
  EXPECT_EQ(info->model, "B");
  EXPECT_EQ(info->version, "C");
  EXPECT_EQ(info->svn, 5U);
  EXPECT_EQ(info->layer, 2U);
  EXPECT_EQ(info->index, 3U);
  EXPECT_EQ(info->flags, flag::debug << 1);  // bit 4
  EXPECT_EQ(info->vendor_info, (Bytes{1, 2}));
  EXPECT_EQ(info->type, Bytes{4});
  EXPECT_EQ(info->flags_mask, flag::debug << 1);
}

struct Wrong {
  const char* name;
  const char* der;
};
class WrongTcbInfo : public ::testing::TestWithParam<Wrong> {};
TEST_P(WrongTcbInfo, is_refused) {
  const auto info = read_tcb_info(hex(GetParam().der));
  EXPECT_FALSE(info);
  if (!info) {
    EXPECT_EQ(info.error().code, Code::bad_request);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Table, WrongTcbInfo,
    ::testing::Values(
        Wrong{"empty_input", ""}, Wrong{"no_sequence", "0400"}, Wrong{"bytes_behind", "300000"},
        Wrong{"integrity_registers_under_10_as_in_old_drafts", "3008AA06 3004 A202 3000"},
        Wrong{"constructed_flags", "3004 A702 0300"}, Wrong{"primitive_fwids", "3002 8600"},
        Wrong{"empty_fwids", "3002 A600"}, Wrong{"fwid_without_digest", "3004 A602 3000"},
        Wrong{"fwid_of_sha1", "3020 A61E 301C 0605 2B0E03021A 0413 00112233445566778899AABBCCDDEEFF001122"},
        Wrong{"order", "3006 810142 800141"}, Wrong{"twice", "3006 800141 800141"}, Wrong{"unknown_tag", "3003 8C0101"},
        Wrong{"universal_tag", "3003 0C0141"}, Wrong{"empty_text", "3002 8000"}, Wrong{"nul_in_text", "3004 80024100"},
        Wrong{"not_utf8", "3003 8001FF"}, Wrong{"negative_svn", "3003 8301FF"},
        Wrong{"svn_not_minimal", "3004 83020001"}, Wrong{"empty_svn", "3002 8300"},
        Wrong{"svn_above_64_bits", "300B 8309 010000000000000000"},
        Wrong{"flags_with_trailing_zero_bits", "3004 87020700"}, Wrong{"flags_with_set_unused_bits", "3004 870207FF"},
        Wrong{"empty_flags", "3002 8700"}, Wrong{"empty_vendor_info", "3002 8800"},
        Wrong{"empty_registers", "3002 AB00"}, Wrong{"register_without_name", "3004 AB02 3000"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(TcbInfo, every_truncation_and_every_byte_behind_is_refused) {
  const auto whole = write(whole_info());
  test::each_truncation(whole, [](const Bytes& part) { EXPECT_FALSE(read_tcb_info(part)) << part.size(); });
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(read_tcb_info(longer));
}

TEST(TcbInfo, what_survives_damage_is_written_as_it_stands) {
  test::each_damage(write(whole_info()), [](const Bytes& damaged) {
    if (const auto info = read_tcb_info(damaged)) {
      EXPECT_EQ(write(*info), damaged);
    }
  });
}

TEST(TcbInfo, lists_have_bounds) {
  auto info = whole_info();
  info.fwids.assign(kFwidsMax, info.fwids.front());
  EXPECT_TRUE(read_tcb_info(write(info)));
  info.fwids.push_back(info.fwids.front());
  EXPECT_FALSE(read_tcb_info(write(info)));
  info.fwids.clear();
  info.vendor = std::string(kTextMaxBytes + 1, 'x');
  EXPECT_FALSE(read_tcb_info(write(info)));
  std::vector<TcbInfo> infos(kTcbInfosMax + 1);
  EXPECT_FALSE(read_multi_tcb_info(write(std::span<const TcbInfo>{infos})));
  EXPECT_FALSE(read_multi_tcb_info(hex("3000")));
}

struct Flags {
  const char* name;
  std::optional<std::uint32_t> flags, mask;
  std::uint32_t reported, set;
};
class OperationalFlags : public ::testing::TestWithParam<Flags> {};
TEST_P(OperationalFlags, count_only_if_masked_in) {
  const auto& row = GetParam();
  const TcbInfo info{.flags = row.flags, .flags_mask = row.mask};
  EXPECT_EQ(info.reported_flags(), row.reported);
  EXPECT_EQ(info.set_flags(), row.set);
}
constexpr std::uint32_t kAll = ~std::uint32_t{0};
INSTANTIATE_TEST_SUITE_P(
    Table, OperationalFlags,
    ::testing::Values(Flags{"nothing_said", {}, {}, 0, 0}, Flags{"no_mask_all_count", 0U, {}, kAll, 0},
                      Flags{"no_mask_debug", flag::debug, {}, kAll, flag::debug},
                      Flags{"masked_out_debug", flag::debug, flag::not_secure, flag::not_secure, 0},
                      Flags{"masked_in_debug", flag::debug, flag::debug, flag::debug, flag::debug},
                      Flags{"mask_of_nothing", flag::debug, 0U, 0, 0},
                      Flags{"mask_without_flags", {}, flag::debug, 0, 0}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Ueid, has_its_bounds) {
  const Bytes ueid(17, 1);
  EXPECT_EQ(read_ueid(write_ueid(ueid)), ueid);
  EXPECT_FALSE(read_ueid(write_ueid({})));
  EXPECT_FALSE(read_ueid(write_ueid(Bytes(kUeidMaxBytes + 1, 1))));
  EXPECT_FALSE(read_ueid(hex("3006 040101 040101")));
  EXPECT_EQ(read_freshness(write_freshness(ueid)), ueid);
  EXPECT_FALSE(read_freshness(write_freshness(Bytes(kNonceMaxBytes + 1, 1))));
}

OpenInput whole_input() {
  return {.code_hash = Bytes(64, 1),
          .code_descriptor = Bytes(3, 2),
          .configuration_hash = Bytes(32, 3),
          .configuration_descriptor = Bytes(64, 4),
          .authority_hash = Bytes(48, 5),
          .authority_descriptor = Bytes(1, 6),
          .mode = std::uint8_t{1},
          .profile_name = "android.16"};
}

TEST(OpenInput, what_is_written_is_read_again) {
  EXPECT_EQ(read_open_input(write(whole_input())), whole_input());
  EXPECT_EQ(read_open_input(write(OpenInput{})), OpenInput{});
}

TEST(OpenInput, truncation_and_damage) {
  const auto whole = write(whole_input());
  test::each_truncation(whole, [](const Bytes& part) { EXPECT_FALSE(read_open_input(part)) << part.size(); });
  test::each_damage(whole, [](const Bytes& damaged) {
    if (const auto input = read_open_input(damaged)) {
      EXPECT_EQ(write(*input), damaged);
    }
  });
}

class WrongOpenInput : public ::testing::TestWithParam<Wrong> {};
TEST_P(WrongOpenInput, is_refused) {
  EXPECT_FALSE(read_open_input(hex(GetParam().der)));
}
INSTANTIATE_TEST_SUITE_P(
    Table, WrongOpenInput,
    ::testing::Values(Wrong{"empty_input", ""}, Wrong{"bytes_behind", "300000"}, Wrong{"implicit_mode", "3003 860101"},
                      Wrong{"mode_as_integer", "3005 A603 020101"}, Wrong{"mode_of_two_octets", "3006 A604 0A020101"},
                      Wrong{"negative_mode", "3005 A603 0A01FF"}, Wrong{"mode_twice", "300A A603 0A0101 A603 0A0101"},
                      Wrong{"two_in_one_tag", "3008 A606 0A0101 0A0101"}, Wrong{"short_hash", "3006 A004 04020102"},
                      Wrong{"empty_descriptor", "3004 A102 0400"}, Wrong{"unknown_tag", "3005 A803 0A0101"},
                      Wrong{"empty_profile", "3004 A702 0C00"}, Wrong{"order", "300F A703 0C0141 A603 0A0101"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(OpenInput, an_unknown_mode_is_not_configured) {
  for (const int mode : {0, 4, 5, 127}) {
    EXPECT_EQ(OpenInput{.mode = static_cast<std::uint8_t>(mode)}.mode_said(), Mode::not_configured) << mode;
  }
  EXPECT_EQ(OpenInput{.mode = std::uint8_t{1}}.mode_said(), Mode::normal);
  EXPECT_EQ(OpenInput{.mode = std::uint8_t{2}}.mode_said(), Mode::debug);
  EXPECT_EQ(OpenInput{.mode = std::uint8_t{3}}.mode_said(), Mode::recovery);
  EXPECT_EQ(OpenInput{}.mode_said(), std::nullopt);
}

// --- the CBOR form ---

OpenCertificate whole_certificate() {
  return {.issuer = std::string(40, 'a'),
          .subject = std::string(40, '1'),
          .input = whole_input(),
          .subject_key = Bytes(40, 7),
          .key_usage = 0x20};
}

TEST(OpenCertificate, what_is_written_is_read_again) {
  EXPECT_EQ(read_open_certificate(write(whole_certificate())), whole_certificate());
  auto device = whole_certificate();
  device.input = {};
  device.key_usage = 0x120;
  EXPECT_EQ(read_open_certificate(write(device)), device);
}

TEST(OpenCertificate, truncation_and_bytes_behind_are_refused) {
  const auto whole = write(whole_certificate());
  test::each_truncation(whole, [](const Bytes& part) { EXPECT_FALSE(read_open_certificate(part)) << part.size(); });
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(read_open_certificate(longer));
}

TEST(OpenCertificate, other_forms_are_refused) {
  for (void (*spoil)(OpenCertificate&) :
       {+[](OpenCertificate& c) { c.issuer.pop_back(); }, +[](OpenCertificate& c) { c.subject = std::string(40, 'A'); },
        +[](OpenCertificate& c) { c.subject_key.clear(); },
        +[](OpenCertificate& c) { c.input.code_hash = Bytes(31, 1); },
        +[](OpenCertificate& c) { c.input.authority_descriptor = Bytes{}; },
        +[](OpenCertificate& c) { c.input.profile_name = ""; }}) {
    auto spoilt = whole_certificate();
    spoil(spoilt);
    EXPECT_FALSE(read_open_certificate(write(spoilt)));
  }
  EXPECT_FALSE(read_open_certificate(hex("a0")));
  EXPECT_FALSE(read_open_certificate(hex("a2 01 7828" + std::string(80, '6') + "01 7828" + std::string(80, '6'))));
}

// --- from a certificate's extensions ---

TEST(DiceExtensions, tcb_info_stands_alone_or_in_a_list_never_both) {
  const auto one = write(whole_info());
  const std::vector infos{whole_info()};
  const auto several = write(std::span{infos});
  const x509::Extension single{oids::dice_tcb_info, false, one}, multi{oids::dice_multi_tcb_info, false, several};
  EXPECT_EQ(tcb_infos({}), std::vector<TcbInfo>{});
  EXPECT_EQ(tcb_infos(x509::Extensions{&single, 1}), infos);
  EXPECT_EQ(tcb_infos(x509::Extensions{&multi, 1}), infos);
  const std::array both{single, multi};
  EXPECT_FALSE(tcb_infos(both));
  const x509::Extension broken{oids::dice_tcb_info, false, several};
  EXPECT_FALSE(tcb_infos(x509::Extensions{&broken, 1}));
}

TEST(DiceExtensions, the_open_profile_is_critical) {
  const auto value = write(whole_input());
  const x509::Extension critical{oids::open_dice_input, true, value}, plain{oids::open_dice_input, false, value};
  EXPECT_EQ(open_input(x509::Extensions{&critical, 1}).value(), whole_input());
  EXPECT_FALSE(open_input(x509::Extensions{&plain, 1}));
  EXPECT_FALSE(open_input({}).value());
}

TEST(DiceExtensions, purposes_are_those_of_dice) {
  der::Writer usages;
  usages.open(der::tag::sequence).oid(purpose_oid(Purpose::attest_loc)).oid(oids::client_auth);
  usages.oid(purpose_oid(Purpose::eca)).close();
  const auto value = std::move(usages).finish();
  const x509::Extension extension{oids::extended_key_usage, false, value};
  EXPECT_EQ(purposes(x509::Extensions{&extension, 1}), (std::vector{Purpose::attest_loc, Purpose::eca}));
  EXPECT_EQ(purposes({}), std::vector<Purpose>{});
}

}  // namespace
}  // namespace birthmark::dice
