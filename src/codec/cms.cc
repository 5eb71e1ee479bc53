// SPDX-License-Identifier: Apache-2.0
#include "codec/cms.h"

#include <algorithm>

#include "codec/der.h"
#include "codec/oid.h"

namespace birthmark::cms {
namespace {

using der::tag::context_constructed;

constexpr std::uint64_t kVersion1 = 1;  // RFC 5652 §5.1: id-data and nothing but plain certificates

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"certs-only: "} + what);
}

/// EncapsulatedContentInfo without content.
Result<void> read_no_content(der::Reader content) {
  BM_TRY(const auto type, content.oid());
  if (!equal(type, oids::data)) {
    return refuse("content type");
  }
  if (!content.empty()) {
    BM_TRY(auto wrapped, content.enter(context_constructed(0)));
    BM_TRY(const auto octets, wrapped.expect(der::tag::octet_string));
    BM_CHECK(wrapped.finish());
    if (!octets.empty()) {
      return refuse("content");
    }
  }
  return content.finish();
}

Result<std::vector<x509::Certificate>> read_certificates(der::Reader list) {
  std::vector<x509::Certificate> certificates;
  while (!list.empty()) {
    if (certificates.size() == kCertificatesMax) {
      return refuse("too many certificates");
    }
    // Attribute certificates and the obsolete kinds are tagged (RFC 5652 §10.2.2) and fail here.
    BM_TRY(const auto element, list.any());
    BM_TRY(auto certificate, x509::Certificate::read(element.whole));
    certificates.push_back(std::move(certificate));
  }
  if (certificates.empty()) {
    return refuse("no certificate");
  }
  return certificates;
}

/// The fields of SignedData (RFC 5652 §5.1).
Result<std::vector<x509::Certificate>> read_signed_data(der::Reader data) {
  BM_TRY(const auto version, data.small_unsigned());
  BM_TRY(const auto digests, data.expect(der::tag::set));
  BM_TRY(const auto content, data.enter(der::tag::sequence));
  BM_CHECK(read_no_content(content));
  BM_TRY(const auto list, data.enter(context_constructed(0)));
  BM_TRY(const auto signers, data.expect(der::tag::set));
  BM_CHECK(data.finish());
  if (version != kVersion1 || !digests.empty() || !signers.empty()) {
    return refuse("version, or signers");
  }
  return read_certificates(list);
}

}  // namespace

Result<Bytes> certs_only(std::span<const Bytes> certificates) {
  if (certificates.empty() || certificates.size() > kCertificatesMax) {
    return refuse("no certificate, or too many");
  }
  std::vector<BytesView> sorted{certificates.begin(), certificates.end()};
  std::ranges::sort(sorted, [](BytesView a, BytesView b) { return std::ranges::lexicographical_compare(a, b); });
  der::Writer out;
  out.open(der::tag::sequence).oid(oids::signed_data).open(context_constructed(0)).open(der::tag::sequence);
  out.unsigned_int(kVersion1).open(der::tag::set).close();
  out.open(der::tag::sequence).oid(oids::data).close().open(context_constructed(0));
  for (const auto certificate : sorted) {
    out.raw(certificate);
  }
  out.close().open(der::tag::set).close();
  out.close().close().close();
  return std::move(out).finish();
}

Result<std::vector<x509::Certificate>> read_certs_only(BytesView der) {
  if (der.empty() || der.size() > kCertsOnlyMaxBytes) {
    return refuse("empty or too long");
  }
  BM_TRY(auto info, der::read_one(der, der::tag::sequence));
  BM_TRY(const auto type, info.oid());
  if (!equal(type, oids::signed_data)) {
    return refuse("content type");
  }
  BM_TRY(auto wrapped, info.enter(context_constructed(0)));
  BM_CHECK(info.finish());
  BM_TRY(const auto data, wrapped.enter(der::tag::sequence));
  BM_CHECK(wrapped.finish());
  return read_signed_data(data);
}

}  // namespace birthmark::cms
