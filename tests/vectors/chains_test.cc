// SPDX-License-Identifier: Apache-2.0
// Published data of chains of hardware: DICE, secure elements, 802.1AR, and the CMS and JSON they come in.
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
