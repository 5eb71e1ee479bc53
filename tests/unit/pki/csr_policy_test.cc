// SPDX-License-Identifier: Apache-2.0
// AC-19: what a request may say, and that it gets nothing by saying more.
#include "pki/csr_policy.h"

#include <gtest/gtest.h>

#include "unit/pki/support.h"

namespace birthmark::pki {
namespace {

using Names = CsrExpectation::Names;

constexpr std::string_view kBinding = "dGxzLXVuaXF1ZQ==";

/// A request that the openssl program made from a configuration.
struct Asked {
  std::string name = "O = heatpump\nOU = plant-1\nserialNumber = 42\n";  ///< section of the subject
  std::string attributes;                                                ///< section of attributes
  std::string extensions;                                                ///< section of requested extensions
  std::vector<std::string> key{"ec", "ec_paramgen_curve:P-256"};         ///< algorithm, then options
  std::string digest = "-sha256";
};

class OpensslRequest {
 public:
  explicit OpensslRequest(const Asked& asked) {
    std::string config = "[req]\nprompt = no\nstring_mask = utf8only\ndistinguished_name = name\n";
    config += asked.attributes.empty() ? "" : "attributes = attributes\n";
    config += asked.extensions.empty() ? "" : "req_extensions = extensions\n";
    config += "[name]\n" + asked.name + "[attributes]\n" + asked.attributes + "[extensions]\n" + asked.extensions;
    testing::write_text(directory_ / "req.cnf", config);
    std::vector<std::string> make_key{"openssl", "genpkey", "-out", file("key.pem"), "-algorithm", asked.key[0]};
    for (std::size_t i = 1; i < asked.key.size(); ++i) {
      make_key.insert(make_key.end(), {"-pkeyopt", asked.key[i]});
    }
    must(std::move(make_key));
    must({"openssl", "req", "-new", "-batch", "-config", file("req.cnf"), "-key", file("key.pem"), asked.digest,
          "-outform", "DER", "-out", file("req.der")});
    der_ = testing::read_file(file("req.der"));
  }
  [[nodiscard]] BytesView der() const { return der_; }
  /// Signs the same request with another key.
  void sign_again() {
    must({"openssl", "genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file("other.pem")});
    const auto read = pkcs10::Request::read(der_).value();
    testing::write_text(directory_ / "info", as_text(read.info()));
    must({"openssl", "dgst", "-sha256", "-sign", file("other.pem"), "-out", file("sig"), file("info")});
    der_ = pkcs10::assemble(read.info(), read.signature_algorithm(), testing::read_file(file("sig")));
  }

 private:
  [[nodiscard]] std::string file(const char* name) const { return (directory_ / name).string(); }
  static void must(std::vector<std::string> argv) {
    const auto finished = test::run({.argv = std::move(argv)});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
  }
  test::TempDir directory_;
  Bytes der_;
};

Bytes registered_name() {
  der::Writer out;
  out.open(der::tag::sequence);
  const auto part = [&](BytesView type, std::uint8_t tag, std::string_view text) {
    out.open(der::tag::set).open(der::tag::sequence).oid(type).text(tag, text).close().close();
  };
  part(oids::organization, der::tag::utf8_string, "heatpump");
  part(oids::organizational_unit, der::tag::utf8_string, "plant-1");
  part(oids::serial_number, der::tag::printable_string, "42");
  out.close();
  return std::move(out).finish();
}

Result<crypto::PublicKey> judge(BytesView der, const CsrExpectation& expected) {
  const auto request = pkcs10::Request::read(der);
  if (!request) {
    return fail(request.error());
  }
  return judge_csr(*request, expected);
}

struct Case {
  const char* name;
  Asked asked;
  const char* check;  ///< of the refusal; null: accepted
  Code code = Code::csr_policy;
};
Case extension(const char* name, const char* line, const char* check) {
  return {name, {.attributes = {}, .extensions = std::string{line} + "\n"}, check};
}
class Requests : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    AC19, Requests,
    ::testing::Values(
        Case{"plain", {}, nullptr},  //
        Case{"p384",
             {.attributes = {}, .extensions = {}, .key = {"ec", "ec_paramgen_curve:P-384"}, .digest = "-sha384"},
             nullptr},
        Case{"p384_with_sha256",
             {.attributes = {}, .extensions = {}, .key = {"ec", "ec_paramgen_curve:P-384"}},
             nullptr},
        extension("what_the_profile_gives_anyway",
                  "basicConstraints = CA:FALSE\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = clientAuth\n"
                  "subjectKeyIdentifier = hash",
                  nullptr),
        extension("the_key_identifier_of_another_key",
                  "subjectKeyIdentifier = 0102030405060708090a0b0c0d0e0f1011121314", "csr.subject_key_identifier"),
        extension("a_ca", "basicConstraints = critical,CA:TRUE", "csr.basic_constraints"),
        extension("a_ca_of_no_depth", "basicConstraints = CA:TRUE,pathlen:0", "csr.basic_constraints"),
        extension("key_cert_sign", "keyUsage = digitalSignature,keyCertSign", "csr.key_usage"),
        extension("crl_sign", "keyUsage = cRLSign", "csr.key_usage"),
        extension("key_agreement", "keyUsage = digitalSignature,keyAgreement", "csr.key_usage"),
        extension("server_auth", "extendedKeyUsage = serverAuth", "csr.extended_key_usage"),
        extension("server_auth_as_well", "extendedKeyUsage = clientAuth,serverAuth", "csr.extended_key_usage"),
        extension("any_usage", "extendedKeyUsage = anyExtendedKeyUsage", "csr.extended_key_usage"),
        extension("ocsp_signing", "extendedKeyUsage = OCSPSigning", "csr.extended_key_usage"),
        extension("registration_authority", "extendedKeyUsage = 1.3.6.1.5.5.7.3.28", "csr.extended_key_usage"),
        extension("a_wildcard", "subjectAltName = DNS:*.example", "csr.subject_alt_name"),
        extension("a_host", "subjectAltName = DNS:device.example", "csr.subject_alt_name"),
        extension("an_address", "subjectAltName = IP:10.0.0.1", "csr.subject_alt_name"),
        extension("name_constraints", "nameConstraints = critical,permitted;DNS:example", "csr.extensions"),
        extension("policies", "certificatePolicies = 2.5.29.32.0", "csr.extensions"),
        extension("our_own_policy", "certificatePolicies = 2.25.142765658909882564918648325217456130158.4",
                  "csr.extensions"),
        extension("crl_distribution_points", "crlDistributionPoints = URI:http://evil.example/crl", "csr.extensions"),
        extension("unknown", "1.3.6.1.4.1.99999.1 = ASN1:NULL", "csr.extensions"),
        extension("unknown_critical", "1.3.6.1.4.1.99999.1 = critical,ASN1:NULL", "csr.extensions"),
        Case{"change_subject_name",
             {.attributes = "1.3.6.1.5.5.7.7.36 = other\n", .extensions = {}},
             "csr.change_subject_name"},
        Case{"another_attribute", {.attributes = "unstructuredName = other\n", .extensions = {}}, "csr.attributes"},
        Case{"another_device",
             {.name = "O = heatpump\nOU = plant-1\nserialNumber = 43\n", .attributes = {}, .extensions = {}},
             "csr.subject"},
        Case{"a_wildcard_name", {.name = "CN = *\n", .attributes = {}, .extensions = {}}, "csr.subject"},
        Case{"the_name_and_more",
             {.name = "O = heatpump\nOU = plant-1\nserialNumber = 42\nCN = more\n", .attributes = {}, .extensions = {}},
             "csr.subject"},
        Case{"a_part_of_the_name", {.name = "O = heatpump\n", .attributes = {}, .extensions = {}}, "csr.subject"},
        Case{"the_name_in_another_case",
             {.name = "O = Heatpump\nOU = plant-1\nserialNumber = 42\n", .attributes = {}, .extensions = {}},
             "csr.subject"},
        Case{"rsa", {.attributes = {}, .extensions = {}, .key = {"rsa", "rsa_keygen_bits:2048"}}, "csr.key"},
        Case{"p384_with_sha512",
             {.attributes = {}, .extensions = {}, .key = {"ec", "ec_paramgen_curve:P-384"}, .digest = "-sha512"},
             "csr.key"},
        Case{"p256_with_sha384", {.attributes = {}, .extensions = {}, .digest = "-sha384"}, "csr.key"},
        Case{"p521", {.attributes = {}, .extensions = {}, .key = {"ec", "ec_paramgen_curve:P-521"}}, "csr.key"},
        Case{
            "secp256k1", {.attributes = {}, .extensions = {}, .key = {"ec", "ec_paramgen_curve:secp256k1"}}, "csr.key"},
        Case{"explicit_curve",
             {.attributes = {}, .extensions = {}, .key = {"ec", "ec_paramgen_curve:P-256", "ec_param_enc:explicit"}},
             "",
             Code::bad_request},
        Case{"sha1", {.attributes = {}, .extensions = {}, .digest = "-sha1"}, "", Code::bad_request}),
    [](const auto& one) { return one.param.name; });

TEST_P(Requests, made_by_openssl) {
  const OpensslRequest request{GetParam().asked};
  const auto name = registered_name();
  const auto key = judge(request.der(), {.subject = name, .subject_alt_name = {}, .channel_binding = {}});
  ASSERT_EQ(key.has_value(), GetParam().check == nullptr) << (key ? "" : key.error().detail);
  if (!key) {
    EXPECT_EQ(key.error().code, GetParam().code) << key.error().detail;
    EXPECT_EQ(key.error().check, GetParam().check) << key.error().detail;
  } else {
    EXPECT_TRUE(equal(key->spki(), pkcs10::Request::read(request.der())->spki()));
  }
}

TEST(Csr, an_ed25519_key_is_no_device_key) {
  const auto key = testing::new_key(crypto::KeyType::ed25519);
  const auto request =
      pkcs10::write_request(registered_name(), key.public_key().spki(), {}, x509::SignatureAlgorithm::ed25519,
                            [&](BytesView info) { return key.sign(info); });
  const auto name = registered_name();
  const auto judged = judge(request.value(), {.subject = name, .subject_alt_name = {}, .channel_binding = {}});
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().check, "csr.key");
}

/// AC-20: a key that cannot be read is no key; one that can be, of a kind that devices do not have, is against the
/// policy.
struct Key {
  const char* name;
  Bytes algorithm;  ///< contents of the AlgorithmIdentifier
  Bytes octets;     ///< of the BIT STRING
  Code code;
};
Bytes element_of(std::uint8_t tag, BytesView contents) {
  der::Writer out;
  out.primitive(tag, contents);
  return std::move(out).finish();
}
Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) {
    append(out, part);
  }
  return out;
}
Bytes named_curve(BytesView curve) {
  return joined({element_of(der::tag::oid, oids::ec_public_key), element_of(der::tag::oid, curve)});
}
Bytes rsa_algorithm() {
  return joined({element_of(der::tag::oid, oids::rsa_encryption), Bytes{0x05, 0x00}});
}
/// An odd number of that many octets, and an exponent.
Bytes rsa_numbers(std::size_t modulus_bytes, const Bytes& exponent) {
  Bytes modulus(modulus_bytes + 1, 0xC5);
  modulus.front() = 0;
  return element_of(der::tag::sequence,
                    joined({element_of(der::tag::integer, modulus), element_of(der::tag::integer, exponent)}));
}
Bytes point_of(std::uint8_t form, std::size_t octets) {
  Bytes out(octets, 0x11);
  out.front() = form;
  return out;
}
const Bytes kF4{0x01, 0x00, 0x01};

