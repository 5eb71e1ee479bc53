// SPDX-License-Identifier: Apache-2.0
#include "daemon/vendor_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "adapters/files/posix_files.h"
#include "codec/pem.h"
#include "codec/x509.h"
#include "crypto/hash.h"
#include "fleet/silicon_vendor.h"
#include "support/inputs.h"
#include "support/temp_dir.h"

namespace birthmark::daemon {
namespace {

using policy::Environment;

const Instant kNow = from_ms(1'780'000'000'000);

/// A directory with the certificates of a simulated vendor and a vendors.toml of the test's.
class VendorStore : public testing::Test {
 protected:
  VendorStore() { EXPECT_TRUE(vendor_.save(files_, directory_.path())); }
  Result<attest::Trust> read(const std::string& toml, Environment environment = Environment::development) {
    EXPECT_TRUE(write_atomically(files_, directory_ / "vendors.toml", as_bytes(toml)));
    return read_vendors(files_, directory_.path(), environment, kNow);
  }
  Code refusal(const std::string& toml, Environment environment = Environment::development) {
    const auto trust = read(toml, environment);
    EXPECT_FALSE(trust) << toml;
    return trust ? Code::unavailable : trust.error().code;
  }
  Bytes ek_certificate() { return vendor_.issue_endorsement(ek_.public_key(), {}, kNow).value(); }

