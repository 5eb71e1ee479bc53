// SPDX-License-Identifier: Apache-2.0
#include "codec/algorithm.h"

#include <gtest/gtest.h>

#include "der_samples.h"

namespace birthmark::x509 {
namespace {

using samples::element;
using samples::hex;
using samples::sequence;

TEST(SignatureAlgorithms, come_back_from_their_encoding) {  // RFC 5758 §3.2
  using enum SignatureAlgorithm;
  for (const auto algorithm :
       {ecdsa_sha256, ecdsa_sha384, ecdsa_sha512, rsa_pkcs1_sha256, rsa_pkcs1_sha384, rsa_pkcs1_sha512, ed25519}) {
    EXPECT_EQ(read_signature_algorithm(signature_algorithm_der(algorithm)).value(), algorithm);
  }
  EXPECT_EQ(to_hex(signature_algorithm_der(ecdsa_sha256)), "300a06082a8648ce3d040302");
  EXPECT_EQ(to_hex(signature_algorithm_der(rsa_pkcs1_sha256)), "300d06092a864886f70d01010b0500");
  EXPECT_TRUE(signature_algorithm_der(unverifiable).empty());
}

TEST(SignatureAlgorithms, weak_unknown_and_oddly_parametrised_ones_are_refused) {
  struct Case {
    const char* name;
    const char* encoding;
  };
  for (const auto& [name, encoding] :
       {Case{"ecdsa_null", "300c06082a8648ce3d0403020500"}, Case{"ecdsa_sha1", "300906072a8648ce3d0401"},
        Case{"rsa_absent", "300b06092a864886f70d01010b"}, Case{"rsa_sha1", "300d06092a864886f70d0101050500"},
        Case{"rsa_md5", "300d06092a864886f70d0101040500"}, Case{"rsa_pss", "300b06092a864886f70d01010a"},
        Case{"ed25519_null", "300706032b65700500"}, Case{"trailing", "300a06082a8648ce3d04030200"},
        Case{"long_length", "30810a06082a8648ce3d040302"}, Case{"nothing", ""}}) {
    const auto algorithm = read_signature_algorithm(hex(encoding));
    ASSERT_FALSE(algorithm) << name;
    EXPECT_EQ(algorithm.error().code, Code::bad_request) << name;
  }
}

TEST(Spki, gives_algorithm_parameters_and_key) {  // RFC 5280 §4.1.2.7
  const auto whole = samples::p256_spki();
  const auto spki = read_spki(whole);
  ASSERT_TRUE(spki);
  EXPECT_TRUE(equal(spki->algorithm, oids::ec_public_key));
  EXPECT_EQ(to_hex(spki->parameters), "06082a8648ce3d030107");
  EXPECT_EQ(spki->key.size(), 65U);
  const auto ed25519 = hex("302a300506032b65700321000000000000000000000000000000000000000000000000000000000000000001");
  EXPECT_TRUE(read_spki(ed25519)->parameters.empty());
}

TEST(Spki, other_forms_and_explicit_curves_are_refused) {  // AC-20; CVE-2020-0601; RFC 5480 §2.1.1, RFC 3279 §2.3.1,
                                                           // RFC 8410 §3
  const auto key = element(der::tag::bit_string, hex("0004aabb"));
  const auto named = sequence({element(der::tag::oid, oids::ec_public_key), element(der::tag::oid, oids::secp256r1)});
  struct Case {
    const char* name;
    Bytes encoding;
  };
  const std::array cases{
      Case{"explicit_curve", samples::ec_spki_with(samples::explicit_curve())},
      Case{"implicit_curve", samples::ec_spki_with(hex("0500"))},
      Case{"no_curve", samples::ec_spki_with({})},
      Case{"two_parameters", sequence({sequence({element(der::tag::oid, oids::ec_public_key),
                                                 element(der::tag::oid, oids::secp256r1), hex("0500")}),
                                       key})},
      Case{"rsa_without_null", sequence({sequence({element(der::tag::oid, oids::rsa_encryption)}), key})},
      Case{"rsa_with_a_boolean",
           sequence({sequence({element(der::tag::oid, oids::rsa_encryption), hex("0101ff")}), key})},
      Case{"ed25519_with_null", sequence({hex("300706032b65700500"), key})},
      Case{"unused_bits", sequence({named, hex("030401aabbcc")})},
      Case{"octet_string", sequence({named, hex("0402aabb")})},
      Case{"extra_element", sequence({named, key, hex("0500")})},
      Case{"no_key", sequence({named})},
      Case{"empty", hex("3000")},
      Case{"nothing", {}},
  };
  for (const auto& [name, encoding] : cases) {
    EXPECT_FALSE(read_spki(encoding)) << name;
  }
}

}  // namespace
}  // namespace birthmark::x509
