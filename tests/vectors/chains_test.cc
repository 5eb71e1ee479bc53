// SPDX-License-Identifier: Apache-2.0
// Published data of chains of hardware: DICE, Matter, secure elements, 802.1AR, and the CMS and JSON they come in.
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

namespace birthmark::attest {
namespace {

using test::Disagreement;
using test::VectorTally;
using test::Verdict;
namespace fs = std::filesystem;

constexpr auto kAccept = Verdict::accept, kReject = Verdict::reject;

Verdict verdict_of(bool taken) {
  return taken ? kAccept : kReject;
}

Bytes der_in(const fs::path& path, std::string_view label = "CERTIFICATE") {
  const auto text = test::file(path);
  const auto blocks = pem::read(as_text(text), label, {});
  return blocks ? blocks->front() : text;
}

std::vector<fs::path> files_of(const fs::path& folder, std::string_view ending = "") {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator{folder}) {
    const auto name = entry.path().filename().string();
    if (entry.is_regular_file() && name != "SOURCE.txt" && name.ends_with(ending)) {
      out.push_back(entry.path());
    }
  }
  std::ranges::sort(out);
  return out;
}

std::string failed_step(const Findings& findings) {
  const auto found = std::ranges::find(findings, Outcome::failed, &Finding::outcome);
  return found == findings.end() ? "" : found->check;
}

const Instant kNow = from_rfc3339("2026-11-23T10:00:00Z").value();
const Digest kFresh = crypto::sha256(as_bytes("vectors"));

// --- DICE ---

/// Whether every DICE extension of a certificate or request can be read. @param words why not
bool dice_is_read(x509::Extensions extensions, std::string& words) {
  const auto infos = dice::tcb_infos(extensions);
  const auto input = dice::open_input(extensions);
  const auto ueid = dice::ueid(extensions);
  const auto purposes = dice::purposes(extensions);
  words = !infos ? infos.error().detail : !input ? input.error().detail : "";
  if (input && *input) {
    const auto* const there = x509::find_extension(extensions, oids::open_dice_input);
    EXPECT_EQ(dice::write(**input), to_bytes(there->value));
  }
  if (const auto* const there = x509::find_extension(extensions, oids::dice_multi_tcb_info);
      infos && there != nullptr) {
    EXPECT_EQ(dice::write(std::span<const dice::TcbInfo>{*infos}), to_bytes(there->value));
  }
  return infos && input && ueid && purposes;
}

TEST(ChainVectors, dice) {
  BM_NEEDS_VECTORS("dice");
  constexpr std::array<Disagreement, 1> kExplained{
      Disagreement{"caliptra-idevid_csr_mldsa.der", "ML-DSA-87: no algorithm that requests are read with"}};
  // Of the redacted ones the values of the DICE extensions are filled with one letter: whoever reads them must refuse.
  // riot-ext.der is of before the TCG's form.
  constexpr std::array<std::string_view, 4> kRefused{"caliptra-fmc_alias_cert_redacted.der",
                                                     "caliptra-fmc_alias_csr_redacted.der",
                                                     "caliptra-rt_alias_cert_redacted.der", "riot-ext.der"};
  VectorTally tally{"dice", kExplained};
  for (const auto& path : files_of(test::vectors("dice"))) {
    const auto name = path.filename().string();
    const auto bytes = test::file(path);
    std::string words;
    bool taken = false;
    if (const auto certificate = x509::Certificate::read_anchor(bytes)) {
      taken = dice_is_read(certificate->extensions(), words);
    } else if (const auto request = pkcs10::Request::read(bytes)) {
      taken = dice_is_read(request->extensions(), words);
    } else if (const auto message = cose::read_sign1(bytes, {.tags = cose::Tags::sign1_or_none})) {
      const auto says = dice::read_open_certificate(message->payload);
      taken = says.has_value();
      words = says ? "" : says.error().detail;
      EXPECT_TRUE(!says || dice::write(*says) == to_bytes(message->payload)) << name;
    } else {
      taken = dice::read_tcb_info(bytes) || dice::read_multi_tcb_info(bytes) || dice::read_open_input(bytes);
    }
    const bool refused = std::ranges::find(kRefused, name) != kRefused.end();
    tally.judge(name, verdict_of(!refused), verdict_of(taken), words);
  }
}

TEST(ChainVectors, caliptra_says_what_its_silicon_measured) {
  BM_NEEDS_VECTORS("dice");
  const auto certificate =
      x509::Certificate::read(test::file(test::vectors("dice") / "caliptra-fmc_alias_cert_ecc.der")).value();
  const auto infos = dice::tcb_infos(certificate.extensions()).value();
  ASSERT_EQ(infos.size(), 2U);
  EXPECT_EQ(infos[0].svn, 0x107U);
  EXPECT_EQ(as_text(*infos[0].type), "DEVICE_INFO");
  EXPECT_EQ(as_text(*infos[1].type), "FMC_INFO");
  EXPECT_EQ(infos[0].fwids.at(0).digest.size(), 48U);
  // The device reports bits 0, 1 and 3 as clear; the layer of the firmware says nothing.
  EXPECT_EQ(infos[0].reported_flags() & 0xF, dice::flag::not_configured | dice::flag::not_secure | dice::flag::debug);
  EXPECT_EQ(infos[0].set_flags() & 0xF, 0U);
  EXPECT_EQ(infos[1].reported_flags(), 0U);
}

// The request of a device and the certificate that its key signed; a certificate of another generation of the part,
// whose issuer has the same key and another name.
TEST(ChainVectors, caliptra_request_and_layer_are_one_chain) {
  BM_NEEDS_VECTORS("dice");
  const auto folder = test::vectors("dice");
  const auto request = pkcs10::Request::read(test::file(folder / "caliptra-idevid_csr_ecc.der")).value();
  const auto key = crypto::PublicKey::from_spki(request.spki()).value();
  EXPECT_TRUE(key.verify(crypto::SignatureScheme::ecdsa_sha384, request.info(), request.signature()));
  const auto ldevid = x509::Certificate::read(test::file(folder / "caliptra-ldevid_cert_ecc.der")).value();
  EXPECT_EQ(issued_by(ldevid, {request.subject(), key, request.extensions()}), std::nullopt);
  EXPECT_EQ(may_issue(request.extensions(), 1), std::nullopt);
  const auto alias = x509::Certificate::read(test::file(folder / "caliptra-fmc_alias_cert_ecc.der")).value();
  const auto ldevid_key = crypto::PublicKey::from_spki(ldevid.spki()).value();
  EXPECT_NE(issued_by(alias, issuer_view(ldevid, ldevid_key)), std::nullopt);

  // As evidence the chain must end in a key that answers; an LDevID of this part only signs certificates.
  DiceTrust trust;
  trust.allow_device(key.spki_sha256(), "Caliptra", AnchorClass::genuine);
  const DiceEvidence evidence{test::file(folder / "caliptra-idevid_csr_ecc.der"),
                              {test::file(folder / "caliptra-ldevid_cert_ecc.der")},
                              Bytes(96, 1)};
  const auto appraisal = appraise_dice(evidence, trust, {kFresh, key.spki(), kNow}, {});
  EXPECT_EQ(failed_step(appraisal.findings), "dice.signature");
}

// The same chain in CBOR: of the same keys, with each link holding.
TEST(ChainVectors, the_open_profile_chain_in_cbor_is_the_same) {
  BM_NEEDS_VECTORS("dice");
  const auto folder = test::vectors("dice");
  auto issuer = read_device(test::file(folder / "open_CBOR_Ed25519_uds_cert.cert")).value();
  EXPECT_EQ(issued_by(issuer, issuer), std::nullopt);
  DiceEvidence evidence{test::file(folder / "open_CBOR_Ed25519_uds_cert.cert"), {}, Bytes(64, 1)};
  for (int i = 0; i < 7; ++i) {
    const auto number = std::to_string(i) + ".cert";
    evidence.layers.push_back(test::file(folder / ("open_CBOR_Ed25519_cert_full_cert_chain_" + number)));
    const auto layer = read_layer(evidence.layers.back());
    ASSERT_TRUE(layer) << layer.error().detail;
    EXPECT_EQ(issued_by(*layer, issuer), std::nullopt) << i;
    EXPECT_EQ(may_issue(*layer, 0), std::nullopt) << i;
    const auto twin =
        x509::Certificate::read(test::file(folder / ("open_X509_Ed25519_cert_full_cert_chain_" + number))).value();
    EXPECT_TRUE(equal(layer->key.spki(), twin.spki())) << i;
    EXPECT_EQ(layer->open->says.input, dice::open_input(twin.extensions()).value()) << i;
    issuer = *layer;
  }
  DiceTrust trust;
  const auto device_key = read_device(evidence.device).value().key;
  trust.allow_device(device_key.spki_sha256(), "anybody", AnchorClass::genuine);
  const auto appraisal = appraise_dice(evidence, trust, {kFresh, device_key.spki(), kNow}, {});
  EXPECT_EQ(failed_step(appraisal.findings), "dice.denied");
}

// The published chain grows out of a UDS of zeros: each link holds, and nothing of it may be believed.
TEST(ChainVectors, the_open_profile_chain_holds_and_is_refused) {
  BM_NEEDS_VECTORS("dice");
  const auto folder = test::vectors("dice");
  DiceEvidence evidence{test::file(folder / "open_X509_Ed25519_uds_cert.cert"), {}, Bytes(64, 1)};
  auto issuer = x509::Certificate::read(evidence.device).value();
  const auto device_key = crypto::PublicKey::from_spki(issuer.spki()).value();
  EXPECT_EQ(issued_by(issuer, issuer_view(issuer, device_key)), std::nullopt);
  for (int i = 0; i < 7; ++i) {
    evidence.layers.push_back(
        test::file(folder / ("open_X509_Ed25519_cert_full_cert_chain_" + std::to_string(i) + ".cert")));
    const auto layer = x509::Certificate::read(evidence.layers.back()).value();
    const auto key = crypto::PublicKey::from_spki(issuer.spki()).value();
    EXPECT_EQ(issued_by(layer, issuer_view(issuer, key)), std::nullopt) << i;
    EXPECT_EQ(dice::open_input(layer.extensions()).value()->mode_said(), dice::Mode::normal) << i;
    issuer = layer;
  }
  DiceTrust trust;
  trust.allow_device(device_key.spki_sha256(), "anybody", AnchorClass::genuine);
  EXPECT_TRUE(is_zero_uds_key(device_key.spki_sha256()));
  const auto appraisal = appraise_dice(evidence, trust, {kFresh, device_key.spki(), kNow}, {});
  EXPECT_EQ(failed_step(appraisal.findings), "dice.denied");
}

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

// --- secure elements ---

TEST(ChainVectors, secure_elements) {
  BM_NEEDS_VECTORS("secure-element");
  const auto folder = test::vectors("secure-element") / "yubikey-piv";
  const auto new_root = der_in(folder / "root-yubicoPIVCAPEMAfter2018.pem");
  const auto old_root = der_in(folder / "root-yubicoPIVCAPEMU2F.pem");
  ElementTrust strict;
  EXPECT_TRUE(strict.add_root(new_root, "Yubico", AnchorClass::genuine));
  EXPECT_TRUE(strict.add_root(old_root, "Yubico", AnchorClass::genuine));
  auto tolerant = strict;
  tolerant.tolerate_unflagged_issuers(crypto::sha256(old_root));
  const auto stops_at = [&](const char* slot, const char* chip, const ElementTrust& trust) {
    const AttestedElement evidence{{der_in(folder / slot), der_in(folder / chip)}, Bytes(70, 1)};
    const auto certificate = x509::Certificate::read(evidence.certificates.front()).value();
    return failed_step(appraise_attested_element(evidence, trust, {kFresh, certificate.spki(), kNow}, {}).findings);
  };
  VectorTally tally{"secure-element"};
  // A chain that holds stops where the slot would have to answer.
  const auto judge = [&](std::string_view id, Verdict expected, const std::string& stopped) {
    tally.judge(id, expected, verdict_of(stopped == "se.signature"), stopped);
  };
  judge("02 under 01", kAccept, stops_at("02-keyCert.pem", "01-deviceCert.pem", strict));
  judge("04 under 03, whose issuer is no CA", kReject, stops_at("04-keyCert.pem", "03-deviceCert.pem", strict));
  judge("04 under 03 by the named exception", kAccept, stops_at("04-keyCert.pem", "03-deviceCert.pem", tolerant));
  judge("04 under 01", kReject, stops_at("04-keyCert.pem", "01-deviceCert.pem", tolerant));
  judge("02 under 03", kReject, stops_at("02-keyCert.pem", "03-deviceCert.pem", tolerant));
  const auto facts = read_slot_facts(x509::Certificate::read(der_in(folder / "02-keyCert.pem")).value());
  ASSERT_TRUE(facts) << facts.error().detail;
  EXPECT_EQ(facts->firmware, "5.4.3");
  EXPECT_EQ(to_hex(facts->chip_id), "f00f14");
  EXPECT_EQ(facts->origin, KeyOrigin::generated_inside);
  // The older part does not name itself: no identity can be made of it.
  tally.judge(
      "facts of 04", kReject,
      verdict_of(read_slot_facts(x509::Certificate::read(der_in(folder / "04-keyCert.pem")).value()).has_value()));
}

// --- a second opinion of whole chains ---

struct OpensslChain {
  const char* name;
  std::vector<const char*> files;  ///< leaf first, root last
  bool holds;
};
class OpensslVerify : public ::testing::TestWithParam<OpensslChain> {};
TEST_P(OpensslVerify, gives_the_verdict_that_the_appraisals_give) {
  BM_NEEDS_VECTORS("matter");
  const auto& row = GetParam();
  const test::TempDir directory;
  const auto write = [&](const char* name, std::span<const char* const> files) {
    std::ofstream out{directory / name};
    for (const auto* const file : files) {
      out << pem::write("CERTIFICATE", der_in(test::shared_vectors() / file));
    }
    return (directory / name).string();
  };
  const std::span<const char* const> files{row.files};
  const auto leaf = write("leaf.pem", files.first(1));
  const auto between = write("between.pem", files.subspan(1, files.size() - 2));
  const auto root = write("root.pem", files.last(1));
  // The Open Profile's extension is critical, and nothing that OpenSSL knows.
  std::vector<std::string> argv{"openssl",     "verify", "-attime", "1795910400", "-no-CApath",      "-no-CAstore",
                                "-auth_level", "2",      "-CAfile", root,         "-ignore_critical"};
  if (files.size() > 2) {
    argv.insert(argv.end(), {"-untrusted", between});
  }
  argv.push_back(leaf);
  const auto said = test::run({.argv = argv});
  EXPECT_EQ(said.exit_code == 0, row.holds) << said.out << said.err;
}
INSTANTIATE_TEST_SUITE_P(
    ChainVectors, OpensslVerify,
    ::testing::Values(
        OpensslChain{
            "matter_specification",
            {"matter/spec/MatterSpecDAC.pem", "matter/spec/MatterSpecPAI.pem", "matter/spec/MatterSpecPAA.pem"},
            true},
        OpensslChain{
            "matter_sdk",
            {"matter/esp/DAC-FFF1-8000-Cert.pem", "matter/spec/MatterSpecPAI.pem", "matter/spec/MatterSpecPAA.pem"},
            true},
        OpensslChain{"matter_pai_of_another_vendor",
                     {"matter/spec/MatterSpecDAC.pem", "matter/esp/Chip-Test-PAI-FFF2-8001-Cert.pem",
                      "matter/esp/Chip-Test-PAA-NoVID-Cert.pem"},
                     false},
        OpensslChain{"yubikey_02_under_01",
                     {"secure-element/yubikey-piv/02-keyCert.pem", "secure-element/yubikey-piv/01-deviceCert.pem",
                      "secure-element/yubikey-piv/root-yubicoPIVCAPEMAfter2018.pem"},
                     true},
        OpensslChain{"yubikey_04_under_03",
                     {"secure-element/yubikey-piv/04-keyCert.pem", "secure-element/yubikey-piv/03-deviceCert.pem",
                      "secure-element/yubikey-piv/root-yubicoPIVCAPEMU2F.pem"},
                     false},
        OpensslChain{"yubikey_04_under_01",
                     {"secure-element/yubikey-piv/04-keyCert.pem", "secure-element/yubikey-piv/01-deviceCert.pem",
                      "secure-element/yubikey-piv/root-yubicoPIVCAPEMAfter2018.pem"},
                     false},
        OpensslChain{"yubikey_02_under_03",
                     {"secure-element/yubikey-piv/02-keyCert.pem", "secure-element/yubikey-piv/03-deviceCert.pem",
                      "secure-element/yubikey-piv/root-yubicoPIVCAPEMU2F.pem"},
                     false},
        OpensslChain{
            "open_profile",
            {"dice/open_X509_Ed25519_cert_full_cert_chain_2.cert", "dice/open_X509_Ed25519_cert_full_cert_chain_1.cert",
             "dice/open_X509_Ed25519_cert_full_cert_chain_0.cert", "dice/open_X509_Ed25519_uds_cert.cert"},
            true},
        OpensslChain{"open_profile_with_a_layer_left_out",
                     {"dice/open_X509_Ed25519_cert_full_cert_chain_2.cert",
                      "dice/open_X509_Ed25519_cert_full_cert_chain_0.cert", "dice/open_X509_Ed25519_uds_cert.cert"},
                     false}),
    [](const auto& row) { return std::string{row.param.name}; });

// --- 802.1AR ---

TEST(ChainVectors, ieee8021ar) {
  BM_NEEDS_VECTORS("ieee8021ar");
  const auto folder = test::vectors("ieee8021ar");
  constexpr std::array<Disagreement, 1> kExplained{
      Disagreement{"IEEE_802.1AR.cbor.hex", "C509 certificates are not read"}};
  VectorTally tally{"ieee8021ar", kExplained};
  for (const auto& path : files_of(folder)) {
    const auto bytes = test::file(path);
    tally.judge(path.filename().string(), kAccept, verdict_of(x509::Certificate::read(bytes).has_value()));
  }
  const auto facts = read_slot_facts(x509::Certificate::read(test::file(folder / "IEEE_802.1AR.der")).value());
  ASSERT_TRUE(facts) << facts.error().detail;
  EXPECT_EQ(to_hex(facts->chip_id), "01020304");
}

// --- CMS ---

struct CmsDelete {
  void operator()(CMS_ContentInfo* info) const { CMS_ContentInfo_free(info); }
};

/// OpenSSL's reading: one whole ContentInfo that it writes again as it stands.
std::unique_ptr<CMS_ContentInfo, CmsDelete> openssl_cms(const Bytes& der) {
  const auto* cursor = der.data();
  std::unique_ptr<CMS_ContentInfo, CmsDelete> info{
      d2i_CMS_ContentInfo(nullptr, &cursor, static_cast<long>(der.size()))};
  return info && cursor == der.data() + der.size() ? std::move(info) : nullptr;
}

TEST(ChainVectors, cms) {
  BM_NEEDS_VECTORS("cms");
  constexpr std::array<Disagreement, 1> kExplained{
      Disagreement{"pyca/amazon-roots.p7b", "BER: lengths are indefinite"}};
  VectorTally tally{"cms", kExplained};
  for (const auto* const part : {"openssl-fuzz", "pyca"}) {
    for (const auto& path : files_of(test::vectors("cms") / part)) {
      const auto der = der_in(path, "PKCS7");
      const auto theirs = openssl_cms(der);
      const auto bundle = cms::read_certs_only(der);
      const auto signed_content = cms::read_signed_content(der);
      // What we take, OpenSSL takes: as SignedData, with as many signers and certificates.
      const bool signed_data = theirs && OBJ_obj2nid(CMS_get0_type(theirs.get())) == NID_pkcs7_signed;
      STACK_OF(X509)* const certificates = signed_data ? CMS_get1_certs(theirs.get()) : nullptr;
      const int count = certificates != nullptr ? sk_X509_num(certificates) : 0;
      sk_X509_pop_free(certificates, X509_free);
      const int signers = signed_data ? sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(theirs.get())) : 0;
      const bool taken = bundle || signed_content;
      EXPECT_TRUE(!bundle || (signed_data && signers <= 0 && count == static_cast<int>(bundle->size()))) << path;
      EXPECT_TRUE(!signed_content || (signed_data && signers == 1 && count == 0)) << path;
      // Only bundles without signers, of certificates that are sound, are meant for the first reader; only the pyca
      // files are such.
      const bool expected = std::string_view{part} == "pyca" && path.filename() != "enveloped.pem";
      tally.judge(std::string{part} + "/" + path.filename().string(), verdict_of(expected), verdict_of(taken));
    }
  }
}

// --- JSON ---

TEST(ChainVectors, json) {
  BM_NEEDS_VECTORS("json/jsontestsuite");
  // The suite has y_ for what must be taken. Two members of one name are RFC 8259's "should be unique"; here they must.
  constexpr std::array<Disagreement, 2> kExplained{
      Disagreement{"y_object_duplicated_key.json", "two members of one name are refused"},
      Disagreement{"y_object_duplicated_key_and_value.json", "two members of one name are refused"}};
  VectorTally tally{"json", kExplained};
  std::size_t either = 0;
  for (const auto& path : files_of(test::vectors("json") / "jsontestsuite", ".json")) {
    const auto name = path.filename().string();
    const auto text = test::file(path);
    const auto value = json::read(BytesView{text}, {.bytes_max = 1 << 20, .items_max = 1 << 20});
    if (name.starts_with("i_")) {
      ++either;
      continue;
    }
    tally.judge(name, verdict_of(name.starts_with("y_")), verdict_of(value.has_value()));
  }
  std::printf("json: %zu that may be taken or refused were read without harm\n", either);
}

}  // namespace
}  // namespace birthmark::attest
