// SPDX-License-Identifier: Apache-2.0
// Vectors of other implementations, where a copy of them lies beside the repository.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "codec/base64.h"
#include "codec/cms.h"
#include "codec/der.h"
#include "codec/distribution_point.h"
#include "codec/oid.h"
#include "codec/pem.h"
#include "codec/pkcs10.h"
#include "codec/x509.h"
#include "openssl_samples.h"
#include "support/paths.h"

namespace birthmark {
namespace {

namespace fs = std::filesystem;

constexpr pem::Limits kPemLimits{.blocks_max = 64, .block_max_bytes = 256 * 1024};

fs::path vectors() {
  return test::shared_vectors();
}

Bytes contents_of(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  return to_bytes(as_bytes(text));
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    if (entry.is_regular_file() && entry.path().filename() != "SOURCE.txt") {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

/// The DER of a file: of its first block with that label if it is PEM, else the file as it is.
Bytes der_of(const fs::path& path, std::string_view label) {
  auto file = contents_of(path);
  auto blocks = pem::read(as_text(file), label, kPemLimits);
  return blocks ? std::move(blocks->front()) : std::move(file);
}

/// Calls every typed reader; what they answer does not matter, that they come back does.
void read_everything(x509::Extensions extensions) {
  (void)x509::basic_constraints(extensions);
  (void)x509::key_usage(extensions);
  (void)x509::extended_key_usage(extensions);
  (void)x509::authority_key_identifier(extensions);
  (void)x509::subject_key_identifier(extensions);
  (void)x509::subject_alt_name(extensions);
  (void)x509::subject_directory_attribute(extensions, oids::tcg_tpm_specification);
  (void)x509::name_constraints(extensions);
  (void)x509::crl_distribution_uris(extensions);
}

TEST(DerVectors, certificates_never_fault_and_openssl_agrees_with_every_yes) {
  const auto folder = vectors() / "x509";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << "no certificate vectors beside the repository";
  }
  std::size_t accepted = 0;
  for (const auto& path : files_in(folder)) {
    const auto der = der_of(path, "CERTIFICATE");
    const auto certificate = x509::Certificate::read_anchor(der);
    (void)cms::read_certs_only(der);
    (void)pkcs10::Request::read(der);
    if (certificate) {
      ++accepted;
      EXPECT_TRUE(openssl_samples::takes_certificate(der)) << path;
      read_everything(certificate->extensions());
    }
  }
  EXPECT_GT(accepted, 100U) << "too few: is something wrong with the reader?";
}

struct Verdict {
  const char* file;
  bool accepted;
};

TEST(DerVectors, ill_formed_certificates_are_told_from_well_formed_ones) {
  const auto folder = vectors() / "x509";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << "no certificate vectors beside the repository";
  }
  constexpr std::array kVerdicts{
      Verdict{"bssl-parse/cert_version3.pem", true},
      Verdict{"bssl-parse/cert_data_after_signature.pem", false},
      Verdict{"bssl-parse/cert_empty_sequence.pem", false},
      Verdict{"bssl-parse/cert_missing_signature.pem", false},
      Verdict{"bssl-parse/cert_signature_not_bit_string.pem", false},
      Verdict{"bssl-parse/v1_explicit_version.pem", false},
      Verdict{"bssl-parse/extension_critical_0.pem", false},
      Verdict{"bssl-parse/extension_critical_3.pem", false},
      Verdict{"bssl-parse/extensions_duplicate_key_usage.pem", false},
      Verdict{"bssl-parse/extensions_empty_sequence.pem", false},
      Verdict{"bssl-parse/extensions_not_sequence.pem", false},
      Verdict{"bssl-parse/issuer_bad_printable_string.pem", false},
      Verdict{"bssl-parse/serial_37_bytes.pem", false},
      Verdict{"bssl-parse/serial_negative.pem", false},
      Verdict{"bssl-parse/serial_not_minimal.pem", false},
      Verdict{"bssl-parse/serial_not_number.pem", false},
      Verdict{"bssl-parse/serial_zero.pem", false},
      Verdict{"bssl-parse/serial_zero_padded_21_bytes.pem", true},  // 20 octets and a sign octet
      Verdict{"bssl-parse/subject_not_printable_string.pem", false},
      Verdict{"bssl-parse/subject_printable_string_containing_utf8_client_cert.pem", false},
      Verdict{"botan-edge/serial_numbers/twenty_octets.pem", true},
      Verdict{"botan-edge/serial_numbers/twentyone_octets.pem", false},
      Verdict{"botan-edge/serial_numbers/neg255.pem", false},
      Verdict{"botan-edge/serial_numbers/zero.pem", false},
      Verdict{"botan-edge/serial_numbers/pos255.pem", true},
      Verdict{"pyca-custom/ec_no_named_curve.pem", false},
      Verdict{"pyca-custom/invalid_version.pem", false},
      Verdict{"pyca-custom/invalid_utf8_common_name.pem", false},
      Verdict{"pyca-custom/two_basic_constraints.pem", false},
      Verdict{"pyca-custom/negative_serial.pem", false},
      Verdict{"pyca-custom/badasn1time.pem", false},
      Verdict{"pyca-custom/unique_identifier.pem", false},
      Verdict{"pyca-custom/v1_cert.pem", false},
      Verdict{"pyca-custom/all_key_usages.pem", true},
      Verdict{"botan-x509test/ValidCert.pem", true},
      Verdict{"botan-x509test/InvalidIntCAVersionOne.pem", true},
  };
  for (const auto& [file, accepted] : kVerdicts) {
    const auto certificate = x509::Certificate::read_anchor(der_of(folder / file, "CERTIFICATE"));
    EXPECT_EQ(certificate.has_value(), accepted) << file << ": " << (certificate ? "" : certificate.error().detail);
  }
}

/// Whether `read` takes the extensions of the certificate in that file.
template <class Read>
bool extension_taken(const fs::path& path, Read read) {
  const auto certificate = x509::Certificate::read_anchor(der_of(path, "CERTIFICATE"));
  EXPECT_TRUE(certificate) << path << ": " << certificate.error().detail;
  return certificate && read(certificate->extensions()).has_value();
}

TEST(DerVectors, ill_formed_extensions_are_told_from_well_formed_ones) {
  const auto folder = vectors() / "x509";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << "no certificate vectors beside the repository";
  }
  const auto expect = [&](std::span<const Verdict> verdicts, auto read) {
    for (const auto& [file, accepted] : verdicts) {
      EXPECT_EQ(extension_taken(folder / file, read), accepted) << file;
    }
  };
  constexpr std::array kConstraints{
      Verdict{"bssl-parse/basic_constraints_not_ca.pem", true},
      Verdict{"bssl-parse/basic_constraints_ca_path_9.pem", true},
      Verdict{"bssl-parse/basic_constraints_pathlen_255.pem", true},
      Verdict{"bssl-parse/basic_constraints_pathlen_256.pem", false},
      Verdict{"bssl-parse/basic_constraints_ca_false.pem", false},
      Verdict{"bssl-parse/basic_constraints_negative_path.pem", false},
      Verdict{"bssl-parse/basic_constraints_path_too_large.pem", false},
      Verdict{"bssl-parse/basic_constraints_pathlen_not_ca.pem", false},
      Verdict{"bssl-parse/basic_constraints_unconsumed_data.pem", false},
      Verdict{"pyca-custom/wosign-bc-invalid.pem", false},
  };
  expect(kConstraints, x509::basic_constraints);
  constexpr std::array kUsages{Verdict{"bssl-parse/key_usage.pem", true},
                               Verdict{"bssl-parse/bad_key_usage.pem", false},
                               Verdict{"pyca-custom/all_key_usages.pem", true}};
  expect(kUsages, x509::key_usage);
  constexpr std::array kNames{
      Verdict{"bssl-parse/subject_alt_name.pem", true},
      Verdict{"bssl-parse/subjectaltname_bad_ip.pem", false},
      Verdict{"bssl-parse/subjectaltname_dns_not_ascii.pem", false},
      Verdict{"bssl-parse/subjectaltname_general_names_empty_sequence.pem", false},
      Verdict{"bssl-parse/subjectaltname_trailing_data.pem", false},
      Verdict{"pyca-custom/san_dirname.pem", true},
      Verdict{"pyca-custom/san_other_name.pem", true},
      Verdict{"pyca-custom/san_empty_hostname.pem", false},
      Verdict{"pyca-custom/utf8-dnsname.pem", false},
  };
  expect(kNames, x509::subject_alt_name);
  constexpr std::array kKeyIds{Verdict{"bssl-parse/authority_key_identifier_not_sequence.pem", false},
                               Verdict{"pyca-custom/authority_key_identifier.pem", true},
                               Verdict{"pyca-custom/authority_key_identifier_no_keyid.pem", true}};
  expect(kKeyIds, x509::authority_key_identifier);
  constexpr std::array kOwnIds{Verdict{"bssl-parse/subject_key_identifier_not_octet_string.pem", false}};
  expect(kOwnIds, x509::subject_key_identifier);
  constexpr std::array kSubtrees{Verdict{"bssl-parse/name_constraints_bad_ip.pem", false},
                                 Verdict{"pyca-custom/nc_ip_invalid_length.pem", false},
                                 Verdict{"pyca-custom/nc_permitted_excluded.pem", true}};
  expect(kSubtrees, x509::name_constraints);
  constexpr std::array kPoints{Verdict{"bssl-parse/crldp_1uri_noissuer.pem", true},
                               Verdict{"bssl-parse/crldp_3uri_noissuer.pem", true},
                               Verdict{"bssl-parse/crldp_full_name_as_dirname.pem", true},
                               Verdict{"bssl-parse/crldp_issuer_as_dirname.pem", true}};
  expect(kPoints, x509::crl_distribution_uris);
}

TEST(DerVectors, hardware_vendors_certificates_are_read) {
  const auto folder = vectors() / "tpm2-vendor-roots";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << "no vendor certificates beside the repository";
  }
  for (const auto& path : files_in(folder)) {
    const auto certificate = x509::Certificate::read_anchor(der_of(path, "CERTIFICATE"));
    EXPECT_TRUE(certificate) << path << ": " << certificate.error().detail;
  }
}

