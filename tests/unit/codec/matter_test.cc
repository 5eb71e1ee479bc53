// SPDX-License-Identifier: Apache-2.0
#include "codec/matter.h"

#include <gtest/gtest.h>

#include "codec/der.h"
#include "codec/matter_tlv.h"
#include "codec/oid.h"
#include "support/inputs.h"

namespace birthmark::matter {
namespace {

using matter_tlv::context;
using matter_tlv::Type;
using x509::NamePart;

// --- vendor and product ids ---

Result<VendorProduct> ids_of(const std::vector<NamePart>& parts) {
  const auto name = x509::write_name(parts).value();
  return vendor_product(x509::read_name(name).value());
}
NamePart cn(std::string_view text) {
  return {oids::common_name, der::tag::utf8_string, text};
}
NamePart vid(std::string_view text, std::uint8_t tag = der::tag::utf8_string) {
  return {oids::matter_vendor_id, tag, text};
}
NamePart pid(std::string_view text) {
  return {oids::matter_product_id, der::tag::utf8_string, text};
}

struct Ids {
  const char* name;
  std::vector<NamePart> parts;
  std::optional<VendorProduct> expected;  ///< nothing: refused
};
class VendorProductOf : public ::testing::TestWithParam<Ids> {};
TEST_P(VendorProductOf, subject) {
  const auto ids = ids_of(GetParam().parts);
  EXPECT_EQ(ids.has_value(), GetParam().expected.has_value());
  if (ids && GetParam().expected) {
    EXPECT_EQ(*ids, *GetParam().expected);
  }
}
const VendorProduct kBoth{0xFFF1, 0x8000}, kVendor{0xFFF1, {}}, kNone{};
INSTANTIATE_TEST_SUITE_P(
    Table, VendorProductOf,
    ::testing::Values(Ids{"attributes", {cn("x"), vid("FFF1"), pid("8000")}, kBoth},
                      Ids{"vendor_only", {cn("x"), vid("FFF1")}, kVendor},
                      Ids{"printable_string", {vid("FFF1", der::tag::printable_string)}, kVendor},
                      Ids{"none", {cn("Matter PAA")}, kNone},
                      Ids{"in_the_name", {cn("ACME Mvid:FFF1 Mpid:8000")}, kBoth},
                      Ids{"in_the_name_the_other_way_round", {cn("Mpid:8000,ACME,Mvid:FFF1")}, kBoth},
                      Ids{"in_the_name_without_a_gap", {cn("Mvid:FFF1Mpid:8000")}, kBoth},
                      Ids{"lower_case", {vid("fff1")}, std::nullopt}, Ids{"three_digits", {vid("FF1")}, std::nullopt},
                      Ids{"five_digits", {vid("FFF10")}, std::nullopt}, Ids{"not_hex", {vid("FFG1")}, std::nullopt},
                      Ids{"twice", {vid("FFF1"), vid("FFF1")}, std::nullopt},
                      Ids{"ia5_string", {vid("FFF1", der::tag::ia5_string)}, std::nullopt},
                      Ids{"both_ways", {cn("Mvid:FFF1"), vid("FFF1")}, std::nullopt},
                      Ids{"one_this_way_one_that", {cn("Mpid:8000"), vid("FFF1")}, std::nullopt},
                      Ids{"lower_case_in_the_name", {cn("Mvid:fff1")}, std::nullopt},
                      Ids{"three_digits_in_the_name", {cn("Mvid:FF1 Mpid:8000")}, std::nullopt},
                      Ids{"five_digits_in_the_name", {cn("Mvid:FFF10")}, std::nullopt},
                      Ids{"cut_off_in_the_name", {cn("Mvid:")}, std::nullopt},
                      Ids{"twice_in_the_name", {cn("Mvid:FFF1 Mvid:FFF2")}, std::nullopt},
                      Ids{"in_two_names", {cn("Mvid:FFF1"), cn("Mvid:FFF1")}, std::nullopt}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(MatterId, has_one_text) {
  EXPECT_EQ(id_text(0x00B1), "00B1");
  EXPECT_EQ(id_text(0xFFF1), "FFF1");
  for (const unsigned id : {0U, 1U, 0x1234U, 0xFFFFU}) {
    EXPECT_EQ(id_from_text(id_text(static_cast<Id>(id))), static_cast<Id>(id));
  }
}

// --- attestation elements ---

AttestationElements whole_elements() {
  AttestationElements out{.certification_declaration = Bytes(200, 1), .timestamp = 0x12345678};
  out.nonce.fill(7);
  out.firmware_information = Bytes(20, 2);
  return out;
}

TEST(AttestationElements, what_is_written_is_read_again) {
  const auto elements = whole_elements();
  EXPECT_EQ(read_elements(write(elements)), elements);
  auto without = elements;
  without.firmware_information.reset();
  EXPECT_EQ(read_elements(write(without)), without);
}

TEST(AttestationElements, every_truncation_and_every_byte_behind_is_refused) {
  const auto whole = write(whole_elements());
  test::each_truncation(whole, [](const Bytes& part) { EXPECT_FALSE(read_elements(part)) << part.size(); });
  auto longer = whole;
  longer.push_back(0x18);
  EXPECT_FALSE(read_elements(longer));
}

TEST(AttestationElements, a_makers_own_are_passed_over_behind_the_others) {
  const matter_tlv::Tag own{.form = matter_tlv::Tag::Form::qualified, .number = 0, .qualified = 0xFFF1'0001, .tag = 1};
  const auto made = [&](bool before, bool with_unknown) {
    matter_tlv::Writer out;
    out.open({}, Type::structure).bytes(context(1), Bytes(9, 1)).bytes(context(2), Octets<32>{});
    if (before) {
      out.bytes(own, Bytes(3, 3));
    }
    out.unsigned_int(context(3), 0);
    if (!before) {
      out.bytes(own, Bytes(3, 3));
    }
    if (with_unknown) {
      out.bytes(context(5), Bytes(3, 3));
    }
    out.close();
    return std::move(out).finish();
  };
  EXPECT_TRUE(read_elements(made(false, false)));
  EXPECT_FALSE(read_elements(made(true, false)));
  EXPECT_FALSE(read_elements(made(false, true)));
}

TEST(AttestationElements, sizes_are_bound) {
  auto elements = whole_elements();
  elements.certification_declaration.clear();
  EXPECT_FALSE(read_elements(write(elements)));
  elements.certification_declaration.resize(kDeclarationMaxBytes + 1);
  EXPECT_FALSE(read_elements(write(elements)));
  elements = whole_elements();
  elements.firmware_information = Bytes{};
  EXPECT_FALSE(read_elements(write(elements)));
  matter_tlv::Writer short_nonce;
  short_nonce.open({}, Type::structure).bytes(context(1), Bytes(9, 1)).bytes(context(2), Bytes(31, 1));
  short_nonce.unsigned_int(context(3), 0).close();
  EXPECT_FALSE(read_elements(std::move(short_nonce).finish()));
}

// --- certification declarations ---

Declaration whole_declaration() {
  return {.vendor = 0xFFF1,
          .products = {0x8000, 0x8001},
          .device_type = 0x16,
          .certificate_id = "CSA22001MAT40001-24",
          .security_level = 0,
          .security_information = 0,
          .version_number = 0x9876,
          .type = CertificationType::official,
          .dac_origin = VendorProduct{0xFFF2, 0x8003},
          .authorized_paas = {Octets<20>{1}, Octets<20>{2}}};
}

TEST(Declaration, what_is_written_is_read_again) {
  const auto declaration = whole_declaration();
  EXPECT_EQ(read_declaration(write(declaration)), declaration);
  auto plain = declaration;
  plain.dac_origin.reset();
  plain.authorized_paas.clear();
  EXPECT_EQ(read_declaration(write(plain)), plain);
}

TEST(Declaration, every_truncation_and_every_byte_behind_is_refused) {
  const auto whole = write(whole_declaration());
  test::each_truncation(whole, [](const Bytes& part) { EXPECT_FALSE(read_declaration(part)) << part.size(); });
  auto longer = whole;
  longer.push_back(0x18);
  EXPECT_FALSE(read_declaration(longer));
}

struct Spoilt {
  const char* name;
  void (*spoil)(Declaration&);
};
class SpoiltDeclaration : public ::testing::TestWithParam<Spoilt> {};
TEST_P(SpoiltDeclaration, is_refused) {
  auto declaration = whole_declaration();
  GetParam().spoil(declaration);
  EXPECT_FALSE(read_declaration(write(declaration)));
}
INSTANTIATE_TEST_SUITE_P(
    Table, SpoiltDeclaration,
    ::testing::Values(Spoilt{"no_product", [](Declaration& d) { d.products.clear(); }},
                      Spoilt{"one_product_twice",
                             [](Declaration& d) {
                               d.products = {1, 1};
                             }},
                      Spoilt{"too_many_products",
                             [](Declaration& d) {
                               for (Id id = 1; id <= kProductsMax; ++id) {
                                 d.products.push_back(id);
                               }
                             }},
                      Spoilt{"short_certificate_id", [](Declaration& d) { d.certificate_id.pop_back(); }},
                      Spoilt{"long_certificate_id", [](Declaration& d) { d.certificate_id += "x"; }},
                      Spoilt{"space_in_certificate_id", [](Declaration& d) { d.certificate_id[3] = ' '; }},
                      Spoilt{"unknown_type", [](Declaration& d) { d.type = static_cast<CertificationType>(3); }},
                      Spoilt{"too_many_paas",
                             [](Declaration& d) { d.authorized_paas.resize(kAuthorizedPaasMax + 1); }}),
    [](const auto& row) { return std::string{row.param.name}; });

/// A declaration with one member replaced, left out or added.
Bytes declaration_with(std::uint64_t format, std::optional<std::uint64_t> vendor, bool half_origin, bool unknown) {
  matter_tlv::Writer out;
  out.open({}, Type::structure).unsigned_int(context(0), format);
  if (vendor) {
    out.unsigned_int(context(1), *vendor);
  }
  out.open(context(2), Type::array).unsigned_int({}, 0x8000).close().unsigned_int(context(3), 1);
  out.text(context(4), "CSA22001MAT40001-24").unsigned_int(context(5), 0).unsigned_int(context(6), 0);
  out.unsigned_int(context(7), 1).unsigned_int(context(8), 2);
  if (half_origin) {
    out.unsigned_int(context(9), 1);
  }
  if (unknown) {
    out.unsigned_int(context(12), 1);
  }
  out.close();
  return std::move(out).finish();
}

// The SDK's tool writes format_version as a signed number.
TEST(Declaration, a_number_that_is_not_negative_may_be_signed) {
  const auto made = [](std::int64_t format) {
    const auto good = declaration_with(1, 1, false, false);
    matter_tlv::Writer head;
    head.open({}, Type::structure).signed_int(context(0), format);
    auto out = std::move(head).finish();
    append(out, BytesView{good}.subspan(4));  // behind the structure's head and the unsigned format
    return out;
  };
  EXPECT_TRUE(read_declaration(made(1)));
  EXPECT_FALSE(read_declaration(made(-1)));
}

TEST(Declaration, fields_are_these_and_no_others) {
  EXPECT_TRUE(read_declaration(declaration_with(1, 1, false, false)));
  EXPECT_FALSE(read_declaration(declaration_with(2, 1, false, false)));
  EXPECT_FALSE(read_declaration(declaration_with(1, {}, false, false)));
  EXPECT_FALSE(read_declaration(declaration_with(1, 0x10000, false, false)));
  EXPECT_FALSE(read_declaration(declaration_with(1, 1, true, false)));
  EXPECT_FALSE(read_declaration(declaration_with(1, 1, false, true)));
}

}  // namespace
}  // namespace birthmark::matter
