// SPDX-License-Identifier: Apache-2.0
// Requests that others made, each with the verdict that stands beside it or in its name.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <array>
#include <memory>

#include "cli/verify_csr.h"
#include "codec/base64.h"
#include "codec/csr_attestation.h"
#include "codec/csr_attrs.h"
#include "codec/der.h"
#include "codec/oid.h"
#include "crypto/keys.h"
#include "crypto/rsa_checks.h"
#include "support/vector_tally.h"
#include "vectors/files.h"

namespace birthmark::test {
namespace {

using namespace std::string_view_literals;

Verdict verdict(bool taken) {
  return taken ? Verdict::accept : Verdict::reject;
}

std::string words_of(const boost::json::object& said) {
  return json::write(said);
}

/// The only attribute of that type in the subject, so that a stranger's request is judged as that device's own.
std::string own_name(BytesView der) {
  const auto request = pkcs10::Request::read(der);
  const auto name = request ? request->find_subject_attribute(oids::common_name) : std::nullopt;
  return name ? std::string{as_text(name->value)} : std::string{"nobody"};
}

// --- made for this project ---

/// Where the profile decides, and how it does.
const std::array kPolicy{
    std::pair{"der/no-attributes-field"sv, Verdict::reject},  // mandatory in RFC 2986 §4.1
    std::pair{"esc/unknown-noncritical"sv, Verdict::reject},  // refused rather than dropped: nobody is surprised later
    std::pair{"str/teletex"sv, Verdict::reject},              // T61String beyond ASCII has no one reading
    std::pair{"key/secp256k1"sv, Verdict::reject},            // no profile has this curve
};

TEST(CsrVectors, made) {
  BM_NEEDS_VECTORS("csr/made/cases.jsonl");
  VectorTally tally{"csr/made"};
  std::size_t policy = 0;
  each_line(vectors("csr/made/cases.jsonl"), [&](const boost::json::object& one) {
    const auto id = text_of(one, "id");
    const auto der = base64::decode(text_of(one, "der"), std::size_t{1} << 20).value();
    const auto ours = cli::judge_csr_file(der, text_of(one, "device"));
    const auto* const decided =
        std::ranges::find(kPolicy, std::string_view{id}, &std::pair<std::string_view, Verdict>::first);
    if (text_of(one, "expect") == "policy") {
      ++policy;
      ASSERT_NE(decided, kPolicy.end()) << id;
      EXPECT_EQ(ours.accepted, decided->second == Verdict::accept) << id << words_of(ours.said);
      return;
    }
    tally.judge(id, verdict(text_of(one, "expect") == "accept"), verdict(ours.accepted), words_of(ours.said));
  });
  EXPECT_EQ(policy, kPolicy.size());
}

TEST(CsrVectors, a_verdict_is_for_the_device_that_was_named) {
  BM_NEEDS_VECTORS("csr/made/cases.jsonl");
  each_line(vectors("csr/made/cases.jsonl"), [&](const boost::json::object& one) {
    const auto der = base64::decode(text_of(one, "der"), std::size_t{1} << 20).value();
    EXPECT_FALSE(cli::judge_csr_file(der, "BM-01-000099").accepted) << text_of(one, "id");
    EXPECT_FALSE(cli::judge_csr_file(der, "").accepted) << text_of(one, "id");
  });
}

// --- boulder: the names say what is wrong; all are requests of web servers ---

TEST(CsrVectors, boulder) {
  BM_NEEDS_VECTORS("csr/boulder");
  // As a device's: RSA keys are short of nothing, but every name is a host.
  constexpr std::array kExpected{std::pair{"bad_algorithm.der.csr"sv, false},
                                 std::pair{"cn_and_san.der.csr"sv, false},
                                 std::pair{"ct_poison_extension.der.csr"sv, false},
                                 std::pair{"ct_poison_extension_empty.der.csr"sv, false},
                                 std::pair{"ecdsa.der.csr"sv, false},
                                 std::pair{"invalid_signature.der.csr"sv, false},
                                 std::pair{"long_cn.der.csr"sv, false},
                                 std::pair{"must_staple.der.csr"sv, false},
                                 std::pair{"no_names.der.csr"sv, true},
                                 std::pair{"short_key.der.csr"sv, false},
                                 std::pair{"unsupported_extension.der.csr"sv, false}};
  VectorTally tally{"csr/boulder"};
  for (const auto& path : files_of("csr/boulder")) {
    const auto name = path.filename().string();
    const auto* const expected =
        std::ranges::find(kExpected, std::string_view{name}, &std::pair<std::string_view, bool>::first);
    ASSERT_NE(expected, kExpected.end()) << name;
    const auto der = file(path);
    const auto ours = cli::judge_csr_file(der, own_name(der));
    tally.judge(name, verdict(expected->second), verdict(ours.accepted), words_of(ours.said));
  }
}

TEST(CsrVectors, pyca) {
  BM_NEEDS_VECTORS("csr/pyca");
  // What a device of that very name may send: the sound ones without a host's name or another's usage.
  constexpr std::array kTaken{"ec_sha256.der"sv, "rsa_sha256.der"sv, "rsa_sha256.pem"sv, "ec_sha256.pem"sv,
                              "ec_sha256_old_header.pem"sv};
  VectorTally tally{"csr/pyca"};
  for (const auto& path : files_of("csr/pyca")) {
    const auto content = file(path);
    const auto der = der_in(der_in(content, "CERTIFICATE REQUEST"), "NEW CERTIFICATE REQUEST");
    const auto name = path.filename().string();
    const auto ours = cli::judge_csr_file(content, own_name(der));
    const bool subject_of_more = !ours.accepted && ours.said.at("check") == "csr.subject";
    const bool listed = std::ranges::find(kTaken, name) != kTaken.end();
    // Their subjects hold a country and an organisation too: everything before the name must have passed.
    tally.judge(name, verdict(listed), verdict(ours.accepted || (subject_of_more && listed)), words_of(ours.said));
  }
}

// --- keys ---

Bytes hex_number(const Bytes& content) {
  auto text = std::string{as_text(content)};
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  if (text.starts_with("0x")) {
    text.erase(0, 2);
  }
  return from_hex(text.size() % 2 == 0 ? text : "0" + text).value_or(Bytes{});
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

Bytes modulus_of(EVP_PKEY* key) {
  BIGNUM* n = nullptr;
  if (key == nullptr || EVP_PKEY_get_bn_param(key, "n", &n) != 1) {
    return {};
  }
  Bytes out(static_cast<std::size_t>(BN_num_bytes(n)));
  BN_bn2bin(n, out.data());
  BN_free(n);
  return out;
}

/// The modulus in a file, read by OpenSSL: some of the keys are too short for our own reader.
Bytes modulus_in(const std::filesystem::path& path) {
  const auto content = file(path);
  if (path.extension() == ".txt") {
    return hex_number(content);
  }
  const bool request = path.filename().string().starts_with("csr");
  const auto der = der_in(content, request ? "CERTIFICATE REQUEST" : "CERTIFICATE");
  const auto* at = der.data();
  if (request) {
    const std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> read{
        d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())), X509_REQ_free};
    return read ? modulus_of(X509_REQ_get0_pubkey(read.get())) : Bytes{};
  }
  const std::unique_ptr<X509, decltype(&X509_free)> read{d2i_X509(nullptr, &at, static_cast<long>(der.size())),
                                                         X509_free};
  return read ? modulus_of(X509_get0_pubkey(read.get())) : Bytes{};
}

TEST(CsrVectors, roca) {
  BM_NEEDS_VECTORS("csr/roca");
  // Which of them have the structure says that repository; `accept` is "no fingerprint". Four moduli are there to be
  // mistaken for weak ones.
  constexpr std::array kWeak{"cert04.pem"sv, "cert05.pem"sv, "csr05.pem"sv, "mod01.txt"sv,
                             "mod02.txt"sv,  "mod03.txt"sv,  "mod08.txt"sv, "mod09.txt"sv};
  VectorTally tally{"csr/roca"};
  for (const auto& path : files_of("csr/roca")) {
    const auto name = path.filename().string();
    const auto modulus = modulus_in(path);
    const bool weak = std::ranges::find(kWeak, name) != kWeak.end();
    if (modulus.empty()) {
      ADD_FAILURE() << "no modulus in " << name;
      continue;
    }
    tally.judge(name, verdict(!weak), verdict(!crypto::has_roca_fingerprint(modulus)));
    if (name.starts_with("csr")) {
      const auto content = file(path);
      const auto judged = cli::judge_csr_file(content, own_name(der_in(content, "CERTIFICATE REQUEST")));
      EXPECT_TRUE(!weak || !judged.accepted) << name;
      EXPECT_TRUE(!weak || judged.said.at("check") == "csr.key") << words_of(judged.said);
    }
  }
}

// The corpus says no verdicts: OpenSSL is asked. What we take it must take; what we refuse beyond that is of a kind or
// size that nobody has here.
TEST(CsrVectors, spki_seeds) {
  BM_NEEDS_VECTORS("csr/bssl-fuzz-spki");
  constexpr std::array kExplained{
      Disagreement{"079bdf85c086ad0a92bd01f1f70c645d81053f3a", "explicit curve parameters (P-521)"},
      Disagreement{"0f5bd094b20a4632f14903bf62db8d467d2c548f", "RSA of 1,024 bits"},
      Disagreement{"4ee178363e1d8411f30e540cb97d550d4ce62f0c", "DSA"},
      Disagreement{"70da87d1d374ade329433dde31805abc8d80d915", "P-224"},
      Disagreement{"fc941f77c710354d3c3c1426432a5ee935d51dd6", "P-224"},
  };
  VectorTally tally{"csr/bssl-fuzz-spki", kExplained};
  for (const auto& path : files_of("csr/bssl-fuzz-spki")) {
    const auto der = file(path);
    const auto* at = der.data();
    const Key read{d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()))};
    const auto ours = crypto::PublicKey::from_spki(der);
    tally.judge(path.filename().string(), verdict(read != nullptr && at == der.data() + der.size()),
                verdict(ours.has_value()), ours ? "" : ours.error().detail);
  }
  ERR_clear_error();
}

