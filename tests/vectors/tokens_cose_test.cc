// SPDX-License-Identifier: Apache-2.0
// The examples of the COSE working group. COSE_Sign is read here, by the test, so that its examples check the
// algorithms.
#include <array>

#include "codec/cbor.h"
#include "codec/cose.h"
#include "codec/eat.h"
#include "codec/x509.h"
#include "crypto/cose_signature.h"
#include "vectors/tokens.h"

namespace birthmark {
namespace {

using test::Disagreement;
using test::judge;
using test::VectorTally;
using test::Verdict;

constexpr std::array kAll{cose::Algorithm::es256, cose::Algorithm::es384, cose::Algorithm::es512,
                          cose::Algorithm::eddsa};

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_evidence, what);
}

struct Example {
  Bytes message;
  Bytes to_be_signed;  ///< as the example says
  Bytes external;
  boost::json::value key;
  Verdict verdict = Verdict::accept;
};

Bytes hex_of(const boost::json::value& value) {
  return test::hex(value.as_string());
}

/// @param signer of a COSE_Sign its first one; of a COSE_Sign1 itself
Example read_example(const std::filesystem::path& path) {
  const auto whole = test::json_file(path);
  const auto& root = whole.as_object();
  const auto& input = root.at("input").as_object();
  const auto* const sign = input.if_contains("sign");
  const auto& signer = sign != nullptr ? sign->at("signers").at(0).as_object() : input.at("sign0").as_object();
  const auto& middle = root.at("intermediates");
  Example out;
  out.message = hex_of(root.at("output").at("cbor"));
  out.to_be_signed =
      hex_of(sign != nullptr ? middle.at("signers").at(0).at("ToBeSign_hex") : middle.at("ToBeSign_hex"));
  out.key = signer.at("key");
  if (const auto* const external = signer.if_contains("external")) {
    out.external = hex_of(*external);
  }
  const auto* const fails = root.if_contains("fail");
  out.verdict = fails != nullptr && fails->as_bool() ? Verdict::reject : Verdict::accept;
  return out;
}

Result<void> verify_sign1(const Example& example) {
  BM_TRY(const auto key, test::json_key(example.key));
  BM_TRY(const auto message, cose::read_sign1(example.message, {.tags = cose::Tags::sign1_or_none}));
  BM_TRY(const auto algorithm, cose::algorithm_of(message, kAll));
  if (example.verdict == Verdict::accept) {
    EXPECT_EQ(to_hex(cose::sig_structure(message, example.external)), to_hex(example.to_be_signed));
  }
  return crypto::verify(key, algorithm, message, example.external) ? Result<void>{} : refuse("the signature");
}

constexpr std::string_view kCurve = "Ed448: no key of it can be read here";
constexpr std::string_view kMixed = "ES512 with a P-256 key: the key decides the algorithm, and P-256 goes with ES256";

void run_sign1(const std::string& folder, const std::string& name_begins, std::span<const Disagreement> explained) {
  BM_NEEDS_VECTORS("cose/cose-wg");
  VectorTally tally{folder + " (COSE_Sign1)", explained};
  for (const auto& path : test::files_of(folder, ".json")) {
    if (path.filename().string().starts_with(name_begins)) {
      const auto example = read_example(path);
      judge(tally, path, example.verdict, verify_sign1(example));
    }
  }
}

constexpr Disagreement kSign1[]{{"sign-pass-01.json", "alg in the unprotected header only (AC-21)"}};
constexpr Disagreement kEcdsaSig[]{{"ecdsa-sig-04.json", kMixed}};
constexpr Disagreement kEddsaSig[]{{"eddsa-sig-02.json", kCurve}};