class Keys : public ::testing::TestWithParam<Key> {};
INSTANTIATE_TEST_SUITE_P(
    AC20, Keys,
    ::testing::Values(Key{"rsa_exponent_1", rsa_algorithm(), rsa_numbers(256, {0x01}), Code::bad_request},
                      Key{"rsa_exponent_3", rsa_algorithm(), rsa_numbers(256, {0x03}), Code::bad_request},
                      Key{"rsa_of_1024_bits", rsa_algorithm(), rsa_numbers(128, kF4), Code::bad_request},
                      Key{"rsa_of_32768_bits", rsa_algorithm(), rsa_numbers(4096, kF4), Code::bad_request},
                      Key{"rsa_of_no_numbers", rsa_algorithm(), {0x30, 0x00}, Code::bad_request},
                      Key{"p256_off_the_curve", named_curve(oids::secp256r1), point_of(4, 65), Code::bad_request},
                      Key{"p256_compressed", named_curve(oids::secp256r1), point_of(2, 33), Code::bad_request},
                      Key{"p256_at_infinity", named_curve(oids::secp256r1), {0x00}, Code::bad_request},
                      Key{"p384_too_short", named_curve(oids::secp384r1), point_of(4, 65), Code::bad_request},
                      Key{"ed25519_too_short", element_of(der::tag::oid, oid<1, 3, 101, 112>), Bytes(31, 1),
                          Code::bad_request},
                      Key{"rsa_of_2048_bits", rsa_algorithm(), rsa_numbers(256, kF4), Code::csr_policy},
                      Key{"p521_off_the_curve", named_curve(oids::secp521r1), point_of(4, 133), Code::bad_request},
                      Key{"ed448", element_of(der::tag::oid, oid<1, 3, 101, 113>), Bytes(57, 1), Code::csr_policy}),
    [](const auto& one) { return one.param.name; });

