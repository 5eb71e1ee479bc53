// SPDX-License-Identifier: Apache-2.0
#include "codec/ocsp.h"

#include <gtest/gtest.h>

#include "codec/der.h"
#include "codec/oid.h"
#include "support/inputs.h"

namespace birthmark::ocsp {
namespace {

using test::hex;

constexpr auto kNonce = oid<1, 3, 6, 1, 5, 5, 7, 48, 1, 2>;
constexpr auto kBasic = oid<1, 3, 6, 1, 5, 5, 7, 48, 1, 1>;
const Bytes kSha1 = hex("300906052b0e03021a0500"), kSha256 = hex("300b0609608648016503040201");

Bytes element(std::uint8_t tag, std::initializer_list<Bytes> parts) {
  Bytes contents;
  for (const auto& part : parts) {
    append(contents, part);
  }
  der::Writer out;
  out.primitive(tag, contents);
  return std::move(out).finish();
}
Bytes sequence(std::initializer_list<Bytes> parts) {
  return element(der::tag::sequence, parts);
}
Bytes octets(std::size_t size) {
  return element(der::tag::octet_string, {Bytes(size, 0x11)});
}
Bytes extension(BytesView type, const Bytes& value, bool critical = false) {
  return sequence({element(der::tag::oid, {to_bytes(type)}), critical ? hex("0101ff") : Bytes{},
                   element(der::tag::octet_string, {value})});
}

/// A request in parts, each of them to be spoilt.
struct RequestParts {
  Bytes version, requestor;
  Bytes hash = kSha1;
  Bytes name_hash = octets(20), key_hash = octets(20), serial = hex("02014b");
  Bytes single_extensions, extensions, behind_id, behind_tbs, signature;
  std::size_t count = 1;

  [[nodiscard]] Bytes id() const { return sequence({hash, name_hash, key_hash, serial, behind_id}); }
  [[nodiscard]] Bytes whole() const {
    Bytes list;
    for (std::size_t i = 0; i < count; ++i) {
      append(list, sequence({id(), single_extensions}));
    }
    return sequence({sequence({version, requestor, sequence({list}), extensions, behind_tbs}), signature});
  }
};
Bytes extensions_of(std::initializer_list<Bytes> list) {
  return element(der::tag::context_constructed(2), {sequence(list)});
}

TEST(OcspRequest, comes_back_as_it_was_written) {
  const auto read = read_request(RequestParts{}.whole());
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->certificates.size(), 1U);
  EXPECT_EQ(read->certificates[0], (CertId{IdHash::sha1, Bytes(20, 0x11), Bytes(20, 0x11), {0x4B}}));
  EXPECT_FALSE(read->nonce || read->is_signed);
  EXPECT_EQ(write(*read).value(), RequestParts{}.whole());
  Request two{{{IdHash::sha256, Bytes(32, 1), Bytes(32, 2), {0xFF}}, {IdHash::sha512, Bytes(64, 1), Bytes(64, 2), {1}}},
              Bytes(128, 3),
              false};
  EXPECT_EQ(read_request(write(two).value()).value(), two);
  two.nonce = Bytes(129, 3);
  EXPECT_FALSE(write(two));
}

struct Case {
  const char* name;
  void (*spoil)(RequestParts&);
  bool good = false;
};
class OcspRequests : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Table, OcspRequests,
    ::testing::Values(
        Case{"no_parameters_of_the_hash", [](auto& p) { p.hash = hex("300706052b0e03021a"); }, true},
        Case{"a_requestor", [](auto& p) { p.requestor = hex("a1078605 75726e3a78"); }, true},
        Case{"an_unknown_extension", [](auto& p) { p.extensions = extensions_of({extension(Bytes{0x2A, 3}, hex("0500"))}); },
             true},
        Case{"an_unknown_single_extension",
             [](auto& p) {
               p.single_extensions =
                   element(der::tag::context_constructed(0), {sequence({extension(Bytes{0x2A, 3}, hex("0500"))})});
             },
             true},
        Case{"a_nonce_of_one_octet", [](auto& p) { p.extensions = extensions_of({extension(kNonce, hex("040101"))}); },
             true},
        Case{"sixteen_certificates", [](auto& p) { p.count = kRequestsMax; }, true},
        Case{"a_signature",
             [](auto& p) { p.signature = element(0xA0, {sequence({hex("300a06082a8648ce3d040302"), hex("03020001")})}); },
             true},
        Case{"a_long_serial", [](auto& p) { p.serial = element(2, {Bytes(20, 0x11)}); }, true},
        Case{"version_1", [](auto& p) { p.version = hex("a003020100"); }},
        Case{"version_2", [](auto& p) { p.version = hex("a003020101"); }},
        Case{"no_certificate", [](auto& p) { p.count = 0; }},
        Case{"seventeen_certificates", [](auto& p) { p.count = kRequestsMax + 1; }},
        Case{"md5", [](auto& p) { p.hash = hex("300c06082a864886f70d02050500"); }},
        Case{"parameters_of_another_kind", [](auto& p) { p.hash = hex("300a06052b0e03021a020101"); }},
        Case{"a_digest_too_short", [](auto& p) { p.name_hash = octets(19); }},
        Case{"a_digest_too_long", [](auto& p) { p.key_hash = octets(21); }},
        Case{"a_digest_of_another_hash", [](auto& p) { p.hash = kSha256; }},
        Case{"serial_zero", [](auto& p) { p.serial = hex("020100"); }},
        Case{"serial_negative", [](auto& p) { p.serial = hex("0201ff"); }},
        Case{"serial_empty", [](auto& p) { p.serial = hex("0200"); }},
        Case{"serial_not_minimal", [](auto& p) { p.serial = hex("0202007f"); }},
        Case{"serial_of_21_octets", [](auto& p) { p.serial = element(2, {Bytes(21, 0x11)}); }},
        Case{"something_behind_the_id", [](auto& p) { p.behind_id = hex("0500"); }},
        Case{"something_behind_the_extensions", [](auto& p) { p.behind_tbs = hex("0500"); }},
        Case{"something_behind_the_signature", [](auto& p) { p.signature = hex("0500"); }},
        Case{"a_critical_extension",
             [](auto& p) { p.extensions = extensions_of({extension(Bytes{0x2A, 3}, hex("0500"), true)}); }},
        Case{"a_critical_single_extension",
             [](auto& p) {
               p.single_extensions =
                   element(der::tag::context_constructed(0), {sequence({extension(Bytes{0x2A, 3}, hex("0500"), true)})});
             }},
        Case{"an_extension_twice",
             [](auto& p) {
               p.extensions = extensions_of({extension(kNonce, hex("040101")), extension(kNonce, hex("040101"))});
             }},
        Case{"a_nonce_of_nothing", [](auto& p) { p.extensions = extensions_of({extension(kNonce, hex("0400"))}); }},
        Case{"a_nonce_of_129_octets",
             [](auto& p) { p.extensions = extensions_of({extension(kNonce, octets(129))}); }},
        Case{"a_nonce_that_is_no_octets", [](auto& p) { p.extensions = extensions_of({extension(kNonce, hex("0500"))}); }},
        Case{"empty_extensions", [](auto& p) { p.extensions = hex("a2023000"); }},
        Case{"a_signature_without_an_algorithm", [](auto& p) { p.signature = hex("a0063004 03020001"); }}),
    [](const auto& one) { return one.param.name; });

