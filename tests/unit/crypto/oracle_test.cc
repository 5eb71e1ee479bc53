// SPDX-License-Identifier: Apache-2.0
// The openssl program as second opinion: it shares a library with us, but not one line of how we call it.
#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

using test::run;
using test::TemporaryDirectory;
using test::write_text;

struct Kind {
  const char* name;
  KeyType type;
  std::vector<std::string> make;
  const char* digest;
};

class OpensslProgram : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (run({"openssl", "version"}) != 0) {
      GTEST_SKIP() << "there is no openssl program";
    }
    write_text(dir_.file("message"), kMessage);
    write_text(dir_.file("pass"), "correct horse");
  }

  static constexpr std::string_view kMessage = "a message to sign";
  TemporaryDirectory dir_;
  const Secret passphrase_{to_bytes(as_bytes("correct horse"))};
};
INSTANTIATE_TEST_SUITE_P(
    Kinds, OpensslProgram,
    testing::Values(Kind{"p256", KeyType::p256, {"-algorithm", "EC", "-pkeyopt", "group:P-256"}, "sha256"},
                    Kind{"p384", KeyType::p384, {"-algorithm", "EC", "-pkeyopt", "group:P-384"}, "sha384"},
                    Kind{"p521", KeyType::p521, {"-algorithm", "EC", "-pkeyopt", "group:P-521"}, "sha512"},
                    Kind{"ed25519", KeyType::ed25519, {"-algorithm", "ED25519"}, nullptr}),
    [](const auto& kind) { return kind.param.name; });

std::vector<std::string> pkeyutl(const Kind& kind, std::vector<std::string> words) {
  std::vector<std::string> all{"openssl", "pkeyutl", "-rawin"};
  if (kind.digest != nullptr) {
    all.insert(all.end(), {"-digest", kind.digest});
  }
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

TEST_P(OpensslProgram, verifies_what_we_sign) {
  const auto key = test::generate(GetParam().type);
  write_text(dir_.file("public.pem"), test::pem("PUBLIC KEY", key.public_key().spki()));
  write_text(dir_.file("signature"), as_text(*key.sign(as_bytes(kMessage))));
  const std::vector<std::string> verify{"-verify",  "-pubin",
                                        "-inkey",   dir_.file("public.pem"),
                                        "-in",      dir_.file("message"),
                                        "-sigfile", dir_.file("signature")};
  EXPECT_EQ(run(pkeyutl(GetParam(), verify)), 0);
  write_text(dir_.file("message"), "another message");
  EXPECT_NE(run(pkeyutl(GetParam(), verify)), 0);
}

TEST_P(OpensslProgram, signs_what_we_verify) {
  auto make = std::vector<std::string>{"openssl", "genpkey", "-out", dir_.file("key.pem")};
  make.insert(make.end(), GetParam().make.begin(), GetParam().make.end());
  ASSERT_EQ(run(make), 0);
  ASSERT_EQ(run(pkeyutl(GetParam(), {"-sign", "-inkey", dir_.file("key.pem"), "-in", dir_.file("message"), "-out",
                                     dir_.file("signature")})),
            0);
  const auto key = PrivateKey::from_pem(test::read_text(dir_.file("key.pem")));
  ASSERT_TRUE(key);
  const auto signature = test::read_bytes(dir_.file("signature"));
  EXPECT_TRUE(key->public_key().verify(key->scheme(), as_bytes(kMessage), signature));
  EXPECT_FALSE(key->public_key().verify(key->scheme(), as_bytes("another message"), signature));
}

TEST_P(OpensslProgram, opens_our_encrypted_file) {
  const auto key = test::generate(GetParam().type);
  write_text(dir_.file("key.pem"), *key.to_encrypted_pem(passphrase_));
  ASSERT_EQ(run({"openssl", "pkey", "-in", dir_.file("key.pem"), "-passin", "file:" + dir_.file("pass"), "-pubout",
                 "-outform", "DER", "-out", dir_.file("public.der")}),
            0);
  EXPECT_EQ(test::read_bytes(dir_.file("public.der")), to_bytes(key.public_key().spki()));
  write_text(dir_.file("pass"), "wrong");
  EXPECT_NE(run({"openssl", "pkey", "-in", dir_.file("key.pem"), "-passin", "file:" + dir_.file("pass"), "-noout"}), 0);
}

TEST_P(OpensslProgram, writes_encrypted_files_that_we_open) {
  auto make = std::vector<std::string>{"openssl", "genpkey", "-out", dir_.file("key.pem")};
  make.insert(make.end(), GetParam().make.begin(), GetParam().make.end());
  ASSERT_EQ(run(make), 0);
  ASSERT_EQ(run({"openssl", "pkcs8", "-topk8", "-scrypt", "-v2", "aes-256-cbc", "-in", dir_.file("key.pem"), "-passout",
                 "file:" + dir_.file("pass"), "-out", dir_.file("encrypted.pem")}),
            0);
  const auto key = PrivateKey::from_encrypted_pem(test::read_text(dir_.file("encrypted.pem")), passphrase_);
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->public_key(), PrivateKey::from_pem(test::read_text(dir_.file("key.pem")))->public_key());
}

}  // namespace
}  // namespace birthmark::crypto