TEST_P(Keys, that_cannot_be_read_are_malformed_and_those_of_another_kind_are_against_the_policy) {
  der::Writer spki;
  spki.open(der::tag::sequence)
      .primitive(der::tag::sequence, GetParam().algorithm)
      .bit_string(GetParam().octets)
      .close();
  const auto name = registered_name();
  const auto request =
      pkcs10::write_request(name, std::move(spki).finish(), {}, x509::SignatureAlgorithm::ecdsa_sha256,
                            [](BytesView) -> Result<Bytes> { return from_hex("3006020101020101").value(); });
  const auto judged = judge(request.value(), {.subject = name, .subject_alt_name = {}, .channel_binding = {}});
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().code, GetParam().code) << judged.error().detail;
  EXPECT_EQ(judged.error().check, "csr.key") << judged.error().detail;
}

// RFC 2986 §3: possession.
TEST(Csr, another_keys_signature_or_a_changed_byte_is_refused) {
  OpensslRequest request{{}};
  const auto name = registered_name();
  const CsrExpectation expected{.subject = name, .subject_alt_name = {}, .channel_binding = {}};
  ASSERT_TRUE(judge(request.der(), expected));
  const auto good = to_bytes(request.der());
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x01;
    EXPECT_FALSE(judge(bad, expected)) << i;
  }
  request.sign_again();
  const auto judged = judge(request.der(), expected);
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().code, Code::bad_request);
  EXPECT_EQ(judged.error().check, "csr.signature");
}

