// SPDX-License-Identifier: Apache-2.0
#include "codec/pkcs10.h"

#include <gtest/gtest.h>

#include <functional>

#include "der_samples.h"

namespace birthmark::pkcs10 {
namespace {

using samples::attribute_of;
using samples::attributes_field;
using samples::element;
using samples::hex;
using samples::joined;
using samples::name_of;
using samples::RequestPieces;
using samples::sequence;

constexpr auto kTestType = oid<2, 999, 1>;

Bytes password(std::uint8_t tag, std::string_view text) {
  return attribute_of(oids::challenge_password, element(tag, as_bytes(text)));
}
Bytes usage_request() {
  const auto usage = hex("03020780");
  return attribute_of(oids::extension_request,
                      x509::write_extensions(std::array{x509::Extension{oids::key_usage, true, usage}}));
}

TEST(Request, gives_every_field) {  // RFC 2986 §4, RFC 2985 §5.4.1, §5.4.2
  RequestPieces pieces;
  const auto change = attribute_of(kTestType, hex("3000"));
  pieces.attributes = attributes_field({change, password(der::tag::printable_string, "AbC+/="), usage_request()});
  const auto request = Request::read(pieces.whole());
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_TRUE(equal(request->der(), pieces.whole()));
  EXPECT_TRUE(equal(request->info(), pieces.info()));
  EXPECT_TRUE(equal(request->subject(), pieces.subject));
  EXPECT_TRUE(equal(request->spki(), pieces.spki));
  EXPECT_EQ(request->signature_algorithm(), x509::SignatureAlgorithm::ecdsa_sha256);
  EXPECT_TRUE(equal(request->signature(), BytesView{pieces.signature}.subspan(3)));
  EXPECT_EQ(request->challenge_password(), "AbC+/=");
  EXPECT_EQ(request->attributes().size(), 3U);
  ASSERT_NE(request->attribute(kTestType), nullptr);
  EXPECT_EQ(to_hex(request->attribute(kTestType)->value), "3000");
  EXPECT_EQ(request->attribute(oids::change_subject_name), nullptr);
  EXPECT_EQ(x509::key_usage(request->extensions())->value(), 1U);
  EXPECT_EQ(as_text(request->find_subject_attribute(oids::common_name)->value), "device 1");
}

TEST(Request, without_attributes_has_an_empty_field) {
  const auto request = Request::read(RequestPieces{}.whole());
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_TRUE(request->attributes().empty());
  EXPECT_TRUE(request->extensions().empty());
  EXPECT_EQ(request->challenge_password(), std::nullopt);
}

TEST(Request, owns_its_bytes) {
  auto der = RequestPieces{}.whole();
  const auto copy = Request::read(der).value();
  std::ranges::fill(der, std::uint8_t{0});
  EXPECT_EQ(as_text(copy.find_subject_attribute(oids::common_name)->value), "device 1");
}

struct Spoiled {
  const char* name;
  std::function<void(RequestPieces&)> spoil;
};

void expect_refused(std::span<const Spoiled> cases) {
  for (const auto& [name, spoil] : cases) {
    RequestPieces pieces;
    spoil(pieces);
    const auto request = Request::read(pieces.whole());
    ASSERT_FALSE(request) << name;
    EXPECT_EQ(request.error().code, Code::bad_request) << name;
  }
}

TEST(Request, malformed_fields_are_refused) {
  const std::array cases{
      Spoiled{"version_1", [](auto& p) { p.version = hex("020101"); }},
      Spoiled{"version_negative", [](auto& p) { p.version = hex("0201ff"); }},
      Spoiled{"version_missing", [](auto& p) { p.version = {}; }},
      Spoiled{"subject_missing", [](auto& p) { p.subject = {}; }},
      Spoiled{"key_missing", [](auto& p) { p.spki = {}; }},
      Spoiled{"key_with_more",
              [](auto& p) {
                p.spki = sequence({hex("300506032b6570"), hex("030200aa"), hex("0500")});
              }},
      Spoiled{"attributes_missing", [](auto& p) { p.attributes = {}; }},
      Spoiled{"attributes_primitive", [](auto& p) { p.attributes = hex("8000"); }},
      Spoiled{"attributes_as_set", [](auto& p) { p.attributes = hex("3100"); }},
      Spoiled{"element_behind_the_attributes", [](auto& p) { p.tail = hex("0500"); }},
      Spoiled{"algorithm_with_null", [](auto& p) { p.algorithm = hex("300c06082a8648ce3d0403020500"); }},
      Spoiled{"algorithm_sha1", [](auto& p) { p.algorithm = hex("300906072a8648ce3d0401"); }},
      Spoiled{"signature_with_unused_bits", [](auto& p) { p.signature = hex("030204f0"); }},
      Spoiled{"signature_missing", [](auto& p) { p.signature = {}; }},
      Spoiled{"element_behind_the_signature", [](auto& p) { p.after = hex("0500"); }},
  };
  expect_refused(cases);
}

TEST(Request, attributes_are_unique_single_valued_and_in_order) {  // RFC 2986 §4.1
  const auto utf8 = der::tag::utf8_string;
  const auto small = attribute_of(kTestType, hex("0500"));
  const std::array cases{
      Spoiled{"twice",
              [&](auto& p) {
                p.attributes = attributes_field({password(utf8, "a"), password(utf8, "b")});
              }},
      Spoiled{"same_twice",
              [&](auto& p) {
                p.attributes = attributes_field({small, small});
              }},
      Spoiled{"out_of_order",
              [&](auto& p) {
                p.attributes = attributes_field({password(utf8, "a"), small});
              }},
      Spoiled{"no_value", [](auto& p) { p.attributes = attributes_field({attribute_of(kTestType, {})}); }},
      Spoiled{"two_values",
              [](auto& p) { p.attributes = attributes_field({attribute_of(kTestType, hex("05000500"))}); }},
      Spoiled{"value_outside_a_set",
              [](auto& p) {
                p.attributes = attributes_field({sequence({element(der::tag::oid, kTestType), hex("0500")})});
              }},
      Spoiled{"more_in_an_attribute",
              [](auto& p) {
                p.attributes =
                    attributes_field({sequence({element(der::tag::oid, kTestType), hex("31020500"), hex("0500")})});
              }},
      Spoiled{"too_many",
              [](auto& p) {
                Bytes many;
                for (std::uint8_t i = 0; i <= kAttributesMax; ++i) {
                  append(many, attribute_of(Bytes{0x55, i}, hex("0500")));
                }
                p.attributes = element(der::tag::context_constructed(0), many);
              }},
      Spoiled{"extensions_of_another_form",
              [](auto& p) { p.attributes = attributes_field({attribute_of(oids::extension_request, hex("0500"))}); }},
      Spoiled{"no_extension",
              [](auto& p) { p.attributes = attributes_field({attribute_of(oids::extension_request, hex("3000"))}); }},
      Spoiled{"extension_twice",
              [](auto& p) {
                const x509::Extension one{oids::key_usage, true, {}};
                p.attributes = attributes_field(
                    {attribute_of(oids::extension_request, x509::write_extensions(std::array{one, one}))});
              }},
  };
  expect_refused(cases);
}

TEST(Request, hostile_strings_are_refused) {  // AC-20
  using namespace std::string_view_literals;
  const auto with_password = [](std::uint8_t tag, std::string_view text) {
    return [=](RequestPieces& p) { p.attributes = attributes_field({password(tag, text)}); };
  };
  static const std::string long_text(kStringMaxBytes + 1, 'a');
  const std::array cases{
      Spoiled{"nul_in_subject", [](auto& p) { p.subject = name_of("BM-1\0"sv); }},
      Spoiled{"invalid_utf8_in_subject", [](auto& p) { p.subject = name_of("\xff"sv); }},
      Spoiled{"subject_value_too_long", [](auto& p) { p.subject = name_of(long_text); }},
      Spoiled{"subject_of_70000", [](auto& p) { p.subject = name_of(std::string(70'000, 'a')); }},
      Spoiled{"printable_at", [](auto& p) { p.subject = name_of(der::tag::printable_string, as_bytes("a@b")); }},
      Spoiled{"nul_in_password", with_password(der::tag::utf8_string, "a\0b"sv)},
      Spoiled{"invalid_utf8_in_password", with_password(der::tag::utf8_string, "\xc0\x80")},
      Spoiled{"empty_password", with_password(der::tag::utf8_string, "")},
      Spoiled{"password_too_long", with_password(der::tag::utf8_string, long_text)},
      Spoiled{"password_ia5", with_password(der::tag::ia5_string, "a")},
      Spoiled{"password_octets", with_password(der::tag::octet_string, "a")},
      Spoiled{"nul_in_unknown_attribute",
              [](auto& p) { p.attributes = attributes_field({attribute_of(kTestType, hex("0c03610062"))}); }},
      Spoiled{"string_type_that_nobody_needs",
              [](auto& p) { p.attributes = attributes_field({attribute_of(kTestType, hex("1a0161"))}); }},
  };
  expect_refused(cases);
  RequestPieces longest;
  longest.subject = name_of(std::string(kStringMaxBytes, 'a'));
  EXPECT_TRUE(Request::read(longest.whole()));
}

TEST(Request, hostile_encodings_are_refused) {  // AC-20
  const std::array cases{
      Spoiled{"explicit_curve", [](auto& p) { p.spki = samples::ec_spki_with(samples::explicit_curve()); }},
      Spoiled{"no_curve", [](auto& p) { p.spki = samples::ec_spki_with({}); }},
      Spoiled{"six_hundred_levels",
              [](auto& p) { p.attributes = attributes_field({attribute_of(kTestType, samples::nested(600))}); }},
      Spoiled{"indefinite_in_an_attribute",
              [](auto& p) { p.attributes = attributes_field({attribute_of(kTestType, hex("30800000"))}); }},
      Spoiled{"four_gib_in_an_attribute",
              [](auto& p) { p.attributes = attributes_field({attribute_of(kTestType, hex("3084ffffffff"))}); }},
      Spoiled{"rdn_out_of_order",
              [](auto& p) {
                const auto a = sequence({element(der::tag::oid, oids::organizational_unit), hex("0c0161")});
                const auto b = sequence({element(der::tag::oid, oids::common_name), hex("0c0162")});
                p.subject = sequence({element(der::tag::set, joined({a, b}))});
              }},
  };
  expect_refused(cases);
  const auto good = RequestPieces{}.whole();
  for (const auto& input : {joined({good, hex("00")}), joined({hex("3080"), BytesView{good}.subspan(3), hex("0000")}),
                            joined({hex("3084ffffffff"), BytesView{good}.subspan(3)}), samples::nested(600), Bytes{},
                            element(der::tag::sequence, Bytes(kRequestMaxBytes, 0))}) {
    EXPECT_FALSE(Request::read(input)) << to_hex(BytesView{input}.first(std::min<std::size_t>(input.size(), 16)));
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(Request::read(BytesView{good}.first(size))) << "cut at " << size;
  }
}

TEST(WriteRequest, comes_back_as_it_was_given_and_signs_the_info) {
  const auto name = name_of("BM-1"), key = samples::p256_spki();
  const auto text = challenge_password_value("binding").value();
  const auto extensions = x509::write_extensions(std::array{x509::Extension{oids::key_usage, true, hex("0500")}});
  const std::array attributes{Attribute{oids::extension_request, extensions},
                              Attribute{oids::challenge_password, text}};
  Bytes signed_bytes;
  const auto written =
      write_request(name, key, attributes, x509::SignatureAlgorithm::ecdsa_sha384, [&](BytesView info) {
        signed_bytes = to_bytes(info);
        return Result<Bytes>{hex("aabb")};
      });
  ASSERT_TRUE(written) << written.error().detail;
  const auto request = Request::read(*written).value();
  EXPECT_TRUE(equal(request.info(), signed_bytes));
  EXPECT_TRUE(equal(request.subject(), name));
  EXPECT_TRUE(equal(request.spki(), key));
  EXPECT_EQ(request.challenge_password(), "binding");
  EXPECT_EQ(request.extensions().size(), 1U);
  EXPECT_EQ(to_hex(request.signature()), "aabb");
  EXPECT_EQ(request.signature_algorithm(), x509::SignatureAlgorithm::ecdsa_sha384);
}

TEST(WriteRequest, refuses_what_the_reader_would) {
  const auto name = name_of("BM-1"), key = samples::p256_spki(), value = hex("0500"), two = hex("05000500");
  const auto sign = [](BytesView) { return Result<Bytes>{hex("aa")}; };
  const auto algorithm = x509::SignatureAlgorithm::ecdsa_sha256;
  const Attribute one{kTestType, value}, spoiled{kTestType, two};
  EXPECT_TRUE(write_request(name, key, std::array{one}, algorithm, sign));
  EXPECT_FALSE(write_request(name, key, std::array{one, one}, algorithm, sign));
  EXPECT_FALSE(write_request(name, key, std::array{spoiled}, algorithm, sign));
  EXPECT_FALSE(write_request(hex("0500"), key, {}, algorithm, sign));
  EXPECT_FALSE(write_request(name, name, {}, algorithm, sign));
  EXPECT_FALSE(write_request(name, key, {}, x509::SignatureAlgorithm::unverifiable, sign));
  EXPECT_FALSE(challenge_password_value(""));
  EXPECT_FALSE(challenge_password_value(std::string_view{"\0", 1}));
  EXPECT_FALSE(challenge_password_value(std::string(kStringMaxBytes + 1, 'a')));
}

TEST(WriteRequest, passes_the_signers_error_on) {
  const auto written = write_request(name_of("BM-1"), samples::p256_spki(), {}, x509::SignatureAlgorithm::ecdsa_sha256,
                                     [](BytesView) -> Result<Bytes> { return fail(Code::hsm_fault, "gone"); });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::hsm_fault);
}

}  // namespace
}  // namespace birthmark::pkcs10
