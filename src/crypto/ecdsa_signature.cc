// SPDX-License-Identifier: Apache-2.0
#include "crypto/ecdsa_signature.h"

#include "codec/der.h"

namespace birthmark::crypto {
namespace {

// SP 800-186 §3.2.1.3 to §3.2.1.5: the orders of the base points.
constexpr Octets<32> kOrderP256{0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF,
                                0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
                                0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
constexpr Octets<48> kOrderP384{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF, 0x58, 0x1A, 0x0D, 0xB2,
                                0x48, 0xB0, 0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73};

constexpr Octets<66> kOrderP521{0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFA, 0x51, 0x86, 0x87, 0x83, 0xBF, 0x2F, 0x96, 0x6B,
                                0x7F, 0xCC, 0x01, 0x48, 0xF7, 0x09, 0xA5, 0xD0, 0x3B, 0xB5, 0xC9, 0xB8, 0x89, 0x9C,
                                0x47, 0xAE, 0xBB, 0x6F, 0xB7, 0x1E, 0x91, 0x38, 0x64, 0x09};

/// Empty for what is not EC, so that no number is in range.
BytesView order(KeyType curve) {
  switch (curve) {
    case KeyType::p256:
      return kOrderP256;
    case KeyType::p384:
      return kOrderP384;
    case KeyType::p521:
      return kOrderP521;
    case KeyType::rsa:
    case KeyType::ed25519:
      return {};
  }
  return {};
}

BytesView without_leading_zeros(BytesView number) {
  while (!number.empty() && number.front() == 0) {
    number = number.subspan(1);
  }
  return number;
}

/// Whether 1 <= number < n; the number has no leading zeros.
bool in_range(KeyType curve, BytesView number) {
  const auto n = order(curve);
  if (number.empty() || number.size() > n.size()) {
    return false;
  }
  return number.size() < n.size() || std::ranges::lexicographical_compare(number, n);
}

/// The magnitude of one INTEGER in 1..n-1.
Result<BytesView> read_scalar(der::Reader& reader, KeyType curve) {
  BM_TRY(const auto contents, reader.integer());
  if (contents.front() >= 0x80) {
    return fail(Code::bad_request, "ECDSA: negative number");
  }
  const auto number = without_leading_zeros(contents);
  if (!in_range(curve, number)) {
    return fail(Code::bad_request, "ECDSA: number out of range");
  }
  return number;
}

void append_padded(Bytes& out, BytesView number, std::size_t size) {
  out.insert(out.end(), size - number.size(), 0);
  append(out, number);
}

}  // namespace

std::size_t field_size(KeyType curve) {
  return order(curve).size();
}

Result<EcdsaSignature> read_ecdsa_signature(KeyType curve, BytesView der) {
  BM_TRY(auto numbers, der::read_one(der, der::tag::sequence));
  BM_TRY(const auto r, read_scalar(numbers, curve));
  BM_TRY(const auto s, read_scalar(numbers, curve));
  BM_CHECK(numbers.finish());
  return EcdsaSignature{r, s};
}

Result<Bytes> ecdsa_to_der(KeyType curve, BytesView r, BytesView s) {
  const auto r_number = without_leading_zeros(r);
  const auto s_number = without_leading_zeros(s);
  if (!in_range(curve, r_number) || !in_range(curve, s_number)) {
    return fail(Code::bad_request, "ECDSA: number out of range");
  }
  der::Writer writer;
  writer.open(der::tag::sequence).positive_integer(r_number).positive_integer(s_number).close();
  return std::move(writer).finish();
}

Result<Bytes> ecdsa_raw_to_der(KeyType curve, BytesView raw) {
  const auto size = field_size(curve);
  if (size == 0 || raw.size() != 2 * size) {
    return fail(Code::bad_request, "ECDSA: wrong size");
  }
  return ecdsa_to_der(curve, raw.first(size), raw.last(size));
}

Result<Bytes> ecdsa_der_to_raw(KeyType curve, BytesView der) {
  BM_TRY(const auto signature, read_ecdsa_signature(curve, der));
  Bytes out;
  out.reserve(2 * field_size(curve));
  append_padded(out, signature.r, field_size(curve));
  append_padded(out, signature.s, field_size(curve));
  return out;
}

}  // namespace birthmark::crypto
