// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_wire.h"

#include <cstdio>
#include <cstdlib>
#include <limits>

namespace birthmark::tpm {

std::size_t digest_size(Hash hash) {
  switch (hash) {
    case Hash::sha256:
      return 32;
    case Hash::sha384:
      return 48;
    case Hash::sha512:
      return 64;
  }
  return 0;
}

std::size_t coordinate_size(Curve curve) {
  switch (curve) {
    case Curve::p256:
      return 32;
    case Curve::p384:
      return 48;
    case Curve::p521:
      return 66;
  }
  return 0;
}

}  // namespace birthmark::tpm

namespace birthmark::tpm::wire {

tl::unexpected<Error> In::refuse(std::string_view why) const {
  return fail(Code::bad_evidence, std::string{what_} + ": " + std::string{why});
}

Result<BytesView> In::take(std::size_t size) {
  if (size > left_.size()) {
    return refuse("ends early");
  }
  const auto taken = left_.first(size);
  left_ = left_.subspan(size);
  return taken;
}

Result<std::uint64_t> In::number(std::size_t size) {
  BM_TRY(const auto octets, take(size));
  std::uint64_t value = 0;
  for (const auto octet : octets) {
    value = value << 8 | octet;
  }
  return value;
}

Result<std::uint8_t> In::u8() {
  BM_TRY(const auto value, number(1));
  return static_cast<std::uint8_t>(value);
}

Result<std::uint16_t> In::u16() {
  BM_TRY(const auto value, number(2));
  return static_cast<std::uint16_t>(value);
}

Result<std::uint32_t> In::u32() {
  BM_TRY(const auto value, number(4));
  return static_cast<std::uint32_t>(value);
}

Result<std::uint64_t> In::u64() {
  return number(8);
}

Result<BytesView> In::sized(Size size) {
  BM_TRY(const auto claimed, u16());
  if (claimed < size.min || claimed > size.max) {
    return refuse("size is out of bounds");
  }
  return take(claimed);
}

Result<BytesView> In::digest() {
  BM_TRY(const auto bytes, sized({32, kDigestMaxBytes}));
  if (bytes.size() % 16 != 0) {
    return refuse("size is not that of a digest");
  }
  return bytes;
}

std::optional<Hash> to_hash(std::uint16_t algorithm) {
  for (const auto hash : {Hash::sha256, Hash::sha384, Hash::sha512}) {
    if (algorithm == static_cast<std::uint16_t>(hash)) {
      return hash;
    }
  }
  return std::nullopt;
}

Result<Hash> In::hash() {
  BM_TRY(const auto algorithm, u16());
  const auto known = to_hash(algorithm);
  if (!known) {
    return refuse("unknown hash");
  }
  return *known;
}

Result<std::optional<Hash>> In::hash_or_null() {
  BM_TRY(const auto algorithm, u16());
  const auto known = to_hash(algorithm);
  if (!known && algorithm != static_cast<std::uint16_t>(Algorithm::null)) {
    return refuse("unknown hash");
  }
  return known;
}

bool is_name(BytesView bytes) {
  if (bytes.size() < 2) {
    return false;
  }
  const auto hash = to_hash(static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]));
  return hash && bytes.size() == 2 + digest_size(*hash);
}

Result<BytesView> In::name() {
  BM_TRY(const auto bytes, sized({2, kNameMaxBytes}));
  if (!is_name(bytes)) {
    return refuse("name is not a hash and its digest");
  }
  return bytes;
}

Result<void> In::finish() const {
  if (!left_.empty()) {
    return refuse("bytes are left over");
  }
  return {};
}

Out& Out::number(std::uint64_t value, std::size_t size) {
  for (auto shift = static_cast<int>(size * 8) - 8; shift >= 0; shift -= 8) {
    out_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return *this;
}

Out& Out::u8(std::uint8_t value) {
  return number(value, 1);
}

Out& Out::u16(std::uint16_t value) {
  return number(value, 2);
}

Out& Out::u32(std::uint32_t value) {
  return number(value, 4);
}

Out& Out::u64(std::uint64_t value) {
  return number(value, 8);
}

Out& Out::bytes(BytesView value) {
  append(out_, value);
  return *this;
}

Out& Out::sized(BytesView value) {
  if (value.size() > std::numeric_limits<std::uint16_t>::max()) {
    std::fputs("tpm: a sized buffer is too long to be written\n", stderr);
    std::abort();
  }
  return u16(static_cast<std::uint16_t>(value.size())).bytes(value);
}

}  // namespace birthmark::tpm::wire
