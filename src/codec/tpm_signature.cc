// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_signature.h"

#include <algorithm>

#include "codec/tpm_wire.h"

namespace birthmark::tpm {
namespace {

constexpr std::uint8_t kDerSequence = 0x30;
constexpr std::uint8_t kDerInteger = 0x02;
constexpr std::size_t kRsa2048Bytes = 256;

BytesView without_leading_zeros(BytesView number) {
  const auto first = std::ranges::find_if(number, [](std::uint8_t octet) { return octet != 0; });
  return number.subspan(static_cast<std::size_t>(first - number.begin()));
}

Result<EcdsaSignature> read_ecdsa(wire::In& in) {
  EcdsaSignature out;
  BM_TRY(out.hash, in.hash());
  BM_TRY(const auto r, in.sized({1, kCoordinateMaxBytes}));
  BM_TRY(const auto s, in.sized({1, kCoordinateMaxBytes}));
  if (without_leading_zeros(r).empty() || without_leading_zeros(s).empty()) {
    return in.refuse("r or s is zero");
  }
  out.r = to_bytes(r);
  out.s = to_bytes(s);
  return out;
}

Result<RsaSignature> read_rsa(wire::In& in, RsaPadding padding) {
  RsaSignature out;
  out.padding = padding;
  BM_TRY(out.hash, in.hash());
  BM_TRY(const auto value, in.sized({kRsa2048Bytes, kRsaMaxBytes}));
  if (value.size() != kRsa2048Bytes && value.size() != kRsaMaxBytes) {
    return in.refuse("unknown RSA signature size");
  }
  out.value = to_bytes(value);
  return out;
}

/// A positive INTEGER of at most kCoordinateMaxBytes, so that its length is one octet.
void append_integer(Bytes& out, BytesView number) {
  const bool high = (number.front() & 0x80) != 0;
  out.push_back(kDerInteger);
  out.push_back(static_cast<std::uint8_t>(number.size() + (high ? 1 : 0)));
  if (high) {
    out.push_back(0);
  }
  append(out, number);
}

struct Write {
  wire::Out& out;
  void operator()(const EcdsaSignature& value) const {
    out.algorithm(Algorithm::ecdsa).hash(value.hash).sized(value.r).sized(value.s);
  }
  void operator()(const RsaSignature& value) const {
    out.u16(static_cast<std::uint16_t>(value.padding)).hash(value.hash).sized(value.value);
  }
};

}  // namespace

Hash hash_of(const Signature& signature) {
  return std::visit([](const auto& value) { return value.hash; }, signature);
}

Result<Signature> read_signature(BytesView tpmt_signature) {
  wire::In in{tpmt_signature, "TPMT_SIGNATURE"};
  BM_TRY(const auto scheme, in.u16());
  Signature out;
  if (scheme == static_cast<std::uint16_t>(Algorithm::ecdsa)) {
    BM_TRY(out, read_ecdsa(in));
  } else if (scheme == static_cast<std::uint16_t>(Algorithm::rsassa) ||
             scheme == static_cast<std::uint16_t>(Algorithm::rsapss)) {
    BM_TRY(out, read_rsa(in, static_cast<RsaPadding>(scheme)));
  } else {
    return in.refuse("unknown scheme");
  }
  BM_CHECK(in.finish());
  return out;
}

Bytes write(const Signature& signature) {
  wire::Out out;
  std::visit(Write{out}, signature);
  return std::move(out).finish();
}

Result<Bytes> to_der(const EcdsaSignature& signature, Curve curve) {
  const auto r = without_leading_zeros(signature.r);
  const auto s = without_leading_zeros(signature.s);
  if (r.empty() || s.empty() || r.size() > coordinate_size(curve) || s.size() > coordinate_size(curve)) {
    return fail(Code::bad_evidence, "TPMS_SIGNATURE_ECDSA: r or s is zero or too long for the curve");
  }
  Bytes numbers;
  append_integer(numbers, r);
  append_integer(numbers, s);
  // At most 2 * (2 + 1 + 66) octets: of P-521 the length takes one octet more.
  constexpr std::size_t kShortMax = 127;
  constexpr std::uint8_t kOneOctet = 0x81;
  Bytes out{kDerSequence};
  if (numbers.size() > kShortMax) {
    out.push_back(kOneOctet);
  }
  out.push_back(static_cast<std::uint8_t>(numbers.size()));
  append(out, numbers);
  return out;
}

}  // namespace birthmark::tpm