TEST_P(OcspRequests, are_read_or_refused) {
  RequestParts parts;
  GetParam().spoil(parts);
  const auto read = read_request(parts.whole());
  EXPECT_EQ(read.has_value(), GetParam().good) << (read ? "" : read.error().detail);
}

TEST(OcspRequest, cut_or_followed_by_octets_or_too_long_is_refused) {
  const auto whole = RequestParts{}.whole();
  test::each_truncation(whole, [](const Bytes& cut) { EXPECT_FALSE(read_request(cut)); });
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(read_request(longer));
  EXPECT_FALSE(read_request(Bytes(kRequestMaxBytes + 1, 0x30)));
  EXPECT_FALSE(read_request(hex("3084ffffffff")));
}

// --- responses ---

Bytes time_of(const char* text) {
  return element(der::tag::generalized_time, {to_bytes(as_bytes(text))});
}

struct ResponseParts {
  Bytes status = hex("0a0100");
  Bytes type = element(der::tag::oid, {to_bytes(kBasic)});
  Bytes version, responder = element(0xA2, {octets(20)});
  Bytes produced = time_of("20270601000000Z");
  Bytes cert_status = hex("8000"), this_update = time_of("20270601000000Z"), next_update;
  Bytes single_extensions, extensions, certificates, behind;
  std::size_t count = 1;
  bool body = true;

  [[nodiscard]] Bytes whole() const {
    Bytes list;
    for (std::size_t i = 0; i < count; ++i) {
      append(list, sequence({RequestParts{}.id(), cert_status, this_update, next_update, single_extensions}));
    }
    const auto data = sequence({version, responder, produced, sequence({list}), extensions});
    const auto basic = sequence({data, hex("300a06082a8648ce3d040302"), hex("030300aabb"), certificates});
    const auto bytes = element(0xA0, {sequence({type, element(der::tag::octet_string, {basic})})});
    return sequence({status, body ? bytes : Bytes{}, behind});
  }
};

