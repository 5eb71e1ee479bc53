// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/tbs_delta.h"

#include <algorithm>

namespace birthmark::sqlite {
namespace {

constexpr std::size_t kGramBytes = 5;  // a shorter match costs as much as it saves
constexpr unsigned kTableBits = 11;
constexpr std::uint16_t kNone = 0xFFFF;

std::size_t slot_of(BytesView at) {
  std::uint64_t gram = 0;
  for (std::size_t i = 0; i < kGramBytes; ++i) {
    gram = gram << 8 | at[i];
  }
  return static_cast<std::size_t>(gram * 0x9E3779B97F4A7C15ULL >> (64 - kTableBits));
}

void put_number(Bytes& out, std::size_t value) {
  for (; value >= 0x80; value >>= 7) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

Result<std::size_t> take_number(BytesView& rest) {
  std::size_t value = 0;
  for (unsigned shift = 0; shift < 21 && !rest.empty(); shift += 7) {
    const auto byte = rest.front();
    rest = rest.subspan(1);
    value |= static_cast<std::size_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  return fail(Code::storage, "delta: a number");
}

void put_literal(Bytes& out, BytesView literal) {
  if (!literal.empty()) {
    put_number(out, literal.size() << 1);
    append(out, literal);
  }
}

}  // namespace

Bytes delta_of(BytesView base, BytesView target) {
  base = base.first(std::min(base.size(), kDeltaMaxBytes));
  std::array<std::uint16_t, std::size_t{1} << kTableBits> table{};
  table.fill(kNone);
  for (std::size_t i = 0; i + kGramBytes <= base.size(); ++i) {
    table[slot_of(base.subspan(i))] = static_cast<std::uint16_t>(i);
  }
  Bytes out;
  std::size_t literal = 0;
  std::size_t at = 0;
  while (at + kGramBytes <= target.size()) {
    const std::size_t from = table[slot_of(target.subspan(at))];
    const auto same = from == kNone
                          ? 0
                          : static_cast<std::size_t>(std::ranges::mismatch(base.subspan(from), target.subspan(at)).in1 -
                                                     base.subspan(from).begin());
    if (same < kGramBytes) {
      ++at;
      continue;
    }
    put_literal(out, target.subspan(literal, at - literal));
    put_number(out, same << 1 | 1);
    put_number(out, from);
    at += same;
    literal = at;
  }
  put_literal(out, target.subspan(literal));
  return out;
}

Result<Bytes> apply_delta(BytesView base, BytesView delta) {
  Bytes out;
  while (!delta.empty()) {
    BM_TRY(const auto token, take_number(delta));
    const auto length = token >> 1;
    auto source = delta;
    if ((token & 1) != 0) {
      BM_TRY(const auto from, take_number(delta));
      source = base.subspan(std::min(from, base.size()));
    }
    if (length == 0 || length > source.size() || out.size() + length > kDeltaMaxBytes) {
      return fail(Code::storage, "delta: reaches outside");
    }
    append(out, source.first(length));
    if ((token & 1) == 0) {
      delta = delta.subspan(length);
    }
  }
  return out;
}

}  // namespace birthmark::sqlite
