// SPDX-License-Identifier: Apache-2.0
#include "codec/matter_tlv.h"

#include "codec/utf8.h"

namespace birthmark::matter_tlv {
namespace {

// The low five bits of a control octet (Appendix A.7.1).
constexpr std::uint8_t kSigned = 0x00, kUnsigned = 0x04, kFalse = 0x08, kTrue = 0x09, kText = 0x0C, kBytes = 0x10,
                       kNull = 0x14, kStructure = 0x15, kArray = 0x16, kList = 0x17, kEnd = 0x18;
constexpr std::uint8_t kTypeMask = 0x1F, kTagShift = 5;
// The high three (A.7.2): the forms that name a profile by what both sides know are not for data at rest.
constexpr std::uint8_t kAnonymous = 0, kContext = 1, kQualified2 = 6, kQualified4 = 7;
constexpr std::uint64_t kProfileBits = 32;

/// 0 to 3: the power of two of the fewest octets that hold the value.
std::uint8_t width_of(std::uint64_t value) {
  return value <= 0xFF ? 0 : value <= 0xFFFF ? 1 : value <= 0xFFFF'FFFF ? 2 : 3;
}
std::uint8_t signed_width_of(std::int64_t value) {
  return value >= INT8_MIN && value <= INT8_MAX     ? 0
         : value >= INT16_MIN && value <= INT16_MAX ? 1
         : value >= INT32_MIN && value <= INT32_MAX ? 2
                                                    : 3;
}

std::int64_t sign_extended(std::uint64_t value, std::size_t octets) {
  const auto shift = 64 - 8 * octets;
  return static_cast<std::int64_t>(value << shift) >> shift;
}

}  // namespace

Reader::Reader(BytesView input, Rules rules) : input_{input}, rules_{rules} {
  if (input.empty() || input.size() > rules.bytes_max) {
    error_ = Error{Code::bad_evidence, "Matter TLV: empty or too long"};
  }
}

tl::unexpected<Error> Reader::refuse(const char* what) {
  if (!error_) {
    error_ = Error{Code::bad_evidence, std::string{"Matter TLV: "} + what + " at " + std::to_string(position_)};
  }
  return fail(*error_);
}

Result<std::uint64_t> Reader::little_endian(std::size_t size) {
  if (input_.size() - position_ < size) {
    return refuse("cut off");
  }
  std::uint64_t value = 0;
  for (std::size_t i = size; i > 0; --i) {
    value = value << 8 | input_[position_ + i - 1];
  }
  position_ += size;
  return value;
}

Result<Tag> Reader::read_tag(std::uint8_t control) {
  const auto form = static_cast<std::uint8_t>(control >> kTagShift);
  if (form == kAnonymous) {
    return Tag{};
  }
  if (form == kContext) {
    BM_TRY(const auto number, little_endian(1));
    return context(static_cast<std::uint8_t>(number));
  }
  if (form != kQualified2 && form != kQualified4) {
    return refuse("a profile tag in a short form");
  }
  BM_TRY(const auto vendor, little_endian(2));
  BM_TRY(const auto profile, little_endian(2));
  BM_TRY(const auto number, little_endian(form == kQualified2 ? 2 : 4));
  if (form == kQualified4 && rules_.widths == Widths::shortest && number <= 0xFFFF) {
    return refuse("a tag longer than it need be");
  }
  return Tag{.form = Tag::Form::qualified,
             .number = 0,
             .qualified = vendor << kProfileBits / 2 | profile,
             .tag = static_cast<std::uint32_t>(number)};
}

Result<void> Reader::check_place(const Tag& tag) {
  if (open_.empty()) {
    return tag.form == Tag::Form::anonymous ? Result<void>{} : Result<void>{refuse("a tag outside all containers")};
  }
  auto& frame = open_.back();
  if (frame.type == Type::list) {
    return {};
  }
  if (frame.type == Type::array) {
    return tag.form == Tag::Form::anonymous ? Result<void>{} : Result<void>{refuse("a tag in an array")};
  }
  if (tag.form == Tag::Form::anonymous) {
    return refuse("a member of a structure without a tag");
  }
  if (tag.form == Tag::Form::qualified) {
    frame.has_qualified = true;
    return {};
  }
  if (frame.has_qualified || (frame.last_context && tag.number <= *frame.last_context)) {
    return refuse("context tags twice or out of order");
  }
  frame.last_context = tag.number;
  return {};
}

Result<void> Reader::read_number(std::uint8_t type, Element& element) {
  const bool is_signed = type < kUnsigned;
  const auto width = static_cast<std::uint8_t>(type & 3U);
  const std::size_t octets = std::size_t{1} << width;
  BM_TRY(element.number, little_endian(octets));
  element.type = is_signed ? Type::signed_int : Type::unsigned_int;
  if (is_signed) {
    element.number = static_cast<std::uint64_t>(sign_extended(element.number, octets));
  }
  const auto fewest = is_signed ? signed_width_of(element.signed_number()) : width_of(element.number);
  return rules_.widths == Widths::shortest && fewest != width ? Result<void>{refuse("a number longer than it need be")}
                                                              : Result<void>{};
}

Result<void> Reader::read_octets(std::uint8_t type, Element& element) {
  const auto width = static_cast<std::uint8_t>(type & 3U);
  BM_TRY(const auto size, little_endian(std::size_t{1} << width));
  if (rules_.widths == Widths::shortest && width_of(size) != width) {
    return refuse("a length longer than it need be");
  }
  if (size > input_.size() - position_) {
    return refuse("octets cut off");
  }
  element.octets = input_.subspan(position_, static_cast<std::size_t>(size));
  position_ += static_cast<std::size_t>(size);
  element.type = type < kBytes ? Type::text : Type::bytes;
  return element.type == Type::text && !is_utf8(as_text(element.octets)) ? Result<void>{refuse("text is not UTF-8")}
                                                                         : Result<void>{};
}

Result<void> Reader::read_value(std::uint8_t type, Element& element) {
  if (type < kFalse) {
    return read_number(type, element);
  }
  if (type == kFalse || type == kTrue) {
    element.type = Type::boolean;
    element.number = type == kTrue ? 1 : 0;
    return {};
  }
  if (type >= kText && type < kNull) {
    return read_octets(type, element);
  }
  if (type == kNull) {
    element.type = Type::null;
    return {};
  }
  if (type < kStructure || type > kList) {
    return refuse("an element type that is not read here");
  }
  if (open_.size() == rules_.depth_max) {
    return refuse("nested too deep");
  }
  element.type = type == kStructure ? Type::structure : type == kArray ? Type::array : Type::list;
  open_.push_back({element.type});
  return {};
}

Result<std::optional<Element>> Reader::next() {
  if (error_) {
    return fail(*error_);
  }
  if (done_ && open_.empty()) {
    return refuse("a second element");
  }
  if (++elements_ > rules_.elements_max) {
    return refuse("too many elements");
  }
  BM_TRY(const auto octet, little_endian(1));
  const auto control = static_cast<std::uint8_t>(octet);
  if (control == kEnd) {
    if (open_.empty()) {
      return refuse("the end of no container");
    }
    open_.pop_back();
    return std::optional<Element>{};
  }
  Element element;
  BM_TRY(element.tag, read_tag(control));
  BM_CHECK(check_place(element.tag));
  BM_CHECK(read_value(control & kTypeMask, element));
  done_ = true;
  return std::optional{element};
}

Result<Element> Reader::expect(Tag tag, Type type) {
  BM_TRY(const auto element, next());
  if (!element || element->tag != tag || element->type != type) {
    return refuse("another element than the one that must stand here");
  }
  return *element;
}

Result<void> Reader::leave() {
  if (open_.empty()) {
    return refuse("no container to leave");
  }
  const auto outside = open_.size() - 1;
  while (open_.size() > outside) {
    BM_CHECK(next());
  }
  return {};
}

Result<void> Reader::finish() {
  if (error_) {
    return fail(*error_);
  }
  return done_ && open_.empty() && position_ == input_.size() ? Result<void>{}
                                                              : Result<void>{refuse("an open end, or bytes left over")};
}

// --- writing ---

void Writer::little_endian(std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

void Writer::head(Tag tag, std::uint8_t type) {
  const auto control = [&](std::uint8_t form) { out_.push_back(static_cast<std::uint8_t>(form << kTagShift | type)); };
  switch (tag.form) {
    case Tag::Form::anonymous:
      return control(kAnonymous);
    case Tag::Form::context:
      control(kContext);
      return out_.push_back(tag.number);
    case Tag::Form::qualified:
      const bool is_short = tag.tag <= 0xFFFF;
      control(is_short ? kQualified2 : kQualified4);
      little_endian(tag.qualified >> kProfileBits / 2, 2);
      little_endian(tag.qualified & 0xFFFF, 2);
      return little_endian(tag.tag, is_short ? 2 : 4);
  }
}

Writer& Writer::unsigned_int(Tag tag, std::uint64_t value) {
  const auto width = width_of(value);
  head(tag, static_cast<std::uint8_t>(kUnsigned + width));
  little_endian(value, std::size_t{1} << width);
  return *this;
}

Writer& Writer::signed_int(Tag tag, std::int64_t value) {
  const auto width = signed_width_of(value);
  head(tag, static_cast<std::uint8_t>(kSigned + width));
  little_endian(static_cast<std::uint64_t>(value), std::size_t{1} << width);
  return *this;
}

Writer& Writer::boolean(Tag tag, bool value) {
  head(tag, value ? kTrue : kFalse);
  return *this;
}

Writer& Writer::null(Tag tag) {
  head(tag, kNull);
  return *this;
}

void Writer::sized(Tag tag, std::uint8_t type, BytesView value) {
  const auto width = width_of(value.size());
  head(tag, static_cast<std::uint8_t>(type + width));
  little_endian(value.size(), std::size_t{1} << width);
  append(out_, value);
}

Writer& Writer::text(Tag tag, std::string_view value) {
  sized(tag, kText, as_bytes(value));
  return *this;
}

Writer& Writer::bytes(Tag tag, BytesView value) {
  sized(tag, kBytes, value);
  return *this;
}

Writer& Writer::open(Tag tag, Type type) {
  head(tag, type == Type::structure ? kStructure : type == Type::array ? kArray : kList);
  return *this;
}

Writer& Writer::close() {
  out_.push_back(kEnd);
  return *this;
}

}  // namespace birthmark::matter_tlv
