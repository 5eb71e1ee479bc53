// SPDX-License-Identifier: Apache-2.0
#include "codec/csr_attestation.h"

#include "codec/der.h"

namespace birthmark::csr_attestation {
namespace {

constexpr std::size_t kDepthMax = 24;
constexpr std::uint8_t kOtherCertificate = 3, kParentPublic = 0, kCreationData = 1;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"attestation: "} + what);
}

Result<Statement> read_statement(der::Reader& list) {
  BM_TRY(auto fields, list.enter(der::tag::sequence));
  Statement statement;
  BM_TRY(statement.type, fields.oid());
  BM_TRY(const auto value, fields.any());
  statement.value = value.whole;
  if (!fields.empty()) {
    return refuse("something behind the value of a statement: an older syntax");
  }
  return statement;
}

Result<void> read_certificate(der::Reader& list, Bundle& bundle) {
  BM_TRY(const auto element, list.any());
  if (bundle.certificates.size() + bundle.other_certificates == kCertificatesMax) {
    return refuse("too many certificates");
  }
  if (element.tag == der::tag::sequence) {
    bundle.certificates.push_back(element.whole);
  } else if (element.tag == der::tag::context_constructed(kOtherCertificate)) {
    ++bundle.other_certificates;
  } else {
    return refuse("a certificate of another form");
  }
  return {};
}

/// An OCTET STRING of 1..kPartMaxBytes bytes.
Result<BytesView> read_part(der::Reader& in, std::uint8_t tag = der::tag::octet_string) {
  BM_TRY(const auto octets, in.expect(tag));
  return octets.empty() || octets.size() > kPartMaxBytes ? Result<BytesView>{refuse("a part is empty or too long")}
                                                         : Result<BytesView>{octets};
}

Result<BytesView> read_optional_part(der::Reader& in, std::uint8_t tag) {
  return in.peek() == tag ? read_part(in, tag) : Result<BytesView>{BytesView{}};
}

}  // namespace

Result<Bundle> read(BytesView whole) {
  BM_CHECK(der::check_nesting(whole, kDepthMax));
  BM_TRY(auto fields, der::read_one(whole, der::tag::sequence));
  Bundle bundle;
  BM_TRY(auto statements, fields.enter(der::tag::sequence));
  while (!statements.empty()) {
    if (bundle.statements.size() == kStatementsMax) {
      return refuse("too many statements");
    }
    BM_TRY(const auto statement, read_statement(statements));
    bundle.statements.push_back(statement);
  }
  if (bundle.statements.empty()) {
    return refuse("no statement");
  }
  if (!fields.empty()) {
    BM_TRY(auto certificates, fields.enter(der::tag::sequence));
    if (certificates.empty()) {
      return refuse("an empty list of certificates");
    }
    while (!certificates.empty()) {
      BM_CHECK(read_certificate(certificates, bundle));
    }
  }
  BM_CHECK(fields.finish());
  return bundle;
}

Result<Bytes> write(const Bundle& bundle) {
  der::Writer out;
  out.open(der::tag::sequence).open(der::tag::sequence);
  for (const auto& statement : bundle.statements) {
    out.open(der::tag::sequence).oid(statement.type).raw(statement.value).close();
  }
  out.close();
  if (!bundle.certificates.empty()) {
    out.open(der::tag::sequence);
    for (const auto certificate : bundle.certificates) {
      out.raw(certificate);
    }
    out.close();
  }
  out.close();
  auto der = std::move(out).finish();
  BM_CHECK(read(der));
  return der;
}

Result<std::optional<Bundle>> of(const pkcs10::Request& request) {
  const auto* const attribute = request.attribute(kAttribute);
  if (attribute == nullptr) {
    return std::optional<Bundle>{};
  }
  BM_TRY(auto bundle, read(attribute->value));
  return std::optional{std::move(bundle)};
}

Result<TpmCertify> read_tpm_certify(BytesView value) {
  BM_TRY(auto fields, der::read_one(value, der::tag::sequence));
  TpmCertify out;
  BM_TRY(out.attest, read_part(fields));
  BM_TRY(out.signature, read_part(fields));
  BM_TRY(out.key_public, read_optional_part(fields, der::tag::octet_string));
  BM_CHECK(fields.finish());
  return out;
}

Bytes write(const TpmCertify& statement) {
  der::Writer out;
  out.open(der::tag::sequence).octet_string(statement.attest).octet_string(statement.signature);
  if (!statement.key_public.empty()) {
    out.octet_string(statement.key_public);
  }
  out.close();
  return std::move(out).finish();
}

Result<TpmIdentity> read_tpm_identity(BytesView value) {
  BM_TRY(auto fields, der::read_one(value, der::tag::sequence));
  TpmIdentity out;
  BM_TRY(out.ek_certificate, read_part(fields));
  BM_TRY(out.ek_public, read_part(fields));
  BM_TRY(out.ak_public, read_part(fields));
  BM_TRY(out.parent_public, read_optional_part(fields, der::tag::context(kParentPublic)));
  BM_TRY(out.creation_data, read_optional_part(fields, der::tag::context(kCreationData)));
  BM_CHECK(fields.finish());
  return out;
}

Bytes write(const TpmIdentity& identity) {
  der::Writer out;
  out.open(der::tag::sequence).octet_string(identity.ek_certificate).octet_string(identity.ek_public);
  out.octet_string(identity.ak_public);
  if (!identity.parent_public.empty()) {
    out.primitive(der::tag::context(kParentPublic), identity.parent_public);
  }
  if (!identity.creation_data.empty()) {
    out.primitive(der::tag::context(kCreationData), identity.creation_data);
  }
  out.close();
  return std::move(out).finish();
}

}  // namespace birthmark::csr_attestation
