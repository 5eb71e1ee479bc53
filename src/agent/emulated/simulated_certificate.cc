// SPDX-License-Identifier: Apache-2.0
#include "agent/emulated/simulated_certificate.h"

#include <array>

#include "codec/algorithm.h"
#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "crypto/hash.h"

namespace birthmark::emulated {
namespace {

using der::Writer;
namespace tag = der::tag;

constexpr std::string_view kOrganization = "birthmark simulated silicon";

/// RFC 7093 §2, method 1: the first 160 bits of SHA-256 over the key's bits.
BytesView key_id(const Digest& point_hash) {
  return BytesView{point_hash.get()}.first(20);
}
Digest point_hash(const crypto::PublicKey& key) {
  return crypto::sha256(key.point().empty() ? key.spki() : key.point());
}

}  // namespace

Bytes write_extensions(const std::vector<OwnedExtension>& owned) {
  std::vector<x509::Extension> views;
  views.reserve(owned.size());
  for (const auto& one : owned) {
    views.push_back({one.type, one.critical, one.value});
  }
  return x509::write_extensions(views);
}

OwnedExtension key_usage(std::uint32_t bits) {
  Writer out;
  out.named_bits(bits);
  return {oids::key_usage, true, std::move(out).finish()};
}

OwnedExtension authority_key_id(const crypto::PublicKey& issuer) {
  Writer out;
  const auto hash = point_hash(issuer);
  out.open(tag::sequence).primitive(tag::context(0), key_id(hash)).close();
  return {oids::authority_key_identifier, false, std::move(out).finish()};
}

OwnedExtension subject_key_id(const crypto::PublicKey& subject) {
  Writer out;
  out.octet_string(key_id(point_hash(subject)));
  return {oids::subject_key_identifier, false, std::move(out).finish()};
}

OwnedExtension ca_constraints(std::optional<std::uint64_t> path_length) {
  Writer out;
  out.open(tag::sequence).boolean(true);
  if (path_length) {
    out.unsigned_int(*path_length);
  }
  out.close();
  return {oids::basic_constraints, true, std::move(out).finish()};
}

OwnedExtension not_a_ca() {
  Writer out;
  out.open(tag::sequence).close();
  return {oids::basic_constraints, true, std::move(out).finish()};
}

Bytes simulated_name(std::string_view common_name, std::string_view serial_number) {
  std::vector parts{x509::NamePart{oids::organization, tag::utf8_string, kOrganization},
                    x509::NamePart{oids::common_name, tag::utf8_string, common_name}};
  if (!serial_number.empty()) {
    parts.push_back({oids::serial_number, tag::printable_string, serial_number});
  }
  return x509::write_name(parts).value();  // texts of ours that the writer accepts
}

Bytes serial_for(const crypto::PublicKey& key) {
  const auto hash = crypto::sha256({as_bytes("birthmark simulated silicon serial"), key.spki()});
  auto serial = to_bytes(BytesView{hash.get()}.first(16));
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x3F) | 0x40);
  return serial;
}

Signer signer_of(const crypto::PrivateKey& key) {
  return [&key](BytesView message) { return key.sign(message); };
}

Result<Bytes> signed_by(const Signer& issuer, BytesView tbs) {
  BM_TRY(const auto signature, issuer(tbs));
  Writer out;
  out.open(tag::sequence).raw(tbs).raw(x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256));
  out.bit_string(signature).close();
  return std::move(out).finish();
}

Result<Bytes> certify(const Signer& issuer, const CertificateFields& fields) {
  Writer out;
  out.open(tag::sequence);
  out.open(tag::context_constructed(0)).unsigned_int(2).close();
  out.positive_integer(serial_for(fields.key));
  out.raw(x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256));
  out.raw(fields.issuer);
  out.open(tag::sequence).time(fields.not_before).time(kNoEnd).close();
  out.raw(fields.subject).raw(fields.key.spki());
  out.open(tag::context_constructed(3)).raw(write_extensions(fields.extensions)).close();
  out.close();
  return signed_by(issuer, std::move(out).finish());
}

}  // namespace birthmark::emulated
