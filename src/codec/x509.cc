// SPDX-License-Identifier: Apache-2.0
#include "codec/x509.h"

#include "codec/der.h"

namespace birthmark::x509 {
namespace {

constexpr std::size_t kDepthMax = 24;
constexpr std::uint64_t kVersion3 = 2;
constexpr std::size_t kEmptyNameBytes = 2;  // SEQUENCE of nothing

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"certificate: "} + what);
}

/// RFC 5280 §4.1.2.1. @error bad_request: anything but v3, the default v1 included
Result<void> read_version(der::Reader& tbs) {
  BM_TRY(auto version, tbs.enter(der::tag::context_constructed(0)));
  BM_TRY(const auto number, version.small_unsigned());
  if (number != kVersion3) {
    return refuse("version");
  }
  return version.finish();
}

/// RFC 5280 §4.1.2.2.
Result<BytesView> read_serial(der::Reader& tbs) {
  BM_TRY(auto serial, tbs.integer());
  if ((serial[0] & 0x80) != 0) {
    return refuse("negative serial");
  }
  if (serial[0] == 0) {
    serial = serial.subspan(1);
  }
  if (serial.empty() || serial.size() > kSerialMaxOctets) {
    return refuse("serial zero or too long");
  }
  return serial;
}

/// RFC 5280 §4.1.2.4, §4.1.2.6. Checks the Name whole and returns it whole.
Result<BytesView> read_checked_name(der::Reader& tbs) {
  BM_TRY(const auto name, tbs.any());
  BM_CHECK(read_name(name.whole));
  return name.whole;
}

std::vector<NameAttribute> attributes_of(BytesView name) {
  auto attributes = read_name(name);
  return attributes ? std::move(*attributes) : std::vector<NameAttribute>{};
}

}  // namespace

Result<Certificate> Certificate::read(BytesView der) {
  return read_with(Algorithms::known, der);
}

Result<Certificate> Certificate::read_anchor(BytesView der) {
  return read_with(Algorithms::any, der);
}

Result<Certificate> Certificate::read_with(Algorithms algorithms, BytesView der) {
  if (der.empty() || der.size() > kCertificateMaxBytes) {
    return refuse("empty or too long");
  }
  BM_CHECK(der::check_nesting(der, kDepthMax));
  const auto parts = std::make_shared<Parts>();
  parts->der = to_bytes(der);
  BM_CHECK(read_outer(algorithms, *parts));
  return Certificate{parts};
}

Result<void> Certificate::read_outer(Algorithms algorithms, Parts& parts) {
  BM_TRY(auto certificate, der::read_one(parts.der, der::tag::sequence));
  BM_TRY(const auto tbs, certificate.any());
  BM_TRY(const auto algorithm, certificate.any());
  BM_TRY(parts.signature, certificate.bit_octets());
  BM_CHECK(certificate.finish());
  const auto known = read_signature_algorithm(algorithm.whole);
  if (!known && algorithms == Algorithms::known) {
    return fail(known.error());
  }
  parts.algorithm = known ? *known : SignatureAlgorithm::unverifiable;
  parts.tbs = tbs.whole;
  return read_tbs(algorithm.whole, parts);
}

/// @param algorithm the outer AlgorithmIdentifier, which the inner one must equal (RFC 5280 §4.1.1.2).
Result<void> Certificate::read_tbs(BytesView algorithm, Parts& parts) {
  BM_TRY(auto tbs, der::read_one(parts.tbs, der::tag::sequence));
  BM_CHECK(read_version(tbs));
  BM_TRY(parts.serial, read_serial(tbs));
  BM_TRY(const auto inner, tbs.any());
  if (inner.tag != der::tag::sequence || !equal(inner.whole, algorithm)) {
    return refuse("inner and outer signature algorithm differ");
  }
  BM_CHECK(der::Reader{inner.contents}.oid());
  BM_TRY(parts.issuer, read_checked_name(tbs));
  BM_TRY(auto validity, tbs.enter(der::tag::sequence));
  BM_TRY(parts.not_before, validity.time_of_either_type());
  BM_TRY(parts.not_after, validity.time_of_either_type());
  BM_CHECK(validity.finish());
  BM_TRY(parts.subject, read_checked_name(tbs));
  BM_TRY(const auto spki, tbs.any());
  BM_CHECK(read_spki(spki.whole));
  parts.spki = spki.whole;
  if (parts.issuer.size() == kEmptyNameBytes) {
    return refuse("empty issuer");
  }
  // Unique identifiers [1] and [2] (§4.1.2.8) are not read: the next tag is [3] or the end.
  if (!tbs.empty()) {
    BM_TRY(auto wrapped, tbs.enter(der::tag::context_constructed(3)));
    BM_TRY(const auto list, wrapped.any());
    BM_CHECK(wrapped.finish());
    BM_TRY(parts.extensions, read_extensions(list.whole));
  }
  return tbs.finish();
}

Result<BytesView> spki_of(BytesView tbs) {
  BM_TRY(auto fields, der::read_one(tbs, der::tag::sequence));
  constexpr int kBefore = 6;  // version, serial, algorithm, issuer, validity, subject
  for (int i = 0; i < kBefore; ++i) {
    BM_CHECK(fields.any());
  }
  BM_TRY(const auto spki, fields.any());
  return spki.whole;
}

std::vector<NameAttribute> Certificate::subject_attributes() const {
  return attributes_of(parts_->subject);
}

std::vector<NameAttribute> Certificate::issuer_attributes() const {
  return attributes_of(parts_->issuer);
}

std::optional<NameAttribute> Certificate::find_attribute(BytesView type) const {
  return find_only_attribute(subject_attributes(), type);
}

}  // namespace birthmark::x509
