// SPDX-License-Identifier: Apache-2.0
#include "codec/name.h"
#include "codec/ocsp.h"
#include "codec/ocsp_parts.h"
#include "codec/oid.h"

namespace birthmark::ocsp {
namespace {

constexpr std::size_t kDepthMax = 24;
constexpr std::size_t kKeyHashBytes = 20;
constexpr std::uint8_t kByName = 1, kByKey = 2;
constexpr auto kBasic = oid<1, 3, 6, 1, 5, 5, 7, 48, 1, 1>;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"OCSP response: "} + what);
}

Result<Instant> read_time(der::Reader& in) {
  if (in.peek() != der::tag::generalized_time) {
    return refuse("a time is no GeneralizedTime");
  }
  return in.time_of_either_type();
}

/// RevokedInfo, whose tag is implicit: `fields` is over its contents.
Result<void> read_revoked(der::Reader fields, SingleResponse& single) {
  constexpr std::uint8_t kUnusedReason = 7, kLastReason = 10;  // RFC 5280 §5.3.1
  BM_TRY(single.revoked_at, read_time(fields));
  BM_TRY(const auto reason, parts::optional_explicit(fields, 0));
  if (reason) {
    BM_TRY(auto code, der::read_one(*reason, der::tag::enumerated));
    if (code.rest().size() != 1 || code.rest().front() > kLastReason || code.rest().front() == kUnusedReason) {
      return refuse("unknown reason");
    }
    single.reason = code.rest().front();
  }
  return fields.finish();
}

Result<void> read_status(der::Reader& in, SingleResponse& single) {
  BM_TRY(const auto status, in.any());
  if (status.tag == der::tag::context_constructed(1)) {
    single.status = CertStatus::revoked;
    return read_revoked(der::Reader{status.contents}, single);
  }
  const bool good = status.tag == der::tag::context(0);
  if ((!good && status.tag != der::tag::context(2)) || !status.contents.empty()) {
    return refuse("unknown certificate status");
  }
  single.status = good ? CertStatus::good : CertStatus::unknown;
  return {};
}

Result<SingleResponse> read_single(der::Reader& list) {
  BM_TRY(auto fields, list.enter(der::tag::sequence));
  SingleResponse single;
  BM_TRY(single.certificate, parts::read_cert_id(fields));
  BM_CHECK(read_status(fields, single));
  BM_TRY(single.this_update, read_time(fields));
  BM_TRY(const auto next, parts::optional_explicit(fields, 0));
  if (next) {
    der::Reader time{*next};
    BM_TRY(single.next_update, read_time(time));
  }
  BM_TRY(const auto extensions, parts::optional_explicit(fields, 1));
  if (extensions) {
    BM_CHECK(parts::pass_over_extensions(*extensions));
  }
  BM_CHECK(fields.finish());
  return single;
}

/// ResponderID: by name [1] or by the hash of its key [2], both explicit.
Result<void> read_responder(der::Reader& data, BasicResponse& out) {
  BM_TRY(const auto name, parts::optional_explicit(data, kByName));
  if (name) {
    BM_CHECK(x509::read_name(*name));
    out.responder_name = to_bytes(*name);
    return {};
  }
  BM_TRY(const auto key, parts::optional_explicit(data, kByKey));
  if (!key) {
    return refuse("no responder");
  }
  BM_TRY(const auto octets, der::read_one(*key, der::tag::octet_string));
  if (octets.rest().size() != kKeyHashBytes) {
    return refuse("the responder's key hash is no SHA-1");
  }
  out.responder_key_hash = to_bytes(octets.rest());
  return {};
}

Result<void> read_data(BytesView whole, BasicResponse& out) {
  BM_TRY(auto data, der::read_one(whole, der::tag::sequence));
  // As in a request, version is never there.
  BM_CHECK(read_responder(data, out));
  BM_TRY(out.produced_at, read_time(data));
  BM_TRY(auto list, data.enter(der::tag::sequence));
  while (!list.empty()) {
    if (out.responses.size() == kResponsesMax) {
      return refuse("too many responses");
    }
    BM_TRY(auto single, read_single(list));
    out.responses.push_back(std::move(single));
  }
  if (out.responses.empty()) {
    return refuse("speaks of no certificate");
  }
  BM_TRY(const auto extensions, parts::optional_explicit(data, 1));
  if (extensions) {
    BM_TRY(out.nonce, parts::read_nonce(*extensions));
  }
  return data.finish();
}

Result<BasicResponse> read_basic(BytesView der) {
  BM_CHECK(der::check_nesting(der, kDepthMax));
  BM_TRY(auto fields, der::read_one(der, der::tag::sequence));
  BasicResponse out;
  BM_TRY(const auto tbs, fields.any());
  BM_TRY(const auto algorithm, fields.any());
  BM_TRY(auto identifier, der::read_one(algorithm.whole, der::tag::sequence));
  BM_CHECK(identifier.oid());
  BM_TRY(const auto signature, fields.bit_octets());
  BM_TRY(out.certificates, parts::read_certificates(fields));
  BM_CHECK(fields.finish());
  out.tbs = to_bytes(tbs.whole);
  out.signature = to_bytes(signature);
  out.algorithm = x509::read_signature_algorithm(algorithm.whole).value_or(x509::SignatureAlgorithm::unverifiable);
  BM_CHECK(read_data(tbs.whole, out));
  return out;
}

/// ResponseBytes: the type, and the response in an OCTET STRING.
Result<BasicResponse> read_body(BytesView whole) {
  BM_TRY(auto body, der::read_one(whole, der::tag::sequence));
  BM_TRY(const auto type, body.oid());
  BM_TRY(const auto octets, body.expect(der::tag::octet_string));
  BM_CHECK(body.finish());
  if (!equal(type, kBasic)) {
    return refuse("not of the basic type");
  }
  return read_basic(octets);
}

Result<ResponseStatus> read_response_status(der::Reader& in) {
  BM_TRY(const auto contents, in.expect(der::tag::enumerated));
  constexpr std::uint8_t kNotUsed = 4, kLast = 6;
  if (contents.size() != 1 || contents.front() > kLast || contents.front() == kNotUsed) {
    return refuse("unknown status");
  }
  return static_cast<ResponseStatus>(contents.front());
}

}  // namespace

Result<Response> read_response(BytesView der) {
  if (der.empty() || der.size() > kResponseMaxBytes) {
    return refuse("empty or too long");
  }
  BM_CHECK(der::check_nesting(der, kDepthMax));
  BM_TRY(auto fields, der::read_one(der, der::tag::sequence));
  Response response;
  BM_TRY(response.status, read_response_status(fields));
  BM_TRY(const auto body, parts::optional_explicit(fields, 0));
  BM_CHECK(fields.finish());
  if (body.has_value() != (response.status == ResponseStatus::successful)) {
    return refuse(body ? "a body with an error" : "no body");
  }
  if (body) {
    BM_TRY(response.basic, read_body(*body));
  }
  return response;
}

}  // namespace birthmark::ocsp
