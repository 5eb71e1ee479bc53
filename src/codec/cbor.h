// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::cbor {

/// Which of the encodings that one value has are taken.
enum class Rule : std::uint8_t {
  /// One document, one encoding (RFC 8949 §4.2.1): shortest heads, sorted keys. No floats, no bignums (tags 2 and 3),
  /// of the simple values only false, true and null. For everything that birthmark writes itself.
  deterministic,
  /// For formats whose makers are not deterministic (COSE, EAT, CoRIM): lengths are definite and no map repeats a key,
  /// whatever its encoding; heads may be longer than needed, keys stand in any order. Floats, bignums and every simple
  /// value can be skipped, and are never read as anything else.
  definite,
};

/// Bounds of one reading; every one of them is checked before memory is taken.
struct Limits {
  std::size_t bytes_max = 64 * 1024;
  std::size_t depth_max = 16;
  std::size_t items_max = 4096;  ///< all items of the document together
  Rule rule = Rule::deterministic;
};

enum class Type : std::uint8_t { unsigned_int, negative_int, bytes, text, array, map, tag, simple, floating };

/// Pull reader for one document of CBOR (RFC 8949) with definite lengths, unique map keys and UTF-8 text; map keys are
/// integers, texts or byte strings. The rest is as `Limits::rule` says.
/// Aliases its input; takes memory for open containers only, and under `Rule::definite` for the keys of open maps. The
/// first error sticks: later calls return it again. A container that has had its last item closes itself. Every error
/// is bad_evidence. A repeated key shows when it is read; under `Rule::definite` when its map closes, so that nothing
/// may be concluded from a map before that.
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
    std::size_t size;  ///< of the head itself
  };
  /// A map key by its value, not by its encoding.
  struct Key {
    Type type;
    std::uint64_t value;
    BytesView content;  ///< of a text or byte string
  };
  /// An array, a map or a tag that still waits for items.
  struct Frame {
    std::uint64_t left;  ///< items still to come
    bool is_map;
    bool at_key;
    BytesView last_key;
    std::size_t keys_begin;  ///< in `keys_`
  };
  tl::unexpected<Error> refuse(const char* what);
  Result<Head> head();
  Result<Head> head(Type wanted);
  Result<BytesView> string(Type type);
  Result<std::size_t> enter(Type type);
  Result<void> scalar(const Head& head, std::size_t content_size = 0);
  Result<void> key(const Head& head, BytesView whole);
  Result<void> open(std::uint64_t items, bool is_map, std::size_t head_size);
  Result<void> step();
  Result<void> complete();
  [[nodiscard]] bool repeats_key(const Frame& map);

  BytesView input_;
  Limits limits_;
  std::size_t position_ = 0;
  std::size_t items_ = 0;
  bool done_ = false;
  std::vector<Frame> open_;
  std::vector<Key> keys_;  ///< of all open maps, one behind the other
  std::optional<Error> error_;
};

/// Writes one document of deterministic CBOR. Map keys must be added in the order of their encodings, and every array,
/// map and tag must get the items it announced: anything else is a programmer's mistake and aborts.
class Writer {
 public:
  /// Room for most of what is written, and for most depths, is taken at once.
  Writer() {
    out_.reserve(256);
    open_.reserve(4);
  }
  Writer& unsigned_int(std::uint64_t value);
  Writer& integer(std::int64_t value);
  Writer& bytes(BytesView value);
  /// @param value UTF-8; not checked here, but every reader refuses anything else.
  Writer& text(std::string_view value);
  Writer& boolean(bool value);
  Writer& null();
  Writer& tag(std::uint64_t number);
  Writer& array(std::size_t items);
  Writer& map(std::size_t pairs);
  /// Appends bytes that already are one whole deterministic item.
  Writer& raw(BytesView item);
  /// The document; the writer starts a new one.
  [[nodiscard]] Bytes finish();

 private:
  struct Frame {
    std::uint64_t left;
    bool is_map;
    bool at_key;
    std::size_t key_begin;
    std::size_t key_end;
  };
  std::size_t begin() const;
  void head(std::uint8_t major, std::uint64_t value);
  void complete(std::size_t begin);
  void open(std::uint64_t items, bool is_map);

  Bytes out_;
  std::vector<Frame> open_;
  bool done_ = false;
};

}  // namespace birthmark::cbor
