// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "attest/appraisal.h"
#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "crypto/hash.h"
#include "unit/attest/support.h"

/// Chains of any keys and extensions, made at run time, to be spoilt before they are signed.
namespace birthmark::attest::testing {

using pki::testing::OwnExtension;

/// The to-be-signed fields that a test may change.
struct CertSpec {
  Bytes issuer;
  Bytes subject;
  std::vector<OwnExtension> extensions = {};
  Instant not_before = made_at();
  Instant not_after = kNoEnd;
  Bytes serial = {0x21, 0x43, 0x65};

  OwnExtension& operator[](BytesView type) {
    for (auto& extension : extensions) {
      if (equal(extension.type, type)) {
        return extension;
      }
    }
    extensions.push_back({to_bytes(type), false, {}});
    return extensions.back();
  }
  void drop(BytesView type) {
    std::erase_if(extensions, [&](const OwnExtension& one) { return equal(one.type, type); });
  }
};

inline x509::SignatureAlgorithm algorithm_of(const crypto::PrivateKey& key) {
  switch (key.public_key().type()) {
    case crypto::KeyType::p384:
      return x509::SignatureAlgorithm::ecdsa_sha384;
    case crypto::KeyType::p521:
      return x509::SignatureAlgorithm::ecdsa_sha512;
    case crypto::KeyType::ed25519:
      return x509::SignatureAlgorithm::ed25519;
    case crypto::KeyType::p256:
    case crypto::KeyType::rsa:
      break;
  }
  return x509::SignatureAlgorithm::ecdsa_sha256;
}

inline Bytes certify(const CertSpec& spec, const crypto::PublicKey& subject, const crypto::PrivateKey& signer) {
  const auto algorithm = x509::signature_algorithm_der(algorithm_of(signer));
  der::Writer out;
  out.open(der::tag::sequence).open(der::tag::context_constructed(0)).unsigned_int(2).close();
  out.positive_integer(spec.serial).raw(algorithm).raw(spec.issuer);
  out.open(der::tag::sequence).time(spec.not_before).time(spec.not_after).close();
  out.raw(spec.subject).raw(subject.spki());
  if (!spec.extensions.empty()) {
    std::vector<x509::Extension> views;
    for (const auto& one : spec.extensions) {
      views.push_back({one.type, one.critical, one.value});
    }
    out.open(der::tag::context_constructed(3)).raw(x509::write_extensions(views)).close();
  }
  out.close();
  const auto tbs = std::move(out).finish();
  der::Writer whole;
  whole.open(der::tag::sequence).raw(tbs).raw(algorithm).bit_string(signer.sign(tbs).value()).close();
  return std::move(whole).finish();
}

inline Bytes name_cn(std::string_view text) {
  return x509::write_name(std::vector{x509::NamePart{oids::common_name, der::tag::utf8_string, text}}).value();
}
inline Bytes name_serial(std::string_view text) {
  return x509::write_name(std::vector{x509::NamePart{oids::serial_number, der::tag::printable_string, text}}).value();
}

inline Bytes octets20(const crypto::PublicKey& key) {
  return to_bytes(BytesView{key.spki_sha256().get()}.first(20));
}

inline OwnExtension ca_constraints(std::optional<unsigned> path_length) {
  der::Writer out;
  out.open(der::tag::sequence).boolean(true);
  if (path_length) {
    out.unsigned_int(*path_length);
  }
  out.close();
  return {to_bytes(oids::basic_constraints), true, std::move(out).finish()};
}
inline OwnExtension no_ca() {
  return {to_bytes(oids::basic_constraints), true, {0x30, 0x00}};
}
inline OwnExtension usage(std::uint32_t bits) {
  return {to_bytes(oids::key_usage), true, bits_value(bits)};
}
inline OwnExtension subject_key(BytesView id) {
  der::Writer out;
  out.octet_string(id);
  return {to_bytes(oids::subject_key_identifier), false, std::move(out).finish()};
}
inline OwnExtension authority_key(BytesView id) {
  der::Writer out;
  out.open(der::tag::sequence).primitive(der::tag::context(0), id).close();
  return {to_bytes(oids::authority_key_identifier), false, std::move(out).finish()};
}

inline constexpr std::uint32_t kSigns = 1U << 0, kCertSigns = 1U << 5, kCrlSigns = 1U << 6;

inline Digest fresh_value(std::string_view text = "session 1") {
  return crypto::sha256(as_bytes(text));
}

/// Calls `law` with each byte of `whole` changed in its lowest and in its highest bit.
template <class Law>
void each_flip(const Bytes& whole, Law law) {
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0x01, 0x80}) {
      auto changed = whole;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ bit);
      law(changed, at);
    }
  }
}

/// Nothing passes that is damaged in one part: each bit flipped, each truncation, a byte behind.
/// @param part a member of the evidence; it is as it was at the end. @param passes judges the evidence as it stands
inline void expect_no_damage_passes(Bytes& part, const std::function<bool()>& passes) {
  const auto whole = part;
  ASSERT_TRUE(passes());
  std::size_t taken = 0;
  each_flip(whole, [&](const Bytes& changed, std::size_t at) {
    part = changed;
    if (passes()) {
      ++taken;
      ADD_FAILURE() << "byte " << at << " changed, and it passes";
    }
  });
  for (std::size_t size = 0; size < whole.size(); ++size) {
    part.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    taken += passes() ? 1 : 0;
  }
  part = whole;
  part.push_back(0);
  taken += passes() ? 1 : 0;
  part = whole;
  EXPECT_EQ(taken, 0U);
}

}  // namespace birthmark::attest::testing
