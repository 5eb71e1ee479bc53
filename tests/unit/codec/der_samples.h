// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "codec/algorithm.h"
#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/name.h"
#include "codec/oid.h"

/// Certificates and requests put together from replaceable pieces, so that a test can spoil exactly one.
namespace birthmark::samples {

/// Bytes of hex text; a mistake in the text is an empty value, which no test expects.
inline Bytes hex(std::string_view text) {
  return from_hex(text).value_or(Bytes{});
}

inline Bytes joined(std::initializer_list<BytesView> parts) {
  Bytes out;
  for (const auto part : parts) {
    append(out, part);
  }
  return out;
}

/// One element with a header of the writer's.
inline Bytes element(std::uint8_t tag, BytesView contents) {
  return std::move(der::Writer{}.primitive(tag, contents)).finish();
}

inline Bytes sequence(std::initializer_list<BytesView> parts) {
  return element(der::tag::sequence, joined(parts));
}

/// A Name of one RDN, its string taken as it is.
inline Bytes name_of(std::uint8_t tag, BytesView contents, BytesView type = oids::common_name) {
  const auto attribute = sequence({element(der::tag::oid, type), element(tag, contents)});
  return sequence({element(der::tag::set, attribute)});
}
inline Bytes name_of(std::string_view text) {
  return name_of(der::tag::utf8_string, as_bytes(text));
}

/// A P-256 key: the generator of the curve as the point (SEC 2 §2.4.2).
inline Bytes p256_spki() {
  return hex(
      "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d8"
      "98"
      "c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
}

/// An EC key with the given parameters in place of the named curve.
inline Bytes ec_spki_with(BytesView parameters) {
  const auto algorithm = sequence({element(der::tag::oid, oids::ec_public_key), parameters});
  return sequence({algorithm, element(der::tag::bit_string, hex("0004aabb"))});
}

/// ECParameters spelt out (X9.62 specifiedCurve), shortened: the form is what must be refused.
inline Bytes explicit_curve() {
  return sequence({hex("020101"), sequence({hex("06072a8648ce3d0101"), hex("020117")})});
}

/// `levels` SEQUENCEs, one in the other.
inline Bytes nested(std::size_t levels) {
  Bytes out;
  for (std::size_t i = 0; i < levels; ++i) {
    out = element(der::tag::sequence, out);
  }
  return out;
}

inline Bytes algorithm_of(x509::SignatureAlgorithm algorithm) {
  return to_bytes(x509::signature_algorithm_der(algorithm));
}

struct CertificatePieces {
  Bytes version = hex("a003020102");
  Bytes serial = hex("02024b01");
  Bytes inner = algorithm_of(x509::SignatureAlgorithm::ecdsa_sha256);
  Bytes issuer = name_of("Test CA");
  Bytes not_before = element(der::tag::utc_time, as_bytes("260101000000Z"));
  Bytes not_after = element(der::tag::generalized_time, as_bytes("99991231235959Z"));
  Bytes subject = name_of("device 1");
  Bytes spki = p256_spki();
  Bytes extensions = {};  ///< the whole [3] field
  Bytes tail = {};        ///< more in the to-be-signed part
  Bytes outer = inner;
  Bytes signature = hex("030900300602010102010a");
  Bytes after = {};  ///< more in the outer SEQUENCE
  [[nodiscard]] Bytes tbs() const {
    return sequence(
        {version, serial, inner, issuer, sequence({not_before, not_after}), subject, spki, extensions, tail});
  }
  [[nodiscard]] Bytes whole() const { return sequence({tbs(), outer, signature, after}); }
};

/// The [3] field of a certificate around a list of extensions.
inline Bytes extensions_field(x509::Extensions extensions) {
  return element(der::tag::context_constructed(3), x509::write_extensions(extensions));
}

/// An Attribute with the given values in its SET.
inline Bytes attribute_of(BytesView type, BytesView values) {
  return sequence({element(der::tag::oid, type), element(der::tag::set, values)});
}

struct RequestPieces {
  Bytes version = hex("020100");
  Bytes subject = name_of("device 1");
  Bytes spki = p256_spki();
  Bytes attributes = hex("a000");
  Bytes tail = {};
  Bytes algorithm = algorithm_of(x509::SignatureAlgorithm::ecdsa_sha256);
  Bytes signature = hex("030900300602010102010a");
  Bytes after = {};
  [[nodiscard]] Bytes info() const { return sequence({version, subject, spki, attributes, tail}); }
  [[nodiscard]] Bytes whole() const { return sequence({info(), algorithm, signature, after}); }
};

/// The [0] field of a request around encoded attributes.
inline Bytes attributes_field(std::initializer_list<BytesView> attributes) {
  return element(der::tag::context_constructed(0), joined(attributes));
}

}  // namespace birthmark::samples
