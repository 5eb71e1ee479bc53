// SPDX-License-Identifier: Apache-2.0
#include "attest/dice_layer.h"

#include "attest/chain_link.h"
#include "codec/cose.h"
#include "crypto/cose_signature.h"

namespace birthmark::attest {
namespace {

constexpr std::uint32_t kKeyCertSign = 1U << 5;
constexpr cose::Profile kOpenProfile{.tags = cose::Tags::sign1_or_none, .understood = {}, .bytes_max = 8192};

Result<DiceLayer> read_x509(BytesView der) {
  BM_TRY(auto certificate, x509::Certificate::read(der));
  BM_TRY(auto key, crypto::PublicKey::from_spki(certificate.spki()));
  return DiceLayer{.key = std::move(key), .certificate = std::move(certificate)};
}

Result<DiceLayer> read_open(BytesView bytes) {
  BM_TRY(const auto message, cose::read_sign1(bytes, kOpenProfile));
  BM_TRY(auto says, dice::read_open_certificate(message.payload));
  BM_TRY(const auto cose_key, cose::read_key(says.subject_key));
  BM_TRY(auto key, crypto::public_key(cose_key));
  return DiceLayer{.key = std::move(key), .open = OpenLayer{to_bytes(bytes), std::move(says)}};
}

/// Whether the bytes begin as an array or a tag of CBOR, and so cannot be DER.
bool looks_like_cbor(BytesView bytes) {
  constexpr std::uint8_t kArray = 4, kTag = 6;
  const auto major = bytes.empty() ? 0 : bytes.front() >> 5;
  return major == kArray || major == kTag;
}

Failure open_issued_by(const OpenLayer& layer, const DiceLayer& issuer) {
  if (layer.says.issuer != issuer.open->says.subject) {
    return "issued under another id";
  }
  const auto message = cose::read_sign1(layer.whole, kOpenProfile);
  const auto expected = crypto::cose_algorithm(issuer.key.type());
  const auto algorithm = message && expected ? cose::algorithm_of(*message, {{*expected}})
                                             : Result<cose::Algorithm>{fail(Code::bad_evidence, "algorithm")};
  return algorithm && crypto::verify(issuer.key, *algorithm, *message)
             ? std::nullopt
             : Failure{"the issuer's signature does not verify"};
}

/// Of a request: its own signature (RFC 2986 §4.2).
Failure request_holds(const DiceLayer& device) {
  const auto scheme = crypto::scheme_of(device.request->signature_algorithm());
  return scheme && device.key.verify(*scheme, device.request->info(), device.request->signature())
             ? std::nullopt
             : Failure{"the device key did not sign its own request"};
}

IssuerView view_of(const DiceLayer& issuer) {
  return {issuer.certificate ? issuer.certificate->subject() : issuer.request->subject(), issuer.key,
          issuer.extensions()};
}

}  // namespace

x509::Extensions DiceLayer::extensions() const {
  return certificate ? certificate->extensions() : request ? request->extensions() : x509::Extensions{};
}

std::optional<std::uint32_t> DiceLayer::key_usage() const {
  if (open) {
    return open->says.key_usage;
  }
  const auto bits = x509::key_usage(extensions());
  return bits ? *bits : std::nullopt;
}

bool DiceLayer::self_issued() const {
  return request ||
         (certificate ? equal(certificate->issuer(), certificate->subject()) : open->says.issuer == open->says.subject);
}

Result<DiceLayer> read_layer(BytesView bytes) {
  return looks_like_cbor(bytes) ? read_open(bytes) : read_x509(bytes);
}

Result<DiceLayer> read_device(BytesView bytes) {
  if (auto layer = read_layer(bytes)) {
    return layer;
  }
  BM_TRY(auto request, pkcs10::Request::read(bytes));
  BM_TRY(auto key, crypto::PublicKey::from_spki(request.spki()));
  return DiceLayer{.key = std::move(key), .request = std::move(request)};
}

Failure issued_by(const DiceLayer& layer, const DiceLayer& issuer) {
  if (layer.request) {
    return &layer == &issuer ? request_holds(layer) : Failure{"a request is nobody's certificate"};
  }
  if (layer.open.has_value() != issuer.open.has_value()) {
    return "a chain of two forms";
  }
  return layer.open ? open_issued_by(*layer.open, issuer) : issued_by(*layer.certificate, view_of(issuer));
}

Failure may_issue(const DiceLayer& issuer, std::size_t cas_below) {
  if (issuer.open) {
    return (issuer.open->says.key_usage & kKeyCertSign) != 0 ? std::nullopt
                                                             : Failure{"an issuer may not sign certificates"};
  }
  return issuer.request && issuer.extensions().empty() ? std::nullopt : may_issue(issuer.extensions(), cas_below);
}

}  // namespace birthmark::attest
