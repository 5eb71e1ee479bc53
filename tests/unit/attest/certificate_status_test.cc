// SPDX-License-Identifier: Apache-2.0
// What a response proves of a certificate: signers, answers and times, each wrong alone.
#include "attest/certificate_status.h"

#include "codec/ocsp.h"
#include "crypto/sha1.h"
#include "unit/attest/support.h"

namespace birthmark::attest {
namespace {

using testing::failed_check;
using testing::later;
using testing::vendor;

constexpr auto kOcspSigning = oid<1, 3, 6, 1, 5, 5, 7, 3, 9>;

Bytes generalized(Instant time) {
  auto text = to_rfc3339(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'T'; });
  der::Writer out;
  out.text(der::tag::generalized_time, text);
  return std::move(out).finish();
}

enum class Named : std::uint8_t { by_key, by_name };

/// A response of the vendor's intermediate about one of its endorsement certificates, to be spoilt in one place.
struct Case {
  test::PaperKey ek{tpm::Template::ek_p256_low};
  x509::Certificate issuer = x509::Certificate::read(vendor().intermediate()).value();
  x509::Certificate certificate = x509::Certificate::read(vendor().endorsement(ek.key.public_key())).value();
  const crypto::PrivateKey* signer = &vendor().intermediate_key;
  std::optional<x509::Certificate> delegate = {};
  Named named = Named::by_key;
  Instant now = later(), this_update = later(), produced_at = later();
  std::optional<Instant> next_update = later() + std::chrono::hours{24};
  std::vector<Bytes> serials{to_bytes(certificate.serial())};
  std::vector<Bytes> statuses{Bytes{0x80, 0x00}};  ///< of each serial
  std::optional<Bytes> nonce = {}, asked_nonce = {};
  void (*spoil)(Bytes&) = nullptr;

  [[nodiscard]] const x509::Certificate& responder() const { return delegate ? *delegate : issuer; }

  [[nodiscard]] Bytes data() const {
    der::Writer out;
    out.open(der::tag::sequence);
    if (named == Named::by_name) {
      out.open(der::tag::context_constructed(1)).raw(responder().subject()).close();
    } else {
      const auto hash = crypto::sha1_identifier(x509::read_spki(responder().spki())->key);
      out.open(der::tag::context_constructed(2)).octet_string(hash).close();
    }
    out.raw(generalized(produced_at)).open(der::tag::sequence);
    for (std::size_t i = 0; i < serials.size(); ++i) {
      out.open(der::tag::sequence).open(der::tag::sequence).open(der::tag::sequence);
      out.oid(oid<1, 3, 14, 3, 2, 26>).close();
      out.octet_string(crypto::sha1_identifier(issuer.subject()));
      out.octet_string(crypto::sha1_identifier(x509::read_spki(issuer.spki())->key));
      out.positive_integer(serials[i]).close().raw(statuses[i]).raw(generalized(this_update));
      if (next_update) {
        out.open(der::tag::context_constructed(0)).raw(generalized(*next_update)).close();
      }
      out.close();
    }
    out.close();
    if (nonce) {
      der::Writer value;
      value.octet_string(*nonce);
      const auto octets = std::move(value).finish();
      const x509::Extension extension{oid<1, 3, 6, 1, 5, 5, 7, 48, 1, 2>, false, octets};
      out.open(der::tag::context_constructed(1)).raw(x509::write_extensions({&extension, 1})).close();
    }
    out.close();
    return std::move(out).finish();
  }

  [[nodiscard]] Bytes response() const {
    const auto tbs = data();
    der::Writer basic;
    basic.open(der::tag::sequence).raw(tbs);
    basic.raw(x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256));
    basic.bit_string(signer->sign(tbs).value());
    if (delegate) {
      basic.open(der::tag::context_constructed(0)).open(der::tag::sequence).raw(delegate->der()).close().close();
    }
    basic.close();
    der::Writer out;
    out.open(der::tag::sequence).primitive(der::tag::enumerated, Bytes{0}).open(der::tag::context_constructed(0));
    out.open(der::tag::sequence).oid(oid<1, 3, 6, 1, 5, 5, 7, 48, 1, 1>);
    out.octet_string(std::move(basic).finish()).close().close().close();
    auto der = std::move(out).finish();
    if (spoil != nullptr) {
      spoil(der);
    }
    return der;
  }

  [[nodiscard]] StatusAppraisal appraise() const {
    const auto asked = asked_nonce ? std::optional<BytesView>{*asked_nonce} : std::nullopt;
    return appraise_ocsp(response(), {.certificate = certificate, .issuer = issuer, .now = now, .nonce = asked});
  }
};

/// A certificate of the intermediate for another key, made of the endorsement certificate.
x509::Certificate made_of(const crypto::PrivateKey& key, const std::optional<Bytes>& usages,
                          const crypto::PrivateKey& by = vendor().intermediate_key) {
  auto parts = vendor().endorsement_parts(key.public_key());
  for (const auto type : {BytesView{oids::key_usage}, BytesView{oids::extended_key_usage},
                          BytesView{oids::subject_alt_name}, BytesView{oids::subject_directory_attributes}}) {
    parts.drop(type);
  }
  if (usages) {
    parts.extensions.push_back({to_bytes(oids::extended_key_usage), false, *usages});
  }
  return x509::Certificate::read(pki::testing::sign(by, parts.tbs())).value();
}

