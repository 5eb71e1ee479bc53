// SPDX-License-Identifier: Apache-2.0
#include "codec/extensions.h"

#include <gtest/gtest.h>

#include "codec/distribution_point.h"
#include "der_samples.h"

namespace birthmark::x509 {
namespace {

using samples::element;
using samples::hex;
using samples::joined;
using samples::name_of;
using samples::sequence;

/// Keeps the bytes of a single extension alive beside it.
struct One {
  Bytes value;
  Extension extension;
  One(BytesView type, Bytes bytes) : value{std::move(bytes)}, extension{type, false, value} {}
  One(const One&) = delete;
  One& operator=(const One&) = delete;
  ~One() = default;
  operator Extensions() const { return {&extension, 1}; }
};

struct Case {
  const char* name;
  std::string value;
  bool accepted;
};

template <class Read>
void expect_verdicts(BytesView type, std::span<const Case> cases, Read read) {
  const auto absent = read(Extensions{});
  ASSERT_TRUE(absent);
  EXPECT_FALSE(absent->has_value());
  for (const auto& one : cases) {
    const One extension{type, hex(one.value)};
    const auto result = read(extension);
    EXPECT_EQ(result.has_value(), one.accepted) << one.name;
    if (result) {
      EXPECT_TRUE(result->has_value()) << one.name;
    } else {
      EXPECT_EQ(result.error().code, Code::bad_request) << one.name;
    }
  }
}

TEST(Extensions, are_read_and_written_alike) {
  const auto encoding =
      hex("301e300d0603551d0f0101ff040302"
          "0780"
          "300d0603551d0e0406"
          "0404aabbccdd");
  const auto extensions = read_extensions(encoding);
  ASSERT_TRUE(extensions) << extensions.error().detail;
  ASSERT_EQ(extensions->size(), 2U);
  EXPECT_TRUE((*extensions)[0].critical);
  EXPECT_EQ(write_extensions(*extensions), encoding);
}

TEST(Extensions, other_forms_are_refused) {  // RFC 5280 §4.2, X.690 §11.5
  const std::array cases{
      Case{"one", "3009300706035504010400", true},
      Case{"nothing", "", false},
      Case{"empty", "3000", false},
      Case{"set", "3109300706035504010400", false},
      Case{"twice",
           "30123007060355040104003007060355040104"
           "00",
           false},
      Case{"critical_false", "300c300a06035504010101000400", false},
      Case{"critical_01", "300c300a06035504010101010400", false},
      Case{"critical_3", "300c300a06035504010101030400", false},
      Case{"more_inside",
           "300b300906035504010400"
           "0500",
           false},
      Case{"value_missing", "300730050603550401", false},
      Case{"value_of_another_type", "3009300706035504010300", false},
      Case{"trailing", "30093007060355040104000500", false},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(read_extensions(hex(one.value)).has_value(), one.accepted) << one.name;
  }
}

TEST(BasicConstraintsExtension, follows_rfc_5280_4_2_1_9) {  // RFC 5280 §4.2.1.9
  const std::array cases{
      Case{"end_entity", "3000", true},
      Case{"ca", "30030101ff", true},
      Case{"ca_zero", "30060101ff020100", true},
      Case{"ca_255", "30070101ff020200ff", true},
      Case{"ca_256", "30070101ff02020100", false},
      Case{"ca_negative", "30060101ff0201ff", false},
      Case{"false_spelt_out", "3003010100", false},
      Case{"true_as_01", "3003010101", false},
      Case{"length_without_ca", "3003020100", false},
      Case{"more", "30080101ff0201000500", false},
      Case{"trailing", "30000500", false},
      Case{"empty", "", false},
  };
  expect_verdicts(oids::basic_constraints, cases, [](Extensions e) { return basic_constraints(e); });
  const One ca{oids::basic_constraints, hex("30060101ff020103")};
  EXPECT_TRUE(basic_constraints(ca)->value().is_ca);
  EXPECT_EQ(basic_constraints(ca)->value().path_length, 3U);
}

TEST(KeyUsageExtension, follows_rfc_5280_4_2_1_3) {  // RFC 5280 §4.2.1.3
  const std::array cases{
      Case{"digital_signature", "03020780", true},
      Case{"decipher_only", "0303070080", true},
      Case{"none", "030100", false},
      Case{"tenth_bit", "0303060040", false},
      Case{"not_minimal", "03020080", false},
      Case{"octet_string", "04020780", false},
      Case{"trailing", "030207800500", false},
      Case{"empty", "", false},
  };
  expect_verdicts(oids::key_usage, cases, [](Extensions e) { return key_usage(e); });
  const One both{oids::key_usage, hex("03020106")};
  EXPECT_EQ(key_usage(both)->value(), (1U << 5 | 1U << 6)) << "keyCertSign, cRLSign";
}

TEST(ExtendedKeyUsageExtension, follows_rfc_5280_4_2_1_12) {  // RFC 5280 §4.2.1.12
  const std::array cases{
      Case{"client", "300a06082b06010505070302", true},
      Case{"empty_list", "3000", false},
      Case{"twice", "301406082b0601050507030206082b06010505070302", false},
      Case{"not_an_oid", "30020500", false},
      Case{"bad_oid", "3003060180", false},
      Case{"empty", "", false},
  };
  expect_verdicts(oids::extended_key_usage, cases, [](Extensions e) { return extended_key_usage(e); });
  const One client{oids::extended_key_usage, hex("300a06082b06010505070302")};
  EXPECT_TRUE(equal(extended_key_usage(client)->value().at(0), oids::client_auth));
  Bytes many;
  for (std::size_t i = 0; i <= kUsagesMax; ++i) {
    append(many, element(der::tag::oid, Bytes{0x55, static_cast<std::uint8_t>(i)}));
  }
  const One too_many{oids::extended_key_usage, element(der::tag::sequence, many)};
  EXPECT_FALSE(extended_key_usage(too_many));
}

TEST(KeyIdentifierExtensions, follow_rfc_5280_4_2_1_1_and_2) {  // RFC 5280 §4.2.1.1, §4.2.1.2
  const auto names = to_hex(element(0xA1, element(0xA4, name_of("CA"))));
  const auto with_issuer = [&](std::string_view serial) {
    return to_hex(element(der::tag::sequence, hex(names + std::string{serial})));
  };
  const std::array authority{
      Case{"key", "30038001aa", true},
      Case{"nothing_in_it", "3000", true},
      Case{"issuer_and_serial", with_issuer("820101"), true},
      Case{"issuer_alone", with_issuer(""), false},
      Case{"serial_alone", "3003820101", false},
      Case{"empty_key", "30028000", false},
      Case{"key_too_long", "30438041" + std::string(130, 'a'), false},
      Case{"not_a_sequence", "04028000", false},
      Case{"order",
           "3006820101"
           "8001aa",
           false},
  };
  expect_verdicts(oids::authority_key_identifier, authority, [](Extensions e) { return authority_key_identifier(e); });
  const One plain{oids::authority_key_identifier, hex("30038001aa")};
  EXPECT_EQ(to_hex(authority_key_identifier(plain)->value().key_id.value()), "aa");
  EXPECT_FALSE(authority_key_identifier(plain)->value().has_issuer_and_serial);
  const std::array subject{Case{"key", "0401aa", true}, Case{"empty_key", "0400", false},
                           Case{"not_octets", "0301aa", false}, Case{"trailing", "0401aa00", false}};
  expect_verdicts(oids::subject_key_identifier, subject, [](Extensions e) { return subject_key_identifier(e); });
}

TEST(SubjectAltName, every_kind_is_read) {  // RFC 5280 §4.2.1.6
  using enum GeneralNameKind;
  const auto name = name_of("x");
  const auto other =
      element(0xA0, joined({element(der::tag::oid, oids::hardware_module_name), element(0xA0, hex("3000"))}));
  const One san{
      oids::subject_alt_name,
      sequence({other, element(0x81, as_bytes("a@b.c")), element(0x82, as_bytes("a.b")), element(0xA3, {}),
                element(0xA4, name), element(0xA5, {}), element(0x86, as_bytes("urn:x:1")),
                element(0x87, hex("7f000001")), element(0x87, Bytes(16, 0)), element(0x88, oids::common_name)})};
  const auto names = subject_alt_name(san);
  ASSERT_TRUE(names) << names.error().detail;
  const std::array expected{other_name, rfc822, dns, x400, directory, edi_party, uri, ip, ip, registered_id};
  ASSERT_EQ((*names)->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((**names)[i].kind, expected.at(i)) << i;
  }
  EXPECT_TRUE(equal((**names)[0].type, oids::hardware_module_name));
  EXPECT_EQ(to_hex((**names)[0].value), "3000");
  EXPECT_EQ(as_text((**names)[2].value), "a.b");
  EXPECT_TRUE(equal((**names)[4].value, name));
}

TEST(SubjectAltName, hostile_names_are_refused) {  // AC-20
  using namespace std::string_view_literals;
  const auto value = [](std::uint8_t tag, std::string_view contents) {
    return to_hex(sequence({element(tag, as_bytes(contents))}));
  };
  const std::array cases{
      Case{"dns", value(0x82, "good.example"), true},
      Case{"wildcard_is_syntax", value(0x82, "*.example"), true},
      Case{"nul_in_dns", value(0x82, "good\0.evil"sv), false},
      Case{"nul_in_uri", value(0x86, "urn:a\0b"sv), false},
      Case{"nul_in_mail", value(0x81, "a\0@b"sv), false},
      Case{"line_end", value(0x86, "urn:a\r\nX: y"), false},
      Case{"space", value(0x82, " "), false},
      Case{"utf8", value(0x82, "bücher.example"), false},
      Case{"empty_dns", value(0x82, ""), false},
      Case{"ip_of_5", value(0x87, "12345"), false},
      Case{"ip_of_8", value(0x87, "12345678"), false},
      Case{"empty_ip", value(0x87, ""), false},
      Case{"bad_registered_id", value(0x88, "\x80"), false},
      Case{"constructed_dns", value(0xA2, "a"), false},
      Case{"primitive_directory", value(0x84, ""), false},
      Case{"unknown_tag", value(0x89, "a"), false},
      Case{"universal_tag", value(0x0C, "a"), false},
      Case{"empty_other_name", value(0xA0, ""), false},
      Case{"directory_without_sequence", value(0xA4, ""), false},
      Case{"directory_with_nul", to_hex(sequence({element(0xA4, name_of("a\0b"sv))})), false},
      Case{"no_name", "3000", false},
      Case{"trailing", value(0x82, "a") + "00", false},
  };
  expect_verdicts(oids::subject_alt_name, cases, [](Extensions e) { return subject_alt_name(e); });
  Bytes many;
  for (std::size_t i = 0; i <= kGeneralNamesMax; ++i) {
    append(many, element(0x82, as_bytes("a")));
  }
  EXPECT_FALSE(read_general_names(element(der::tag::sequence, many)));
}

TEST(SubjectDirectoryAttributes, give_the_values_of_one_type) {  // RFC 5280 §4.2.1.8
  const auto specification = samples::attribute_of(oids::tcg_tpm_specification, hex("3000"));
  const auto other = samples::attribute_of(oids::common_name, hex("0c0161"));
  const One both{oids::subject_directory_attributes, sequence({other, specification})};
  EXPECT_EQ(to_hex(subject_directory_attribute(both, oids::tcg_tpm_specification)->value()), "3000");
  EXPECT_FALSE(subject_directory_attribute(both, oids::tcg_model)->has_value());
  EXPECT_FALSE(subject_directory_attribute({}, oids::tcg_model)->has_value());
  for (const auto& bad : {sequence({}), sequence({specification, specification}),
                          sequence({samples::attribute_of(oids::tcg_tpm_specification, {})}),
                          sequence({samples::attribute_of(oids::tcg_tpm_specification, hex("0c05"))}), hex("0500")}) {
    const One extension{oids::subject_directory_attributes, bad};
    EXPECT_FALSE(subject_directory_attribute(extension, oids::tcg_tpm_specification)) << to_hex(bad);
  }
}

TEST(NameConstraintsExtension, gives_the_bases) {  // RFC 5280 §4.2.1.10
  const auto name = name_of("factory 1");
  const One constraints{
      oids::name_constraints,
      sequence({element(0xA0, joined({sequence({element(0xA4, name)}), sequence({element(0x82, {})})})),
                element(0xA1, joined({sequence({element(0x87, hex("0a000000ff000000"))})}))})};
  const auto read = name_constraints(constraints);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ((*read)->permitted.size(), 2U);
  EXPECT_EQ((*read)->excluded.size(), 1U);
  const auto directory = (*read)->permitted_directory_names();
  ASSERT_EQ(directory.size(), 1U);
  EXPECT_TRUE(equal(directory[0], name));
}

TEST(NameConstraintsExtension, other_forms_are_refused) {
  const auto dns = element(0x82, as_bytes("a"));
  const auto permitted = [](std::initializer_list<BytesView> subtree) {
    return to_hex(sequence({element(0xA0, sequence(subtree))}));
  };
  const std::array cases{
      Case{"dns", permitted({dns}), true},
      Case{"both_null", "3000", false},
      Case{"empty_list", "3002a000", false},
      Case{"both_empty", "3004a000a100", false},
      Case{"minimum_spelt_out", permitted({dns, hex("800100")}), false},
      Case{"minimum_1", permitted({dns, hex("800101")}), false},
      Case{"maximum", permitted({dns, hex("810101")}), false},
      Case{"no_base", permitted({}), false},
      Case{"ip_of_4", permitted({element(0x87, hex("0a000000"))}), false},
      Case{"wrong_order", to_hex(sequence({element(0xA1, sequence({dns})), element(0xA0, sequence({dns}))})), false},
      Case{"empty", "", false},
  };
  expect_verdicts(oids::name_constraints, cases, [](Extensions e) { return name_constraints(e); });
}

TEST(CrlDistributionPoints, give_the_uris_of_whole_lists) {  // RFC 5280 §4.2.1.13
  const auto uri = [](std::string_view text) { return element(0x86, as_bytes(text)); };
  const auto full = [](std::initializer_list<BytesView> names) { return element(0xA0, element(0xA0, joined(names))); };
  const auto crl_issuer = element(0xA2, element(0xA4, name_of("other CA")));
  const One points{oids::crl_distribution_points,
                   sequence({sequence({full({uri("http://a/1"), uri("http://b/1")})}),
                             sequence({full({uri("http://c/partial")}), hex("81020780")}),
                             sequence({full({uri("http://d/indirect")}), crl_issuer}), sequence({crl_issuer}),
                             sequence({full({element(0xA4, name_of("x"))})}), sequence({full({uri("http://e/1")})})})};
  const auto uris = crl_distribution_uris(points);
  ASSERT_TRUE(uris) << uris.error().detail;
  EXPECT_EQ(**uris, (std::vector<std::string_view>{"http://a/1", "http://b/1", "http://e/1"}));
}

TEST(CrlDistributionPoints, other_forms_are_refused) {
  const std::array cases{
      Case{"one", "300d300ba009a0078605687474703a", true},
      Case{"relative", "30133011a00fa10d300b06035504030c04706f696e", true},
      Case{"empty_relative", "30063004a002a100", false},
      Case{"empty_list", "3000", false},
      Case{"empty_point", "30023000", false},
      Case{"reasons_alone", "3006300481020780", false},
      Case{"empty_full_name", "30063004a002a000", false},
      Case{"no_choice", "30043002a000", false},
      Case{"unknown_choice", "30063004a002a200", false},
      Case{"empty_issuer", "30043002a200", false},
      Case{"more", "300f300da009a0078605687474703a0500", false},
      Case{"empty", "", false},
  };
  expect_verdicts(oids::crl_distribution_points, cases, [](Extensions e) { return crl_distribution_uris(e); });
}

}  // namespace
}  // namespace birthmark::x509