  static constexpr const char* kAnchors = R"(
[[anchor]]
vendor = "sim"
file = "root.pem"
kind = "root"
[[anchor]]
vendor = "sim"
file = "intermediate.pem"
)";
  test::TempDir directory_;
  PosixFiles files_;
  fleet::SiliconVendor vendor_ = fleet::SiliconVendor::create(kNow).value();
  crypto::PrivateKey ek_ = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
};

TEST_F(VendorStore, without_a_file_nobody_is_trusted) {
  const auto trust = read_vendors(files_, directory_.path(), Environment::production, kNow);
  ASSERT_TRUE(trust);
  EXPECT_TRUE(trust->tpm.anchors().empty());
}

TEST_F(VendorStore, pins_what_the_file_names) {
  const auto trust = read(kAnchors);
  ASSERT_TRUE(trust) << trust.error().detail;
  ASSERT_EQ(trust->tpm.anchors().size(), 2U);
  EXPECT_EQ(trust->tpm.anchors()[0].kind, attest::AnchorKind::root);
  EXPECT_EQ(trust->tpm.anchors()[1].kind, attest::AnchorKind::intermediate);
  EXPECT_EQ(trust->tpm.anchors()[1].anchor_class, attest::AnchorClass::simulated);
}

TEST_F(VendorStore, AC03_a_simulated_anchor_stops_the_start_in_production) {
  EXPECT_EQ(refusal(kAnchors, Environment::production), Code::test_anchor);
}

TEST_F(VendorStore, AC03_no_row_makes_a_test_vendor_genuine) {
  const std::string row = "[[anchor]]\nvendor = \"acme\"\nfile = \"root.pem\"\nkind = \"root\"\nclass = \"genuine\"\n";
  for (const auto environment : {Environment::production, Environment::development}) {
    EXPECT_EQ(refusal(row, environment), Code::test_anchor);
  }
}

TEST_F(VendorStore, says_which_endorsement_key_is_a_models_identity) {
  const auto trust = read("[[ek]]\nmodel = \"A-100\"\nkey = \"rsa2048\"\n[[ek]]\nmodel = \"A-200\"\nkey = \"p384\"\n");
  ASSERT_TRUE(trust) << trust.error().detail;
  EXPECT_EQ(trust->tpm.canonical_type("A-100"), crypto::KeyType::rsa);
  EXPECT_EQ(trust->tpm.canonical_type("A-200"), crypto::KeyType::p384);
  EXPECT_EQ(trust->tpm.canonical_type("A-300"), crypto::KeyType::p256);
  EXPECT_EQ(refusal("[[ek]]\nmodel = \"A-100\"\nkey = \"rsa1024\"\n"), Code::bad_request);
}

TEST_F(VendorStore, takes_a_crl_in_der_and_in_pem) {
  const std::array revoked{ek_.public_key()};
  const auto crl = vendor_.issue_crl(revoked, 1, kNow).value();
  const auto certificate = x509::Certificate::read(ek_certificate()).value();
  ASSERT_TRUE(write_atomically(files_, directory_ / "list.crl", crl));
  ASSERT_TRUE(write_atomically(files_, directory_ / "list.pem", as_bytes(pem::write("X509 CRL", crl))));
  for (const auto* const file : {"list.crl", "list.pem"}) {
    const auto trust = read(std::string{kAnchors} + "[[crl]]\nfile = \"" + file + "\"\n");
    ASSERT_TRUE(trust) << trust.error().detail;
    EXPECT_TRUE(trust->tpm.denied(certificate)) << file;
  }
  EXPECT_FALSE(read(kAnchors)->tpm.denied(certificate));
}

TEST_F(VendorStore, a_crl_of_nobody_pinned_is_refused) {
  const auto stranger = fleet::SiliconVendor::create(kNow).value();
  ASSERT_TRUE(write_atomically(files_, directory_ / "list.crl", stranger.issue_crl({}, 1, kNow).value()));
  EXPECT_EQ(refusal("[[crl]]\nfile = \"list.crl\"\n"), Code::ek_untrusted);
}

TEST_F(VendorStore, denies_by_digest_and_by_model) {
  const auto der = ek_certificate();
  const auto trust = read(std::string{kAnchors} + "[[deny]]\nsha256 = \"" + to_hex(crypto::sha256(der).get()) +
                          "\"\n[[deny]]\nmanufacturer = \"53494D31\"\nmodel = \"weak\"\n");
  ASSERT_TRUE(trust) << trust.error().detail;
  EXPECT_TRUE(trust->tpm.denied(x509::Certificate::read(der).value()));
  EXPECT_TRUE(trust->tpm.denied_model("53494D31", "weak", "00010000"));
  EXPECT_FALSE(trust->tpm.denied_model("53494D31", "strong", "00010000"));
}

TEST_F(VendorStore, the_rule_may_ask_for_a_fresh_crl) {
  const auto certificate = x509::Certificate::read(ek_certificate()).value();
  EXPECT_TRUE(read(std::string{kAnchors} + "[[rule]]\ncrl = \"fresh_required\"\n")->tpm.lacks_crl(certificate, kNow));
  EXPECT_FALSE(read(kAnchors)->tpm.lacks_crl(certificate, kNow));
}

TEST_F(VendorStore, is_read_strictly) {
  EXPECT_EQ(refusal("anchors = 1\n"), Code::bad_request);
  EXPECT_EQ(refusal("[[anchr]]\nvendor = \"sim\"\n"), Code::bad_request);
  EXPECT_EQ(refusal("[[anchor]]\nvendor = \"sim\"\n"), Code::bad_request) << "no file";
  EXPECT_EQ(refusal("[[anchor]]\nfile = \"root.pem\"\n"), Code::bad_request) << "no vendor";
  EXPECT_EQ(refusal("[[anchor]]\nvendor = \"sim\"\nfile = \"../root.pem\"\n"), Code::bad_request);
  EXPECT_EQ(refusal("[[anchor]]\nvendor = \"sim\"\nfile = \"root.pem\"\nkind = \"leaf\"\n"), Code::bad_request);
  EXPECT_EQ(refusal("[[anchor]]\nvendor = \"sim\"\nfile = \"none.pem\"\n"), Code::not_found);
  EXPECT_EQ(refusal("[[anchor]]\nvendor = \"sim\"\nfile = \"root.key\"\n"), Code::bad_request) << "no certificate";
  EXPECT_EQ(refusal("[[deny]]\nsha256 = \"00\"\n"), Code::bad_request);
  EXPECT_EQ(refusal("[[deny]]\nmodel = \"weak\"\n"), Code::bad_request);
}

// A curated store of what vendors publish: every certificate is named with its place, and one that was taken back since
// is denied by its digest. A list that somebody downloaded is a beginning: each row is to be checked against its
// vendor.
TEST_F(VendorStore, a_store_of_the_vendors_own_certificates) {
  if (!std::filesystem::exists(test::vectors("tpm2-vendor-roots"))) {
    GTEST_SKIP() << "no test vectors here: tpm2-vendor-roots";
  }
  std::string toml;
  std::size_t files = 0;
  Digest last{};
  for (const auto& entry : std::filesystem::directory_iterator{test::vectors("tpm2-vendor-roots")}) {
    if (entry.path().extension() != ".pem") {
      continue;
    }
    const auto pem = test::file(entry.path());
    const auto der = pem::read(as_text(pem), "CERTIFICATE").value().front();
    const auto read = x509::Certificate::read_anchor(der).value();
    const bool root = equal(read.issuer(), read.subject());
    const auto name = entry.path().filename().string();
    ASSERT_TRUE(write_atomically(files_, directory_ / name, pem));
    toml += "[[anchor]]\nvendor = \"public\"\nclass = \"genuine\"\nfile = \"" + name + "\"\nkind = \"";
    toml += root ? "root\"\n" : "intermediate\"\n";
    last = crypto::sha256(der);
    ++files;
  }
  toml += "[[deny]]\nsha256 = \"" + to_hex(last.get()) + "\"\n";
  const auto trust = read(toml, Environment::production);
  ASSERT_TRUE(trust) << trust.error().detail;
  EXPECT_EQ(trust->tpm.anchors().size(), files);
  for (const auto& anchor : trust->tpm.anchors()) {
    EXPECT_EQ(trust->tpm.denied(anchor.certificate), crypto::sha256(anchor.certificate.der()) == last);
  }
}

}  // namespace
}  // namespace birthmark::daemon