TEST(CoseVectors, sign1_tests) {
  run_sign1("cose/cose-wg/sign1-tests", "sign", kSign1);
}
TEST(CoseVectors, ecdsa_of_one_signer) {
  run_sign1("cose/cose-wg/ecdsa-examples", "ecdsa-sig", kEcdsaSig);
}
TEST(CoseVectors, eddsa_of_one_signer) {
  run_sign1("cose/cose-wg/eddsa-examples", "eddsa-sig", kEddsaSig);
}

// --- COSE_Sign (tag 98), which no format here has ---

Result<Bytes> without_an_empty_map(cbor::Reader& in) {
  BM_TRY(const auto encoded, in.bytes());
  return equal(encoded, Bytes{0xA0}) ? Bytes{} : to_bytes(encoded);
}

Result<cose::Algorithm> algorithm_in(BytesView protected_header) {
  cbor::Reader in{protected_header, {.rule = cbor::Rule::definite}};
  BM_TRY(const auto pairs, in.map());
  for (std::size_t i = 0; i < pairs; ++i) {
    BM_TRY(const auto label, in.integer());
    if (label == 1) {
      BM_TRY(const auto number, in.integer());
      for (const auto algorithm : kAll) {
        if (static_cast<std::int64_t>(algorithm) == number) {
          return algorithm;
        }
      }
      return refuse("algorithm");
    }
    BM_CHECK(in.skip());
  }
  return refuse("no algorithm");
}

/// Sig_structure of RFC 9052 §4.4 with context "Signature", of the first signer.
Result<void> verify_sign(const Example& example) {
  BM_TRY(const auto key, test::json_key(example.key));
  cbor::Reader in{example.message, {.rule = cbor::Rule::definite}};
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::tag) {
    BM_TRY(const auto tag, in.tag());
    if (tag != 98) {
      return refuse("another tag");
    }
  }
  BM_CHECK(in.array());
  BM_TRY(const auto body, without_an_empty_map(in));
  BM_CHECK(in.skip());
  BM_TRY(const auto payload, in.bytes());
  BM_CHECK(in.array());
  BM_CHECK(in.array());
  BM_TRY(const auto own, without_an_empty_map(in));
  BM_CHECK(in.skip());
  BM_TRY(const auto signature, in.bytes());
  BM_CHECK(in.finish());
  BM_TRY(const auto algorithm, algorithm_in(own));
  const auto to_be_signed =
      cbor::Writer{}.array(5).text("Signature").bytes(body).bytes(own).bytes(example.external).bytes(payload).finish();
  if (example.verdict == Verdict::accept) {
    EXPECT_EQ(to_hex(to_be_signed), to_hex(example.to_be_signed));
  }
  return crypto::verify_cose(key, algorithm, to_be_signed, signature) ? Result<void>{} : refuse("the signature");
}

void run_sign(const std::string& folder, std::span<const std::string_view> names,
              std::span<const Disagreement> explained) {
  BM_NEEDS_VECTORS("cose/cose-wg");
  VectorTally tally{folder + " (COSE_Sign, by the test)", explained};
  for (const auto& path : test::files_of(folder, ".json")) {
    const auto name = path.filename().string();
    if (!names.empty() && std::ranges::find(names, name) == names.end()) {
      continue;
    }
    const auto example = read_example(path);
    judge(tally, path, example.verdict, verify_sign(example));
    EXPECT_FALSE(cose::read_sign1(example.message, {.tags = cose::Tags::sign1_or_none})) << name << ": no COSE_Sign1";
  }
}

constexpr std::array<std::string_view, 4> kEcdsaNames{"ecdsa-01.json", "ecdsa-02.json", "ecdsa-03.json",
                                                      "ecdsa-04.json"};
constexpr std::array<std::string_view, 2> kEddsaNames{"eddsa-01.json", "eddsa-02.json"};
constexpr Disagreement kEcdsa[]{{"ecdsa-04.json", kMixed}};
constexpr Disagreement kEddsa[]{{"eddsa-02.json", kCurve}};

