// SPDX-License-Identifier: Apache-2.0
// Botan's edge cases: paths, lists, and lines of values in DER.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <sstream>

#include "pki/path/path.h"
#include "support/made_certificates.h"
#include "support/vector_tally.h"
#include "vectors/files.h"

namespace birthmark {
namespace {

using pki::path::MemberPtr;
using test::Disagreement;
using test::VectorTally;
using test::Verdict;

constexpr std::string_view kFolder = "x509/botan-edge/";

Verdict verdict(bool accepted) {
  return accepted ? Verdict::accept : Verdict::reject;
}

Bytes der(std::string_view file) {
  return test::der_in(test::file(test::vectors(std::string{kFolder} + std::string{file})), "CERTIFICATE");
}

struct PathCase {
  const char* id;
  const char* leaf;
  std::vector<const char*> hints;
  const char* anchor;
  const char* time;
  Verdict expected;
  const char* crl = nullptr;
};

std::string judge(const PathCase& one) {
  pki::path::Trust trust;
  auto anchor = x509::Certificate::read_anchor(der(one.anchor));
  const auto leaf = x509::Certificate::read(der(one.leaf));
  if (!anchor || !leaf) {
    return !anchor ? anchor.error().detail : leaf.error().detail;
  }
  trust.add_anchor(pki::path::make_member(std::move(*anchor)));
  std::vector<MemberPtr> hints;
  for (const auto* file : one.hints) {
    if (auto hint = x509::Certificate::read(der(file))) {
      hints.push_back(pki::path::make_member(std::move(*hint)));
    }
  }
  pki::path::Options options;
  options.at = from_rfc3339(one.time).value();
  std::vector<x509::Crl> lists;
  if (one.crl != nullptr) {
    options.revocation = pki::path::RevocationScope::leaf;
    const auto bytes = test::file(test::vectors(std::string{kFolder} + one.crl));
    if (auto list = x509::Crl::read(test::der_in(bytes, "X509 CRL"))) {
      lists.push_back(std::move(*list));
    }
  }
  const auto judgement = pki::path::judge(trust, pki::path::make_member(*leaf), hints, lists, options);
  const auto* const failure = judgement.failure();
  return failure == nullptr ? "" : std::string{failure->check} + ": " + failure->detail;
}

TEST(EdgeVectors, paths) {  // AC-38
  BM_NEEDS_VECTORS("x509/botan-edge");
  const std::vector<const char*> mesh{"cross_signed_mesh/cross_a_by_b.pem", "cross_signed_mesh/cross_a_by_c.pem",
                                      "cross_signed_mesh/cross_b_by_a.pem", "cross_signed_mesh/cross_b_by_c.pem",
                                      "cross_signed_mesh/cross_c_by_a.pem", "cross_signed_mesh/cross_c_by_b.pem",
                                      "cross_signed_mesh/int_a1.pem"};
  const std::vector<PathCase> cases{
      {"short_lived",
       "short_lived/leaf.pem",
       {"short_lived/int.pem"},
       "short_lived/root.pem",
       "2026-03-23T18:00:00Z",
       Verdict::accept},
      {"short_lived_a_day_later",
       "short_lived/leaf.pem",
       {"short_lived/int.pem"},
       "short_lived/root.pem",
       "2026-03-24T18:00:00Z",
       Verdict::reject},
      {"cross_signed_mesh", "cross_signed_mesh/leaf.pem", mesh, "cross_signed_mesh/root_a.pem", "2027-01-01T00:00:00Z",
       Verdict::accept},
      {"cve-2020-0601",
       "cve-2020-0601/ee.pem",
       {"cve-2020-0601/fake_ca.pem"},
       "cve-2020-0601/ca.pem",
       "2020-02-01T00:00:00Z",
       Verdict::reject},
      {"future_dates", "future_dates/leaf.pem", {}, "future_dates/ca.pem", "2981-06-01T00:00:00Z", Verdict::accept},
      {"nc_skip_self",
       "misc/nc_skip_self/leaf.pem",
       {"misc/nc_skip_self/int.pem"},
       "misc/nc_skip_self/root.pem",
       "2021-06-01T00:00:00Z",
       Verdict::accept},
      {"name_constraint_ci",
       "misc/name_constraint_ci/leaf.pem",
       {"misc/name_constraint_ci/int.pem"},
       "misc/name_constraint_ci/root.pem",
       "2021-01-01T00:00:00Z",
       Verdict::accept},
      {"v1ca",
       "misc/v1ca/ee.pem",
       {"misc/v1ca/int.pem"},
       "misc/v1ca/root.pem",
       "2020-01-01T00:00:00Z",
       Verdict::reject},
      {"root_valid",
       "misc/root_cert_time_check/leaf.crt",
       {},
       "misc/root_cert_time_check/root.crt",
       "2025-01-01T00:00:00Z",
       Verdict::accept},
      {"root_expired",
       "misc/root_cert_time_check/leaf.crt",
       {},
       "misc/root_cert_time_check/root.crt",
       "2029-01-01T00:00:00Z",
       Verdict::reject},
      {"crl_without_nextupdate_revoked",
       "misc/crl_without_nextupdate/01.pem",
       {},
       "misc/crl_without_nextupdate/ca.pem",
       "2025-06-01T00:00:00Z",
       Verdict::reject,
       "misc/crl_without_nextupdate/valid_forever.crl"},
      {"crl_without_nextupdate",
       "misc/crl_without_nextupdate/42.pem",
       {},
       "misc/crl_without_nextupdate/ca.pem",
       "2025-06-01T00:00:00Z",
       Verdict::accept,
       "misc/crl_without_nextupdate/valid_forever.crl"},
      {"crl_with_unknown_critical",
       "wrong_context_ext/user.pem",
       {},
       "wrong_context_ext/ca.pem",
       "2026-06-01T00:00:00Z",
       Verdict::reject,
       "wrong_context_ext/crl_with_unknown_critical.pem"},
      {"crl_entry_with_unknown_critical",
       "wrong_context_ext/user.pem",
       {},
       "wrong_context_ext/ca.pem",
       "2026-06-01T00:00:00Z",
       Verdict::reject,
       "wrong_context_ext/crl_entry_with_unknown_critical.pem"},
  };
  constexpr std::array kExplained{
      Disagreement{"nc_skip_self", "the leaf is of version 1"},
      Disagreement{"root_valid", "sha256WithRSAEncryption without its NULL (RFC 8017 A.2.4)"},
      Disagreement{"crl_without_nextupdate", "the key of the CA is on a Brainpool curve"}};
  VectorTally tally{"x509/botan-edge (paths)", kExplained};
  for (const auto& one : cases) {
    const auto words = judge(one);
    tally.judge(one.id, one.expected, verdict(words.empty()), words);
  }
}

/// Lines of `name = value` below `[section]`, each given to `each(section, name, value)`.
void each_row(std::string_view file,
              const std::function<void(const std::string&, const std::string&, const std::string&)>& each) {
  const auto content = test::file(test::vectors(std::string{kFolder} + std::string{file}));
  std::istringstream lines{std::string{as_text(content)}};
  std::string section;
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find(" =");
    if (line.starts_with('[')) {
      section = line.substr(1, line.find(']') - 1);
    } else if (!line.empty() && line.front() != '#' && equals != std::string::npos) {
      each(section, line.substr(0, equals), equals + 3 <= line.size() ? line.substr(equals + 3) : "");
    }
  }
}

TEST(EdgeVectors, times) {
  BM_NEEDS_VECTORS("x509/botan-edge");
  VectorTally tally{"x509/botan-edge/asn1_time.vec"};
  each_row("asn1_time.vec", [&](const auto& section, const auto&, const auto& value) {
    const auto tag = section.starts_with("UTC") ? der::tag::utc_time : der::tag::generalized_time;
    const auto bytes = test::element(tag, as_bytes(value));
    der::Reader reader{bytes};
    tally.judge(section + "/" + value, verdict(!section.ends_with("invalid")),
                verdict(reader.time_of_either_type().has_value()));
  });
}

TEST(EdgeVectors, object_identifiers) {
  BM_NEEDS_VECTORS("x509/botan-edge");
  constexpr auto kSound = "an arc above 32 bits, which is one all the same (X.690 §8.19)";
  constexpr std::array kExplained{Disagreement{"0606519080808000", kSound}, Disagreement{"06059080808000", kSound}};
  VectorTally tally{"x509/botan-edge/asn1_oid_invalid.vec", kExplained};
  each_row("asn1_oid_invalid.vec", [&](const auto&, const auto&, const auto& value) {
    const auto bytes = test::hex(value);
    der::Reader reader{bytes};
    tally.judge(value, Verdict::reject, verdict(reader.oid().has_value() && reader.finish().has_value()));
  });
}

TEST(EdgeVectors, encodings) {
  BM_NEEDS_VECTORS("x509/botan-edge");
  constexpr auto kSound = "an arc above 32 bits, which is one all the same (X.690 §8.19)";
  constexpr std::array kExplained{Disagreement{"0606519080808000", kSound}, Disagreement{"06059080808000", kSound},
                                  Disagreement{"0606FFFFFFFFFF7F", kSound}};
  VectorTally tally{"x509/botan-edge/asn1_decoding.vec", kExplained};
  std::string input;
  std::map<std::string, bool> all;  // by input: is DER
  each_row("asn1_decoding.vec", [&](const auto&, const auto& name, const auto& value) {
    if (name == "Input") {
      input = value;
    } else if (name == "ResultDER" || !all.contains(input)) {
      all[input] = value == "OK";
    }
  });
  for (const auto& [value, good] : all) {
    tally.judge(value, verdict(good), verdict(der::check_nesting(test::hex(value), 32).has_value()));
  }
}

TEST(EdgeVectors, masks) {
  BM_NEEDS_VECTORS("x509/botan-edge");
  VectorTally tally{"x509/botan-edge/general_name_ip.vec"};
  std::string address;
  each_row("general_name_ip.vec", [&](const auto& section, const auto& name, const auto& value) {
    if (name == "Address") {
      address = value;
      return;
    }
    const auto made = test::name_constraints({test::ip(test::hex(address + value))});
    const x509::Extension extension{.type = made.type, .critical = true, .value = made.value};
    tally.judge(address + "/" + value, verdict(section == "Valid"),
                verdict(x509::name_constraints({&extension, 1}).has_value()));
  });
}

}  // namespace
}  // namespace birthmark
