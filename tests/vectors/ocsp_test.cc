// SPDX-License-Identifier: Apache-2.0
// OCSP requests and responses that others made.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <array>
#include <memory>

#include "attest/certificate_status.h"
#include "codec/base64.h"
#include "codec/ocsp.h"
#include "support/vector_tally.h"
#include "vectors/files.h"

namespace birthmark::test {
namespace {

using namespace std::string_view_literals;

Verdict verdict(bool taken) {
  return taken ? Verdict::accept : Verdict::reject;
}

TEST(OcspVectors, made) {
  BM_NEEDS_VECTORS("ocsp/made/cases.jsonl");
  VectorTally tally{"ocsp/made"};
  each_line(vectors("ocsp/made/cases.jsonl"), [&](const boost::json::object& one) {
    const auto der = base64::decode(text_of(one, "der"), 65536).value();
    const auto read = ocsp::read_request(der);
    // Who may be answered is not the reader's: it reads what is answered "unknown" as well.
    tally.judge(text_of(one, "id"), verdict(text_of(one, "expect") != "refuse"), verdict(read.has_value()),
                read ? "" : read.error().detail);
    if (!read) {
      return;
    }
    EXPECT_EQ(ocsp::read_request(ocsp::write(*read).value()).value(), *read);
    each_truncation(der, [](const Bytes& cut) { EXPECT_FALSE(ocsp::read_request(cut)); });
  });
}

TEST(OcspVectors, pyca) {
  BM_NEEDS_VECTORS("ocsp/pyca");
  constexpr std::array kRefused{"req-duplicate-ext.der"sv,
                                "req-invalid-hash-alg.der"sv,
                                "resp-response-type-unknown-oid.der"sv,
                                "resp-successful-no-response-bytes.der"sv,
                                "resp-unknown-hash-alg.der"sv,
                                "resp-unknown-response-status.der"sv};
  VectorTally tally{"ocsp/pyca"};
  for (const auto& path : files_of("ocsp/pyca")) {
    const auto name = path.filename().string();
    const auto der = file(path);
    const bool request = name.find("req") != std::string::npos;
    const auto error = [&]() -> std::string {
      if (request) {
        const auto read = ocsp::read_request(der);
        return read ? "" : read.error().detail;
      }
      const auto read = ocsp::read_response(der);
      return read ? "" : read.error().detail;
    }();
    tally.judge(name, verdict(std::ranges::find(kRefused, name) == kRefused.end()), verdict(error.empty()), error);
  }
}

// --- BoringSSL: certificate, issuer and response in one file, the intent in its first line; at 2017-03-02 ---

struct Intent {
  std::string_view file;
  attest::StatusVerdict verdict;
};
constexpr std::array kIntents{
    Intent{"bad_ocsp_type.pem", attest::StatusVerdict::unusable},
    Intent{"future_response.pem", attest::StatusVerdict::unusable},
    Intent{"good_response_next_update.pem", attest::StatusVerdict::good},
    Intent{"has_critical_response_extension.pem", attest::StatusVerdict::unusable},
    Intent{"has_single_extension.pem", attest::StatusVerdict::good},
    Intent{"invalid_response_data.pem", attest::StatusVerdict::unusable},
    Intent{"multiple_response.pem", attest::StatusVerdict::unknown},
    Intent{"ocsp_extra_certs.pem", attest::StatusVerdict::good},
    Intent{"ocsp_sign_indirect.pem", attest::StatusVerdict::good},
    Intent{"other_response.pem", attest::StatusVerdict::unusable},
    Intent{"responder_id.pem", attest::StatusVerdict::good},
    Intent{"revoke_response_reason.pem", attest::StatusVerdict::revoked},
};

TEST(OcspVectors, boringssl) {
  BM_NEEDS_VECTORS("ocsp/bssl");
  constexpr std::string_view kSha1 = "signed with SHA-1: everything before the signature passes";
  constexpr std::array kExplained{
      Disagreement{"good_response_next_update.pem", kSha1}, Disagreement{"has_single_extension.pem", kSha1},
      Disagreement{"multiple_response.pem", kSha1},         Disagreement{"ocsp_extra_certs.pem", kSha1},
      Disagreement{"ocsp_sign_indirect.pem", kSha1},        Disagreement{"responder_id.pem", kSha1},
      Disagreement{"revoke_response_reason.pem", kSha1}};
  VectorTally tally{"ocsp/bssl", kExplained};
  for (const auto& path : files_of("ocsp/bssl")) {
    const auto name = path.filename().string();
    const auto* const intent = std::ranges::find(kIntents, std::string_view{name}, &Intent::file);
    ASSERT_NE(intent, kIntents.end()) << name;
    const auto content = file(path);
    const auto certificate = x509::Certificate::read(der_in(content, "CERTIFICATE"));
    const auto issuer = x509::Certificate::read(der_in(content, "CA CERTIFICATE"));
    ASSERT_TRUE(certificate && issuer) << name;
    const auto appraisal = attest::appraise_ocsp(
        der_in(content, "OCSP RESPONSE"),
        {.certificate = *certificate, .issuer = *issuer, .now = from_rfc3339("2017-03-02T00:00:00Z").value()});
    const auto refused = attest::verdict(appraisal.findings);
    // `accept` is "says what was intended".
    tally.judge(name, Verdict::accept, verdict(appraisal.verdict == intent->verdict),
                std::string{attest::name(appraisal.verdict)} + (refused ? "" : ": " + refused.error().detail));
    if (appraisal.verdict != intent->verdict) {
      EXPECT_EQ(refused.error().check, "ocsp.signature") << name << refused.error().detail;
    }
    if (const auto request = der_in(content, "OCSP REQUEST"); request != content) {
      EXPECT_TRUE(ocsp::read_request(request)) << name;
    }
  }
}

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};

/// Seeds of fuzzers have no verdict: what we take of whole responses, OpenSSL must take too.
TEST(OcspVectors, boringssl_seeds) {
  BM_NEEDS_VECTORS("ocsp/bssl-fuzz");
  const std::string folder = "ocsp/bssl-fuzz/ocsp_parse_ocsp_response_fuzzer_corpus";
  std::size_t taken = 0, of = 0;
  for (const auto& path : files_of(folder)) {
    const auto der = file(path);
    const auto* at = der.data();
    const std::unique_ptr<OCSP_RESPONSE, Freed<OCSP_RESPONSE_free>> theirs{
        d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size()))};
    const auto ours = ocsp::read_response(der);
    EXPECT_TRUE(!ours || theirs) << path;
    taken += ours ? 1U : 0U;
    ++of;
  }
  ERR_clear_error();
  std::printf("%s: %zu of %zu taken, each by OpenSSL too\n", folder.c_str(), taken, of);
  EXPECT_GT(of, 0U);
  // The parts that the other corpora hold stand in no message of their own; none of them hurts as one.
  for (const auto* part : {"cert_id", "response_data", "single_response"}) {
    for (const auto& path : files_of("ocsp/bssl-fuzz/ocsp_parse_ocsp_" + std::string{part} + "_fuzzer_corpus")) {
      const auto der = file(path);
      EXPECT_FALSE(ocsp::read_request(der)) << path;
      EXPECT_FALSE(ocsp::read_response(der)) << path;
    }
  }
}

}  // namespace
}  // namespace birthmark::test
