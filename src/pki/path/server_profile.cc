// SPDX-License-Identifier: Apache-2.0
// What the Baseline Requirements of the CA/Browser Forum ask of certificates of public servers beyond RFC 5280, as far
// as a relying party can see it. Numbers of sections are those of version 2.
#include <algorithm>
#include <array>
#include <bit>

#include "codec/der.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "pki/path/host.h"
#include "pki/path/steps.h"

namespace birthmark::pki::path {
namespace {

using x509::GeneralName;
using x509::GeneralNameKind;

/// Labels under which the registries of countries let others register, so that "*.co.uk" spans many owners (§3.2.2.6).
/// The whole list of public suffixes changes weekly and is not ours to carry; these are its common second levels.
constexpr std::array<std::string_view, 13> kSecondLevels{"ac", "co",  "com", "edu", "go", "gob", "gov",
                                                         "gv", "mil", "ne",  "net", "or", "org"};

bool spans_a_registry(std::string_view pattern) {
  if (!pattern.starts_with("*.")) {
    return false;
  }
  const auto base = lower(pattern.substr(2));
  const auto dot = base.find('.');
  if (dot == std::string::npos) {
    return true;
  }
  const auto second = std::string_view{base}.substr(0, dot), top = std::string_view{base}.substr(dot + 1);
  return top.size() == 2 && std::ranges::find(kSecondLevels, second) != kSecondLevels.end();
}

/// Whether a common name means to be an address: in the text of one, or all in digits of one.
bool looks_like_ip(std::string_view text) {
  const auto is_number = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  return text.starts_with("0x") || text.starts_with("0X") || text.find(':') != std::string_view::npos ||
         (!text.empty() && std::ranges::all_of(text, is_number));
}

bool looks_like_dns(std::string_view text) {
  return text.find('.') != std::string_view::npos && text.find_first_of(" @/") == std::string_view::npos;
}

/// The name itself, or the domain that one of the names lies in.
bool vouches_for(std::span<const GeneralName> names, std::string_view text) {
  return std::ranges::any_of(names, [&](const GeneralName& one) {
    const auto value = as_text(one.value);
    return one.kind == GeneralNameKind::dns && (value == text || (value.size() > text.size() && value.ends_with(text) &&
                                                                  value[value.size() - text.size() - 1] == '.'));
  });
}

/// §7.1.4.3: a common name that names a host is one of subjectAltName's, letter for letter.
Failure common_name(const Walk& w) {
  const auto& certificate = w.certificate();
  const bool of_ip = w.options.host->kind == Host::Kind::ip;
  for (const auto& attribute : certificate.certificate.subject_attributes()) {
    if (!equal(attribute.type, oids::common_name)) {
      continue;
    }
    const auto text = as_text(attribute.value);
    if (looks_like_ip(text)) {
      const auto is_it = [&](const GeneralName& one) {
        return one.kind == GeneralNameKind::ip && ip_text(one.value) == text;
      };
      if (std::ranges::none_of(certificate.alt_names, is_it)) {
        return "the common name is an address that subjectAltName has not, or not so written";
      }
    } else if (!of_ip && looks_like_dns(text) && !vouches_for(certificate.alt_names, text)) {
      return "the common name is a host that subjectAltName has not, or not so written";
    }
  }
  return std::nullopt;
}

/// §7.1.2.7.
Failure subscriber(const Walk& w) {
  const auto& certificate = w.certificate();
  if (certificate.is_ca()) {
    return "a CA's certificate at the end of a path to a server";
  }
  if (!certificate.extended_key_usage || certificate.is_critical(oids::extended_key_usage) ||
      std::ranges::any_of(*certificate.extended_key_usage,
                          [](BytesView one) { return equal(one, oids::any_extended_key_usage); })) {
    return "extKeyUsage absent, critical or with anyExtendedKeyUsage";
  }
  if (!certificate.subject.empty() && certificate.is_critical(oids::subject_alt_name)) {
    return "subjectAltName is critical beside a subject";
  }
  for (const auto& name : certificate.alt_names) {
    if (name.kind == GeneralNameKind::dns && spans_a_registry(as_text(name.value))) {
      return "a wildcard over a registry: " + std::string{as_text(name.value)};
    }
  }
  return common_name(w);
}

/// §7.1.2.1.
Failure root(const Walk& w) {
  const auto& certificate = w.certificate();
  if (certificate.extended_key_usage) {
    return "extKeyUsage in a root";
  }
  const auto& authority = certificate.authority_key_id;
  if (!authority) {
    return std::nullopt;
  }
  if (!authority->key_id || authority->has_issuer_and_serial) {
    return "authorityKeyIdentifier of a root without a key identifier, or with issuer and serial";
  }
  const bool own = certificate.subject_key_id && equal(*authority->key_id, *certificate.subject_key_id);
  return certificate.self_issued() && !own ? Failure{"a root's authorityKeyIdentifier is of another key"}
                                           : std::nullopt;
}

/// §6.1.5: the size of an RSA modulus in bits is a multiple of eight.
bool is_whole_octets(const Member& certificate) {
  if (certificate.key()->type() != crypto::KeyType::rsa) {
    return true;
  }
  const auto spki = x509::read_spki(certificate.certificate.spki());
  auto numbers = spki ? der::read_one(spki->key, der::tag::sequence) : Result<der::Reader>{fail(spki.error())};
  const auto modulus = numbers ? numbers->integer() : Result<BytesView>{fail(numbers.error())};
  // A sign octet stands before exactly those whose first octet has its first bit.
  return modulus && modulus->front() == 0;
}

}  // namespace

Failure public_server_conforms(Walk& w) {
  if (!w.options.server_profile || w.options.purpose != Purpose::server || !w.options.host) {
    return std::nullopt;
  }
  if (!is_whole_octets(w.certificate())) {
    return "an RSA modulus of bits that fill no octets";
  }
  if (w.is_anchor()) {
    return root(w);
  }
  return w.is_leaf() ? subscriber(w) : std::nullopt;
}

}  // namespace birthmark::pki::path
