// SPDX-License-Identifier: Apache-2.0
#include "fleet/silicon_vendor.h"

#include <gtest/gtest.h>

#include "codec/der.h"
#include "codec/pem.h"
#include "support/swtpm.h"

namespace birthmark {
namespace {

using crypto::KeyType;
using crypto::PrivateKey;
using fleet::SiliconVendor;

class Vendor : public ::testing::Test {
 protected:
  crypto::PublicKey new_ek() { return PrivateKey::generate(KeyType::p256).value().public_key(); }
  std::string pem(const std::string& name, BytesView der, std::string_view label = "CERTIFICATE") {
    const auto path = directory_.path() / name;
    support::write_file(path, as_bytes(pem::write(label, der)));
    return path;
  }
  support::CommandResult verify(const SiliconVendor& vendor, BytesView certificate,
                                std::vector<std::string> more = {}) {
    std::vector<std::string> command{"openssl",
                                     "verify",
                                     "-x509_strict",
                                     "-purpose",
                                     "any",
                                     "-attime",
                                     support::verified_at(),
                                     "-CAfile",
                                     pem("root.pem", vendor.root_certificate()),
                                     "-untrusted",
                                     pem("int.pem", vendor.intermediate_certificate())};
    command.insert(command.end(), more.begin(), more.end());
    command.push_back(pem("leaf.pem", certificate));
    return support::run(command);
  }
  std::string text(BytesView certificate) {
    return support::run(
               {"openssl", "x509", "-noout", "-text", "-certopt", "no_sigdump", "-in", pem("text.pem", certificate)})
        .output;
  }

