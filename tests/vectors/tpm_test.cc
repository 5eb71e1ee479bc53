// SPDX-License-Identifier: Apache-2.0
// What real TPMs and their makers signed: statements, quotes, endorsement certificates, event logs.
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "attest/endorsement.h"
#include "attest/event_log.h"
#include "attest/tpm_statement.h"
#include "codec/der.h"
#include "codec/tpm_template.h"
#include "crypto/hash.h"
#include "support/process.h"
#include "support/vector_tally.h"
#include "vectors/files.h"

namespace birthmark::test {
namespace {

using attest::AnchorClass;
using attest::AnchorKind;
using attest::VendorTrust;

Verdict verdict(bool taken) {
  return taken ? Verdict::accept : Verdict::reject;
}

std::string words_of(const attest::Findings& findings) {
  const auto judged = attest::verdict(findings);
  return judged ? "" : judged.error().check + ": " + judged.error().detail;
}

Instant at(std::string_view time) {
  return from_rfc3339(time).value();
}

// --- tpm2-golden: two software TPMs ---

Bytes golden(const std::string& name) {
  return file(vectors("tpm2-golden") / name);
}

/// A statement of one of the two TPMs, and what it must be about; by the IAK unless another key is named.
struct Statement {
  std::string_view name;
  std::string_view key;
  bool good;
  std::string_view creation_data = {};
  std::string_view ak = "iak";
};
constexpr std::array kStatements{
    Statement{"idevid", "idevid", true},
    Statement{"h2-idevid-creation", "h2-idevid", true, "h2-idevid"},
    Statement{"iak-creation", "iak", false, "iak"},           // an attestation key is never an identity key
    Statement{"h2-iak-creation", "h2-iak", false, "h2-iak"},  // likewise
    Statement{"bad-nonce-empty", "idevid", false},
    Statement{"bad-nonce-other", "idevid", false},
    Statement{"bad-key-duplicable", "bad-key-duplicable", false},
    Statement{"bad-key-sign-and-decrypt", "bad-key-sign-and-decrypt", false},
    Statement{"bad-forged", "bad-forged-subject", false, {}, "bad-ak-unrestricted"},
    Statement{"quote", "idevid", false},
};

attest::StatementAppraisal judge(const std::string& tpm, const Statement& one, const std::string& expected_of) {
  const auto bytes = [&](std::string_view name, const char* suffix) {
    return golden(tpm + "/" + std::string{name} + suffix);
  };
  const auto key_public = bytes(one.key, ".tpmt_public");
  const auto read = tpm::read_public(key_public);
  const auto key = read ? attest::public_key(*read) : fail(read.error());
  const auto creation = one.creation_data.empty() ? Bytes{} : bytes(one.creation_data, ".tpms_creation_data");
  const auto ak = golden(expected_of + "/" + std::string{one.ak} + ".tpmt_public");
  return attest::appraise_key_statement({bytes(one.name, ".tpms_attest"), bytes(one.name, ".tpmt_signature")},
                                        {.ak_public = ak,
                                         .key_public = key_public,
                                         .parent_public = {},
                                         .freshness = Digest{octets<32>(golden(expected_of + "/nonce.bin")).value()},
                                         .requested_spki = key ? key->spki() : BytesView{},
                                         .creation_data = creation});
}

TEST(TpmGolden, statements) {
  BM_NEEDS_VECTORS("tpm2-golden");
  VectorTally tally{"tpm2-golden (statements)"};
  for (const std::string tpm : {"tpmA", "tpmB"}) {
    const std::string other = tpm == "tpmA" ? "tpmB" : "tpmA";
    for (const auto& one : kStatements) {
      const auto id = tpm + "/" + std::string{one.name};
      const auto mine = judge(tpm, one, tpm);
      tally.judge(id, verdict(one.good), verdict(mine.certified.has_value()), words_of(mine.findings));
      tally.judge(id + " with " + other, Verdict::reject, verdict(judge(tpm, one, other).certified.has_value()));
    }
  }
}

// CVE-2017-15361 was in TPMs: their keys of 2,048 bits are refused where the template lets RSA in.
TEST(TpmGolden, a_key_with_the_roca_structure_is_none) {
  BM_NEEDS_VECTORS("csr/roca");
  BM_NEEDS_VECTORS("tpm2-golden");
  for (const auto& [modulus_file, weak] : {std::pair{"mod03.txt", true}, std::pair{"mod04.txt", false}}) {
    auto text = std::string{as_text(file(vectors("csr/roca") / modulus_file))};
    std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
    for (const auto use : {tpm::Template::idevid_h1, tpm::Template::iak_h1}) {
      auto area = tpm::make(use);
      std::get<tpm::RsaKey>(area.key).modulus = from_hex(text.substr(2)).value();
      const auto whole = tpm::write(area);
      const auto key = attest::public_key(area).value();
      const bool is_ak = use == tpm::Template::iak_h1;
      const auto good_ak = golden("tpmA/iak.tpmt_public");
      const auto judged =
          attest::appraise_key_statement({}, {.ak_public = is_ak ? BytesView{whole} : BytesView{good_ak},
                                              .key_public = whole,
                                              .parent_public = {},
                                              .freshness = {},
                                              .requested_spki = key.spki()});
      const auto check = attest::verdict(judged.findings).error().check;
      EXPECT_EQ(check, weak ? (is_ak ? "ak.public" : "key.public") : (is_ak ? "key.public" : "statement.signature"));
    }
  }
}

TEST(TpmGolden, quotes_with_their_values) {
  BM_NEEDS_VECTORS("tpm2-golden");
  VectorTally tally{"tpm2-golden (quotes)"};
  for (const std::string tpm : {"tpmA", "tpmB"}) {
    const auto joined = golden(tpm + "/quote.pcrs_0_1_2_3_7.bin");
    std::vector<Bytes> values;
    for (std::size_t pcr = 0; pcr + 32 <= joined.size(); pcr += 32) {
      values.push_back(to_bytes(BytesView{joined}.subspan(pcr, 32)));
    }
    const auto judged = [&](const std::string& name, std::uint32_t pcrs, const std::string& ak) {
      return attest::appraise_quote(
          {golden(tpm + "/" + name + ".tpms_attest"), golden(tpm + "/" + name + ".tpmt_signature")},
          golden(ak + "/iak.tpmt_public"), Digest{octets<32>(golden(tpm + "/nonce.bin")).value()},
          {.selection = {{tpm::Hash::sha256, pcrs}}, .values = values});
    };
    const auto good = judged("quote", 0x8F, tpm);
    tally.judge(tpm + "/quote", Verdict::accept, verdict(good.claims.has_value()), words_of(good.findings));
    tally.judge(tpm + "/quote of other PCRs", Verdict::reject, verdict(judged("quote", 0x0F, tpm).claims.has_value()));
    tally.judge(tpm + "/quote of the other TPM", Verdict::reject,
                verdict(judged("quote", 0x8F, tpm == "tpmA" ? "tpmB" : "tpmA").claims.has_value()));
    tally.judge(tpm + "/idevid as a quote", Verdict::reject, verdict(judged("idevid", 0x8F, tpm).claims.has_value()));
    std::swap(values[0], values[4]);
    tally.judge(tpm + "/quote with other values", Verdict::reject,
                verdict(judged("quote", 0x8F, tpm).claims.has_value()));
  }
}

TEST(TpmGolden, endorsement_certificates) {
  BM_NEEDS_VECTORS("tpm2-golden/ek");
  VendorTrust trust;
  const auto pin = [&](const std::string& name, AnchorKind kind) {
    ASSERT_TRUE(trust.add(der_in(golden("ek/" + name), "CERTIFICATE"), "golden", kind, AnchorClass::simulated));
  };
  pin("ek-root.pem", AnchorKind::root);
  pin("ek-int.pem", AnchorKind::intermediate);
  ASSERT_TRUE(trust.add_crl(golden("ek/ek-int.crl")));
  VectorTally tally{"tpm2-golden/ek"};
  for (const auto& path : files_of("tpm2-golden/ek")) {
    const auto name = path.stem().string();
    if (path.extension() != ".der") {
      continue;
    }
    const std::string tpm = name.starts_with("ekA") ? "tpmA" : "tpmB";
    const auto evidence = attest::read_endorsement(file(path), {}, golden(tpm + "/ek.tpmt_public"));
    const auto judged = evidence ? attest::appraise_endorsement(*evidence, trust, at("2027-06-01T00:00:00Z"))
                                 : attest::EndorsementAppraisal{};
    tally.judge(name, verdict(name.ends_with("-good")), verdict(judged.chip.has_value()), words_of(judged.findings));
  }
}

// --- vendors' certificates ---

TEST(TpmVendors, every_root_and_intermediate_can_be_pinned) {
  BM_NEEDS_VECTORS("tpm2-vendor-roots");
  VectorTally tally{"tpm2-vendor-roots"};
  VendorTrust trust;
  for (const auto& path : files_of("tpm2-vendor-roots")) {
    const auto der = der_in(file(path), "CERTIFICATE");
    const auto added = trust.add(der, "public", AnchorKind::intermediate, AnchorClass::genuine);
    tally.judge(path.filename().string(), Verdict::accept, verdict(added.has_value()),
                added ? "" : added.error().detail);
  }
  EXPECT_EQ(trust.anchors().size(), 51U);
}

/// The chains among the 51: each pinned as it is by its own name, the self-issued ones as roots.
TEST(TpmVendors, intermediates_lead_to_their_roots) {
  BM_NEEDS_VECTORS("tpm2-vendor-roots");
  VendorTrust trust;
  std::vector<x509::Certificate> intermediates;
  for (const auto& path : files_of("tpm2-vendor-roots")) {
    const auto der = der_in(file(path), "CERTIFICATE");
    const auto read = x509::Certificate::read_anchor(der).value();
    const bool root = equal(read.issuer(), read.subject());
    ASSERT_TRUE(trust.add(der, "public", root ? AnchorKind::root : AnchorKind::intermediate, AnchorClass::genuine));
    if (!root) {
      intermediates.push_back(read);
    }
  }
  std::size_t led = 0, known = 0, unverifiable = 0;
  for (const auto& one : intermediates) {
    const bool has_issuer = std::ranges::any_of(trust.anchors(), [&](const attest::VendorAnchor& anchor) {
      return equal(anchor.certificate.subject(), one.issuer());
    });
    attest::SignatureBudget budget;
    const auto path = attest::find_path(trust, one, {}, one.not_before() + std::chrono::hours{24}, budget);
    known += has_issuer ? 1U : 0U;
    led += path ? 1U : 0U;
    const bool sha1 = one.signature_algorithm() == x509::SignatureAlgorithm::unverifiable;
    unverifiable += sha1 && has_issuer ? 1U : 0U;
    EXPECT_TRUE(!path || has_issuer);
    EXPECT_TRUE(!sha1 || !path) << "a signature with SHA-1 leads nowhere";
  }
  std::printf(
      "tpm2-vendor-roots (paths): %zu of %zu intermediates whose issuer is there lead to a root, %zu are signed with "
      "SHA-1\n",
      led, known, unverifiable);
  EXPECT_GT(led, 5U);
}

/// The public area that a TPM would show for the key of an endorsement certificate, made of the low template.
std::optional<tpm::Public> public_area_of(const x509::Certificate& certificate) {
  const auto spki = x509::read_spki(certificate.spki()).value();
  if (spki.key.size() == 65) {
    auto out = tpm::make(tpm::Template::ek_p256_low);
    std::get<tpm::EccKey>(out.key).x = to_bytes(spki.key.subspan(1, 32));
    std::get<tpm::EccKey>(out.key).y = to_bytes(spki.key.subspan(33));
    return out;
  }
  auto numbers = der::read_one(spki.key, der::tag::sequence);
  const auto modulus = numbers ? numbers->integer() : fail(numbers.error());
  if (!modulus || modulus->size() != 257) {
    return std::nullopt;
  }
  auto out = tpm::make(tpm::Template::ek_rsa2048_low);
  std::get<tpm::RsaKey>(out.key).modulus = to_bytes(modulus->subspan(1));
  return out;
}

TEST(TpmAttest, certificates_of_cloud_tpms) {
  BM_NEEDS_VECTORS("tpm2-attest");
  VendorTrust trust;
  const auto pin = [&](const char* name, AnchorKind kind) {
    ASSERT_TRUE(
        trust.add(der_in(file(vectors("tpm2-attest") / name), "CERTIFICATE"), "cloud", kind, AnchorClass::genuine));
  };
  pin("gcp_ek_ak_ca_root.crt", AnchorKind::root);
  pin("gcp_ek_ak_ca_intermediate_v3.crt", AnchorKind::intermediate);
  pin("tpm_ek_intermediate_3.crt", AnchorKind::root);  // its own root is not among the files
  // Of the two generations the second one alone follows the EK profile; certificates of signing keys are none at all.
  struct Row {
    std::string_view name, step;
  };
  constexpr std::array kRows{Row{"pca_tpm_ecc_enc_cert.pem", "ek.extended_key_usage"},
                             Row{"pca_tpm_rsa_enc_cert.pem", "ek.extended_key_usage"},
                             Row{"pca_tpm_ecc_sign_cert.pem", "ek.key_usage"},
                             Row{"pca_tpm_rsa_sign_cert.pem", "ek.key_usage"},
                             Row{"uca_tpm_ecc_enc_cert.pem", ""},
                             Row{"uca_tpm_rsa_enc_cert.pem", ""},
                             Row{"uca_tpm_ecc_sign_cert.pem", "ek.key_usage"},
                             Row{"uca_tpm_rsa_sign_cert.pem", "ek.key_usage"}};
  VectorTally tally{"tpm2-attest (EK certificates)"};
  for (const auto& row : kRows) {
    const auto der = der_in(file(vectors("tpm2-attest") / row.name), "CERTIFICATE");
    const auto certificate = x509::Certificate::read(der);
    ASSERT_TRUE(certificate) << row.name << certificate.error().detail;
    const auto area = public_area_of(*certificate);
    ASSERT_TRUE(area) << row.name;
    auto judge_by = trust;
    judge_by.fix_key_type("vTPM", area->ecc() != nullptr ? crypto::KeyType::p256 : crypto::KeyType::rsa);
    const auto evidence = attest::read_endorsement(der, {}, tpm::write(*area)).value();
    const auto judged = attest::appraise_endorsement(evidence, judge_by, at("2023-06-01T00:00:00Z"));
    tally.judge(row.name, verdict(row.step.empty()), verdict(judged.chip.has_value()), words_of(judged.findings));
    const auto refused = attest::verdict(judged.findings);
    EXPECT_EQ(refused ? "" : refused.error().check, row.step) << row.name << words_of(judged.findings);
  }
}

// Certificates of a platform's attributes are no certificates of keys, whatever else is in them.
TEST(TpmPlatform, attribute_certificates_are_not_mistaken) {
  BM_NEEDS_VECTORS("tpm/platform-certs");
  VectorTally tally{"tpm/platform-certs"};
  for (const auto& path : files_of("tpm/platform-certs")) {
    const auto name = path.filename().string();
    if (path.extension() == ".json") {
      continue;
    }
    const auto read = x509::Certificate::read_anchor(der_in(file(path), "CERTIFICATE"));
    tally.judge(name, verdict(name.starts_with("IntelSigningKey")), verdict(read.has_value()),
                read ? "" : read.error().detail);
  }
}

// --- event logs ---

/// What tpm2_eventlog, which reads them too, ends at: (bank, PCR) -> hex.
std::map<std::pair<std::string, std::size_t>, std::string> theirs(const std::filesystem::path& log) {
  const auto ran = run({.argv = {"tpm2_eventlog", log.string()}});
  std::map<std::pair<std::string, std::size_t>, std::string> out;
  const auto begin = ran.out.find("\npcrs:");
  if (ran.exit_code != 0 || begin == std::string::npos) {
    return out;
  }
  std::string bank;
  auto text = std::string_view{ran.out}.substr(begin + 1);
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with("  sha")) {
      bank = line.substr(2, line.find(':') - 2);
    } else if (const auto hex = line.find("0x"); hex != std::string_view::npos) {
      out[{bank, static_cast<std::size_t>(std::stoul(std::string{line}))}] = line.substr(hex + 2);
    }
  }
  return out;
}

