// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::cbor {

/// Bounds of one reading; every one of them is checked before memory is taken.
struct Limits {
  std::size_t bytes_max = 64 * 1024;
  std::size_t depth_max = 16;
  std::size_t items_max = 4096;  ///< all items of the document together
};

enum class Type : std::uint8_t { unsigned_int, negative_int, bytes, text, array, map, tag, simple };

/// Pull reader for deterministic CBOR (RFC 8949 §4.2.1): definite lengths, shortest heads, sorted unique map keys,
/// UTF-8 text; no floats. Aliases its input. The first error sticks: later calls return it again.
class Reader {
 public:
  /// @param input 1..limits.bytes_max bytes; must outlive the reader and every view taken from it.
  explicit Reader(BytesView input, Limits limits = {});

  /// The type of the next item, without consuming it. @error bad_evidence: malformed or at the end.
  Result<Type> peek();
  Result<std::uint64_t> unsigned_int();
  /// Either integer type, if it fits. @error bad_evidence
  Result<std::int64_t> integer();
  Result<BytesView> bytes();
  Result<std::string_view> text();
  Result<bool> boolean();
  Result<void> null();
  Result<std::uint64_t> tag();
  /// Enters an array and returns the number of its items, which must then be read or skipped one by one.
  Result<std::size_t> array();
  /// Enters a map and returns the number of its pairs; keys are checked for order and uniqueness as they are read.
  Result<std::size_t> map();
  /// Skips one whole item with everything in it, with all checks.
  Result<void> skip();
  /// The bytes of the next whole item, and skips it; aliases the input.
  Result<BytesView> raw();
  /// @error bad_evidence: bytes are left over, or an array or map is not finished.
  Result<void> finish();

 private:
  struct Head {
    Type type;
    std::uint64_t value;
    std::size_t size;
  };
  struct Frame {
    std::uint64_t left;  ///< items still to come
    bool is_map;
    bool at_key;
    BytesView last_key;
  };
  // The implementer completes the private part.
  BytesView input_;
  Limits limits_;
};

/// Writes deterministic CBOR. Map keys must be added in the order of their encodings: `finish` asserts it.
class Writer {
 public:
  Writer& unsigned_int(std::uint64_t value);
  Writer& integer(std::int64_t value);
  Writer& bytes(BytesView value);
  Writer& text(std::string_view value);
  Writer& boolean(bool value);
  Writer& null();
  Writer& tag(std::uint64_t number);
  Writer& array(std::size_t items);
  Writer& map(std::size_t pairs);
  /// Appends bytes that already are one whole deterministic item.
  Writer& raw(BytesView item);
  [[nodiscard]] Bytes finish() &&;

 private:
  void head(std::uint8_t major, std::uint64_t value);
  Bytes out_;
};

}  // namespace birthmark::cbor