TEST(DerVectors, limbo_paths_that_must_be_found_are_readable) {
  const auto file = vectors() / "x509" / "limbo-dev" / "limbo-dev.json";
  if (!fs::exists(file)) {
    GTEST_SKIP() << "no limbo vectors beside the repository";
  }
  const std::set<std::string_view> refused_here{"rfc5280::serial::too-long", "rfc5280::serial::negative",
                                                "rfc5280::ee-empty-issuer"};
  const auto document = boost::json::parse(as_text(contents_of(file)));
  for (const auto& one : document.at("testcases").as_array()) {
    const std::string_view id = one.at("id").as_string();
    const auto blocks = pem::read(std::string_view{one.at("peer_certificate").as_string()}, "CERTIFICATE", kPemLimits);
    ASSERT_TRUE(blocks) << id;
    const auto leaf = x509::Certificate::read(blocks->front());
    if (one.at("expected_result").as_string() == "SUCCESS") {
      ASSERT_TRUE(leaf) << id << ": " << leaf.error().detail;
      EXPECT_TRUE(x509::subject_alt_name(leaf->extensions())) << id;
    }
    EXPECT_FALSE(leaf && refused_here.contains(id)) << id;
  }
}

TEST(DerVectors, made_requests_get_their_verdict) {
  const auto file = vectors() / "csr" / "made" / "cases.jsonl";
  if (!fs::exists(file)) {
    GTEST_SKIP() << "no request vectors beside the repository";
  }
  // What only the key, the signature or the profile can tell is for the layers above: here it is readable.
  const std::set<std::string_view> for_layers_above{
      "pop/other-key",     "key/rsa1024",
      "key/rsa-e1",        "key/rsa-n-even",
      "key/rsa-32768",     "key/off-curve",
      "key/infinity",      "key/hybrid-point",
      "key/secp256k1",     "key/ed25519-zero",
      "key/x25519",        "key/ed25519-null",
      "id/other-cn",       "id/san-list-with-other",
      "id/dns-wildcard",   "id/homoglyph",
      "id/trailing-space", "str/65",
      "str/teletex",       "str/empty-cn",
      "id/san-empty",      "str/nul-dns",
  };
  std::ifstream lines{file};
  for (std::string line; std::getline(lines, line);) {
    const auto one = boost::json::parse(line);
    const std::string_view id = one.at("id").as_string(), expect = one.at("expect").as_string();
    const auto der = base64::decode(std::string_view{one.at("der").as_string()}, 128 * 1024);
    ASSERT_TRUE(der) << id;
    const auto request = pkcs10::Request::read(*der);
    if (expect == "accept") {
      EXPECT_TRUE(request) << id << ": " << request.error().detail;
    }
    if (expect == "reject" && !for_layers_above.contains(id) && !id.starts_with("esc/")) {
      EXPECT_FALSE(request) << id;
    }
    if (id == "id/san-empty" || id == "str/nul-dns") {
      EXPECT_FALSE(request && x509::subject_alt_name(request->extensions())) << id;
    }
  }
}

