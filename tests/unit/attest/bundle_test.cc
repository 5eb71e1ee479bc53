// SPDX-License-Identifier: Apache-2.0
// Evidence in requests: all of it is of one piece of hardware and of the key of the request.
#include "attest/appraise.h"

#include "codec/hardware_answer.h"
#include "pki/arc.h"
#include "unit/attest/support.h"

namespace birthmark::attest {
namespace {

using csr_attestation::Bundle;
using testing::failed_check;
using testing::later;

/// What stands in the statements of one TPM; owns it.
struct Device {
  Digest freshness = crypto::sha256(as_bytes("this request"));
  test::PaperTpm tpm{testing::vendor().pattern, testing::made_at()};
  Bytes identity, certify, intermediate = testing::vendor().intermediate();

  explicit Device(const test::PaperTpm::Templates& of = {})
      : tpm{testing::vendor().pattern, testing::made_at(), {}, of} {
    const auto made = tpm.attest(tpm.idevid, freshness);
    const auto ek_certificate = testing::vendor().endorsement(tpm.ek.key.public_key());
    identity = csr_attestation::write(csr_attestation::TpmIdentity{.ek_certificate = ek_certificate,
                                                                   .ek_public = tpm.ek.public_area(),
                                                                   .ak_public = tpm.iak.public_area(),
                                                                   .parent_public = {},
                                                                   .creation_data = made.creation_data});
    certify = csr_attestation::write(
        csr_attestation::TpmCertify{made.statement.attest, made.statement.signature, tpm.idevid.public_area()});
  }
  [[nodiscard]] csr_attestation::Statement who() const { return {pki::arc::tpm_evidence, identity}; }
  [[nodiscard]] csr_attestation::Statement what() const { return {csr_attestation::kTpmCertify, certify}; }
};

pkcs10::Request request_with(const Bytes& bundle, const test::PaperKey& key) {
  const std::array attributes{pkcs10::Attribute{csr_attestation::kAttribute, bundle}};
  const Bytes empty{0x30, 0x00};
  const auto der = pkcs10::write_request(empty, key.spki(), attributes, x509::SignatureAlgorithm::ecdsa_sha256,
                                         [&](BytesView info) { return key.key.sign(info); });
  return pkcs10::Request::read(der.value()).value();
}

std::string refused_by(const pkcs10::Request& request, const Digest& fresh,
                       const VendorTrust& trust = testing::trust_in(testing::vendor(), testing::Pin::root_only)) {
  const auto evidence = evidence_of(request);
  if (!evidence) {
    EXPECT_EQ(evidence.error().code, Code::bad_evidence);
    return evidence.error().check;
  }
  Trust roots;
  roots.tpm = trust;
  const auto appraisal = appraise(*evidence, {.freshness = fresh, .requested_spki = request.spki(), .now = later()},
                                  {.debug = DebugGate::not_judged}, roots);
  EXPECT_EQ(appraisal.claims.has_value(), trusted(appraisal.findings));
  return failed_check(appraisal.findings);
}

std::string refused_by(const Bundle& bundle, const Device& requester) {
  return refused_by(request_with(csr_attestation::write(bundle).value(), requester.tpm.idevid), requester.freshness);
}

TEST(CsrEvidence, of_one_tpm_passes_with_its_chain_as_hints) {
  const Device device;
  const auto chain = std::vector<BytesView>{device.intermediate};
  EXPECT_EQ(refused_by(Bundle{{device.who(), device.what()}, chain}, device), "");
  EXPECT_EQ(refused_by(Bundle{{device.what(), device.who()}, chain}, device), "") << "in any order";
  EXPECT_EQ(refused_by(Bundle{{device.who(), device.what()}, {}}, device), "ek.path") << "hints were needed";
  const Device h2{{tpm::Template::ek_p256_low, tpm::Template::iak_birthmark, tpm::Template::idevid_h2}};
  EXPECT_EQ(refused_by(Bundle{{h2.who(), h2.what()}, chain}, h2), "") << "a statement of creation";
}

TEST(CsrEvidence, of_two_devices_is_refused) {
  const Device mine, theirs;
  const auto chain = std::vector<BytesView>{mine.intermediate};
  EXPECT_EQ(refused_by(Bundle{{theirs.who(), mine.what()}, chain}, mine), "statement.signature");
  EXPECT_EQ(refused_by(Bundle{{mine.who(), theirs.what()}, chain}, mine), "statement.requested_key");
  EXPECT_EQ(refused_by(Bundle{{theirs.who(), theirs.what()}, chain}, mine), "statement.requested_key");
  for (const auto& extra : {theirs.who(), theirs.what(), mine.who(), mine.what()}) {
    EXPECT_EQ(refused_by(Bundle{{mine.who(), mine.what(), extra}, chain}, mine), "csr.attestation");
    EXPECT_EQ(refused_by(Bundle{{extra, mine.who(), mine.what()}, chain}, mine), "csr.attestation");
  }
  const Bytes tcb_info{0x30, 0x03, 0x83, 0x01, 0x04};
  EXPECT_EQ(refused_by(Bundle{{mine.who(), mine.what(), {csr_attestation::kDiceTcbInfo, tcb_info}}, chain}, mine),
            "csr.attestation")
      << "a DICE device beside a TPM";
}

TEST(CsrEvidence, is_of_the_key_of_the_request_and_fresh) {
  const Device device;
  const auto bundle = csr_attestation::write(Bundle{{device.who(), device.what()}, {device.intermediate}}).value();
  EXPECT_EQ(refused_by(request_with(bundle, device.tpm.idevid), device.freshness), "");
  EXPECT_EQ(refused_by(request_with(bundle, test::PaperKey{tpm::Template::idevid_birthmark}), device.freshness),
            "statement.requested_key");
  EXPECT_EQ(refused_by(request_with(bundle, device.tpm.idevid), crypto::sha256(as_bytes("another request"))),
            "statement.freshness");
}

TEST(CsrEvidence, that_is_missing_or_cut_is_refused) {
  const Device device;
  EXPECT_EQ(refused_by(Bundle{{device.who()}, {}}, device), "csr.attestation");
  EXPECT_EQ(refused_by(Bundle{{device.what()}, {}}, device), "csr.attestation");
  const Bytes empty{0x30, 0x00};
  const auto plain = pkcs10::write_request(empty, device.tpm.idevid.spki(), {}, x509::SignatureAlgorithm::ecdsa_sha256,
                                           [&](BytesView info) { return device.tpm.idevid.key.sign(info); });
  EXPECT_EQ(evidence_of(pkcs10::Request::read(plain.value()).value()).error().code, Code::evidence_missing);
  csr_attestation::TpmCertify without = csr_attestation::read_tpm_certify(device.certify).value();
  without.key_public = {};
  const auto cut = csr_attestation::write(without);
  EXPECT_EQ(refused_by(Bundle{{device.who(), {csr_attestation::kTpmCertify, cut}}, {}}, device), "csr.attestation");
}

// The request is signed again each time: whoever sends it may say what he likes.
TEST(CsrEvidence, every_octet_counts) {
  const Device device;
  const auto trust = testing::trust_in(testing::vendor());
  const auto bundle = csr_attestation::write(Bundle{{device.who(), device.what()}, {}}).value();
  ASSERT_EQ(refused_by(request_with(bundle, device.tpm.idevid), device.freshness, trust), "");
  for (std::size_t at = 0; at < bundle.size(); ++at) {
    auto spoilt = bundle;
    spoilt[at] ^= static_cast<std::uint8_t>(1U << at % 8);
    const std::array attributes{pkcs10::Attribute{csr_attestation::kAttribute, spoilt}};
    const auto info =
        pkcs10::certification_request_info(Bytes{0x30, 0x00}, device.tpm.idevid.spki(), attributes).value();
    const auto request = pkcs10::Request::read(
        pkcs10::assemble(info, x509::SignatureAlgorithm::ecdsa_sha256, device.tpm.idevid.key.sign(info).value()));
    EXPECT_TRUE(!request || !refused_by(*request, device.freshness, trust).empty()) << at;
  }
}

TEST(Bundle, of_each_answer_is_evidence_of_its_kind_and_of_nothing_beside_it) {
  struct Answer {
    EvidenceKind kind;
    Bytes type, value;
  };
  const Bytes part(40, 1), signature(70, 2);
  const std::array answers{Answer{EvidenceKind::dice, to_bytes(pki::arc::dice_evidence),
                                  hardware_answer::write(hardware_answer::Dice{part, {part}, signature})},
                           Answer{EvidenceKind::secure_element, to_bytes(pki::arc::element_evidence),
                                  hardware_answer::write(hardware_answer::Element{{part}, signature})},
                           Answer{EvidenceKind::secure_element, to_bytes(pki::arc::listed_evidence),
                                  hardware_answer::write(hardware_answer::Listed{Bytes(9, 1), signature})},
                           Answer{EvidenceKind::software, to_bytes(pki::arc::software_evidence),
                                  hardware_answer::write(hardware_answer::Software{part, signature})}};
  for (const auto& answer : answers) {
    const csr_attestation::Statement alone{answer.type, answer.value};
    const auto read = evidence_of(Bundle{{alone}, {}});
    ASSERT_TRUE(read) << name(answer.kind) << ": " << read.error().detail;
    EXPECT_EQ(kind_of(*read), answer.kind);
    EXPECT_FALSE(evidence_of(Bundle{{alone, alone}, {}})) << "of two devices, for all that anybody knows";
    EXPECT_FALSE(evidence_of(Bundle{{alone}, {part}})) << "certificates beside an answer that has its own";
    for (const auto& other : answers) {
      if (other.type != answer.type) {
        EXPECT_FALSE(evidence_of(Bundle{{alone, {other.type, other.value}}, {}}));
      }
    }
    const Bytes cut{0x30, 0x00};
    EXPECT_EQ(evidence_of(Bundle{{{answer.type, cut}}, {}}).error().check, "csr.attestation");
  }
  const Device tpm;
  EXPECT_FALSE(evidence_of(Bundle{{{answers[0].type, answers[0].value}, tpm.who(), tpm.what()}, {}}));
  EXPECT_FALSE(evidence_of(Bundle{{tpm.who(), tpm.what(), {answers[0].type, answers[0].value}}, {}}));
}

}  // namespace
}  // namespace birthmark::attest