// --- names ---

TEST(Csr, an_empty_name_is_taken_at_first_and_not_at_renewal) {
  const auto key = testing::new_key();
  const auto request =
      pkcs10::write_request(from_hex("3000").value(), key.public_key().spki(), {},
                            x509::SignatureAlgorithm::ecdsa_sha256, [&](BytesView info) { return key.sign(info); })
          .value();
  const auto name = registered_name();
  EXPECT_TRUE(judge(request, {.subject = name, .subject_alt_name = {}, .channel_binding = {}}));
  const auto renewal =
      judge(request, {.subject = name, .names = Names::exactly, .subject_alt_name = {}, .channel_binding = {}});
  ASSERT_FALSE(renewal);
  EXPECT_EQ(renewal.error().check, "csr.subject");
  EXPECT_FALSE(judge(
      request,
      {.subject = name, .names = Names::exactly_but_alt_name_optional, .subject_alt_name = {}, .channel_binding = {}}));
}

// RFC 7030 §4.2.2: subject and subjectAltName are those of the certificate that is presented.
TEST(Csr, renewal_repeats_the_alternative_name_byte_for_byte) {
  const auto name = registered_name();
  const Bytes alt_name = testing::Parts{testing::world().certificate(ProfileId::ldevid)}[oids::subject_alt_name].value;
  const auto key = testing::new_key();
  const auto ask = [&](const std::optional<Bytes>& asked) {
    std::vector<pkcs10::Attribute> attributes;
    Bytes extensions;
    if (asked) {
      const std::array one{x509::Extension{oids::subject_alt_name, false, *asked}};
      extensions = x509::write_extensions(one);
      attributes.push_back({oids::extension_request, extensions});
    }
    return pkcs10::write_request(name, key.public_key().spki(), attributes, x509::SignatureAlgorithm::ecdsa_sha256,
                                 [&](BytesView info) { return key.sign(info); })
        .value();
  };
  const auto verdict = [&](const std::optional<Bytes>& asked, Names names, BytesView registered) {
    const auto judged =
        judge(ask(asked), {.subject = name, .names = names, .subject_alt_name = registered, .channel_binding = {}});
    return judged ? std::string{"accepted"} : judged.error().check;
  };
  const auto refused = "csr.subject_alt_name";
  auto other = alt_name;
  other.back() ^= 1;
  EXPECT_EQ(verdict(alt_name, Names::exactly, alt_name), "accepted");
  EXPECT_EQ(verdict(std::nullopt, Names::exactly, alt_name), refused);
  EXPECT_EQ(verdict(other, Names::exactly, alt_name), refused);
  EXPECT_EQ(verdict(std::nullopt, Names::exactly, {}), "accepted");  // the presented certificate has none
  EXPECT_EQ(verdict(alt_name, Names::exactly, {}), refused);
  const auto optional = Names::exactly_but_alt_name_optional;
  EXPECT_EQ(verdict(alt_name, optional, alt_name), "accepted");
  EXPECT_EQ(verdict(std::nullopt, optional, alt_name), "accepted");
  EXPECT_EQ(verdict(other, optional, alt_name), refused);
  EXPECT_EQ(verdict(alt_name, optional, {}), refused);
  EXPECT_EQ(verdict(std::nullopt, Names::registered_or_empty, alt_name), "accepted");
  EXPECT_EQ(verdict(alt_name, Names::registered_or_empty, alt_name), "accepted");
  EXPECT_EQ(verdict(other, Names::registered_or_empty, alt_name), refused);
}