TEST(DerVectors, requests_of_others_never_fault_and_openssl_agrees_with_every_yes) {
  const auto folder = vectors() / "csr";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << "no request vectors beside the repository";
  }
  for (const auto& path : files_in(folder)) {
    const auto der = der_of(path, "CERTIFICATE REQUEST");
    const auto request = pkcs10::Request::read(der);
    if (request) {
      EXPECT_TRUE(openssl_samples::takes_request(der)) << path;
      read_everything(request->extensions());
    }
  }
  constexpr std::array kVerdicts{
      Verdict{"boulder/ecdsa.der.csr", true},
      Verdict{"boulder/bad_algorithm.der.csr", false},
      Verdict{"pyca/ec_sha256.der", true},
      Verdict{"pyca/challenge-multi-valued.der", false},
      Verdict{"pyca/bad-version.pem", false},
      Verdict{"pyca/rsa_md4.der", false},
      Verdict{"pyca/two_basic_constraints.pem", false},
      Verdict{"pyca/rsa_sha256.der", true},
      Verdict{"pyca/freeipa-bad-critical.pem", false},
      Verdict{"pyca/challenge-invalid.der", false},
  };
  for (const auto& [file, accepted] : kVerdicts) {
    const auto request = pkcs10::Request::read(der_of(folder / file, "CERTIFICATE REQUEST"));
    EXPECT_EQ(request.has_value(), accepted) << file << ": " << (request ? "" : request.error().detail);
  }
}

