// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "codec/crl.h"
#include "codec/der.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "codec/x509.h"
#include "crypto/keys.h"

// Certificates and lists of a test's own making, good and bad: whatever the product would never write.
namespace birthmark::test {

inline Bytes element(std::uint8_t tag, BytesView contents) {
  der::Writer out;
  out.primitive(tag, contents);
  return std::move(out).finish();
}

inline Bytes joined(std::initializer_list<BytesView> parts) {
  Bytes out;
  for (const auto part : parts) {
    append(out, part);
  }
  return out;
}

inline Bytes sequence(std::initializer_list<BytesView> parts) {
  return element(der::tag::sequence, joined(parts));
}

inline Bytes common_name(std::string_view text, std::uint8_t tag = der::tag::utf8_string) {
  const x509::NamePart part{.type = oids::common_name, .tag = tag, .text = text};
  return x509::write_name({&part, 1}).value();
}

inline x509::SignatureAlgorithm algorithm_of(const crypto::PrivateKey& key) {
  switch (key.public_key().type()) {
    case crypto::KeyType::p256:
      return x509::SignatureAlgorithm::ecdsa_sha256;
    case crypto::KeyType::p384:
      return x509::SignatureAlgorithm::ecdsa_sha384;
    case crypto::KeyType::p521:
      return x509::SignatureAlgorithm::ecdsa_sha512;
    case crypto::KeyType::rsa:
      return x509::SignatureAlgorithm::rsa_pkcs1_sha256;
    case crypto::KeyType::ed25519:
      break;
  }
  return x509::SignatureAlgorithm::ed25519;
}

/// SIGNED{}: what is to be signed, the algorithm, the signature.
inline Bytes signed_with(BytesView tbs, const crypto::PrivateKey& key) {
  der::Writer out;
  out.open(der::tag::sequence).raw(tbs).raw(x509::signature_algorithm_der(algorithm_of(key)));
  out.bit_string(key.sign(tbs).value()).close();
  return std::move(out).finish();
}

/// An extension with a value that the test owns.
struct MadeExtension {
  Bytes type;
  bool critical = false;
  Bytes value;
};

struct MadeCertificate {
  Bytes serial{0x4B, 1};
  Bytes issuer, subject;  ///< whole Names
  Instant not_before{}, not_after{};
  Bytes spki;
  std::vector<MadeExtension> extensions;

  [[nodiscard]] Bytes tbs(const crypto::PrivateKey& signer) const {
    der::Writer out{1024};
    out.open(der::tag::sequence).open(der::tag::context_constructed(0)).unsigned_int(2).close();
    out.positive_integer(serial).raw(x509::signature_algorithm_der(algorithm_of(signer))).raw(issuer);
    out.open(der::tag::sequence).time(not_before).time(not_after).close().raw(subject).raw(spki);
    if (!extensions.empty()) {
      out.open(der::tag::context_constructed(3)).raw(written(extensions)).close();
    }
    out.close();
    return std::move(out).finish();
  }
  [[nodiscard]] Bytes signed_by(const crypto::PrivateKey& signer) const { return signed_with(tbs(signer), signer); }

  static Bytes written(const std::vector<MadeExtension>& extensions) {
    std::vector<x509::Extension> views;
    views.reserve(extensions.size());
    for (const auto& one : extensions) {
      views.push_back({.type = one.type, .critical = one.critical, .value = one.value});
    }
    return x509::write_extensions(views);
  }
};

struct MadeEntry {
  Bytes serial;
  Instant at{};
  std::vector<MadeExtension> extensions;
};

struct MadeCrl {
  Bytes issuer;
  Instant this_update{};
  std::optional<Instant> next_update;
  std::vector<MadeEntry> entries;
  std::vector<MadeExtension> extensions;

  [[nodiscard]] Bytes signed_by(const crypto::PrivateKey& signer) const {
    der::Writer out{1024};
    out.open(der::tag::sequence).unsigned_int(1).raw(x509::signature_algorithm_der(algorithm_of(signer))).raw(issuer);
    out.time(this_update);
    if (next_update) {
      out.time(*next_update);
    }
    if (!entries.empty()) {
      out.open(der::tag::sequence);
      for (const auto& entry : entries) {
        out.open(der::tag::sequence).positive_integer(entry.serial).time(entry.at);
        if (!entry.extensions.empty()) {
          out.raw(MadeCertificate::written(entry.extensions));
        }
        out.close();
      }
      out.close();
    }
    if (!extensions.empty()) {
      out.open(der::tag::context_constructed(0)).raw(MadeCertificate::written(extensions)).close();
    }
    out.close();
    const auto tbs = std::move(out).finish();
    return signed_with(tbs, signer);
  }
};

// --- extensions ---

inline MadeExtension basic_constraints(bool ca, std::optional<unsigned> path_length = {}, bool critical = true) {
  der::Writer out;
  out.open(der::tag::sequence);
  if (ca) {
    out.boolean(true);
  }
  if (path_length) {
    out.unsigned_int(*path_length);
  }
  out.close();
  return {to_bytes(oids::basic_constraints), critical, std::move(out).finish()};
}

inline MadeExtension key_usage(std::uint32_t bits) {
  der::Writer out;
  out.named_bits(bits);
  return {to_bytes(oids::key_usage), true, std::move(out).finish()};
}

inline MadeExtension extended_key_usage(std::initializer_list<BytesView> usages, bool critical = false) {
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto usage : usages) {
    out.oid(usage);
  }
  out.close();
  return {to_bytes(oids::extended_key_usage), critical, std::move(out).finish()};
}

