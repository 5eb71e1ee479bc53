// SPDX-License-Identifier: Apache-2.0
// Published certificate revocation lists: read, and asked for the status of the certificates that come with them.
#include <gtest/gtest.h>

#include <array>

#include "codec/crl.h"
#include "crypto/openssl_verifier.h"
#include "pki/path/revocation.h"
#include "support/vector_tally.h"
#include "vectors/files.h"
#include "vectors/resigned.h"

namespace birthmark {
namespace {

using test::Disagreement;
using test::VectorTally;
using test::Verdict;

Bytes block(const Bytes& content, std::string_view label) {
  const auto blocks = pem::read(as_text(content), label, {.blocks_max = 4, .block_max_bytes = 65536});
  return blocks ? blocks->front() : Bytes{};
}

pki::path::MemberPtr member(const Bytes& der) {
  auto read = x509::Certificate::read_anchor(der);
  EXPECT_TRUE(read) << read.error().detail;
  return pki::path::make_member(std::move(*read));
}

/// Whether the leaf is refused for its status. Their issuers are no CAs, so that no whole path is good: only the lists
/// are asked.
std::optional<std::string> refused_status(const Bytes& content) {
  test::Resigner resigner;
  const auto issuer = block(content, "CA CERTIFICATE"), other = block(content, "CA CERTIFICATE 2");
  const auto leaf = member(resigner.certificate(block(content, "CERTIFICATE"), issuer));
  const auto anchor = member(resigner.certificate(issuer, issuer));
  std::vector<pki::path::MemberPtr> hints;
  if (!other.empty()) {
    hints.push_back(member(resigner.certificate(other, other)));
  }
  std::vector<x509::Crl> lists;
  if (auto crl = x509::Crl::read(resigner.crl(block(content, "CRL"), other.empty() ? issuer : other))) {
    lists.push_back(std::move(*crl));
  }
  pki::path::Options options;
  options.at = from_rfc3339("2017-03-09T00:00:00Z").value();
  options.crl_age_max = std::chrono::hours{7 * 24};
  pki::path::Trust trust;
  trust.add_anchor(anchor);
  pki::path::Effort effort;
  pki::path::Search search{trust, hints, options.at, effort};
  pki::path::Revocation revocation{lists, search, options, [](auto&, const auto&, const auto&) { return true; }};
  return revocation.refuse({anchor, leaf}, 1);
}

TEST(CrlVectors, boringssl) {  // RFC 5280 §6.3.3; the names of the files say what is expected
  BM_NEEDS_VECTORS("crl/bssl");
  VectorTally tally{"crl/bssl"};
  for (const auto& path : test::files_of("crl/bssl")) {
    const auto refused = refused_status(test::file(path));
    const auto name = path.stem().string();
    tally.judge(name, name.starts_with("good") ? Verdict::accept : Verdict::reject,
                refused ? Verdict::reject : Verdict::accept, refused.value_or(""));
    EXPECT_EQ(refused && refused->starts_with("revoked"), name.starts_with("revoked")) << name;
  }
}

/// Reads a list, and says whether OpenSSL sees the same number of entries in whatever we take.
Verdict read_list(const Bytes& der, std::string& words) {
  const auto crl = x509::Crl::read(der);
  if (!crl) {
    words = crl.error().detail;
    return Verdict::reject;
  }
  EXPECT_EQ(crypto::openssl_crl_entries(der), crl->entries().size());
  return Verdict::accept;
}

/// Judges each file of a folder as a list that is read, but for those that are named: these are refused.
template <std::size_t N>
void judge_lists(std::string_view folder, const std::array<std::string_view, N>& refused,
                 std::span<const Disagreement> explained) {
  VectorTally tally{std::string{folder}, explained};
  for (const auto& entry : std::filesystem::recursive_directory_iterator{test::vectors(folder)}) {
    if (!entry.is_regular_file() || entry.path().filename() == "SOURCE.txt") {
      continue;
    }
    const auto id = std::filesystem::relative(entry.path(), test::vectors(folder)).string();
    std::string words;
    const auto ours = read_list(test::der_in(test::file(entry.path()), "X509 CRL"), words);
    const bool bad = std::ranges::find(refused, id) != refused.end();
    tally.judge(id, bad ? Verdict::reject : Verdict::accept, ours, words);
  }
}

TEST(CrlVectors, cryptography) {
  BM_NEEDS_VECTORS("crl/pyca");
  // What the library that they are from refuses when it reads all of them, entries and extensions.
  constexpr std::array<std::string_view, 5> kRefused{"crl_bad_version.pem", "crl_dup_entry_ext.pem",
                                                     "crl_inval_cert_issuer_entry_ext.pem",
                                                     "crl_unsupported_reason.pem", "crl_invalid_time.der"};
  constexpr std::array kExplained{
      Disagreement{"crl_all_reasons.pem", "its first serial is zero, which no certificate has (RFC 5280 §4.1.2.2)"},
      Disagreement{"crl_empty.pem", "signed with SHA-1"}, Disagreement{"crl_no_next_update.pem", "signed with SHA-1"},
      Disagreement{"crl_md2_unknown_crit_entry_ext.pem", "signed with MD2"}};
  judge_lists("crl/pyca", kRefused, kExplained);
}

TEST(CrlVectors, boulder) {
  BM_NEEDS_VECTORS("crl/boulder-lints");
  // They are made to be linted; what is refused here cannot be read at all.
  constexpr std::array<std::string_view, 12> kRefused{
      "cabf_br/testdata/crl_idp_distributionPoint_and_onlyUser_and_onlyCA.pem",
      "cpcps/testdata/crl_idp_distributionPoint_and_onlyUser_and_onlyCA.pem",
      "cpcps/testdata/crl_cert_issuer.pem",
      "cpcps/testdata/crl_freshest.pem",
      "cpcps/testdata/crl_idp_no_fullname.pem",
      "cpcps/testdata/crl_idp_no_uris.pem",
      "cpcps/testdata/crl_idp_some_reasons.pem",
      "rfc/testdata/crl_aki_name_and_serial.pem",
      "rfc/testdata/crl_empty_revoked.pem",
      "rfc/testdata/crl_long_number.pem",
      "rfc/testdata/crl_no_issuer_name.pem",
      "rfc/testdata/crl_utctime_no_seconds.pem",
  };
  judge_lists("crl/boulder-lints", kRefused, {});
}

/// A list whose revokedCertificates, or whose scope, are these bytes.
Bytes list_with(BytesView entries, BytesView idp) {
  static const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  der::Writer out;
  out.open(der::tag::sequence).unsigned_int(1);
  out.raw(x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256)).raw(test::common_name("CA"));
  out.time(from_ms(0)).raw(entries);
  if (!idp.empty()) {
    const std::vector<test::MadeExtension> scope{{to_bytes(oids::issuing_distribution_point), true, to_bytes(idp)}};
    out.open(der::tag::context_constructed(0)).raw(test::MadeCertificate::written(scope)).close();
  }
  out.close();
  return test::signed_with(std::move(out).finish(), key);
}

/// Pieces of lists and certificates: each is put where it belongs. Those of whole lists have nothing in their fields
/// and are no lists.
TEST(CrlVectors, boringssl_seeds) {
  BM_NEEDS_VECTORS("crl/bssl-fuzz");
  // Only looked at from outside where they are from.
  constexpr auto kImplicit = "a SET inside of [1], whose tag is implicit (RFC 5280 A.2)";
  constexpr std::array kExplained{
      Disagreement{"crl_parse_issuing_distribution_point_fuzzer_corpus/"
                   "idp_with_distributionPoint_nameRelativeToCRLIssuer",
                   kImplicit},
      Disagreement{"parse_crldp_fuzzer_corpus/relative_name_and_reasons_and_multiple_dps.der", kImplicit}};
  VectorTally tally{"crl/bssl-fuzz", kExplained};
  for (const auto& entry : std::filesystem::recursive_directory_iterator{test::vectors("crl/bssl-fuzz")}) {
    if (!entry.is_regular_file() || entry.path().filename() == "SOURCE.txt") {
      continue;
    }
    const auto folder = entry.path().parent_path().filename().string();
    const auto name = entry.path().filename().string();
    const auto bytes = test::file(entry.path());
    bool read = false, good = !name.starts_with("bad") && name != "empty_sequence";
    if (folder.find("issuing_distribution_point") != std::string::npos) {
      read = x509::Crl::read(list_with({}, bytes)).has_value();
    } else if (folder.find("getcrlstatus") != std::string::npos) {
      read = x509::Crl::read(list_with(bytes, {})).has_value();
    } else if (folder.find("crldp") != std::string::npos) {
      const x509::Extension points{.type = oids::crl_distribution_points, .critical = false, .value = bytes};
      const auto value = x509::crl_distribution_points({&points, 1});
      read = value.has_value();
    } else {
      read = x509::Crl::read(bytes).has_value();
      good = false;
    }
    tally.judge(folder + "/" + name, good ? Verdict::accept : Verdict::reject,
                read ? Verdict::accept : Verdict::reject);
  }
}

}  // namespace
}  // namespace birthmark
