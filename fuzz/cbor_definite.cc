// SPDX-License-Identifier: Apache-2.0
// Law: what the definite rule takes means one deterministic document, made by sorting keys and shortening heads.
// Without floats, bignums and odd simple values the deterministic rule takes that one, and it means itself; and
// whatever the deterministic rule takes as it came, the definite one takes too, and it means itself.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "codec/cbor.h"

namespace {

using birthmark::Bytes;
using birthmark::BytesView;
using birthmark::Result;
using birthmark::cbor::Reader;
using birthmark::cbor::Rule;
using birthmark::cbor::Type;
using birthmark::cbor::Writer;

struct Meaning {
  Bytes bytes;
  bool is_plain = true;  ///< nothing in it that the deterministic rule never takes
};

Result<void> add(Reader& in, Meaning& out);

Result<Meaning> meaning(Reader& in) {
  Meaning out;
  BM_CHECK(add(in, out));
  return out;
}

/// The head of a container, from a writer that is left with nothing but it.
Bytes head(std::uint8_t major, std::uint64_t value) {
  auto out = Writer{}.unsigned_int(value).finish();
  out[0] = static_cast<std::uint8_t>(out[0] | major << 5);
  return out;
}

Result<void> add_map(Reader& in, Meaning& out) {
  BM_TRY(const auto pairs, in.map());
  std::vector<std::pair<Bytes, Bytes>> sorted;
  for (std::size_t i = 0; i < pairs; ++i) {
    BM_TRY(auto key, meaning(in));
    BM_TRY(auto value, meaning(in));
    out.is_plain = out.is_plain && value.is_plain;
    sorted.emplace_back(std::move(key.bytes), std::move(value.bytes));
  }
  std::ranges::sort(sorted);
  birthmark::append(out.bytes, head(5, pairs));
  for (const auto& [key, value] : sorted) {
    birthmark::append(out.bytes, key);
    birthmark::append(out.bytes, value);
  }
  return {};
}

Result<void> add(Reader& in, Meaning& out) {
  BM_TRY(const auto type, in.peek());
  switch (type) {
    case Type::unsigned_int: {
      BM_TRY(const auto value, in.unsigned_int());
      birthmark::append(out.bytes, head(0, value));
      return {};
    }
    case Type::negative_int: {
      BM_TRY(const auto raw, in.raw());
      std::uint64_t value = raw.size() == 1 ? raw[0] & 31U : 0;
      for (const auto octet : raw.subspan(1)) {
        value = value << 8 | octet;
      }
      birthmark::append(out.bytes, head(1, value));
      return {};
    }
    case Type::bytes: {
      BM_TRY(const auto value, in.bytes());
      birthmark::append(out.bytes, Writer{}.bytes(value).finish());
      return {};
    }
    case Type::text: {
      BM_TRY(const auto value, in.text());
      birthmark::append(out.bytes, Writer{}.text(value).finish());
      return {};
    }
    case Type::array: {
      BM_TRY(const auto items, in.array());
      birthmark::append(out.bytes, head(4, items));
      for (std::size_t i = 0; i < items; ++i) {
        BM_CHECK(add(in, out));
      }
      return {};
    }
    case Type::map:
      return add_map(in, out);
    case Type::tag: {
      BM_TRY(const auto number, in.tag());
      out.is_plain = out.is_plain && number != 2 && number != 3;
      birthmark::append(out.bytes, head(6, number));
      return add(in, out);
    }
    case Type::simple:
    case Type::floating: {
      BM_TRY(const auto raw, in.raw());
      out.is_plain = out.is_plain && raw.size() == 1 && raw[0] >= 0xF4 && raw[0] <= 0xF6;
      birthmark::append(out.bytes, raw);
      return {};
    }
  }
  return {};
}

Result<Meaning> meaning_of(BytesView input) {
  Reader in{input, {.rule = Rule::definite}};
  BM_TRY(auto out, meaning(in));
  BM_CHECK(in.finish());
  return out;
}

bool is_taken(BytesView input, Rule rule) {
  Reader in{input, {.rule = rule}};
  return in.skip() && in.finish();
}

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input{data, size};
  const auto said = meaning_of(input);
  require(said.has_value() == is_taken(input, Rule::definite));
  if (is_taken(input, Rule::deterministic)) {
    require(said && said->is_plain && birthmark::equal(said->bytes, input));
  }
  if (said) {
    require(is_taken(said->bytes, Rule::deterministic) == said->is_plain);
    const auto again = meaning_of(said->bytes);
    require(again && again->bytes == said->bytes);
  }
  return 0;
}