TEST(OcspResponse, is_read_whole) {
  ResponseParts parts;
  parts.next_update = element(0xA0, {time_of("20270602000000Z")});
  const auto read = read_response(parts.whole());
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_TRUE(read->basic);
  EXPECT_EQ(read->basic->algorithm, x509::SignatureAlgorithm::ecdsa_sha256);
  EXPECT_EQ(read->basic->signature, hex("aabb"));
  EXPECT_EQ(read->basic->responder_key_hash, Bytes(20, 0x11));
  const auto& one = read->basic->responses.at(0);
  EXPECT_EQ(one.status, CertStatus::good);
  EXPECT_EQ(to_rfc3339(*one.next_update), "2027-06-02T00:00:00Z");
  test::each_truncation(parts.whole(), [](const Bytes& cut) { EXPECT_FALSE(read_response(cut)); });
}

struct Answer {
  const char* name;
  void (*spoil)(ResponseParts&);
  bool good = false;
};
class OcspResponses : public ::testing::TestWithParam<Answer> {};
INSTANTIATE_TEST_SUITE_P(
    Table, OcspResponses,
    ::testing::Values(
        Answer{"unknown_certificate", [](auto& p) { p.cert_status = hex("8200"); }, true},
        Answer{"revoked",
               [](auto& p) {
                 p.cert_status = element(0xA1, {time_of("20270501000000Z"), hex("a0030a0101")});
               },
               true},
        Answer{"revoked_without_a_reason", [](auto& p) { p.cert_status = element(0xA1, {time_of("20270501000000Z")}); },
               true},
        Answer{"by_name", [](auto& p) { p.responder = element(0xA1, {hex("300d310b3009060355040a0c026162")}); }, true},
        Answer{"try_later",
               [](auto& p) {
                 p.status = hex("0a0103");
                 p.body = false;
               },
               true},
        Answer{"status_4",
               [](auto& p) {
                 p.status = hex("0a0104");
                 p.body = false;
               }},
        Answer{"status_7",
               [](auto& p) {
                 p.status = hex("0a0107");
                 p.body = false;
               }},
        Answer{"an_error_with_a_body", [](auto& p) { p.status = hex("0a0101"); }},
        Answer{"no_body", [](auto& p) { p.body = false; }},
        Answer{"another_type", [](auto& p) { p.type = hex("06022a03"); }},
        Answer{"version_1", [](auto& p) { p.version = hex("a003020100"); }},
        Answer{"no_responder", [](auto& p) { p.responder.clear(); }},
        Answer{"a_short_key_hash", [](auto& p) { p.responder = element(0xA2, {octets(19)}); }},
        Answer{"no_answers", [](auto& p) { p.count = 0; }},
        Answer{"too_many_answers", [](auto& p) { p.count = kResponsesMax + 1; }},
        Answer{"utc_time",
               [](auto& p) { p.this_update = element(der::tag::utc_time, {to_bytes(as_bytes("270601000000Z"))}); }},
        Answer{"a_fraction_of_a_second", [](auto& p) { p.produced = time_of("20270601000000.5Z"); }},
        Answer{"reason_7",
               [](auto& p) {
                 p.cert_status = element(0xA1, {time_of("20270501000000Z"), hex("a0030a0107")});
               }},
        Answer{"reason_11",
               [](auto& p) {
                 p.cert_status = element(0xA1, {time_of("20270501000000Z"), hex("a0030a010b")});
               }},
        Answer{"good_with_contents", [](auto& p) { p.cert_status = hex("800100"); }},
        Answer{"a_status_of_another_tag", [](auto& p) { p.cert_status = hex("8300"); }},
        Answer{"something_behind", [](auto& p) { p.behind = hex("0500"); }},
        Answer{"a_critical_extension",
               [](auto& p) {
                 p.extensions = element(0xA1, {sequence({extension(Bytes{0x2A, 3}, hex("0500"), true)})});
               }},
        Answer{"a_critical_single_extension",
               [](auto& p) {
                 p.single_extensions = element(0xA1, {sequence({extension(Bytes{0x2A, 3}, hex("0500"), true)})});
               }},
        Answer{"a_certificate_that_is_none",
               [](auto& p) { p.certificates = element(0xA0, {sequence({hex("0500")})}); }}),
    [](const auto& one) { return one.param.name; });

TEST_P(OcspResponses, are_read_or_refused) {
  ResponseParts parts;
  GetParam().spoil(parts);
  const auto read = read_response(parts.whole());
  EXPECT_EQ(read.has_value(), GetParam().good) << (read ? "" : read.error().detail);
}

}  // namespace
}  // namespace birthmark::ocsp