inline MadeExtension subject_key_id(BytesView id) {
  return {to_bytes(oids::subject_key_identifier), false, element(der::tag::octet_string, id)};
}

inline MadeExtension authority_key_id(BytesView id) {
  return {to_bytes(oids::authority_key_identifier), false, sequence({element(der::tag::context(0), id)})};
}

/// General names by tag: 0x82 dNSName, 0x81 rfc822Name, 0x86 URI, 0x87 iPAddress, 0xA4 directoryName (of a whole Name).
struct MadeName {
  std::uint8_t tag = 0x82;
  Bytes value;
};
inline MadeName dns(std::string_view text) {
  return {0x82, to_bytes(as_bytes(text))};
}
inline MadeName mail(std::string_view text) {
  return {0x81, to_bytes(as_bytes(text))};
}
inline MadeName uri(std::string_view text) {
  return {0x86, to_bytes(as_bytes(text))};
}
inline MadeName ip(Bytes octets) {
  return {0x87, std::move(octets)};
}
inline MadeName directory(BytesView name) {
  return {0xA4, to_bytes(name)};
}

inline Bytes general_names(const std::vector<MadeName>& names) {
  Bytes contents;
  for (const auto& name : names) {
    append(contents, element(name.tag, name.value));
  }
  return contents;
}

inline MadeExtension alt_names(const std::vector<MadeName>& names, bool critical = false) {
  return {to_bytes(oids::subject_alt_name), critical, element(der::tag::sequence, general_names(names))};
}

inline MadeExtension name_constraints(const std::vector<MadeName>& permitted,
                                      const std::vector<MadeName>& excluded = {}) {
  const auto subtrees = [](std::uint8_t tag, const std::vector<MadeName>& bases) {
    Bytes contents;
    for (const auto& base : bases) {
      append(contents, sequence({element(base.tag, base.value)}));
    }
    return bases.empty() ? Bytes{} : element(tag, contents);
  };
  return {to_bytes(oids::name_constraints), true, sequence({subtrees(0xA0, permitted), subtrees(0xA1, excluded)})};
}

inline MadeExtension policies(std::initializer_list<BytesView> all) {
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto policy : all) {
    out.open(der::tag::sequence).oid(policy).close();
  }
  out.close();
  return {to_bytes(oids::certificate_policies), false, std::move(out).finish()};
}

inline MadeExtension policy_mappings(const std::vector<std::pair<Bytes, Bytes>>& all) {
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto& [issuer, subject] : all) {
    out.open(der::tag::sequence).oid(issuer).oid(subject).close();
  }
  out.close();
  return {to_bytes(oids::policy_mappings), true, std::move(out).finish()};
}

/// @param number one octet, or nothing
inline MadeExtension policy_constraints(std::optional<std::uint8_t> require, std::optional<std::uint8_t> inhibit) {
  const auto number = [](std::uint8_t tag, std::optional<std::uint8_t> value) {
    return value ? element(tag, Bytes{*value}) : Bytes{};
  };
  return {to_bytes(oids::policy_constraints), true, sequence({number(0x80, require), number(0x81, inhibit)})};
}

inline MadeExtension inhibit_any_policy(std::uint8_t skip) {
  return {to_bytes(oids::inhibit_any_policy), true, element(der::tag::integer, Bytes{skip})};
}

/// One point with a full name of one URI.
inline MadeExtension distribution_point(std::string_view text) {
  const auto name = element(0xA0, element(0xA0, element(0x86, as_bytes(text))));
  return {to_bytes(oids::crl_distribution_points), false, sequence({sequence({name})})};
}

inline MadeExtension crl_number(std::uint8_t number, bool delta_base = false) {
  return {to_bytes(delta_base ? BytesView{oids::delta_crl_indicator} : BytesView{oids::crl_number}), delta_base,
          element(der::tag::integer, Bytes{number})};
}

inline MadeExtension scope(std::initializer_list<BytesView> fields) {
  return {to_bytes(oids::issuing_distribution_point), true, sequence(fields)};
}

inline MadeExtension reason(std::uint8_t number) {
  return {to_bytes(oids::crl_reason), false, element(der::tag::enumerated, Bytes{number})};
}

}  // namespace birthmark::test
