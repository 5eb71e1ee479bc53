// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_template.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <set>

#include "support/inputs.h"

namespace birthmark::tpm {
namespace {

using test::hex;

Bytes digest(const EVP_MD* algorithm, const Bytes& data) {
  Bytes out(static_cast<std::size_t>(EVP_MD_get_size(algorithm)));
  EXPECT_EQ(EVP_Digest(data.data(), data.size(), out.data(), nullptr, algorithm, nullptr), 1);
  return out;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) {
    append(out, part);
  }
  return out;
}

/// TPM 2.0 Part 3, TPM2_PolicySecret with the endorsement hierarchy and an empty policyRef.
Bytes policy_a(const EVP_MD* algorithm) {
  const Bytes start(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), 0);
  return digest(algorithm, digest(algorithm, joined({start, hex("00000151 4000000b")})));
}

/// TPM2_PolicyAuthorizeNV of the index that the EK profile names, whose own policy is A: written, locked for writing,
/// readable by owner, platform, policy and password.
Bytes policy_c(const EVP_MD* algorithm, const std::string& name_alg, const std::string& index) {
  const auto size = static_cast<std::uint8_t>(EVP_MD_get_size(algorithm));
  const auto nv_public = joined({hex(index),
                                 hex(name_alg),
                                 hex("220f1008"),
                                 {0, size},
                                 policy_a(algorithm),
                                 {0, static_cast<std::uint8_t>(size + 2)}});
  const auto name = joined({hex(name_alg), digest(algorithm, nv_public)});
  return digest(algorithm, joined({Bytes(size, 0), hex("00000192"), name}));
}

/// TPM2_PolicyOR of A and C.
Bytes policy_b(const EVP_MD* algorithm, const std::string& name_alg, const std::string& index) {
  const Bytes start(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), 0);
  return digest(algorithm, joined({start, hex("00000171"), policy_a(algorithm), policy_c(algorithm, name_alg, index)}));
}

TEST(TpmTemplate, endorsement_policies_are_what_a_tpm_computes) {
  EXPECT_EQ(make(Template::ek_p256_low).auth_policy, policy_a(EVP_sha256()));
  EXPECT_EQ(make(Template::ek_rsa2048_low).auth_policy, policy_a(EVP_sha256()));
  EXPECT_EQ(make(Template::ek_p256_high).auth_policy, policy_b(EVP_sha256(), "000b", "01c07f01"));
  EXPECT_EQ(make(Template::ek_rsa2048_high).auth_policy, policy_b(EVP_sha256(), "000b", "01c07f01"));
  EXPECT_EQ(make(Template::ek_p384_high).auth_policy, policy_b(EVP_sha384(), "000c", "01c07f02"));
  EXPECT_EQ(make(Template::ek_rsa3072_high).auth_policy, policy_b(EVP_sha384(), "000c", "01c07f02"));
}

TEST(TpmTemplate, every_template_is_itself_and_no_other) {
  std::set<std::string_view> names;
  for (const auto which : all_templates()) {
    names.insert(name_of(which));
    const auto made = make(which);
    EXPECT_EQ(template_of(made), which) << name_of(which);
    EXPECT_EQ(read_public(write(made)), made) << name_of(which);
    for (const auto other : all_templates()) {
      EXPECT_EQ(made_of(made, other), which == other) << name_of(which) << " " << name_of(other);
    }
  }
  EXPECT_EQ(names.size(), all_templates().size());
}

TEST(TpmTemplate, unique_is_not_compared_and_everything_else_is) {
  const auto which = Template::iak_birthmark;
  auto key = make(which);
  std::get<EccKey>(key.key).x = Bytes(32, 1);
  std::get<EccKey>(key.key).y = Bytes(32, 2);
  EXPECT_TRUE(made_of(key, which));

  auto other = key;
  other.name_hash = Hash::sha384;
  EXPECT_FALSE(template_of(other));
  for (unsigned bit = 0; bit < 32; ++bit) {
    const auto attributes = Attributes::from_bits(key.attributes.bits() ^ 1U << bit);
    if (attributes) {
      other = key;
      other.attributes = *attributes;
      EXPECT_FALSE(made_of(other, which)) << bit;
    }
  }
  other = key;
  other.auth_policy = Bytes(32, 0);
  EXPECT_FALSE(template_of(other));
  other = key;
  other.symmetric = AesKeyBits::aes128;
  EXPECT_FALSE(template_of(other));
  other = key;
  std::get<EccKey>(other.key).ecdsa.reset();
  EXPECT_FALSE(template_of(other));
  other = key;
  std::get<EccKey>(other.key).curve = Curve::p384;
  EXPECT_FALSE(template_of(other));
}

TEST(TpmTemplate, an_endorsement_key_decrypts_and_an_attestation_key_signs) {
  for (const auto which : all_templates()) {
    const auto attributes = make(which).attributes;
    const bool ek = name_of(which).starts_with("ek.");
    EXPECT_TRUE(attributes.fixed_tpm() && attributes.fixed_parent() && attributes.sensitive_data_origin());
    EXPECT_EQ(attributes.decrypt(), ek) << name_of(which);
    EXPECT_EQ(attributes.sign(), !ek) << name_of(which);
    EXPECT_EQ(attributes.restricted(), ek || name_of(which).starts_with("iak.")) << name_of(which);
    EXPECT_EQ(make(which).symmetric.has_value(), ek) << name_of(which);
  }
}

}  // namespace
}  // namespace birthmark::tpm