/// tpm2_eventlog 5.4 extends the zeros of an EV_NO_ACTION event that it does not know, as those of SP 800-155 are; the
/// TPM was told nothing (§10.4.5), and cloud TPMs show PCR 0 as we do.
bool silent_in_pcr_0(const tcg_log::Log& log) {
  constexpr std::uint32_t kNoAction = 3;
  return std::ranges::any_of(log.events,
                             [](const tcg_log::Event& event) { return event.pcr == 0 && event.type == kNoAction; });
}

void expect_same_pcrs(const tcg_log::Log& log, const std::filesystem::path& path) {
  const auto oracle = theirs(path);
  std::size_t compared = 0;
  for (const auto& [name, bank] : {std::pair{"sha256", tpm::Hash::sha256}, std::pair{"sha384", tpm::Hash::sha384},
                                   std::pair{"sha512", tpm::Hash::sha512}}) {
    if (!log.has(bank)) {
      continue;
    }
    const auto pcrs = attest::replay(log, bank);
    ASSERT_TRUE(pcrs) << pcrs.error().detail;
    for (std::size_t pcr = 0; pcr < pcrs->size(); ++pcr) {
      const auto found = oracle.find({name, pcr});
      if ((*pcrs)[pcr] && found != oracle.end() && (pcr != 0 || !silent_in_pcr_0(log))) {
        EXPECT_EQ(to_hex(*(*pcrs)[pcr]), found->second) << path << " " << name << " PCR " << pcr;
        ++compared;
      }
    }
  }
  std::printf("%s: %zu events, %zu PCRs compared with tpm2_eventlog\n", path.filename().c_str(), log.events.size(),
              compared);
}

