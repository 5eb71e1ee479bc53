// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/tpm_types.h"

/// What the TPM readers and writers are made of: big-endian numbers and sized buffers. Private to src/codec.
namespace birthmark::tpm::wire {

/// Bounds of a TPM2B's content.
struct Size {
  std::size_t min = 0;
  std::size_t max;
};

/// Takes values from the front of some bytes; aliases them. `what` in an error is the structure's name.
class In {
 public:
  In(BytesView bytes, std::string_view what) : left_{bytes}, what_{what} {}

  Result<std::uint8_t> u8();
  Result<std::uint16_t> u16();
  Result<std::uint32_t> u32();
  Result<std::uint64_t> u64();
  Result<BytesView> take(std::size_t size);
  /// A TPM2B: u16 size, then that many bytes.
  Result<BytesView> sized(Size size);
  /// TPM2B_DIGEST of a hash known here.
  Result<BytesView> digest();
  Result<Hash> hash();
  /// TPM_ALG_NULL, or a hash.
  Result<std::optional<Hash>> hash_or_null();
  /// TPM2B_NAME of an object: nameAlg and its digest.
  Result<BytesView> name();
  Result<void> finish() const;
  tl::unexpected<Error> refuse(std::string_view why) const;

 private:
  Result<std::uint64_t> number(std::size_t size);
  BytesView left_;
  std::string_view what_;
};

std::optional<Hash> to_hash(std::uint16_t algorithm);
/// Whether the bytes are a nameAlg and a digest of its size.
bool is_name(BytesView bytes);

/// Appends values to the end of some bytes.
class Out {
 public:
  Out& u8(std::uint8_t value);
  Out& u16(std::uint16_t value);
  Out& u32(std::uint32_t value);
  Out& u64(std::uint64_t value);
  Out& algorithm(Algorithm value) { return u16(static_cast<std::uint16_t>(value)); }
  Out& hash(Hash value) { return u16(static_cast<std::uint16_t>(value)); }
  Out& bytes(BytesView value);
  /// A TPM2B. A value past 65,535 bytes is a programmer's mistake and aborts.
  Out& sized(BytesView value);
  [[nodiscard]] Bytes finish() && { return std::move(out_); }

 private:
  Out& number(std::uint64_t value, std::size_t size);
  Bytes out_;
};

}  // namespace birthmark::tpm::wire
