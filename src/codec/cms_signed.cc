// SPDX-License-Identifier: Apache-2.0
#include "codec/cms_signed.h"

#include "codec/algorithm.h"
#include "codec/der.h"
#include "codec/oid.h"

namespace birthmark::cms {
namespace {

using der::tag::context;
using der::tag::context_constructed;

constexpr std::uint64_t kVersion3 = 3;  // §5.1, §5.3: of the signer, because he is named by his key identifier
constexpr std::size_t kKeyIdMaxBytes = 64;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_evidence, std::string{"SignedData: "} + what);
}

/// What the readers of DER say, as this reader's own refusal.
template <class T>
Result<T> ours(Result<T> result) {
  return result ? std::move(result) : Result<T>{fail(Code::bad_evidence, "SignedData: " + result.error().detail)};
}

/// AlgorithmIdentifier of SHA-256.
Result<void> read_sha256(der::Reader& in) {
  BM_TRY(auto fields, in.enter(der::tag::sequence));
  BM_TRY(const auto algorithm, fields.oid());
  if (!equal(algorithm, oids::sha256)) {
    return refuse("another digest than SHA-256");
  }
  if (!fields.empty()) {
    BM_TRY(const auto parameters, fields.expect(der::tag::null));
    if (!parameters.empty()) {
      return refuse("parameters of SHA-256");
    }
  }
  return fields.finish();
}

Result<BytesView> read_content(der::Reader content) {
  BM_TRY(const auto type, content.oid());
  if (!equal(type, oids::data)) {
    return refuse("another content type than id-data");
  }
  BM_TRY(auto wrapped, content.enter(context_constructed(0)));
  BM_TRY(const auto octets, wrapped.expect(der::tag::octet_string));
  BM_CHECK(wrapped.finish());
  BM_CHECK(content.finish());
  return octets;
}

/// SignerInfo: with signed attributes, [0], or unsigned ones, [1], another tag stands where one is expected.
Result<void> read_signer(der::Reader signer, SignedContent& out) {
  BM_TRY(const auto version, signer.small_unsigned());
  BM_TRY(out.key_id, signer.expect(context(0)));
  BM_CHECK(read_sha256(signer));
  BM_TRY(const auto algorithm, signer.any());
  BM_TRY(out.signature, signer.expect(der::tag::octet_string));
  BM_CHECK(signer.finish());
  if (version != kVersion3 || out.key_id.empty() || out.key_id.size() > kKeyIdMaxBytes) {
    return refuse("version or key identifier of the signer");
  }
  const auto known = x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256);
  return equal(algorithm.whole, known) ? Result<void>{} : Result<void>{refuse("another signature than ECDSA")};
}

Result<SignedContent> read_signed_data(der::Reader data) {
  SignedContent out;
  BM_TRY(const auto version, data.small_unsigned());
  if (version != kVersion3) {
    return refuse("version");
  }
  BM_TRY(auto digests, data.enter(der::tag::set));
  BM_CHECK(read_sha256(digests));
  BM_CHECK(digests.finish());
  BM_TRY(const auto content, data.enter(der::tag::sequence));
  BM_TRY(out.content, read_content(content));
  // Certificates, [0], and CRLs, [1], would stand here.
  BM_TRY(auto signers, data.enter(der::tag::set));
  BM_TRY(const auto signer, signers.enter(der::tag::sequence));
  BM_CHECK(read_signer(signer, out));
  BM_CHECK(signers.finish());
  BM_CHECK(data.finish());
  return out;
}

Result<SignedContent> read_info(BytesView der) {
  BM_TRY(auto info, der::read_one(der, der::tag::sequence));
  BM_TRY(const auto type, info.oid());
  if (!equal(type, oids::signed_data)) {
    return refuse("another content type");
  }
  BM_TRY(auto wrapped, info.enter(context_constructed(0)));
  BM_CHECK(info.finish());
  BM_TRY(const auto data, wrapped.enter(der::tag::sequence));
  BM_CHECK(wrapped.finish());
  return read_signed_data(data);
}

void sha256_identifier(der::Writer& out) {
  out.open(der::tag::sequence).oid(oids::sha256).close();
}

}  // namespace

Result<SignedContent> read_signed_content(BytesView der) {
  if (der.empty() || der.size() > kSignedMaxBytes) {
    return refuse("empty or too long");
  }
  return ours(read_info(der));
}

Bytes write_signed_content(const SignedContent& parts) {
  der::Writer out{512};
  out.open(der::tag::sequence).oid(oids::signed_data).open(context_constructed(0)).open(der::tag::sequence);
  out.unsigned_int(kVersion3).open(der::tag::set);
  sha256_identifier(out);
  out.close().open(der::tag::sequence).oid(oids::data).open(context_constructed(0));
  out.octet_string(parts.content).close().close();
  out.open(der::tag::set).open(der::tag::sequence).unsigned_int(kVersion3).primitive(context(0), parts.key_id);
  sha256_identifier(out);
  out.raw(x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256)).octet_string(parts.signature);
  out.close().close().close().close().close();
  return std::move(out).finish();
}

}  // namespace birthmark::cms
