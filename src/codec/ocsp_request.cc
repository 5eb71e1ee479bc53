// SPDX-License-Identifier: Apache-2.0
#include "codec/extensions.h"
#include "codec/ocsp.h"
#include "codec/ocsp_parts.h"

namespace birthmark::ocsp {
namespace {

constexpr std::size_t kDepthMax = 24;
constexpr std::uint8_t kRequestorName = 1, kExtensions = 2;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"OCSP request: "} + what);
}

/// Request (§4.1.1), its own extensions passed over.
Result<CertId> read_single(der::Reader& list) {
  BM_TRY(auto fields, list.enter(der::tag::sequence));
  BM_TRY(auto id, parts::read_cert_id(fields));
  BM_TRY(const auto extensions, parts::optional_explicit(fields, 0));
  if (extensions) {
    BM_CHECK(parts::pass_over_extensions(*extensions));
  }
  BM_CHECK(fields.finish());
  return id;
}

/// requestorName is a GeneralName: checked for form, and for nobody to believe.
Result<void> pass_over_requestor(der::Reader& tbs) {
  BM_TRY(const auto name, parts::optional_explicit(tbs, kRequestorName));
  if (!name) {
    return {};
  }
  der::Writer list;
  list.open(der::tag::sequence).raw(*name).close();
  BM_CHECK(x509::read_general_names(std::move(list).finish()));
  return {};
}

Result<void> read_tbs(BytesView whole, Request& request) {
  BM_TRY(auto tbs, der::read_one(whole, der::tag::sequence));
  // version is DEFAULT v1, and v1 is the only one: in DER it is never there (X.690 §11.5).
  BM_CHECK(pass_over_requestor(tbs));
  BM_TRY(auto list, tbs.enter(der::tag::sequence));
  while (!list.empty()) {
    if (request.certificates.size() == kRequestsMax) {
      return refuse("asks for too many certificates");
    }
    BM_TRY(auto id, read_single(list));
    request.certificates.push_back(std::move(id));
  }
  if (request.certificates.empty()) {
    return refuse("asks for no certificate");
  }
  BM_TRY(const auto extensions, parts::optional_explicit(tbs, kExtensions));
  if (extensions) {
    BM_TRY(request.nonce, parts::read_nonce(*extensions));
  }
  return tbs.finish();
}

/// Signature (§4.1.1): its form.
Result<void> check_signature(BytesView whole) {
  BM_TRY(auto fields, der::read_one(whole, der::tag::sequence));
  BM_TRY(auto algorithm, fields.enter(der::tag::sequence));
  BM_CHECK(algorithm.oid());
  BM_CHECK(fields.bit_octets());
  BM_CHECK(parts::read_certificates(fields));
  return fields.finish();
}

}  // namespace

Result<Request> read_request(BytesView der) {
  if (der.empty() || der.size() > kRequestMaxBytes) {
    return refuse("empty or too long");
  }
  BM_CHECK(der::check_nesting(der, kDepthMax));
  BM_TRY(auto outer, der::read_one(der, der::tag::sequence));
  BM_TRY(const auto tbs, outer.any());
  BM_TRY(const auto signature, parts::optional_explicit(outer, 0));
  BM_CHECK(outer.finish());
  Request request;
  request.is_signed = signature.has_value();
  BM_CHECK(read_tbs(tbs.whole, request));
  if (signature) {
    BM_CHECK(check_signature(*signature));
  }
  return request;
}

Result<Bytes> write(const Request& request) {
  der::Writer out;
  out.open(der::tag::sequence).open(der::tag::sequence).open(der::tag::sequence);
  for (const auto& id : request.certificates) {
    out.open(der::tag::sequence);
    parts::write_cert_id(out, id);
    out.close();
  }
  out.close();
  if (request.nonce) {
    der::Writer value;
    value.octet_string(*request.nonce);
    const auto octets = std::move(value).finish();
    const x509::Extension nonce{parts::kNonce, false, octets};
    out.open(der::tag::context_constructed(kExtensions)).raw(x509::write_extensions({&nonce, 1})).close();
  }
  out.close().close();
  auto der = std::move(out).finish();
  BM_CHECK(read_request(der));
  return der;
}

}  // namespace birthmark::ocsp