TEST(DerVectors, bundles_of_others_are_read_or_refused) {
  const auto folder = vectors() / "cms";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << "no CMS vectors beside the repository";
  }
  const auto amazon = cms::read_certs_only(contents_of(folder / "pyca" / "amazon-roots.der"));
  ASSERT_TRUE(amazon) << amazon.error().detail;
  EXPECT_EQ(amazon->size(), 2U);
  const auto isrg = cms::read_certs_only(der_of(folder / "pyca" / "isrg.pem", "PKCS7"));
  ASSERT_TRUE(isrg) << isrg.error().detail;
  EXPECT_EQ(isrg->size(), 1U);
  EXPECT_FALSE(cms::read_certs_only(der_of(folder / "pyca" / "enveloped.pem", "PKCS7")));
  for (const auto& path : files_in(folder / "openssl-fuzz")) {
    const auto der = contents_of(path);
    const auto bundle = cms::read_certs_only(der);
    EXPECT_TRUE(!bundle || openssl_samples::certificates_in_pkcs7(der) == static_cast<int>(bundle->size())) << path;
  }
}

/// The cases of a file of "Input =", "ResultDER =", "ResultBER =" lines: input and whether DER is fine with it.
std::vector<std::pair<std::string, bool>> line_cases(const fs::path& path) {
  std::vector<std::pair<std::string, bool>> cases;
  std::ifstream lines{path};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Input =")) {
      cases.emplace_back(line.size() > 8 ? line.substr(8) : "", true);
    }
    const bool refusal =
        (line.starts_with("ResultDER =") || line.starts_with("ResultBER =")) && !line.ends_with("= OK");
    if (refusal && !cases.empty()) {
      cases.back().second = false;
    }
  }
  return cases;
}

/// Reads one element by the reader of its type, if it has one.
bool element_taken(BytesView input) {
  der::Reader reader{input};
  switch (input.empty() ? std::uint8_t{0} : input[0]) {
    case der::tag::boolean:
      return reader.boolean() && reader.finish();
    case der::tag::integer:
      return reader.integer() && reader.finish();
    case der::tag::oid:
      return reader.oid() && reader.finish();
  }
  return der::check_nesting(input, 16).has_value();
}

TEST(DerVectors, elements_get_their_verdict) {
  const auto file = vectors() / "x509" / "botan-edge" / "asn1_decoding.vec";
  if (!fs::exists(file)) {
    GTEST_SKIP() << "no DER vectors beside the repository";
  }
  std::size_t compared = 0;
  for (const auto& [text, accepted] : line_cases(file)) {
    // Arcs above 32 bits are good DER; that reader only cannot hold them. Unused bits have readers of their own here.
    const bool wide_arc = text == "0606519080808000" || text == "06059080808000" || text == "0606FFFFFFFFFF7F";
    if (wide_arc || text.starts_with("03")) {
      continue;
    }
    EXPECT_EQ(element_taken(from_hex(text).value()), accepted) << text;
    ++compared;
  }
  EXPECT_GT(compared, 30U);
}

TEST(DerVectors, fuzz_seeds_of_a_der_reader_come_back_or_are_refused) {
  const auto folder = vectors() / "x509" / "bssl-der";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << "no DER vectors beside the repository";
  }
  for (const auto& path : files_in(folder)) {
    const auto input = contents_of(path);
    (void)der::check_nesting(input, 64);
    der::Reader reader{input};
    while (!reader.empty()) {
      const auto element = reader.any();
      if (!element) {
        break;
      }
      EXPECT_EQ(std::move(der::Writer{}.primitive(element->tag, element->contents)).finish(), to_bytes(element->whole))
          << path;
    }
  }
}

}  // namespace
}  // namespace birthmark
