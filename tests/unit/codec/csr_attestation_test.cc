// SPDX-License-Identifier: Apache-2.0
#include "codec/csr_attestation.h"

#include <gtest/gtest.h>

#include "codec/csr_attrs.h"
#include "codec/der.h"
#include "support/inputs.h"

namespace birthmark::csr_attestation {
namespace {

using test::hex;

const Bytes kType = {kTpmCertify.begin(), kTpmCertify.end()};

Bytes sequence(std::initializer_list<Bytes> parts) {
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto& part : parts) {
    out.raw(part);
  }
  out.close();
  return std::move(out).finish();
}
Bytes oid_of(BytesView type) {
  der::Writer out;
  out.oid(type);
  return std::move(out).finish();
}
Bytes statement(const Bytes& value = hex("3006040161040162")) {
  return sequence({oid_of(kType), value});
}

TEST(Attestation, has_one_encoding) {
  const Bytes part = hex("aa");
  const auto value = write(TpmCertify{part, part, part});
  const auto certificate = hex("3003020101");
  const Bundle bundle{.statements = {{kType, value}, {kDiceCmw, value}}, .certificates = {certificate}};
  const auto written = write(bundle).value();
  const auto read = csr_attestation::read(written);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->statements.size(), 2U);
  EXPECT_TRUE(equal(read->certificates.at(0), certificate));
  EXPECT_EQ(write(*read).value(), written);
  test::each_truncation(written, [](const Bytes& cut) { EXPECT_FALSE(csr_attestation::read(cut)); });
  auto longer = written;
  longer.push_back(0);
  EXPECT_FALSE(csr_attestation::read(longer));
}

struct Case {
  const char* name;
  Bytes whole;
  bool good;
};
class Bundles : public ::testing::TestWithParam<Case> {};

Bytes many(std::size_t count, const Bytes& one) {
  Bytes out;
  for (std::size_t i = 0; i < count; ++i) {
    append(out, one);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Bundles,
    ::testing::Values(
        Case{"one", sequence({sequence({statement()})}), true},
        Case{"eight", sequence({sequence({many(8, statement())})}), true},
        Case{"a_certificate_of_another_form", sequence({sequence({statement()}), sequence({hex("a30406022a03")})}),
             true},
        Case{"another_format_in_octets", sequence({sequence({statement(hex("0402a0a1"))})}), true},
        Case{"none", sequence({sequence({})}), false},
        Case{"nine", sequence({sequence({many(9, statement())})}), false},
        Case{"nine_certificates", sequence({sequence({statement()}), sequence({many(9, hex("3000"))})}), false},
        Case{"no_certificates_spelt_out", sequence({sequence({statement()}), sequence({})}), false},
        Case{"a_hint", sequence({sequence({sequence({oid_of(kType), hex("0500"), hex("0c0161")})})}), false},
        Case{"a_hint_of_ia5", sequence({sequence({sequence({oid_of(kType), hex("0500"), hex("160161")})})}), false},
        Case{"no_value", sequence({sequence({sequence({oid_of(kType)})})}), false},
        Case{"no_type", sequence({sequence({sequence({hex("0500")})})}), false},
        Case{"a_certificate_that_is_none", sequence({sequence({statement()}), sequence({hex("0500")})}), false},
        Case{"something_behind_the_certificates",
             sequence({sequence({statement()}), sequence({hex("3000")}), hex("0500")}), false},
        Case{"a_statement_alone", statement(), false}),
    [](const auto& one) { return one.param.name; });

TEST_P(Bundles, are_read_or_refused) {
  const auto read = csr_attestation::read(GetParam().whole);
  EXPECT_EQ(read.has_value(), GetParam().good) << (read ? "" : read.error().detail);
}

TEST(TpmCertifyStatement, has_two_parts_or_three) {
  for (const auto& key : {Bytes{}, hex("cc")}) {
    const Bytes part = hex("aa");
    const auto written = write(TpmCertify{part, part, key});
    const auto read = read_tpm_certify(written);
    ASSERT_TRUE(read);
    EXPECT_TRUE(equal(read->key_public, key));
  }
  for (const auto* wrong : {"3000", "3003040161", "30060401610500", "300c040161040162040163040164", "3005040004 0162",
                            "3006040161040162 00", "3106040161040162"}) {
    EXPECT_FALSE(read_tpm_certify(hex(wrong))) << wrong;
  }
  const Bytes long_part(kPartMaxBytes + 1, 1), part = hex("aa");
  EXPECT_FALSE(read_tpm_certify(write(TpmCertify{long_part, part, {}})));
}

TEST(TpmIdentityStatement, comes_back_and_leaves_out_what_is_empty) {
  for (const bool parent : {false, true}) {
    for (const bool creation : {false, true}) {
      const Bytes optional = hex("dd");
      const Bytes a = hex("aa"), b = hex("bb"), c = hex("cc");
      const auto written = write(TpmIdentity{a, b, c, parent ? BytesView{optional} : BytesView{},
                                             creation ? BytesView{optional} : BytesView{}});
      const auto read = read_tpm_identity(written);
      ASSERT_TRUE(read) << read.error().detail;
      EXPECT_EQ(read->parent_public.empty(), !parent);
      EXPECT_EQ(read->creation_data.empty(), !creation);
      EXPECT_EQ(write(*read), written);
    }
  }
  EXPECT_FALSE(read_tpm_identity(hex("3006040161040162")));
  EXPECT_FALSE(read_tpm_identity(hex("300f040161040162040163810164800165"))) << "[1] before [0]";
  EXPECT_FALSE(read_tpm_identity(hex("300b0401610401620401638000"))) << "empty and spelt out";
}

TEST(CsrAttrs, are_identifiers_and_attributes) {
  const auto read = csr_attrs::read(hex("300f 06022a03 3009 06022a04 31030c0161"));
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_TRUE((*read)[0].values.empty());
  EXPECT_EQ((*read)[1].values.size(), 1U);
  EXPECT_TRUE(csr_attrs::read(hex("3000"))) << "nothing is asked for";
  for (const auto* wrong : {"", "3002 0500", "3008 3006 06022a04 3100", "3006 3004 06022a04", "300006022a03"}) {
    EXPECT_FALSE(csr_attrs::read(hex(wrong))) << wrong;
  }
}

}  // namespace
}  // namespace birthmark::csr_attestation
