// SPDX-License-Identifier: Apache-2.0
#include "crypto/tpm_crypto.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "codec/oid.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/native.h"
#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

namespace json = boost::json;
using test::generate;
using test::hex_value;

using EvpKdfPtr = OpensslPtr<EVP_KDF, EVP_KDF_free>;
using EvpKdfCtxPtr = OpensslPtr<EVP_KDF_CTX, EVP_KDF_CTX_free>;

std::string text(const json::value& value) {
  return {value.as_string().data(), value.as_string().size()};
}
Bytes joined(std::initializer_list<BytesView> parts) {
  Bytes out;
  for (const auto part : parts) {
    append(out, part);
  }
  return out;
}
char* digest_name(HashAlgorithm algorithm) {
  return const_cast<char*>(algorithm == HashAlgorithm::sha256 ? "SHA256" : "SHA384");
}
OSSL_PARAM octet_param(const char* name, BytesView bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}
Bytes library_kdf(const char* name, OSSL_PARAM* params, std::size_t size) {
  const EvpKdfPtr kdf{EVP_KDF_fetch(nullptr, name, nullptr)};
  const EvpKdfCtxPtr context{EVP_KDF_CTX_new(kdf.get())};
  Bytes out(size);
  EXPECT_EQ(EVP_KDF_derive(context.get(), out.data(), out.size(), params), 1) << name;
  return out;
}

/// KDFa by OpenSSL's own SP 800-108, for whole bytes.
Bytes oracle_kdf_a(HashAlgorithm algorithm, BytesView key, std::string_view label, BytesView context,
                   std::size_t size) {
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, const_cast<char*>("counter"), 0),
                         OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, const_cast<char*>("HMAC"), 0),
                         OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name(algorithm), 0),
                         octet_param(OSSL_KDF_PARAM_KEY, key),
                         octet_param(OSSL_KDF_PARAM_SALT, as_bytes(label)),
                         octet_param(OSSL_KDF_PARAM_INFO, context),
                         OSSL_PARAM_construct_end()};
  return library_kdf("KBKDF", params, size);
}

/// KDFe by OpenSSL's own SP 800-56C one-step derivation.
Bytes oracle_kdf_e(HashAlgorithm algorithm, BytesView z, std::string_view label, BytesView u, BytesView v,
                   std::size_t size) {
  const auto info = joined({as_bytes(label), Bytes{0}, u, v});
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name(algorithm), 0),
                         octet_param(OSSL_KDF_PARAM_KEY, z), octet_param(OSSL_KDF_PARAM_INFO, info),
                         OSSL_PARAM_construct_end()};
  return library_kdf("SSKDF", params, size);
}

TEST(Kdf, agrees_with_the_library_on_whole_bytes) {
  const auto key = as_bytes("0123456789abcdef"), u = as_bytes("one context"), v = as_bytes("another");
  for (const auto algorithm : {HashAlgorithm::sha256, HashAlgorithm::sha384}) {
    for (const std::uint32_t size : {1U, 16U, 31U, 32U, 33U, 48U, 49U, 64U, 100U, 1024U}) {
      EXPECT_TRUE(kdf_a(algorithm, key, "STORAGE", u, v, size * 8)
                      .matches(oracle_kdf_a(algorithm, key, "STORAGE", joined({u, v}), size)));
      EXPECT_TRUE(kdf_e(algorithm, key, "IDENTITY", u, v, size * 8)
                      .matches(oracle_kdf_e(algorithm, key, "IDENTITY", u, v, size)));
    }
  }
}

TEST(Kdf, bits_that_were_not_asked_for_are_clear) {
  for (std::uint32_t bits = 1; bits <= 70; ++bits) {
    for (const auto& derived : {kdf_a(HashAlgorithm::sha256, as_bytes("k"), "L", {}, {}, bits),
                                kdf_e(HashAlgorithm::sha256, as_bytes("k"), "L", {}, {}, bits)}) {
      ASSERT_EQ(derived.reveal().size(), (bits + 7) / 8);
      EXPECT_EQ(derived.reveal().front() >> (bits % 8 == 0 ? 8 : bits % 8), 0) << bits;
    }
  }
}