// --- AC-25: the channel ---

struct Channel {
  const char* name;
  const char* sent;                         ///< challengePassword; null: none
  std::optional<std::string_view> binding;  ///< of this connection
  bool accepted;
};
class Channels : public ::testing::TestWithParam<Channel> {};
INSTANTIATE_TEST_SUITE_P(AC25, Channels,
                         ::testing::Values(Channel{"right", "dGxzLXVuaXF1ZQ==", kBinding, true},
                                           Channel{"missing_is_for_the_callers_policy", nullptr, kBinding, true},
                                           Channel{"missing_where_there_is_none", nullptr, std::nullopt, true},
                                           Channel{"another_channels", "b3RoZXItdW5pcXVl", kBinding, false},
                                           Channel{"a_part", "dGxzLXVuaXF1ZQ=", kBinding, false},
                                           Channel{"longer", "dGxzLXVuaXF1ZQ==A", kBinding, false},
                                           Channel{"claimed_where_there_is_none", "dGxzLXVuaXF1ZQ==", std::nullopt,
                                                   false},
                                           Channel{"of_an_empty_binding", "dGxzLXVuaXF1ZQ==", "", false}),
                         [](const auto& one) { return one.param.name; });

TEST_P(Channels, challenge_password_is_this_connections) {  // RFC 7030 §3.5
  Asked asked;
  if (GetParam().sent != nullptr) {
    asked.attributes = std::string{"challengePassword = "} + GetParam().sent + "\n";
  }
  const OpensslRequest request{asked};
  const auto name = registered_name();
  const auto judged =
      judge(request.der(), {.subject = name, .subject_alt_name = {}, .channel_binding = GetParam().binding});
  ASSERT_EQ(judged.has_value(), GetParam().accepted);
  if (!judged) {
    EXPECT_EQ(judged.error().code, Code::binding);
  }
}

}  // namespace
}  // namespace birthmark::pki
