// SPDX-License-Identifier: Apache-2.0
// Published data of Matter: certificates, declarations and a whole attestation.
#include <gtest/gtest.h>
#include <openssl/cms.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>

#include "attest/chain_link.h"
#include "attest/dice.h"
#include "attest/dice_layer.h"
#include "attest/matter.h"
#include "attest/secure_element.h"
#include "attest/slot_attestation.h"
#include "codec/cms.h"
#include "codec/cms_signed.h"
#include "codec/cose.h"
#include "codec/der.h"
#include "codec/dice.h"
#include "codec/json.h"
#include "codec/oid.h"
#include "codec/pem.h"
#include "codec/pkcs10.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/hash.h"
#include "support/inputs.h"
#include "support/process.h"
#include "support/temp_dir.h"
#include "support/vector_tally.h"
#include "unit/attest/chains.h"
#include "vectors/chains.h"

namespace birthmark::attest {
namespace {

// --- Matter ---

/// A P-256 key from its scalar, as the vectors hold it.
crypto::PrivateKey key_of_scalar(BytesView scalar, BytesView point) {
  der::Writer inner;
  inner.open(der::tag::sequence).unsigned_int(1).octet_string(scalar);
  inner.open(der::tag::context_constructed(1)).bit_string(point).close().close();
  der::Writer out;
  out.open(der::tag::sequence).unsigned_int(0).open(der::tag::sequence).oid(oids::ec_public_key);
  out.oid(oids::secp256r1).close().octet_string(std::move(inner).finish()).close();
  return std::move(*crypto::PrivateKey::from_pem(pem::write("PRIVATE KEY", std::move(out).finish())));
}

struct MatterChain {
  const char* id;
  const char* dac;
  const char* pai;
  const char* paa;
  const char* stops_at;  ///< of the steps before the device's own signature; that one fails for want of its key
};

TEST(ChainVectors, matter_chains) {
  BM_NEEDS_VECTORS("matter");
  const auto folder = test::vectors("matter");
  constexpr std::array kChains{
      MatterChain{"specification", "spec/MatterSpecDAC.pem", "spec/MatterSpecPAI.pem", "spec/MatterSpecPAA.pem",
                  "matter.signature"},
      MatterChain{"sdk", "esp/DAC-FFF1-8000-Cert.pem", "spec/MatterSpecPAI.pem", "spec/MatterSpecPAA.pem",
                  "matter.signature"},
      MatterChain{"ledger copies", "spec/MatterSpecDAC.pem", "dcl/pai_cert_numeric_vid_pid.pem",
                  "dcl/paa_cert_numeric_vid.pem", "matter.signature"},
      MatterChain{"PAA of another vendor", "spec/MatterSpecDAC.pem", "spec/MatterSpecPAI.pem",
                  "dcl/paa_cert_no_vid.pem", "matter.chain"},
      MatterChain{"PAI of another vendor", "spec/MatterSpecDAC.pem", "esp/Chip-Test-PAI-FFF2-8001-Cert.pem",
                  "esp/Chip-Test-PAA-NoVID-Cert.pem", "matter.chain"},
      MatterChain{"PAI by its name", "spec/MatterSpecDAC.pem", "dcl/pai_cert_vid.pem", "dcl/paa_cert_no_vid.pem",
                  "matter.chain"},
      MatterChain{"PAI by its name, with product", "spec/MatterSpecDAC.pem", "dcl/pai_cert_vid_pid.pem",
                  "dcl/paa_cert_no_vid.pem", "matter.chain"},
      MatterChain{"PAI of a vendor only", "spec/MatterSpecDAC.pem", "dcl/pai_cert_numeric_vid.pem",
                  "dcl/paa_cert_no_vid.pem", "matter.chain"},
      MatterChain{"PAI as DAC", "spec/MatterSpecPAI.pem", "spec/MatterSpecPAI.pem", "spec/MatterSpecPAA.pem",
                  "matter.certificates"},
      MatterChain{"DAC as PAI", "spec/MatterSpecDAC.pem", "spec/MatterSpecDAC.pem", "spec/MatterSpecPAA.pem",
                  "matter.certificates"},
      MatterChain{"PAA as PAI", "spec/MatterSpecDAC.pem", "spec/MatterSpecPAA.pem", "spec/MatterSpecPAA.pem",
                  "matter.certificates"},
      MatterChain{"operational certificate", "spec/MatterSpecNOC.pem", "spec/MatterSpecICAC.pem",
                  "spec/MatterSpecRCAC.pem", "matter.certificates"},
      MatterChain{"operational intermediate", "spec/MatterSpecDAC.pem", "spec/MatterSpecICAC.pem",
                  "spec/MatterSpecRCAC.pem", "matter.certificates"},
      MatterChain{"signer of CRLs with a vendor", "dcl/leaf_cert_with_vid_65521.pem",
                  "dcl/intermediate_cert_with_vid_1.pem", "dcl/root_cert_with_vid.pem", "matter.certificates"},
      MatterChain{"signer of CRLs", "dcl/leaf_cert_without_vid.pem", "dcl/intermediate_cert_with_vid_1.pem",
                  "dcl/root_cert_with_vid.pem", "matter.certificates"},
      MatterChain{"delegated signer of CRLs", "dcl/delegated_CRL_signer_certificate.pem", "spec/MatterSpecPAI.pem",
                  "spec/MatterSpecPAA.pem", "matter.certificates"},
      MatterChain{"intermediate of a ledger root", "spec/MatterSpecDAC.pem", "dcl/intermediate_cert_with_vid_1.pem",
                  "dcl/root_cert_with_vid.pem", "matter.chain"},
      MatterChain{"root of the same name and key id 1", "spec/MatterSpecDAC.pem", "spec/MatterSpecPAI.pem",
                  "dcl/root_with_same_subject_and_skid_1.pem", "matter.chain"},
      MatterChain{"root of the same name and key id 2", "spec/MatterSpecDAC.pem", "spec/MatterSpecPAI.pem",
                  "dcl/root_with_same_subject_and_skid_2.pem", "matter.chain"},
  };
  VectorTally tally{"matter chains"};
  for (const auto& row : kChains) {
    const MatterEvidence evidence{der_in(folder / row.dac), der_in(folder / row.pai), Bytes(9, 1), Bytes(64, 1)};
    const auto dac = x509::Certificate::read(evidence.dac).value();
    MatterTrust trust;
    const auto pinned = trust.add_paa(der_in(folder / row.paa), "test", AnchorClass::genuine);
    EXPECT_TRUE(pinned) << row.paa << ": " << pinned.error().detail;
    const auto appraisal = appraise_matter(evidence, {}, trust, {kFresh, dac.spki(), kNow}, {});
    EXPECT_EQ(failed_step(appraisal.findings), row.stops_at)
        << row.id << ": " << verdict(appraisal.findings).error().detail;
    const bool expected = row.stops_at == std::string_view{"matter.signature"};
    tally.judge(row.id, verdict_of(expected), verdict_of(failed_step(appraisal.findings) == "matter.signature"));
  }
}

TEST(ChainVectors, matter_certificates_of_each_place) {
  BM_NEEDS_VECTORS("matter");
  const auto folder = test::vectors("matter");
  // What stands in the subject of each file, or nothing where it must not be read.
  const std::map<std::string, std::optional<matter::VendorProduct>> ids{
      {"dcl/paa_cert_no_vid.pem", matter::VendorProduct{}},
      {"dcl/paa_cert_numeric_vid.pem", matter::VendorProduct{0xFFF1, {}}},
      {"dcl/pai_cert_numeric_vid.pem", matter::VendorProduct{0xFFF2, {}}},
      {"dcl/pai_cert_numeric_vid_pid.pem", matter::VendorProduct{0xFFF1, 0x8000}},
      {"dcl/pai_cert_vid.pem", matter::VendorProduct{0xFFF2, {}}},
      {"dcl/pai_cert_vid_pid.pem", matter::VendorProduct{0xFFF2, 0x8004}},
      {"dcl/intermediate_cert_with_vid_1.pem", matter::VendorProduct{0xFFF1, 0xFFF1}},
      {"dcl/leaf_cert_with_vid_65521.pem", matter::VendorProduct{0xFFF1, {}}},
      {"dcl/leaf_cert_without_vid.pem", matter::VendorProduct{}},
      {"dcl/root_cert_with_vid.pem", matter::VendorProduct{0xFFF1, {}}},
      {"dcl/root_with_same_subject_and_skid_1.pem", matter::VendorProduct{}},
      {"dcl/root_with_same_subject_and_skid_2.pem", matter::VendorProduct{}},
      {"dcl/delegated_CRL_signer_certificate.pem", matter::VendorProduct{}},
      {"esp/Chip-Test-PAA-NoVID-Cert.pem", matter::VendorProduct{}},
      {"esp/Chip-Test-PAI-FFF2-8001-Cert.pem", matter::VendorProduct{0xFFF2, 0x8001}},
      {"esp/DAC-FFF1-8000-Cert.pem", matter::VendorProduct{0xFFF1, 0x8000}},
      {"spec/MatterSpecPAA.pem", matter::VendorProduct{0xFFF1, {}}},
      {"spec/MatterSpecPAI.pem", matter::VendorProduct{0xFFF1, 0x8000}},
      {"spec/MatterSpecDAC.pem", matter::VendorProduct{0xFFF1, 0x8000}},
      {"spec/MatterSpecNOC.pem", matter::VendorProduct{}},
      {"spec/MatterSpecICAC.pem", matter::VendorProduct{}},
      {"spec/MatterSpecRCAC.pem", matter::VendorProduct{}},
      {"chip/Chip-Test-CD-Signing-Cert.pem", matter::VendorProduct{}},
  };
  VectorTally tally{"matter certificates"};
  std::size_t seen = 0;
  for (const auto* const part : {"chip", "dcl", "esp", "spec"}) {
    for (const auto& path : files_of(folder / part, ".pem")) {
      const auto name = std::string{part} + "/" + path.filename().string();
      if (name.find("-Key") != std::string::npos) {
        continue;
      }
      ++seen;
      const auto row = ids.find(name);
      ASSERT_NE(row, ids.end()) << name;
      const auto certificate = x509::Certificate::read(der_in(path));
      const auto read = certificate ? matter::vendor_product(certificate->subject_attributes())
                                    : Result<matter::VendorProduct>{fail(certificate.error())};
      EXPECT_TRUE(!read || !row->second || *read == *row->second) << name;
      tally.judge(name, verdict_of(row->second.has_value()), verdict_of(read.has_value()));
    }
  }
  EXPECT_EQ(seen, ids.size());
}

struct SdkCase {
  Bytes dac, pai, declaration;
  crypto::PrivateKey key;
};
SdkCase sdk_case() {
  const auto text = test::file(test::vectors("matter") / "chip" / "struct_cd_cert_id_mismatch.test_case_vector.json");
  const auto value = json::read(BytesView{text}).value();
  auto object = json::Object::of(value).value();
  const auto bytes = [&](std::string_view name) { return from_hex(object.text(name).value()).value(); };
  return {bytes("dac_cert"), bytes("pai_cert"), bytes("certification_declaration"),
          key_of_scalar(bytes("dac_private_key"), bytes("dac_public_key"))};
}

/// The answer of the SDK's device to a challenge of ours.
MatterEvidence answer_of(const SdkCase& device, const Octets<16>& session) {
  MatterEvidence out{device.dac,
                     device.pai,
                     matter::write(matter::AttestationElements{.certification_declaration = device.declaration,
                                                               .nonce = kFresh.get()}),
                     {}};
  auto message = out.elements;
  append(message, session);
  out.signature = crypto::ecdsa_der_to_raw(crypto::KeyType::p256, device.key.sign(message).value()).value();
  return out;
}

MatterTrust sdk_trust() {
  const auto folder = test::vectors("matter");
  MatterTrust trust;
  EXPECT_TRUE(trust.add_paa(der_in(folder / "spec/MatterSpecPAA.pem"), "test", AnchorClass::genuine));
  EXPECT_TRUE(
      trust.add_declaration_signer(der_in(folder / "chip/Chip-Test-CD-Signing-Cert.pem"), AnchorClass::simulated));
  return trust;
}

// The SDK's own verdict is "no". Every signature of it holds; its declaration names a PAA that is not the one above it,
// and a certificate id that was given out to nobody.
TEST(ChainVectors, matter_sdk_case) {
  BM_NEEDS_VECTORS("matter");
  const auto device = sdk_case();
  constexpr Octets<16> kSession{7};
  const auto evidence = answer_of(device, kSession);
  VectorTally tally{"matter sdk cases"};
  const auto appraisal = appraise_matter(
      evidence, kSession, sdk_trust(), {kFresh, device.key.public_key().spki(), kNow}, {.debug = DebugGate::not_judged},
      {.test_declarations = TestDeclarations::allowed, .certificate_ids = {"CSA22001MAT40001-24"}});
  EXPECT_EQ(failed_step(appraisal.findings), "matter.declaration");
  tally.judge("struct_cd_cert_id_mismatch", kReject, verdict_of(appraisal.claims.has_value()));
}

/// The 32 octets of an EC PRIVATE KEY (RFC 5915 §3).
Bytes scalar_in(const fs::path& path) {
  const auto der = der_in(path, "EC PRIVATE KEY");
  auto fields = der::read_one(der, der::tag::sequence);
  EXPECT_TRUE(fields && fields->small_unsigned());
  const auto scalar = fields->expect(der::tag::octet_string);
  return scalar ? to_bytes(*scalar) : Bytes{};
}

// A device that the SDK's PAI vouches for, with the declaration that goes with it: it passes where tests may, labelled,
// and in production it does not (AC-03).
TEST(ChainVectors, matter_sdk_device_passes_in_development_only) {
  BM_NEEDS_VECTORS("matter");
  const auto folder = test::vectors("matter") / "esp";
  const auto pai = x509::Certificate::read(der_in(folder / "Chip-Test-PAI-FFF2-8001-Cert.pem")).value();
  const auto pai_point = crypto::PublicKey::from_spki(pai.spki()).value();
  const auto pai_key = key_of_scalar(scalar_in(folder / "Chip-Test-PAI-FFF2-8001-Key.pem"), pai_point.point());
  ASSERT_EQ(pai_key.public_key(), pai_point);
  auto device_key = std::move(*crypto::PrivateKey::generate(crypto::KeyType::p256));
  const testing::CertSpec dac{to_bytes(pai.subject()),
                              testing::name_cn("DAC Mvid:FFF2 Mpid:8001"),
                              {testing::no_ca(), testing::usage(testing::kSigns), testing::subject_key(Bytes(20, 3)),
                               testing::authority_key(*x509::subject_key_identifier(pai.extensions()).value())},
                              from_rfc3339("2026-01-01T00:00:00Z").value()};
  const SdkCase device{testing::certify(dac, device_key.public_key(), pai_key), to_bytes(pai.der()),
                       test::file(folder / "Chip-Test-CD-FFF2-8001.der"), std::move(device_key)};
  MatterTrust trust;
  EXPECT_TRUE(trust.add_paa(der_in(folder / "Chip-Test-PAA-NoVID-Cert.pem"), "test", AnchorClass::genuine));
  EXPECT_TRUE(trust.add_declaration_signer(der_in(folder.parent_path() / "chip" / "Chip-Test-CD-Signing-Cert.pem"),
                                           AnchorClass::simulated));
  constexpr Octets<16> kSession{7};
  const auto evidence = answer_of(device, kSession);
  const auto judge = [&](TestDeclarations tests) {
    return appraise_matter(evidence, kSession, trust, {kFresh, device.key.public_key().spki(), kNow},
                           {.debug = DebugGate::not_judged}, {.test_declarations = tests});
  };
  const auto development = judge(TestDeclarations::allowed);
  EXPECT_EQ(failed_step(development.findings), "") << verdict(development.findings).error().detail;
  ASSERT_TRUE(development.claims);
  EXPECT_EQ(development.claims->hardware.anchor_class, AnchorClass::simulated);
  EXPECT_EQ(development.claims->hardware.model, "FFF2:8001");
  EXPECT_EQ(failed_step(judge(TestDeclarations::refused).findings), "matter.declaration_type");
}

TEST(ChainVectors, matter_declarations_and_openssl_agree) {
  BM_NEEDS_VECTORS("matter");
  const auto folder = test::vectors("matter");
  const auto signer = folder / "chip" / "Chip-Test-CD-Signing-Cert.pem";
  const auto signer_key = crypto::PublicKey::from_spki(x509::Certificate::read(der_in(signer)).value().spki()).value();
  const test::TempDir directory;
  VectorTally tally{"matter declarations"};
  const auto judge = [&](std::string_view id, const Bytes& der, Verdict expected) {
    const auto path = directory / "cd.der";
    std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(der.data()),
                                                static_cast<std::streamsize>(der.size()));
    const auto said = test::run(
        {.argv = {"openssl", "cms", "-verify", "-inform", "DER", "-in", path.string(), "-certfile", signer.string(),
                  "-nointern", "-noverify", "-binary", "-out", (directory / "content").string()}});
    const auto read = cms::read_signed_content(der);
    const bool holds = read && signer_key.verify(crypto::SignatureScheme::ecdsa_sha256, read->content, read->signature);
    EXPECT_EQ(said.exit_code == 0, expected == kAccept) << id << said.err;
    if (holds) {
      EXPECT_EQ(to_bytes(read->content), test::file(directory / "content")) << id;
      const auto declaration = matter::read_declaration(read->content);
      ASSERT_TRUE(declaration) << declaration.error().detail;
      EXPECT_EQ(matter::read_declaration(matter::write(*declaration)), *declaration);
    }
    tally.judge(id, expected, verdict_of(holds));
  };
  const auto sdk = sdk_case().declaration;
  const auto esp = test::file(folder / "esp" / "Chip-Test-CD-FFF2-8001.der");
  judge("Chip-Test-CD-FFF2-8001.der", esp, kAccept);
  judge("struct_cd_cert_id_mismatch", sdk, kAccept);
  auto spoilt = esp;
  spoilt.back() ^= 1;
  judge("Chip-Test-CD-FFF2-8001.der, last octet of the signature", spoilt, kReject);
  spoilt = esp;
  spoilt[70] ^= 1;
  judge("Chip-Test-CD-FFF2-8001.der, one octet of the content", spoilt, kReject);
}

}  // namespace
}  // namespace birthmark::attest