TEST(Kdf, every_input_matters) {
  const auto a = [](std::string_view key, std::string_view label, std::string_view u, std::string_view v) {
    return to_bytes(kdf_a(HashAlgorithm::sha256, as_bytes(key), label, as_bytes(u), as_bytes(v), 256).reveal());
  };
  const auto base = a("key", "LABEL", "u", "v");
  EXPECT_EQ(a("key", "LABEL", "u", "v"), base);
  EXPECT_NE(a("kez", "LABEL", "u", "v"), base);
  EXPECT_NE(a("key", "LABEM", "u", "v"), base);
  EXPECT_NE(a("key", "LABEL", "w", "v"), base);
  EXPECT_NE(a("key", "LABEL", "u", "w"), base);
}

struct KdfSuite {
  const char* file;
  const char* key;
  Secret (*derive)(HashAlgorithm, BytesView, std::string_view, BytesView, BytesView, std::uint32_t);
};
class KdfVectors : public testing::TestWithParam<KdfSuite> {};
INSTANTIATE_TEST_SUITE_P(Published, KdfVectors,
                         testing::Values(KdfSuite{"kdfa.json", "Key", kdf_a}, KdfSuite{"kdfe.json", "Z", kdf_e}),
                         [](const auto& suite) { return std::string{suite.param.file}.substr(0, 4); });

TEST_P(KdfVectors, results_agree) {
  const auto path = test::vectors() / "tpm2-crypto" / GetParam().file;
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "TPM vectors are not beside the repository";
  }
  int cases = 0;
  const auto document = json::parse(test::read_text(path));
  for (const auto& entry : document.as_array()) {
    const auto id = entry.at("HashAlg").to_number<int>();
    if (id != 0x0B && id != 0x0C) {
      continue;
    }
    const auto derived =
        GetParam().derive(id == 0x0B ? HashAlgorithm::sha256 : HashAlgorithm::sha384,
                          hex_value(entry.at(GetParam().key)), text(entry.at("Label")), hex_value(entry.at("ContextU")),
                          hex_value(entry.at("ContextV")), entry.at("Bits").to_number<std::uint32_t>());
    EXPECT_EQ(to_bytes(derived.reveal()), hex_value(entry.at("Result"))) << entry.at("Name");
    ++cases;
  }
  EXPECT_GT(cases, 40);
}

/// Answers with what the test holds, once.
class Fixed final : public EphemeralSource {
 public:
  explicit Fixed(std::string pem) : pem_{std::move(pem)} {}
  explicit Fixed(Bytes seed) : seed_{std::move(seed)} {}
  Result<PrivateKey> key(KeyType) override { return PrivateKey::from_pem(pem_); }
  Result<Secret> seed(std::size_t) override { return Secret{seed_}; }

 private:
  std::string pem_;
  Bytes seed_;
};
class Broken final : public EphemeralSource {
 public:
  Result<PrivateKey> key(KeyType) override { return fail(Code::unavailable, "no entropy"); }
  Result<Secret> seed(std::size_t) override { return fail(Code::unavailable, "no entropy"); }
};

/// The last TPM2B of a TPMT_PUBLIC or TPMT_SENSITIVE whose size is known.
Bytes tail(const Bytes& structure, std::size_t size, std::size_t behind = 0) {
  return {structure.end() - static_cast<std::ptrdiff_t>(size + behind),
          structure.end() - static_cast<std::ptrdiff_t>(behind)};
}

struct EccVector {
  KeyType type;
  HashAlgorithm name_alg;
};
/// The kinds that the product meets, by the parts of the vector's name: curve and nameAlg.
std::optional<EccVector> ecc_kind(const std::string& name) {
  const auto type = name.find("P256") != std::string::npos   ? std::optional{KeyType::p256}
                    : name.find("P384") != std::string::npos ? std::optional{KeyType::p384}
                                                             : std::nullopt;
  const auto hash_part = name.substr(std::min(name.size(), std::size_t{10}), 6);
  if (!type || (hash_part != "SHA256" && hash_part != "SHA384")) {
    return std::nullopt;
  }
  return EccVector{*type, hash_part == "SHA256" ? HashAlgorithm::sha256 : HashAlgorithm::sha384};
}

