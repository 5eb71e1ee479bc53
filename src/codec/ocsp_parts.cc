// SPDX-License-Identifier: Apache-2.0
#include "codec/ocsp_parts.h"

#include <algorithm>
#include <array>

#include "codec/extensions.h"

namespace birthmark::ocsp {
namespace {

constexpr auto kSha1 = oid<1, 3, 14, 3, 2, 26>;
constexpr auto kSha256 = oid<2, 16, 840, 1, 101, 3, 4, 2, 1>;
constexpr auto kSha384 = oid<2, 16, 840, 1, 101, 3, 4, 2, 2>;
constexpr auto kSha512 = oid<2, 16, 840, 1, 101, 3, 4, 2, 3>;

struct KnownHash {
  IdHash hash;
  BytesView type;
};
constexpr std::array kHashes{KnownHash{IdHash::sha1, kSha1}, KnownHash{IdHash::sha256, kSha256},
                             KnownHash{IdHash::sha384, kSha384}, KnownHash{IdHash::sha512, kSha512}};

/// Parameters are absent or NULL: responders and clients write either (RFC 5754 §2).
Result<IdHash> read_hash(der::Reader& in) {
  BM_TRY(auto algorithm, in.enter(der::tag::sequence));
  BM_TRY(const auto type, algorithm.oid());
  if (!algorithm.empty()) {
    BM_TRY(const auto null, algorithm.expect(der::tag::null));
    if (!null.empty()) {
      return fail(Code::bad_request, "OCSP: NULL with contents");
    }
  }
  BM_CHECK(algorithm.finish());
  const auto* const known = std::ranges::find_if(kHashes, [&](const KnownHash& one) { return equal(one.type, type); });
  return known == kHashes.end() ? Result<IdHash>{fail(Code::bad_request, "OCSP: unknown hash " + oid_text(type))}
                                : Result<IdHash>{known->hash};
}

Result<Bytes> read_serial(der::Reader& in) {
  BM_TRY(auto serial, in.integer());
  if ((serial.front() & 0x80) != 0) {
    return fail(Code::bad_request, "OCSP: negative serial");
  }
  if (serial.front() == 0) {
    serial = serial.subspan(1);
  }
  if (serial.empty() || serial.size() > kSerialMaxOctets) {
    return fail(Code::bad_request, "OCSP: serial zero or too long");
  }
  return to_bytes(serial);
}

}  // namespace

std::size_t digest_size(IdHash hash) {
  switch (hash) {
    case IdHash::sha1:
      return 20;
    case IdHash::sha256:
      return 32;
    case IdHash::sha384:
      return 48;
    case IdHash::sha512:
      return 64;
  }
  return 0;
}

}  // namespace birthmark::ocsp

namespace birthmark::ocsp::parts {

Result<CertId> read_cert_id(der::Reader& in) {
  BM_TRY(auto fields, in.enter(der::tag::sequence));
  CertId id;
  BM_TRY(id.hash, read_hash(fields));
  BM_TRY(const auto name, fields.expect(der::tag::octet_string));
  BM_TRY(const auto key, fields.expect(der::tag::octet_string));
  BM_TRY(id.serial, read_serial(fields));
  BM_CHECK(fields.finish());
  if (name.size() != digest_size(id.hash) || key.size() != digest_size(id.hash)) {
    return fail(Code::bad_request, "OCSP: a digest of another size than its hash has");
  }
  id.issuer_name_hash = to_bytes(name);
  id.issuer_key_hash = to_bytes(key);
  return id;
}

void write_cert_id(der::Writer& out, const CertId& id) {
  const auto* const known = std::ranges::find(kHashes, id.hash, &KnownHash::hash);
  out.open(der::tag::sequence).open(der::tag::sequence).oid(known->type).null().close();
  out.octet_string(id.issuer_name_hash).octet_string(id.issuer_key_hash).positive_integer(id.serial).close();
}

Result<std::optional<Bytes>> read_nonce(BytesView whole) {
  BM_TRY(const auto extensions, x509::read_extensions(whole));
  std::optional<Bytes> nonce;
  for (const auto& extension : extensions) {
    if (!equal(extension.type, kNonce)) {
      if (extension.critical) {
        return fail(Code::bad_request, "OCSP: unknown critical extension " + oid_text(extension.type));
      }
      continue;
    }
    der::Reader value{extension.value};
    BM_TRY(const auto octets, value.expect(der::tag::octet_string));
    BM_CHECK(value.finish());
    if (octets.empty() || octets.size() > kNonceMaxBytes) {
      return fail(Code::bad_request, "OCSP: nonce empty or too long");
    }
    nonce = to_bytes(octets);
  }
  return nonce;
}

Result<void> pass_over_extensions(BytesView whole) {
  BM_TRY(const auto extensions, x509::read_extensions(whole));
  return std::ranges::any_of(extensions, &x509::Extension::critical)
             ? fail(Code::bad_request, "OCSP: unknown critical extension")
             : Result<void>{};
}

Result<std::vector<Bytes>> read_certificates(der::Reader& in) {
  std::vector<Bytes> out;
  BM_TRY(const auto list, optional_explicit(in, 0));
  if (!list) {
    return out;
  }
  BM_TRY(auto certificates, der::read_one(*list, der::tag::sequence));
  while (!certificates.empty()) {
    BM_TRY(const auto certificate, certificates.any());
    if (certificate.tag != der::tag::sequence || out.size() == kCertificatesMax) {
      return fail(Code::bad_request, "OCSP: no certificate, or too many");
    }
    out.push_back(to_bytes(certificate.whole));
  }
  return out;
}

Result<std::optional<BytesView>> optional_explicit(der::Reader& in, std::uint8_t number) {
  if (in.peek() != der::tag::context_constructed(number)) {
    return std::optional<BytesView>{};
  }
  BM_TRY(auto wrapped, in.enter(der::tag::context_constructed(number)));
  BM_TRY(const auto element, wrapped.any());
  BM_CHECK(wrapped.finish());
  return std::optional{element.whole};
}

}  // namespace birthmark::ocsp::parts