// --- evidence in requests ---

/// The same request with the parameters that its signature algorithm must have (RFC 4055 §5): they are not signed.
Bytes with_parameters(BytesView der) {
  auto outer = der::read_one(der, der::tag::sequence).value();
  const auto info = outer.any().value();
  (void)outer.any();
  return pkcs10::assemble(info.whole, x509::SignatureAlgorithm::rsa_pkcs1_sha256, outer.bit_octets().value());
}

TEST(CsrAttestationVectors, the_sample_has_the_older_syntax_and_is_refused_for_it) {
  BM_NEEDS_VECTORS("eat/csr-attestation/tcgAttestTpmCertify.pem");
  const auto sample = der_in(file(vectors("eat/csr-attestation/tcgAttestTpmCertify.pem")), "CERTIFICATE REQUEST");
  VectorTally tally{"eat/csr-attestation"};
  tally.judge("tcgAttestTpmCertify.pem", Verdict::reject, verdict(pkcs10::Request::read(sample).has_value()));
  const auto request = pkcs10::Request::read(with_parameters(sample));
  ASSERT_TRUE(request) << request.error().detail;
  const auto bundle = csr_attestation::of(*request);
  ASSERT_FALSE(bundle);
  EXPECT_NE(bundle.error().detail.find("older syntax"), std::string::npos) << bundle.error().detail;
}

