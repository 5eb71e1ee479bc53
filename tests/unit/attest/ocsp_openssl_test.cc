// SPDX-License-Identifier: Apache-2.0
// OpenSSL asks and answers: its requests are read, its answers judged as it means them.
#include "attest/certificate_status.h"
#include "codec/ocsp.h"
#include "unit/attest/support.h"

namespace birthmark::attest {
namespace {

/// A CA with a responder and three certificates, all made by the openssl program.
class OpensslOcsp : public ::testing::Test {
 protected:
  OpensslOcsp() {
    pki::testing::write_text(directory_ / "ca.cnf",
                             "[ca_ext]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n"
                             "[leaf_ext]\nbasicConstraints = CA:FALSE\n"
                             "[ocsp_ext]\nextendedKeyUsage = OCSPSigning\nnoCheck = yes\n");
    certificate("ca", "ca_ext", {});
    for (const auto& [name, serial] :
         {std::pair{"good", "1001"}, std::pair{"revoked", "1002"}, std::pair{"unknown", "1003"}}) {
      certificate(name, "leaf_ext", serial);
    }
    certificate("responder", "ocsp_ext", "1004");
    pki::testing::write_text(directory_ / "index.txt",
                             "V\t350101000000Z\t\t1001\tunknown\t/CN=good\n"
                             "R\t350101000000Z\t250101000000Z,keyCompromise\t1002\tunknown\t/CN=revoked\n");
  }
  [[nodiscard]] std::string file(const std::string& name) const { return (directory_ / name).string(); }
  static void must(std::vector<std::string> argv) {
    const auto finished = test::run({.argv = std::move(argv)});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
  }
  void certificate(const std::string& name, const std::string& extensions, const std::string& serial) {
    must({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
          file(name + ".key"), "-subj", "/CN=" + name, "-out", file(name + ".csr")});
    std::vector<std::string> sign{
        "openssl",  "x509",         "-req",        "-in",      file(name + ".csr"), "-days", "3650",
        "-extfile", file("ca.cnf"), "-extensions", extensions, "-sha256",           "-out",  file(name + ".pem")};
    if (serial.empty()) {
      sign.insert(sign.end(), {"-signkey", file(name + ".key")});
    } else {
      sign.insert(sign.end(), {"-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-set_serial", "0x" + serial});
    }
    must(std::move(sign));
  }
  /// What OpenSSL asks about a certificate.
  Bytes ask(const std::string& name, const std::string& hash) {
    must({"openssl", "ocsp", hash, "-issuer", file("ca.pem"), "-cert", file(name + ".pem"), "-reqout",
          file("request.der")});
    return pki::testing::read_file(directory_ / "request.der");
  }
  /// What OpenSSL answers to the request in the file.
  Bytes answer(const std::string& signer) {
    must({"openssl", "ocsp", "-index", file("index.txt"), "-CA", file("ca.pem"), "-rsigner", file(signer + ".pem"),
          "-rkey", file(signer + ".key"), "-reqin", file("request.der"), "-respout", file("response.der"), "-ndays",
          "1"});
    return pki::testing::read_file(directory_ / "response.der");
  }
  [[nodiscard]] x509::Certificate read(const std::string& name) const {
    const auto pem = pki::testing::read_file(directory_ / (name + ".pem"));
    return x509::Certificate::read(pem::read(as_text(pem), "CERTIFICATE").value().front()).value();
  }

  test::TempDir directory_;
};

TEST_F(OpensslOcsp, requests_are_read_and_answers_mean_what_they_say) {
  const auto issuer = read("ca");
  for (const auto& [name, verdict] :
       {std::pair{"good", StatusVerdict::good}, std::pair{"revoked", StatusVerdict::revoked},
        std::pair{"unknown", StatusVerdict::unknown}}) {
    const auto certificate = read(name);
    for (const auto& [option, hash] :
         {std::pair{"-sha1", ocsp::IdHash::sha1}, std::pair{"-sha256", ocsp::IdHash::sha256},
          std::pair{"-sha512", ocsp::IdHash::sha512}}) {
      const auto request = ocsp::read_request(ask(name, option));
      ASSERT_TRUE(request) << request.error().detail;
      EXPECT_EQ(request->certificates.at(0).hash, hash);
      EXPECT_TRUE(equal(request->certificates.at(0).serial, certificate.serial()));
      ASSERT_TRUE(request->nonce);
      for (const auto* signer : {"ca", "responder", "good"}) {
        const auto response = answer(signer);
        const auto produced = ocsp::read_response(response).value().basic->produced_at;
        const auto said = appraise_ocsp(
            response,
            {.certificate = certificate, .issuer = issuer, .now = produced, .nonce = BytesView{*request->nonce}});
        const bool may_answer = std::string_view{signer} != "good";
        EXPECT_EQ(testing::failed_check(said.findings), may_answer ? "" : "ocsp.responder") << name << signer << option;
        EXPECT_EQ(said.verdict, may_answer ? verdict : StatusVerdict::unusable) << name << signer << option;
        EXPECT_EQ(said.reason.has_value(), may_answer && verdict == StatusVerdict::revoked);
      }
    }
  }
}

}  // namespace
}  // namespace birthmark::attest