  support::TemporaryDirectory directory_;
  PosixFiles files_;
  SiliconVendor vendor_{SiliconVendor::create(support::made_at()).value()};
};

TEST_F(Vendor, another_implementation_verifies_the_chain_and_only_under_this_root) {
  const auto certificate = vendor_.issue_endorsement(new_ek(), {}, support::made_at()).value();
  const auto good = verify(vendor_, certificate);
  EXPECT_EQ(good.status, 0) << good.output;
  const auto other = SiliconVendor::create(support::made_at()).value();
  EXPECT_NE(verify(other, certificate).status, 0);
}

TEST_F(Vendor, the_endorsement_certificate_has_the_form_of_the_profile) {
  const auto printed = text(vendor_.issue_endorsement(new_ek(), {}, support::made_at()).value());
  for (const auto* const expected : {
           "Version: 3 (0x2)",
           "Issuer: O = birthmark simulated silicon, CN = birthmark simulated silicon EK CA 001",
           "Not Before: Nov 23 10:00:00 2026 GMT",
           "Not After : Dec 31 23:59:59 9999 GMT",
           "Subject: \n",
           "X509v3 Basic Constraints: critical\n                CA:FALSE",
           "X509v3 Key Usage: critical\n                Key Agreement\n",
           "X509v3 Extended Key Usage: \n                2.23.133.8.1\n",
           "X509v3 Subject Alternative Name: critical\n                "
           "DirName:/2.23.133.2.1=id:53494D31/2.23.133.2.2=birthmark-sim/2.23.133.2.3=id:00010000",
           "X509v3 Subject Directory Attributes: ",
           "X509v3 Authority Key Identifier: ",
       }) {
    EXPECT_NE(printed.find(expected), std::string::npos) << expected << "\nin\n" << printed;
  }
}

TEST_F(Vendor, an_rsa_endorsement_key_enciphers_instead_of_agreeing) {
  const auto made = support::run({"openssl", "genrsa", "-out", directory_.path() / "rsa.pem", "2048"});
  ASSERT_EQ(made.status, 0) << made.output;
  ASSERT_EQ(support::run({"openssl", "rsa", "-in", directory_.path() / "rsa.pem", "-pubout", "-outform", "der", "-out",
                          directory_.path() / "rsa.der"})
                .status,
            0);
  const auto key = crypto::PublicKey::from_spki(support::read_file(directory_.path() / "rsa.der")).value();
  const auto certificate = vendor_.issue_endorsement(key, {}, support::made_at()).value();
  EXPECT_NE(text(certificate).find("X509v3 Key Usage: critical\n                Key Encipherment\n"),
            std::string::npos);
  EXPECT_EQ(verify(vendor_, certificate).status, 0);
}

TEST_F(Vendor, refuses_models_that_break_the_profile) {
  const auto ek = new_ek();
  for (const auto& model : {fleet::ChipModel{.manufacturer = "53494D3"}, fleet::ChipModel{.manufacturer = "53494D3Z"},
                            fleet::ChipModel{.model = ""}, fleet::ChipModel{.model = std::string(65, 'm')},
                            fleet::ChipModel{.model = "\xFF"}, fleet::ChipModel{.firmware_version = ""}}) {
    const auto made = vendor_.issue_endorsement(ek, model, support::made_at());
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Code::bad_request);
  }
}

TEST_F(Vendor, serials_are_positive_and_follow_the_key) {
  const auto a = new_ek();
  const auto b = new_ek();
  EXPECT_EQ(vendor_.serial_of(a), vendor_.serial_of(a));
  EXPECT_NE(vendor_.serial_of(a), vendor_.serial_of(b));
  EXPECT_EQ(vendor_.serial_of(a).size(), 16U);
  EXPECT_EQ(vendor_.serial_of(a)[0] & 0xC0, 0x40);
}

TEST_F(Vendor, its_crl_ends_the_certificates_that_are_on_it_and_no_others) {
  const std::array revoked{new_ek()};
  const auto bad = vendor_.issue_endorsement(revoked[0], {}, support::made_at()).value();
  const auto good = vendor_.issue_endorsement(new_ek(), {}, support::made_at()).value();
  const auto now = *from_rfc3339("2027-05-20T00:00:00Z");
  const auto crl = pem("crl.pem", vendor_.issue_crl(revoked, 7, now).value(), "X509 CRL");
  const auto checked = verify(vendor_, good, {"-crl_check", "-CRLfile", crl});
  EXPECT_EQ(checked.status, 0) << checked.output;
  const auto refused = verify(vendor_, bad, {"-crl_check", "-CRLfile", crl});
  EXPECT_NE(refused.status, 0);
  EXPECT_NE(refused.output.find("certificate revoked"), std::string::npos) << refused.output;
  const auto empty = pem("crl.pem", vendor_.issue_crl({}, 8, now).value(), "X509 CRL");
  EXPECT_EQ(verify(vendor_, bad, {"-crl_check", "-CRLfile", empty}).status, 0);
}

// RFC 5280 §5.1.2.6: a list of nobody has no revokedCertificates at all.
TEST_F(Vendor, a_crl_that_lists_nobody_has_no_list) {
  const auto der = vendor_.issue_crl({}, 8, support::made_at()).value();
  auto outer = der::read_one(der, der::tag::sequence).value();
  auto tbs = outer.enter(der::tag::sequence).value();
  for (int i = 0; i < 5; ++i) {  // version, signature, issuer, thisUpdate, nextUpdate
    ASSERT_TRUE(tbs.any());
  }
  EXPECT_EQ(tbs.peek(), der::tag::context_constructed(0));
}

TEST_F(Vendor, goes_on_with_the_same_keys_after_save_and_load) {
  const auto place = directory_.path() / "vendor";
  ASSERT_TRUE(vendor_.save(files_, place));
  const auto loaded = SiliconVendor::load(files_, place).value();
  EXPECT_TRUE(equal(loaded.root_certificate(), vendor_.root_certificate()));
  EXPECT_EQ(verify(vendor_, loaded.issue_endorsement(new_ek(), {}, support::made_at()).value()).status, 0);
  EXPECT_EQ(std::filesystem::status(place / "root.key").permissions() & std::filesystem::perms::group_all,
            std::filesystem::perms::none);
}

TEST_F(Vendor, load_names_what_is_missing_or_broken) {
  EXPECT_EQ(SiliconVendor::load(files_, directory_.path() / "none").error().code, Code::not_found);
  const auto place = directory_.path() / "vendor";
  ASSERT_TRUE(vendor_.save(files_, place));
  support::write_file(place / "intermediate.key", as_bytes("no key"));
  EXPECT_EQ(SiliconVendor::load(files_, place).error().code, Code::key_attributes);
}

}  // namespace
}  // namespace birthmark
