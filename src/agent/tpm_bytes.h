// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_mu.h>

#include <algorithm>
#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/tpm_public.h"

namespace birthmark::agent::tss {

/// Copies bytes into a TPM2B of ours. The caller knows that they fit (the span asserts it).
template <class Sized>
void put(Sized& target, BytesView bytes) {
  const auto fill = [&](std::span<std::uint8_t> room) { std::ranges::copy(bytes, room.first(bytes.size()).begin()); };
  target.size = static_cast<UINT16>(bytes.size());
  if constexpr (requires { target.buffer; }) {
    fill(target.buffer);
  } else if constexpr (requires { target.credential; }) {
    fill(target.credential);
  } else {
    fill(target.secret);
  }
}

/// One structure as the TPM spells it. @error unavailable: it does not fit (never happens with what a TPM returned).
template <class T>
Result<Bytes> marshal(TSS2_RC (*encode)(const T*, std::uint8_t[], std::size_t, std::size_t*), const T& value) {
  Bytes out(sizeof(T) + 64);
  std::size_t used = 0;
  if (encode(&value, out.data(), out.size(), &used) != TSS2_RC_SUCCESS) {
    return fail(Code::unavailable, "cannot marshal a TPM structure");
  }
  out.resize(used);
  return out;
}

/// Reads one structure from `input` at `at`, and moves `at` behind it. @error bad_evidence: it is not one.
template <class T>
Result<T> unmarshal(TSS2_RC (*decode)(const std::uint8_t[], std::size_t, std::size_t*, T*), BytesView input,
                    std::size_t& at) {
  T value{};
  if (decode(input.data(), input.size(), &at, &value) != TSS2_RC_SUCCESS) {
    return fail(Code::bad_evidence, "not the TPM structure that belongs here");
  }
  return value;
}

/// TPMT_PUBLIC of a key that the TPM returned. @error unavailable: never happens
Result<Bytes> public_bytes(const TPM2B_PUBLIC& area);

/// A template as ESAPI takes it. @error bad_evidence: never happens with the templates of codec
Result<TPM2B_PUBLIC> to_tss(const tpm::Public& from);

/// A P-256 ECDSA TPMT_SIGNATURE as DER Ecdsa-Sig-Value (RFC 3279 §2.2.3). @error bad_evidence: another scheme or size.
Result<Bytes> ecdsa_der(const TPMT_SIGNATURE& signature);

}  // namespace birthmark::agent::tss