TEST(CoseVectors, sign_tests) {
  run_sign("cose/cose-wg/sign-tests", {}, {});
}
TEST(CoseVectors, ecdsa_of_several_signers) {
  run_sign("cose/cose-wg/ecdsa-examples", kEcdsaNames, kEcdsa);
}
TEST(CoseVectors, eddsa_of_several_signers) {
  run_sign("cose/cose-wg/eddsa-examples", kEddsaNames, kEddsa);
}
TEST(CoseVectors, x509_examples) {
  run_sign("cose/cose-wg/x509-examples", {}, {});
}

// The certificates of those examples, as x5chain and x5t of a COSE_Sign1.
TEST(CoseVectors, the_certificates_of_the_x509_examples) {
  BM_NEEDS_VECTORS("cose/cose-wg/x509-examples");
  const auto chain = [](const char* name) {
    const auto whole = test::json_file(test::vectors("cose/cose-wg/x509-examples") / name);
    const auto& signer = whole.at("input").at("sign").at("signers").at(0);
    const auto& said = signer.at("unprotected").at("x5chain");
    std::vector<Bytes> certificates;
    if (said.is_string()) {
      certificates.push_back(hex_of(said));
    } else {
      for (const auto& one : said.as_array()) {
        certificates.push_back(hex_of(one));
      }
    }
    return std::pair{certificates, test::json_key(signer.at("key")).value()};
  };
  for (const char* const name : {"signed-03.json", "signed-04.json"}) {
    const auto [certificates, key] = chain(name);
    const auto message = cose::write_sign1({.x5chain = certificates, .payload = {1}}, Bytes{1});
    const auto read = cose::read_sign1(message);
    ASSERT_TRUE(read) << name;
    ASSERT_EQ(read->header.x5chain.size(), certificates.size());
    const auto leaf = x509::Certificate::read(read->header.x5chain.front());
    ASSERT_TRUE(leaf) << leaf.error().detail;
    EXPECT_TRUE(equal(leaf->spki(), key.spki())) << name;
  }
}

// Shared secrets: every one of these is refused, whatever its own verdict.
TEST(CoseVectors, macs_are_refused_by_name) {
  BM_NEEDS_VECTORS("cose/cose-wg/mac0-tests");
  VectorTally tally{"cose/cose-wg/mac0-tests (COSE_Mac0: all refused)"};
  for (const auto& path : test::files_of("cose/cose-wg/mac0-tests", ".json")) {
    const auto message = hex_of(test::json_file(path).at("output").at("cbor"));
    const auto read = cose::read_sign1(message);
    judge(tally, path, Verdict::reject, read);
    if (message.front() == 0xD1) {
      EXPECT_NE(test::words_of(read).find("COSE_Mac0"), std::string::npos) << path;
    }
  }
}

constexpr std::string_view kNoSignature = "no signature: a MAC or encrypted, refused by its tag";
constexpr Disagreement kCwt[]{
    {"A_4.json", kNoSignature}, {"A_5.json", kNoSignature}, {"A_6.json", kNoSignature}, {"A_7.json", kNoSignature}};

TEST(CoseVectors, web_tokens) {
  BM_NEEDS_VECTORS("cose/cose-wg/CWT");
  VectorTally tally{"cose/cose-wg/CWT", kCwt};
  for (const auto& path : test::files_of("cose/cose-wg/CWT", ".json")) {
    const auto whole = test::json_file(path);
    if (whole.at("input").as_object().if_contains("sign0") == nullptr) {
      judge(tally, path, Verdict::accept, cose::read_sign1(hex_of(whole.at("output").at("cbor"))));
      continue;
    }
    const auto example = read_example(path);
    judge(tally, path, Verdict::accept, verify_sign1(example));
    const auto claims = eat::read_claims(cose::read_sign1(example.message)->payload);
    ASSERT_TRUE(claims) << claims.error().detail;
    EXPECT_EQ(to_ms(claims->expires.value()), 1444064944000);
  }
}

}  // namespace
}  // namespace birthmark