TEST(Encapsulate, ecc_vectors_agree) {
  const auto path = test::vectors() / "tpm2-crypto/ecc_labeled_encaps.json";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "TPM vectors are not beside the repository";
  }
  int cases = 0;
  const auto document = json::parse(test::read_text(path));
  for (const auto& entry : document.as_array()) {
    const auto kind = ecc_kind(text(entry.at("Name")));
    if (!kind || text(entry.at("Label")) != "IDENTITY") {
      continue;
    }
    const auto size = field_size(kind->type);
    const auto area = hex_value(entry.at("PublicKey"));
    auto key = PublicKey::from_point(kind->type, tail(area, size, size + 2), tail(area, size));
    ASSERT_TRUE(key) << entry.at("Name");
    const BytesView curve = kind->type == KeyType::p256 ? BytesView{oids::secp256r1} : BytesView{oids::secp384r1};
    Fixed source{test::ec_pem(curve, hex_value(entry.at("EphemeralPrivate")))};
    const auto shared = encapsulate_identity({*key, kind->name_alg, AesKeyBits::aes128}, source);
    ASSERT_TRUE(shared) << entry.at("Name");
    EXPECT_EQ(to_bytes(shared->seed.reveal()), hex_value(entry.at("Secret"))) << entry.at("Name");
    EXPECT_EQ(shared->encrypted_secret, hex_value(entry.at("Ciphertext"))) << entry.at("Name");
    ++cases;
  }
  EXPECT_EQ(cases, 10);
}

/// An RSA private key from its modulus and one prime, as TPMT_SENSITIVE holds it; the exponent is 65537.
EvpPkeyPtr rsa_from_prime(const Bytes& modulus, const Bytes& prime) {
  const BnCtxPtr context{BN_CTX_new()};
  const BnPtr n{BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr)};
  const BnPtr p{BN_bin2bn(prime.data(), static_cast<int>(prime.size()), nullptr)};
  const BnPtr q{BN_new()}, e{BN_new()}, phi{BN_new()}, d{BN_new()}, p1{BN_dup(p.get())};
  BN_div(q.get(), nullptr, n.get(), p.get(), context.get());
  BN_set_word(e.get(), 65537);
  BN_sub_word(p1.get(), 1);
  BN_copy(phi.get(), q.get());
  BN_sub_word(phi.get(), 1);
  BN_mul(phi.get(), phi.get(), p1.get(), context.get());
  EXPECT_NE(BN_mod_inverse(d.get(), e.get(), phi.get(), context.get()), nullptr);
  const ParamBuildPtr builder{OSSL_PARAM_BLD_new()};
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_D, d.get());
  const ParamsPtr params{OSSL_PARAM_BLD_to_param(builder.get())};
  const EvpPkeyCtxPtr maker{EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr)};
  EVP_PKEY* made = nullptr;
  EVP_PKEY_fromdata_init(maker.get());
  EXPECT_EQ(EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_KEYPAIR, params.get()), 1);
  return EvpPkeyPtr{made};
}

/// What a TPM does with an encrypted seed; empty if the padding or label is wrong.
Bytes rsa_open(EVP_PKEY* key, HashAlgorithm algorithm, BytesView encrypted, std::string_view label) {
  const EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_PAD_MODE, const_cast<char*>("oaep"), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, digest_name(algorithm), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, digest_name(algorithm), 0),
      octet_param(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, as_bytes(label)), OSSL_PARAM_construct_end()};
  Bytes out(512);
  std::size_t size = out.size();
  if (EVP_PKEY_decrypt_init_ex(context.get(), params) != 1 ||
      EVP_PKEY_decrypt(context.get(), out.data(), &size, encrypted.data(), encrypted.size()) != 1) {
    ERR_clear_error();
    return {};
  }
  out.resize(size);
  return out;
}
constexpr std::string_view kIdentityWithZero{"IDENTITY\0", 9};

