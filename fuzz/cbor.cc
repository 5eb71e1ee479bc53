// SPDX-License-Identifier: Apache-2.0
// Law: a document has one encoding. What the reader takes, item by item, the writer writes byte for byte.
#include <cstdlib>

#include "codec/cbor.h"

namespace {

using birthmark::BytesView;
using birthmark::Result;
using birthmark::cbor::Reader;
using birthmark::cbor::Type;
using birthmark::cbor::Writer;

Result<void> copy(Reader& in, Writer& out);

Result<void> copy_items(Reader& in, Writer& out, std::size_t items) {
  for (std::size_t i = 0; i < items; ++i) {
    BM_CHECK(copy(in, out));
  }
  return {};
}

Result<void> copy(Reader& in, Writer& out) {
  BM_TRY(const auto type, in.peek());
  switch (type) {
    case Type::unsigned_int: {
      BM_TRY(const auto value, in.unsigned_int());
      out.unsigned_int(value);
      return {};
    }
    case Type::bytes: {
      BM_TRY(const auto value, in.bytes());
      out.bytes(value);
      return {};
    }
    case Type::text: {
      BM_TRY(const auto value, in.text());
      out.text(value);
      return {};
    }
    case Type::array: {
      BM_TRY(const auto items, in.array());
      out.array(items);
      return copy_items(in, out, items);
    }
    case Type::map: {
      BM_TRY(const auto pairs, in.map());
      out.map(pairs);
      return copy_items(in, out, pairs * 2);
    }
    case Type::tag: {
      BM_TRY(const auto number, in.tag());
      out.tag(number);
      return copy(in, out);
    }
    case Type::negative_int:
    case Type::simple:
    case Type::floating: {
      BM_TRY(const auto item, in.raw());
      out.raw(item);
      return {};
    }
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input{data, size};
  Reader skipping{input};
  const bool skipped = skipping.skip() && skipping.finish();
  Reader reader{input};
  Writer writer;
  const bool copied = copy(reader, writer) && reader.finish();
  if (copied != skipped || (copied && !birthmark::equal(std::move(writer).finish(), input))) {
    std::abort();
  }
  return 0;
}