/// The octets of the dump, whose lines hold hex before their comments.
Bytes dumped(const Bytes& content) {
  Bytes out;
  auto text = as_text(content);
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = std::string{text.substr(0, end)};
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line.erase(std::min(line.find("//"), line.size()));
    std::erase_if(line, [](char c) { return c == ' ' || c == '\r' || c == '\t'; });
    append(out, from_hex(line).value_or(Bytes{}));
  }
  return out;
}

TEST(CsrAttestationVectors, the_dump_of_tcb_info_is_of_the_older_syntax_and_cut_of_its_hint_reads) {
  BM_NEEDS_VECTORS("csr-attestation/CSR-ATTESTATION-WITH-DiceTcbInfo.txt");
  const auto octets = dumped(file(vectors("csr-attestation/CSR-ATTESTATION-WITH-DiceTcbInfo.txt")));
  // [0] with the attribute: type, SET, then the bundle. Lengths of the dump are spelt long: taken from what is inside.
  const auto type = Bytes{csr_attestation::kDiceTcbInfo.begin(), csr_attestation::kDiceTcbInfo.end()};
  const auto found = std::ranges::search(octets, type);
  ASSERT_FALSE(found.empty());
  const BytesView behind{found.end(), octets.end()};
  der::Reader in{behind};
  const auto value = in.any();
  ASSERT_TRUE(value) << value.error().detail;
  const csr_attestation::Bundle bundle{.statements = {{type, value->whole}}, .certificates = {}};
  const auto written = csr_attestation::write(bundle);
  ASSERT_TRUE(written) << written.error().detail;
  EXPECT_FALSE(in.empty()) << "the hint of the older syntax";
}

TEST(EstVectors, csr_attributes) {
  BM_NEEDS_VECTORS("est-csrattrs");
  constexpr std::array kExplained{
      Disagreement{"example01.acp.csrattr.b64", "its extensionRequest holds one Extension in the place of Extensions"},
      Disagreement{"harkins03.csrattr.b64", "its extensionRequest holds OIDs in the place of Extensions"},
      Disagreement{"reach_csr_bulb1.csrattr.der",
                   "its extensionRequest holds one Extension in the place of Extensions"},
      Disagreement{"reach_nccoe-minerva-fountain.csrattr.der",
                   "its extensionRequest holds one Extension, of a form of its own"},
  };
  VectorTally tally{"est-csrattrs", kExplained};
  for (const auto& path : files_of("est-csrattrs")) {
    const auto name = path.filename().string();
    auto content = file(path);
    if (path.extension() == ".b64") {
      auto text = std::string{as_text(content)};
      std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
      content = base64::decode(text, 8192).value();
    }
    const bool request = name.starts_with("csr_");
    const bool ours = request ? pkcs10::Request::read(content).has_value() : csr_attrs::read(content).has_value();
    tally.judge(name, Verdict::accept, verdict(ours));
    each_truncation(content, [&](const Bytes& cut) {
      EXPECT_FALSE(request ? pkcs10::Request::read(cut).has_value() : csr_attrs::read(cut).has_value()) << name;
    });
  }
}

}  // namespace
}  // namespace birthmark::test
