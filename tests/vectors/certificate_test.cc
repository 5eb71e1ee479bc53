// SPDX-License-Identifier: Apache-2.0
// Published certificates: read with all their extensions, and judged as paths where they come as such.
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "pki/path/path.h"
#include "support/vector_tally.h"
#include "vectors/files.h"
#include "vectors/resigned.h"

namespace birthmark {
namespace {

using pki::path::MemberPtr;
using test::Disagreement;
using test::VectorTally;
using test::Verdict;

std::vector<Bytes> blocks_of(const Bytes& content, std::string_view label = "CERTIFICATE") {
  auto blocks = pem::read(as_text(content), label, {.blocks_max = 32, .block_max_bytes = 65536});
  return blocks ? std::move(*blocks) : std::vector<Bytes>{};
}

Bytes block_of(const Bytes& content, std::string_view label) {
  const auto blocks = blocks_of(content, label);
  return blocks.empty() ? Bytes{} : blocks.front();
}

/// Whether a certificate and all its extensions are read, whoever signed it.
Verdict read_whole(const Bytes& der, std::string& words) {
  const auto read = x509::Certificate::read_anchor(der);
  if (!read) {
    words = read.error().detail;
    return Verdict::reject;
  }
  words = pki::path::make_member(*read)->form_problem;
  return words.empty() ? Verdict::accept : Verdict::reject;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list, std::string_view id) {
  return std::ranges::find(list, id) != list.end();
}

TEST(CertificateVectors, boringssl_parse) {
  BM_NEEDS_VECTORS("x509/bssl-parse");
  constexpr auto kDefault = "a default is spelt out, which DER forbids (X.690 §11.5)";
  constexpr std::array kExplained{
      Disagreement{"basic_constraints_ca_false.pem", kDefault},
      Disagreement{"cert_version3.pem", kDefault},
      Disagreement{"basic_constraints_pathlen_not_ca.pem", "a path length without cA (RFC 5280 §4.2.1.9)"},
      Disagreement{"cert_skeleton.pem", "its fields are empty, and were not looked at"},
      Disagreement{"failed_signature_algorithm.pem", "a tag that is not DER inside of the signature algorithm"},
      Disagreement{"signature_algorithm_null.pem", "an AlgorithmIdentifier without an algorithm"},
      Disagreement{"subject_printable_string_containing_utf8_client_cert.pem", "UTF-8 in a PrintableString"},
      Disagreement{"subject_t61string.pem", "TeletexString outside of ASCII has no sure meaning"},
      Disagreement{"subject_t61string_126-160.pem", "TeletexString outside of ASCII has no sure meaning"},
      Disagreement{"serial_zero_padded_21_bytes.pem", "20 octets and a sign octet: read, and refused by path.allowed"},
      Disagreement{"subject_blank_subjectaltname_not_critical.pem", "read, and refused by path.allowed"}};
  VectorTally tally{"x509/bssl-parse", kExplained};
  for (const auto& path : test::files_of("x509/bssl-parse")) {
    const auto content = test::file(path);
    const auto blocks = blocks_of(content);
    if (blocks.empty()) {
      continue;
    }
    std::string words;
    const auto ours = read_whole(blocks.front(), words);
    const bool bad = as_text(content).find("BEGIN ERRORS") != std::string_view::npos;
    tally.judge(path.filename().string(), bad ? Verdict::reject : Verdict::accept, ours, words);
  }
}

TEST(CertificateVectors, cryptography) {
  BM_NEEDS_VECTORS("x509/pyca-custom");
  // What the library that they are from refuses as well, when it reads everything in them.
  constexpr std::array<std::string_view, 14> kRefused{"badasn1time.pem",
                                                      "cp_invalid.pem",
                                                      "cp_invalid2.der",
                                                      "ec_no_named_curve.pem",
                                                      "invalid_version.pem",
                                                      "invalid_utf8_common_name.pem",
                                                      "negative_serial.pem",
                                                      "nc_invalid_ip4_netmask.der",
                                                      "nc_invalid_ip_netmask.pem",
                                                      "nc_ip_invalid_length.pem",
                                                      "two_basic_constraints.pem",
                                                      "utf8-dnsname.pem",
                                                      "inhibit_any_policy_negative.pem",
                                                      "wosign-bc-invalid.pem"};
  constexpr auto kVersion1 = "version 1";
  constexpr auto kDot = "a dNSName constraint with a leading dot (RFC 5280 §4.2.1.10)";
  constexpr auto kSerial = "serial number zero";
  constexpr std::array kExplained{
      Disagreement{"alternate-rsa-sha1-oid.der", "key usages with trailing zero bits (X.690 §11.2)"},
      Disagreement{"invalid_signature_cert.pem", kVersion1},
      Disagreement{"valid_signature_cert.pem", kVersion1},
      Disagreement{"unsupported_subject_name.pem", kVersion1},
      Disagreement{"utf8_common_name.pem", kVersion1},
      Disagreement{"v1_cert.pem", kVersion1},
      Disagreement{"long-form-name-attribute.pem", "a length in a longer form than needed (X.690 §10.1)"},
      Disagreement{"nc_excluded.pem", kDot},
      Disagreement{"nc_permitted.pem", kDot},
      Disagreement{"nc_permitted_excluded.pem", kDot},
      Disagreement{"san_empty_hostname.pem", "an empty dNSName"},
      Disagreement{"san_registered_id.pem", kSerial},
      Disagreement{"san_rfc822_names.pem", "a mailbox with blanks (RFC 5280 §4.2.1.6)"},
      Disagreement{"scottishpower-bitstring-dn.pem", "a BIT STRING in a name"},
      Disagreement{"unique_identifier.pem", "a BIT STRING in a name"}};
  VectorTally tally{"x509/pyca-custom", kExplained};
  for (const auto& path : test::files_of("x509/pyca-custom")) {
    const auto id = path.filename().string();
    if (id.ends_with("_crl.pem")) {
      continue;  // a list, in the folder of lists as well
    }
    std::string words;
    const auto ours = read_whole(test::der_in(test::file(path), "CERTIFICATE"), words);
    tally.judge(id, is_one_of(kRefused, id) ? Verdict::reject : Verdict::accept, ours, words);
  }
}

/// Seeds of fuzzers: the law is that whatever we take, OpenSSL takes; what is refused is counted.
TEST(CertificateVectors, boringssl_seeds) {
  for (const auto* folder : {"x509/bssl-fuzz-cert", "x509/bssl-der"}) {
    BM_NEEDS_VECTORS(folder);
    std::size_t taken = 0, of = 0;
    for (const auto& path : test::files_of(folder)) {
      const auto bytes = test::file(path);
      std::string words;
      ++of;
      if (read_whole(bytes, words) == Verdict::accept) {
        ++taken;
        const unsigned char* cursor = bytes.data();
        const crypto::OpensslPtr<X509, X509_free> theirs{d2i_X509(nullptr, &cursor, static_cast<long>(bytes.size()))};
        EXPECT_TRUE(theirs != nullptr && cursor == bytes.data() + bytes.size()) << path;
      }
    }
    EXPECT_GT(of, 0U) << folder;
    std::printf("%s: %zu of %zu read, all of those by OpenSSL as well\n", folder, taken, of);
  }
}

/// The names of one encoding stand in many forms that are equal (RFC 5280 §7.1), and in some that are not.
TEST(CertificateVectors, names_match) {
  BM_NEEDS_VECTORS("x509/bssl-name-match");
  constexpr auto kUniversal = "UniversalString, and types that are no strings, are not read";
  std::vector<Disagreement> explained;
  std::vector<std::string> ids;
  const auto paths = test::files_of("x509/bssl-name-match/names");
  const auto read = [&](const std::filesystem::path& path) {
    return pki::path::MatchName::of(block_of(test::file(path), "NAME"));
  };
  ids.reserve(paths.size());
  for (const auto& path : paths) {
    ids.push_back(path.stem().string());
    if (ids.back().find("UNIVERSALSTRING") != std::string::npos || ids.back() == "unicode-mixed-unnormalized" ||
        ids.back() == "custom-custom-normalized") {
      explained.push_back({ids.back(), kUniversal});
    }
  }
  VectorTally tally{"x509/bssl-name-match", explained};
  const auto folder = test::vectors("x509/bssl-name-match/names");
  const auto plain = read(folder / "ascii-PRINTABLESTRING-unmangled.pem");
  ASSERT_TRUE(plain);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto name = read(paths[i]);
    tally.judge(ids[i], ids[i].starts_with("invalid") ? Verdict::reject : Verdict::accept,
                name ? Verdict::accept : Verdict::reject, name ? "" : name.error().detail);
    if (!name || !ids[i].starts_with("ascii-") || ids[i].starts_with("ascii-mixed") ||
        ids[i].find("rdn_sorting") != std::string::npos) {
      continue;
    }
    const bool same = !ids[i].ends_with("attr") && !ids[i].ends_with("extra_rdn");
    EXPECT_EQ(*name == *plain, same) << ids[i];
    EXPECT_EQ(name->is_within(*plain), same || ids[i].ends_with("extra_rdn")) << ids[i];
  }
  const auto equal_names = [&](const char* a, const char* b) {
    const auto first = read(folder / a), second = read(folder / b);
    EXPECT_TRUE(first && second && *first == *second) << a << " " << b;
  };
  equal_names("ascii-PRINTABLESTRING-rdn_sorting_1.pem", "ascii-PRINTABLESTRING-rdn_sorting_2.pem");
  equal_names("ascii-mixed-rdn_dupetype_sorting_1.pem", "ascii-mixed-rdn_dupetype_sorting_2.pem");
  equal_names("unicode_bmp-BMPSTRING-unmangled.pem", "unicode_bmp-UTF8-unmangled.pem");
}

TEST(CertificateVectors, devid) {
  for (const auto* file : {"ieee8021ar/IEEE_802.1AR.der", "ieee8021ar/RFC7925.der"}) {
    BM_NEEDS_VECTORS(file);
    std::string words;
    EXPECT_EQ(read_whole(test::file(test::vectors(file)), words), Verdict::accept) << words;
  }
}

TEST(CertificateVectors, botan_x509test) {
  BM_NEEDS_VECTORS("x509/botan-x509test");
  constexpr auto kNoName = "a host in the common name only, which nobody looks at (RFC 9525 §2)";
  constexpr std::array kExplained{
      Disagreement{"ValidCert.pem", kNoName}, Disagreement{"ValidChained.pem", kNoName},
      Disagreement{"ValidIntCALen.pem", kNoName}, Disagreement{"ValidWildcard.pem", kNoName},
      Disagreement{"ValidNameConstraint.pem", "dNSName constraints with a leading dot (RFC 5280 §4.2.1.10)"}};
  VectorTally tally{"x509/botan-x509test", kExplained};
  const auto root = blocks_of(test::file(test::vectors("x509/botan-x509test/root.pem"))).front();
  const auto expected = test::file(test::vectors("x509/botan-x509test/expected.txt"));
  std::istringstream lines{std::string{as_text(expected)}};
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    auto blocks = blocks_of(test::file(test::vectors("x509/botan-x509test/" + line.substr(0, colon))));
    blocks.push_back(root);
    test::Resigner resigner;
    const auto all = resigner.certificates(blocks);
    pki::path::Trust trust;
    trust.add_anchor(pki::path::make_member(x509::Certificate::read_anchor(all.back()).value()));
    std::vector<MemberPtr> hints;
    for (std::size_t i = 1; i + 1 < all.size(); ++i) {
      if (auto read = x509::Certificate::read(all[i])) {
        hints.push_back(pki::path::make_member(std::move(*read)));
      }
    }
    pki::path::Options options;
    options.at = from_rfc3339("2016-10-21T00:00:00Z").value();
    options.purpose = pki::path::Purpose::server;
    options.host = pki::path::Host{pki::path::Host::Kind::dns, "www.tls.test"};
    const auto leaf = x509::Certificate::read(all.front());
    std::string words = leaf ? "" : leaf.error().detail;
    bool accepted = false;
    if (leaf) {
      const auto judgement = pki::path::judge(trust, pki::path::make_member(*leaf), hints, {}, options);
      accepted = judgement.accepted();
      words = accepted ? "" : std::string{judgement.failure()->check} + ": " + judgement.failure()->detail;
    }
    tally.judge(line.substr(0, colon), line.substr(colon + 1) == "Verified" ? Verdict::accept : Verdict::reject,
                accepted ? Verdict::accept : Verdict::reject, words);
  }
}

}  // namespace
}  // namespace birthmark
