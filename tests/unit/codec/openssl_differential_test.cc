// SPDX-License-Identifier: Apache-2.0
// What OpenSSL makes, our readers read alike; what our readers take, OpenSSL takes too: ours are the stricter ones.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdio>

#include "codec/cms.h"
#include "codec/distribution_point.h"
#include "codec/pem.h"
#include "codec/pkcs10.h"
#include "codec/x509.h"
#include "der_samples.h"
#include "openssl_samples.h"

namespace birthmark {
namespace {

const std::vector<openssl_samples::Expected>& certificates() {
  static const auto all = openssl_samples::certificates();
  return all;
}

TEST(OpensslDifferential, certificates_parse_equal) {
  for (const auto& expected : certificates()) {
    const auto certificate = x509::Certificate::read(expected.der);
    ASSERT_TRUE(certificate) << expected.name << ": " << certificate.error().detail;
    EXPECT_TRUE(equal(certificate->tbs(), expected.tbs)) << expected.name;
    EXPECT_TRUE(equal(certificate->serial(), expected.serial)) << expected.name;
    EXPECT_TRUE(equal(certificate->issuer(), expected.issuer)) << expected.name;
    EXPECT_TRUE(equal(certificate->subject(), expected.subject)) << expected.name;
    EXPECT_TRUE(equal(certificate->spki(), expected.spki)) << expected.name;
    EXPECT_TRUE(equal(certificate->signature(), expected.signature)) << expected.name;
    EXPECT_EQ(to_ms(certificate->not_before()), expected.not_before_s * 1000) << expected.name;
    EXPECT_EQ(to_ms(certificate->not_after()), expected.not_after_s * 1000) << expected.name;
    EXPECT_EQ(certificate->extensions().size(), expected.extensions) << expected.name;
    EXPECT_EQ(x509::display_name(certificate->subject()), "serialNumber=BM-01+CN=device 1,O=Ger\\C3\\A4tewerk\\, GmbH");
  }
}

TEST(OpensslDifferential, every_extension_it_writes_is_read) {
  const auto certificate = x509::Certificate::read(certificates().at(0).der).value();
  const auto all = certificate.extensions();
  EXPECT_EQ(x509::basic_constraints(all)->value().path_length, 3U);
  EXPECT_EQ(x509::key_usage(all)->value(), 1U << 5 | 1U << 6);
  EXPECT_EQ(x509::extended_key_usage(all)->value().size(), 2U);
  const auto own_id = x509::subject_key_identifier(all)->value();
  EXPECT_TRUE(equal(x509::authority_key_identifier(all)->value().key_id.value(), own_id));
  EXPECT_EQ(x509::subject_alt_name(all)->value().size(), 7U);
  EXPECT_EQ(x509::crl_distribution_uris(all)->value().at(0), "http://crl.example/1.crl");
  EXPECT_EQ(x509::name_constraints(all)->value().permitted.size(), 1U);
  EXPECT_EQ(x509::name_constraints(all)->value().excluded.size(), 1U);
}

/// Whether our reader's yes is followed by OpenSSL's.
template <class Ours, class Theirs>
testing::AssertionResult ours_is_stricter(const Bytes& input, Ours ours, Theirs theirs) {
  if (!ours(input) || theirs(input)) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << to_hex(input);
}

/// Every byte of the sample, flipped in each bit; then cut and doubled spans of it.
template <class Ours, class Theirs>
void expect_stricter_on_variants(const Bytes& sample, Ours ours, Theirs theirs) {
  for (std::size_t at = 0; at < sample.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto variant = sample;
      variant[at] ^= static_cast<std::uint8_t>(1U << bit);
      ASSERT_TRUE(ours_is_stricter(variant, ours, theirs)) << "byte " << at << " bit " << bit;
    }
  }
  EXPECT_TRUE(rc::check([&] {
    auto variant = sample;
    const auto from = *rc::gen::inRange<std::size_t>(0, sample.size());
    const auto to = *rc::gen::inRange<std::size_t>(from, sample.size());
    const auto begin = sample.begin() + static_cast<std::ptrdiff_t>(from),
               end = sample.begin() + static_cast<std::ptrdiff_t>(to);
    if (*rc::gen::arbitrary<bool>()) {
      variant.insert(variant.begin() + static_cast<std::ptrdiff_t>(to), begin, end);
    } else {
      variant.erase(variant.begin() + static_cast<std::ptrdiff_t>(from),
                    variant.begin() + static_cast<std::ptrdiff_t>(to));
    }
    RC_ASSERT(static_cast<bool>(ours_is_stricter(variant, ours, theirs)));
  }));
}

TEST(OpensslDifferential, whatever_certificate_we_take_it_takes) {
  const auto ours = [](const Bytes& input) { return x509::Certificate::read_anchor(input).has_value(); };
  for (const auto& expected : certificates()) {
    expect_stricter_on_variants(expected.der, ours, openssl_samples::takes_certificate);
  }
}

TEST(OpensslDifferential, requests_are_read_and_whatever_we_take_it_takes) {
  const auto ours = [](const Bytes& input) { return pkcs10::Request::read(input).has_value(); };
  const auto samples = openssl_samples::requests();
  const auto request = pkcs10::Request::read(samples.at(0));
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->challenge_password(), "AbCdEfGh+/=");
  EXPECT_EQ(request->extensions().size(), 2U);
  for (const auto& sample : samples) {
    ASSERT_TRUE(ours(sample));
    expect_stricter_on_variants(sample, ours, openssl_samples::takes_request);
  }
}

TEST(OpensslDifferential, a_request_put_together_again_still_proves_possession) {
  for (const auto& sample : openssl_samples::requests()) {
    const auto request = pkcs10::Request::read(sample).value();
    const auto info =
        pkcs10::certification_request_info(request.subject(), request.spki(), request.attributes()).value();
    const auto again = pkcs10::assemble(info, request.signature_algorithm(), request.signature());
    EXPECT_EQ(again, sample);
    EXPECT_TRUE(openssl_samples::proves_possession(again));
    auto spoiled = again;
    spoiled.back() ^= 1U;
    EXPECT_FALSE(openssl_samples::proves_possession(spoiled));
  }
}

TEST(OpensslDifferential, bundles_go_both_ways) {
  const auto theirs = cms::read_certs_only(openssl_samples::pkcs7_of(certificates()));
  ASSERT_TRUE(theirs) << theirs.error().detail;
  EXPECT_EQ(theirs->size(), certificates().size());
  std::vector<Bytes> list;
  for (const auto& one : certificates()) {
    list.push_back(one.der);
  }
  const auto ours = cms::certs_only(list).value();
  EXPECT_EQ(openssl_samples::certificates_in_pkcs7(ours), static_cast<int>(list.size()));
  EXPECT_EQ(openssl_samples::certificates_in_pkcs7(BytesView{ours}.first(ours.size() - 1)), -1);
}

}  // namespace
}  // namespace birthmark
