// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

/// The TLV encoding of Matter (Core Specification, Appendix A), as far as attestation uses it.
namespace birthmark::matter_tlv {

/// How a sender may write numbers and lengths: the specification lets him choose for most, and demands the shortest
/// form of what is hashed or compared as bytes.
enum class Widths : std::uint8_t { any, shortest };

/// Bounds of one reading.
struct Rules {
  std::size_t bytes_max = 8192;
  std::size_t depth_max = 8;
  std::size_t elements_max = 1024;  ///< all elements of the document together, ends of containers included
  Widths widths = Widths::any;
};

enum class Type : std::uint8_t { signed_int, unsigned_int, boolean, text, bytes, null, structure, array, list };

/// What names an element in its container.
struct Tag {
  enum class Form : std::uint8_t { anonymous, context, qualified } form = Form::anonymous;
  std::uint8_t number = 0;      ///< of a context tag
  std::uint64_t qualified = 0;  ///< of a fully qualified one: vendor and profile number
  std::uint32_t tag = 0;        ///< and the number within that profile

  friend bool operator==(const Tag&, const Tag&) = default;
};
constexpr Tag anonymous() {
  return {};
}
constexpr Tag context(std::uint8_t number) {
  return {.form = Tag::Form::context, .number = number, .qualified = 0, .tag = 0};
}

/// One element; of a container, its beginning. Aliases the input.
struct Element {
  Tag tag;
  Type type = Type::null;
  std::uint64_t number = 0;  ///< unsigned_int; boolean as 0 or 1; the bits of a signed_int
  BytesView octets;          ///< bytes; text, which is UTF-8

  [[nodiscard]] std::int64_t signed_number() const { return static_cast<std::int64_t>(number); }
  [[nodiscard]] bool is_container() const { return type >= Type::structure; }
  /// Whether it is an integer that is not negative. Some senders write those as signed ones; `number` has it either
  /// way.
  [[nodiscard]] bool is_natural() const {
    return type == Type::unsigned_int || (type == Type::signed_int && signed_number() >= 0);
  }
};

/// Pull reader for one document: one anonymous element and nothing behind it. Members of a structure have context tags
/// in strictly ascending order, and behind them fully qualified tags, which are a maker's own; elements of an array
/// have none; of a list any. Floats, profile tags in their short forms and anonymous members of structures are refused.
/// Aliases its input; takes memory for open containers only. The first error sticks. Every error is bad_evidence.
class Reader {
 public:
  /// @param input 1..rules.bytes_max bytes; must outlive the reader and every view taken from it.
  explicit Reader(BytesView input, Rules rules = {});

  /// The next element of the open container, or nothing where it ends: then it is closed.
  Result<std::optional<Element>> next();
  /// The next element, which must be there, with that tag and type. @error bad_evidence
  Result<Element> expect(Tag tag, Type type);
  /// Skips what is left of the open container, with all checks, and closes it.
  Result<void> leave();
  /// How many containers are open.
  [[nodiscard]] std::size_t depth() const { return open_.size(); }
  /// @error bad_evidence: a container is open, or bytes are left over.
  Result<void> finish();

 private:
  struct Frame {
    Type type;
    std::optional<std::uint8_t> last_context = {};
    bool has_qualified = false;
  };
  tl::unexpected<Error> refuse(const char* what);
  Result<std::uint64_t> little_endian(std::size_t size);
  Result<Tag> read_tag(std::uint8_t control);
  Result<void> check_place(const Tag& tag);
  Result<void> read_value(std::uint8_t type, Element& element);
  Result<void> read_number(std::uint8_t type, Element& element);
  Result<void> read_octets(std::uint8_t type, Element& element);

  BytesView input_;
  Rules rules_;
  std::size_t position_ = 0;
  std::size_t elements_ = 0;
  bool done_ = false;
  std::vector<Frame> open_;
  std::optional<Error> error_;
};

/// Writes a document in shortest forms. The caller keeps order and balance: nothing of it is checked here.
class Writer {
 public:
  Writer& unsigned_int(Tag tag, std::uint64_t value);
  Writer& signed_int(Tag tag, std::int64_t value);
  Writer& boolean(Tag tag, bool value);
  Writer& null(Tag tag);
  Writer& text(Tag tag, std::string_view value);
  Writer& bytes(Tag tag, BytesView value);
  /// @param type structure, array or list
  Writer& open(Tag tag, Type type);
  Writer& close();
  [[nodiscard]] Bytes finish() && { return std::move(out_); }

 private:
  void head(Tag tag, std::uint8_t type);
  void little_endian(std::uint64_t value, std::size_t size);
  void sized(Tag tag, std::uint8_t type, BytesView value);

  Bytes out_;
};

}  // namespace birthmark::matter_tlv