Bytes ocsp_signing() {
  return pki::testing::oids_value({kOcspSigning});
}

Bytes revoked_status() {
  der::Writer out;
  out.open(der::tag::context_constructed(1)).raw(generalized(testing::made_at()));
  out.open(der::tag::context_constructed(0)).primitive(der::tag::enumerated, Bytes{1}).close().close();
  return std::move(out).finish();
}

TEST(CertificateStatus, good_revoked_and_unknown_are_said_by_the_issuer) {
  Case one;
  auto said = one.appraise();
  EXPECT_EQ(failed_check(said.findings), "");
  EXPECT_EQ(said.verdict, StatusVerdict::good);
  EXPECT_EQ(said.next_update, one.next_update);
  one.named = Named::by_name;
  EXPECT_EQ(one.appraise().verdict, StatusVerdict::good);
  one.statuses = {Bytes{0x82, 0x00}};
  EXPECT_EQ(one.appraise().verdict, StatusVerdict::unknown);
  one.statuses = {revoked_status()};
  said = one.appraise();
  EXPECT_EQ(said.verdict, StatusVerdict::revoked);
  EXPECT_EQ(said.revoked_at, testing::made_at());
  EXPECT_EQ(said.reason, 1);
}

TEST(CertificateStatus, of_several_answers_the_worst_one_stands) {
  Case one;
  one.serials = {one.serials[0], one.serials[0], one.serials[0]};
  const auto said = [&](std::vector<Bytes> statuses) {
    one.statuses = std::move(statuses);
    return one.appraise().verdict;
  };
  const Bytes good{0x80, 0x00}, unknown{0x82, 0x00};
  EXPECT_EQ(said({good, good, good}), StatusVerdict::good);
  EXPECT_EQ(said({good, unknown, good}), StatusVerdict::unknown);
  EXPECT_EQ(said({good, revoked_status(), unknown}), StatusVerdict::revoked);
  EXPECT_EQ(said({revoked_status(), good, good}), StatusVerdict::revoked);
}

TEST(CertificateStatus, a_responder_of_the_issuers_making_may_say_it) {
  const auto key = testing::new_key();
  Case one;
  one.signer = &key;
  EXPECT_EQ(failed_check(one.appraise().findings), "ocsp.signature") << "in the issuer's name";
  one.delegate = made_of(key, ocsp_signing());
  EXPECT_EQ(one.appraise().verdict, StatusVerdict::good);
  one.delegate = made_of(key, std::nullopt);
  EXPECT_EQ(failed_check(one.appraise().findings), "ocsp.responder") << "not made a responder";
  one.delegate = made_of(key, pki::testing::oids_value({oids::client_auth}));
  EXPECT_EQ(failed_check(one.appraise().findings), "ocsp.responder");
  one.delegate = made_of(key, pki::testing::oids_value({oid<2, 5, 29, 37, 0>}));
  EXPECT_EQ(failed_check(one.appraise().findings), "ocsp.responder") << "any usage is not this one";
  one.delegate = made_of(key, ocsp_signing(), vendor().root_key);
  EXPECT_EQ(failed_check(one.appraise().findings), "ocsp.responder") << "of somebody else's making";
  one.delegate = made_of(key, ocsp_signing());
  one.now = kNoEnd + std::chrono::seconds{1};
  EXPECT_EQ(failed_check(one.appraise().findings), "ocsp.responder") << "out of its validity";
}

struct Wrong {
  const char* name;
  const char* check;
  void (*spoil)(Case&);
};
class Statuses : public ::testing::TestWithParam<Wrong> {};
INSTANTIATE_TEST_SUITE_P(
    Table, Statuses,
    ::testing::Values(
        Wrong{"another_issuer", "status.issuer",
              [](Case& c) { c.issuer = x509::Certificate::read(vendor().root()).value(); }},
        Wrong{"no_response", "ocsp.response", [](Case& c) { c.spoil = [](Bytes& der) { der.clear(); }; }},
        Wrong{"an_error", "ocsp.response",
              [](Case& c) { c.spoil = [](Bytes& der) {
                              der = {0x30, 0x03, 0x0A, 0x01, 0x03};
                            }; }},
        Wrong{"a_flipped_bit", "ocsp.signature", [](Case& c) { c.spoil = [](Bytes& der) { der.back() ^= 1; }; }},
        Wrong{"another_certificate", "ocsp.certificate_id", [](Case& c) { c.serials[0].back() ^= 1; }},
        Wrong{"a_nonce_that_is_missing", "ocsp.nonce", [](Case& c) { c.asked_nonce = Bytes(16, 1); }},
        Wrong{"another_nonce", "ocsp.nonce",
              [](Case& c) {
                c.asked_nonce = Bytes(16, 1);
                c.nonce = Bytes(16, 2);
              }},
        Wrong{"of_a_time_to_come", "ocsp.time", [](Case& c) { c.this_update = c.now + std::chrono::minutes{6}; }},
        Wrong{"produced_in_a_time_to_come", "ocsp.time",
              [](Case& c) { c.produced_at = c.now + std::chrono::minutes{6}; }},
        Wrong{"out_of_date", "ocsp.time", [](Case& c) { c.now = *c.next_update + std::chrono::seconds{1}; }},
        Wrong{"next_before_this", "ocsp.time",
              [](Case& c) { c.next_update = c.this_update - std::chrono::seconds{1}; }},
        Wrong{"eight_days_old_without_an_end", "ocsp.time",
              [](Case& c) {
                c.next_update.reset();
                c.now += std::chrono::hours{24 * 8};
              }}),
    [](const auto& one) { return one.param.name; });