TEST(EventLogs, of_real_machines) {
  BM_NEEDS_VECTORS("tpm/go-attestation");
  BM_NEEDS_VECTORS("tpm2-attest");
  struct Row {
    std::string_view path;
    std::optional<tcg_log::Format> format;  ///< nothing: not read
  };
  using enum tcg_log::Format;
  constexpr std::array kRows{Row{"tpm2-attest/debian-10.bin", sha1_only},
                             Row{"tpm2-attest/eventlogwithsp800155.bin", crypto_agile},
                             Row{"tpm2-attest/uefi_log.bin", crypto_agile},
                             Row{"tpm/go-attestation/coreos_36_shielded_vm_no_secure_boot_eventlog", crypto_agile},
                             Row{"tpm/go-attestation/crypto_agile_eventlog", crypto_agile},
                             Row{"tpm/go-attestation/ebs_event_missing_eventlog", sha1_only},
                             Row{"tpm/go-attestation/option_rom_eventlog", sha1_only},
                             Row{"tpm/go-attestation/sb_cert_eventlog", crypto_agile},
                             Row{"tpm/go-attestation/short_no_action_eventlog", sha1_only},
                             Row{"tpm/go-attestation/ubuntu_2104_shielded_vm_no_secure_boot_eventlog", crypto_agile}};
  constexpr std::array kExplained{Disagreement{"tpm/go-attestation/option_rom_eventlog",
                                               "Windows put events of PCR 4,294,967,295 behind it; SHA-1 anyway"}};
  VectorTally tally{"tpm2-attest, tpm/go-attestation (event logs)", kExplained};
  for (const auto& row : kRows) {
    const auto bytes = file(vectors(row.path));
    const auto log = tcg_log::read(bytes);
    tally.judge(row.path, Verdict::accept, verdict(log && log->format == row.format), log ? "" : log.error().detail);
    if (!log) {
      continue;
    }
    if (log->format == sha1_only) {
      EXPECT_FALSE(attest::replay(*log, tpm::Hash::sha256)) << row.path << ": nothing is decided on it";
      continue;
    }
    expect_same_pcrs(*log, vectors(row.path));
    const auto before = attest::replay(*log, log->has(tpm::Hash::sha256) ? tpm::Hash::sha256 : tpm::Hash::sha384);
    auto relabelled = *log;
    for (auto& event : relabelled.events) {
      event.type ^= 0x80000003;
    }
    EXPECT_EQ(attest::replay(relabelled, log->has(tpm::Hash::sha256) ? tpm::Hash::sha256 : tpm::Hash::sha384).value(),
              before.value())
        << row.path << ": a type is under no digest";
  }
}

}  // namespace
}  // namespace birthmark::test