TEST(Encapsulate, rsa_vectors_open_and_ours_open_the_same_way) {
  const auto path = test::vectors() / "tpm2-crypto/rsa_labeled_encaps.json";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "TPM vectors are not beside the repository";
  }
  int cases = 0;
  const auto document = json::parse(test::read_text(path));
  for (const auto& entry : document.as_array()) {
    const auto name = text(entry.at("Name"));
    const bool sha256_name = name.find("_SHA256_") != std::string::npos;
    if (text(entry.at("Label")) != "IDENTITY" || name.substr(2, 3) != "_R_" ||
        (!sha256_name && name.find("_SHA384_") == std::string::npos)) {
      continue;
    }
    const auto algorithm = sha256_name ? HashAlgorithm::sha256 : HashAlgorithm::sha384;
    const std::size_t size = static_cast<std::size_t>(std::stoi(name.substr(5, 4))) / 8;
    const auto modulus = tail(hex_value(entry.at("PublicKey")), size);
    const auto key = rsa_from_prime(modulus, tail(hex_value(entry.at("PrivateKey")), size / 2));
    const auto seed = hex_value(entry.at("Secret"));
    EXPECT_EQ(rsa_open(key.get(), algorithm, hex_value(entry.at("Ciphertext")), kIdentityWithZero), seed) << name;

    Fixed source{seed};
    const auto ours =
        encapsulate_identity({*PublicKey::from_rsa(modulus, 65537), algorithm, AesKeyBits::aes128}, source);
    ASSERT_TRUE(ours) << name;
    EXPECT_TRUE(ours->seed.matches(seed));
    EXPECT_EQ(rsa_open(key.get(), algorithm, ours->encrypted_secret, kIdentityWithZero), seed) << name;
    EXPECT_EQ(rsa_open(key.get(), algorithm, ours->encrypted_secret, "IDENTITY"), Bytes{}) << name;
    ++cases;
  }
  EXPECT_EQ(cases, 7);
}

/// A TPM in miniature, written with the library's own derivations: opens a credential or says no.
class Tpm {
 public:
  Tpm(EvpPkeyPtr ek, HashAlgorithm name_alg, AesKeyBits symmetric)
      : ek_{std::move(ek)}, name_alg_{name_alg}, symmetric_{symmetric} {}

  [[nodiscard]] EndorsementKey endorsement_key() const {
    return {*PublicKey::from_spki(test::spki_of(ek_.get())), name_alg_, symmetric_};
  }

  [[nodiscard]] std::optional<Bytes> activate(const CredentialBlob& blob, BytesView name) const {
    const auto seed = open_seed(blob.encrypted_secret);
    const auto size = digest_size(name_alg_);
    if (!seed || blob.id_object.size() < 2 + size || blob.id_object[0] != 0 || blob.id_object[1] != size) {
      return std::nullopt;
    }
    const auto mac = BytesView{blob.id_object}.subspan(2, size),
               encrypted = BytesView{blob.id_object}.subspan(2 + size);
    const auto mac_key = oracle_kdf_a(name_alg_, *seed, "INTEGRITY", {}, size);
    Bytes expected(size);
    std::size_t out = 0;
    const auto message = joined({encrypted, name});
    EVP_Q_mac(nullptr, "HMAC", nullptr, digest_name(name_alg_), nullptr, mac_key.data(), mac_key.size(), message.data(),
              message.size(), expected.data(), expected.size(), &out);
    if (!equal(mac, expected)) {
      return std::nullopt;
    }
    return decrypt(*seed, encrypted, name);
  }