TEST_P(Statuses, that_fail_alone_are_unusable) {
  Case wrong;
  GetParam().spoil(wrong);
  const auto said = wrong.appraise();
  EXPECT_EQ(failed_check(said.findings), GetParam().check);
  EXPECT_EQ(said.verdict, StatusVerdict::unusable);
  EXPECT_FALSE(said.revoked_at || said.this_update);
}

TEST(CertificateStatus, a_nonce_that_was_asked_for_and_repeated_passes) {
  Case one;
  one.asked_nonce = one.nonce = Bytes(32, 7);
  EXPECT_EQ(one.appraise().verdict, StatusVerdict::good);
  one.asked_nonce.reset();
  EXPECT_EQ(one.appraise().verdict, StatusVerdict::good);
  one.next_update.reset();
  one.now += std::chrono::hours{24 * 6};
  EXPECT_EQ(one.appraise().verdict, StatusVerdict::good) << "six days old, and it says no end";
}

// --- lists ---

/// A list of the vendor's intermediate, in date at `later()`.
StatusAppraisal judge_list(const Case& one, const testing::Crl& crl, const crypto::PrivateKey& by) {
  const auto der = pki::testing::sign(by, crl.tbs());
  return appraise_status(der, {.certificate = one.certificate, .issuer = one.issuer, .now = one.now});
}

TEST(CertificateStatus, a_list_says_who_is_revoked_and_nobody_else_is) {
  Case one;
  one.now = testing::made_at() + std::chrono::hours{24};
  const auto& key = vendor().intermediate_key;
  const Bytes serial{one.certificate.serial().begin(), one.certificate.serial().end()};
  auto own = serial;
  if ((own.front() & 0x80) != 0) {
    own.insert(own.begin(), 0);
  }
  EXPECT_EQ(judge_list(one, testing::crl_of(vendor()), key).verdict, StatusVerdict::good);
  EXPECT_EQ(judge_list(one, testing::crl_of(vendor(), {Bytes{5}, own}), key).verdict, StatusVerdict::revoked);
  EXPECT_EQ(judge_list(one, testing::crl_of(vendor(), {Bytes{5}}), key).verdict, StatusVerdict::good);
  EXPECT_EQ(failed_check(judge_list(one, testing::crl_of(vendor()), vendor().root_key).findings), "crl.signature");
  auto other = testing::crl_of(vendor());
  other.issuer = to_bytes(x509::Certificate::read(vendor().root()).value().subject());
  EXPECT_EQ(failed_check(judge_list(one, other, key).findings), "crl.issuer");
  auto partial = testing::crl_of(vendor());
  partial.extensions = {{to_bytes(oid<2, 5, 29, 28>), true, Bytes{0x30, 0x00}}};
  EXPECT_EQ(failed_check(judge_list(one, partial, key).findings), "crl.list");
  auto late = testing::crl_of(vendor());
  late.next_update = one.now - std::chrono::seconds{1};
  EXPECT_EQ(failed_check(judge_list(one, late, key).findings), "crl.time");
  auto early = testing::crl_of(vendor());
  early.this_update = one.now + std::chrono::minutes{6};
  EXPECT_EQ(failed_check(judge_list(one, early, key).findings), "crl.time");
  one.issuer = x509::Certificate::read(vendor().root()).value();
  EXPECT_EQ(failed_check(judge_list(one, testing::crl_of(vendor()), key).findings), "status.issuer");
}

TEST(CertificateStatus, every_octet_counts) {
  const Case good;
  const auto whole = good.response();
  const auto judge = [&](const Bytes& der) {
    return appraise_ocsp(der, {.certificate = good.certificate, .issuer = good.issuer, .now = good.now}).verdict;
  };
  ASSERT_EQ(judge(whole), StatusVerdict::good);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto spoilt = whole;
    spoilt[at] ^= static_cast<std::uint8_t>(1U << at % 8);
    EXPECT_EQ(judge(spoilt), StatusVerdict::unusable) << at;
    EXPECT_EQ(judge({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at)}), StatusVerdict::unusable) << at;
  }
}

}  // namespace
}  // namespace birthmark::attest