 private:
  [[nodiscard]] std::optional<Bytes> open_seed(BytesView encrypted_secret) const {
    const auto half = endorsement_key();
    if (half.key.type() == KeyType::rsa) {
      const auto seed = rsa_open(ek_.get(), name_alg_, encrypted_secret, kIdentityWithZero);
      return seed.empty() ? std::nullopt : std::optional{seed};
    }
    const auto size = field_size(half.key.type());
    const auto x = encrypted_secret.subspan(2, size), y = encrypted_secret.last(size);
    const auto peer = *native_copy(*PublicKey::from_point(half.key.type(), x, y));
    const EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, ek_.get(), nullptr)};
    Bytes z(size);
    std::size_t out = size;
    EXPECT_EQ(EVP_PKEY_derive_init(context.get()), 1);
    EXPECT_EQ(EVP_PKEY_derive_set_peer(context.get(), peer.get()), 1);
    EXPECT_EQ(EVP_PKEY_derive(context.get(), z.data(), &out), 1);
    return oracle_kdf_e(name_alg_, z, "IDENTITY", x, half.key.point().subspan(1, size), digest_size(name_alg_));
  }

  [[nodiscard]] Bytes decrypt(BytesView seed, BytesView encrypted, BytesView name) const {
    const auto key = oracle_kdf_a(name_alg_, seed, "STORAGE", name, static_cast<std::size_t>(symmetric_) / 8);
    const EvpCipherCtxPtr context{EVP_CIPHER_CTX_new()};
    const Bytes zero_iv(16, 0);
    Bytes out(encrypted.size());
    int size = 0;
    EVP_DecryptInit_ex(context.get(), symmetric_ == AesKeyBits::aes128 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128(),
                       nullptr, key.data(), zero_iv.data());
    EVP_DecryptUpdate(context.get(), out.data(), &size, encrypted.data(), static_cast<int>(encrypted.size()));
    EXPECT_EQ(static_cast<std::size_t>(out[0] * 256 + out[1]), out.size() - 2);
    return {out.begin() + 2, out.end()};
  }

  EvpPkeyPtr ek_;
  HashAlgorithm name_alg_;
  AesKeyBits symmetric_;
};

/// New ones each time.
class Generated final : public EphemeralSource {
 public:
  Result<PrivateKey> key(KeyType curve) override { return PrivateKey::generate(curve); }
  Result<Secret> seed(std::size_t size_bytes) override {
    Bytes out(size_bytes);
    EXPECT_EQ(RAND_bytes(out.data(), static_cast<int>(out.size())), 1);
    return Secret{std::move(out)};
  }
};

struct Shape {
  const char* name;
  const char* curve;  ///< null: RSA-2048
  HashAlgorithm name_alg;
  AesKeyBits symmetric;
};
class Credential : public testing::TestWithParam<Shape> {
 protected:
  static Tpm make_tpm() {
    const auto& shape = GetParam();
    return {EvpPkeyPtr{shape.curve == nullptr ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
                                              : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", shape.curve)},
            shape.name_alg, shape.symmetric};
  }
  static Secret credential(std::size_t size = 32) { return Secret{Bytes(size, 0xC3)}; }

  const Bytes name_ = tpm_name(as_bytes("a public area"), HashAlgorithm::sha256);
  Generated source_;
};
// The endorsement key templates of the TCG: L-1, L-2, H-2, H-3.
INSTANTIATE_TEST_SUITE_P(Templates, Credential,
                         testing::Values(Shape{"rsa", nullptr, HashAlgorithm::sha256, AesKeyBits::aes128},
                                         Shape{"p256", "P-256", HashAlgorithm::sha256, AesKeyBits::aes128},
                                         Shape{"p256_aes256", "P-256", HashAlgorithm::sha256, AesKeyBits::aes256},
                                         Shape{"p384", "P-384", HashAlgorithm::sha384, AesKeyBits::aes256}),
                         [](const auto& shape) { return shape.param.name; });

TEST_P(Credential, opens_for_the_key_and_the_name) {
  const auto tpm = make_tpm();
  for (const std::size_t size : {std::size_t{1}, std::size_t{16}, std::size_t{32}, digest_size(GetParam().name_alg)}) {
    const auto secret = credential(size);
    const auto blob = make_credential(tpm.endorsement_key(), name_, secret, source_);
    ASSERT_TRUE(blob);
    EXPECT_EQ(tpm.activate(*blob, name_), to_bytes(secret.reveal()));
  }
}

TEST_P(Credential, another_key_or_name_opens_nothing) {
  const auto tpm = make_tpm();
  const auto other = make_tpm();
  const auto blob = *make_credential(tpm.endorsement_key(), name_, credential(), source_);
  EXPECT_EQ(tpm.activate(blob, tpm_name(as_bytes("another area"), HashAlgorithm::sha256)), std::nullopt);
  EXPECT_EQ(other.activate(blob, name_), std::nullopt);
}

TEST_P(Credential, a_flipped_bit_opens_nothing) {
  const auto tpm = make_tpm();
  const auto blob = *make_credential(tpm.endorsement_key(), name_, credential(), source_);
  for (std::size_t at = 0; at < blob.id_object.size(); ++at) {
    auto bad = blob;
    bad.id_object[at] ^= 0x10;
    EXPECT_EQ(tpm.activate(bad, name_), std::nullopt) << at;
  }
}

TEST_P(Credential, each_one_is_different) {
  const auto tpm = make_tpm();
  const auto a = *make_credential(tpm.endorsement_key(), name_, credential(), source_);
  const auto b = *make_credential(tpm.endorsement_key(), name_, credential(), source_);
  EXPECT_NE(a.encrypted_secret, b.encrypted_secret);
  EXPECT_NE(a.id_object, b.id_object);
}

TEST_P(Credential, wrong_sizes_are_refused) {
  const auto ek = make_tpm().endorsement_key();
  const auto refused = [&](BytesView name, const Secret& secret) {
    const auto blob = make_credential(ek, name, secret, source_);
    return !blob && blob.error().code == Code::bad_request;
  };
  EXPECT_TRUE(refused(name_, Secret{}));
  EXPECT_TRUE(refused(name_, credential(digest_size(GetParam().name_alg) + 1)));
  EXPECT_TRUE(refused({}, credential()));
  EXPECT_TRUE(refused(BytesView{name_}.first(33), credential()));
  EXPECT_TRUE(refused(joined({name_, Bytes{0}}), credential()));
  EXPECT_TRUE(refused(joined({Bytes{0x00, 0x0C}, BytesView{name_}.subspan(2)}), credential()));
  EXPECT_TRUE(refused(joined({Bytes{0x00, 0x04}, BytesView{name_}.subspan(2, 20)}), credential()));
}

TEST_P(Credential, a_source_that_fails_or_lies_is_an_error) {
  const auto ek = make_tpm().endorsement_key();
  Broken broken;
  const auto without = make_credential(ek, name_, credential(), broken);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, Code::unavailable);
  const bool p256 = ek.key.type() == KeyType::p256;
  Fixed other_curve{p256 ? test::ec_pem(oids::secp384r1, Bytes(48, 1)) : test::ec_pem(oids::secp256r1, Bytes(32, 1))};
  EXPECT_FALSE(make_credential(ek, name_, credential(), other_curve));
  Fixed short_seed{Bytes(31, 1)};
  EXPECT_FALSE(make_credential(ek, name_, credential(), short_seed));
}

TEST(CredentialKeys, ed25519_is_no_endorsement_key) {
  Generated source;
  const EndorsementKey ek{generate(KeyType::ed25519).public_key(), HashAlgorithm::sha256, AesKeyBits::aes128};
  EXPECT_FALSE(make_credential(ek, tpm_name({}, HashAlgorithm::sha256), Secret{Bytes(32, 1)}, source));
}

TEST(Name, is_algorithm_and_digest) {
  const auto area = as_bytes("public area");
  EXPECT_EQ(tpm_name(area, HashAlgorithm::sha256), joined({Bytes{0x00, 0x0B}, hash(HashAlgorithm::sha256, {area})}));
  EXPECT_EQ(tpm_name(area, HashAlgorithm::sha384), joined({Bytes{0x00, 0x0C}, hash(HashAlgorithm::sha384, {area})}));
}

TEST(Name, agrees_with_a_software_tpm) {
  const auto folder = test::vectors() / "tpm2-golden/tpmA";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "TPM samples are not beside the repository";
  }
  EXPECT_EQ(tpm_name(test::read_bytes(folder / "iak.tpmt_public"), HashAlgorithm::sha256),
            test::read_bytes(folder / "iak.name"));
}

}  // namespace
}  // namespace birthmark::crypto
