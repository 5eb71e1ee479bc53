// SPDX-License-Identifier: Apache-2.0
#include "codec/cbor.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>

#include "codec/utf8.h"

namespace birthmark::cbor {
namespace {

constexpr std::uint64_t kFalse = 20;
constexpr std::uint64_t kTrue = 21;
constexpr std::uint64_t kNull = 22;
constexpr std::uint64_t kFirstLongSimple = 32;  ///< RFC 8949 §3.3: smaller ones have one octet, and only that form
constexpr std::uint64_t kPositiveBignum = 2;
constexpr std::uint64_t kNegativeBignum = 3;
constexpr std::uint64_t kInt64Max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

enum class Major : std::uint8_t { unsigned_int, negative_int, bytes, text, array, map, tag, simple };

constexpr std::uint8_t number(Major major) {
  return static_cast<std::uint8_t>(major);
}

/// Octets that follow the first one of a head; RFC 8949 §3: 24 to 27 announce 1, 2, 4, 8.
constexpr std::size_t argument_size(std::uint8_t info) {
  return info < 24 ? 0 : std::size_t{1} << (info - 24);
}

/// The smallest argument that needs this many octets (RFC 8949 §4.2.1: shortest form).
constexpr std::uint64_t smallest_argument(std::size_t size) {
  switch (size) {
    case 1:
      return 24;
    case 2:
      return 0x100;
    case 4:
      return 0x10000;
    case 8:
      return 0x100000000;
  }
  return 0;
}

bool may_be_key(Type type) {
  switch (type) {
    case Type::unsigned_int:
    case Type::negative_int:
    case Type::bytes:
    case Type::text:
      return true;
    case Type::array:
    case Type::map:
    case Type::tag:
    case Type::simple:
    case Type::floating:
      return false;
  }
  return false;
}

bool less(BytesView a, BytesView b) {
  return std::ranges::lexicographical_compare(a, b);
}

void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "cbor::Writer: %s\n", what);
    std::abort();
  }
}

}  // namespace

Reader::Reader(BytesView input, Limits limits) : input_{input}, limits_{limits} {
  if (input.empty() || input.size() > limits.bytes_max) {
    error_ = Error{Code::bad_evidence, "cbor: document is empty or too long"};
  }
}

tl::unexpected<Error> Reader::refuse(const char* what) {
  error_ = Error{Code::bad_evidence, std::string{"cbor: "} + what};
  return fail(*error_);
}

/// Reads and checks the next head without consuming it.
Result<Reader::Head> Reader::head() {
  if (error_) {
    return fail(*error_);
  }
  if (done_) {
    return refuse("nothing more belongs to the document");
  }
  const auto left = input_.subspan(position_);
  if (left.empty()) {
    return refuse("the document ends early");
  }
  auto type = static_cast<Type>(left[0] >> 5);
  const auto info = static_cast<std::uint8_t>(left[0] & 31);
  if (info > 27) {
    return refuse("indefinite length or reserved head");
  }
  const auto size = argument_size(info);
  const bool deterministic = limits_.rule == Rule::deterministic;
  if (deterministic && type == Type::simple && (info < kFalse || info > kNull)) {
    return refuse("float or simple value");
  }
  if (type == Type::simple && info > 24) {
    type = Type::floating;
  }
  if (left.size() <= size) {
    return refuse("the document ends early");
  }
  std::uint64_t value = size == 0 ? info : 0;
  for (std::size_t i = 1; i <= size; ++i) {
    value = value << 8 | left[i];
  }
  if (deterministic && value < smallest_argument(size)) {
    return refuse("head is not in the shortest form");
  }
  if (type == Type::simple && size != 0 && value < kFirstLongSimple) {
    return refuse("simple value is not well-formed");
  }
  if (!open_.empty() && open_.back().is_map && open_.back().at_key && !may_be_key(type)) {
    return refuse("map key is neither integer, text nor bytes");
  }
  return Head{type, value, size + 1};
}

Result<Reader::Head> Reader::head(Type wanted) {
  BM_TRY(const auto found, head());
  if (found.type != wanted) {
    return refuse("item has another type");
  }
  return found;
}

/// Takes note of a map key and refuses one that was there before: at once where they come in order, else when the map
/// closes.
Result<void> Reader::key(const Head& head, BytesView whole) {
  if (limits_.rule == Rule::definite) {
    const bool is_string = head.type == Type::bytes || head.type == Type::text;
    keys_.push_back({head.type, is_string ? 0 : head.value, whole.subspan(head.size)});
    return {};
  }
  auto& map = open_.back();
  if (!map.last_key.empty() && !less(map.last_key, whole)) {
    return refuse("map keys are repeated or not in order");
  }
  map.last_key = whole;
  return {};
}

/// Consumes an item without items in it: its head and what the head counts, known to be there.
Result<void> Reader::scalar(const Head& head, std::size_t content_size) {
  if (++items_ > limits_.items_max) {
    return refuse("too many items");
  }
  const auto size = head.size + content_size;
  if (!open_.empty() && open_.back().is_map && open_.back().at_key) {
    BM_CHECK(key(head, input_.subspan(position_, size)));
  }
  position_ += size;
  return complete();
}

/// Consumes the head of a container; what it claims is checked against what can still follow.
Result<void> Reader::open(std::uint64_t items, bool is_map, std::size_t head_size) {
  if (++items_ > limits_.items_max || items > limits_.items_max - items_) {
    return refuse("too many items");
  }
  if (items > input_.size() - position_ - head_size) {
    return refuse("the document ends early");
  }
  if (open_.size() >= limits_.depth_max) {
    return refuse("too deep");
  }
  position_ += head_size;
  if (items == 0) {
    return complete();
  }
  open_.push_back({items, is_map, is_map, {}, keys_.size()});
  return {};
}

/// Forgets the keys of a map that closes, after looking for one that is there twice: sorted, since a list of thousands
/// must not cost its square.
bool Reader::repeats_key(const Frame& map) {
  const auto keys = std::span{keys_}.subspan(map.keys_begin);
  std::ranges::sort(keys, [](const Key& a, const Key& b) {
    if (a.type != b.type || a.value != b.value) {
      return std::pair{a.type, a.value} < std::pair{b.type, b.value};
    }
    return less(a.content, b.content);
  });
  const bool repeats = std::ranges::adjacent_find(keys, [](const Key& a, const Key& b) {
                         return a.type == b.type && a.value == b.value && equal(a.content, b.content);
                       }) != keys.end();
  keys_.resize(map.keys_begin);
  return repeats;
}

/// One whole item has ended: closes every container that it was the last item of.
Result<void> Reader::complete() {
  while (!open_.empty()) {
    auto& frame = open_.back();
    frame.at_key = frame.is_map && !frame.at_key;
    if (--frame.left != 0) {
      return {};
    }
    if (keys_.size() > frame.keys_begin && repeats_key(frame)) {
      return refuse("map keys are repeated");
    }
    open_.pop_back();
  }
  done_ = true;
  return {};
}

Result<Type> Reader::peek() {
  BM_TRY(const auto found, head());
  return found.type;
}

Result<std::uint64_t> Reader::unsigned_int() {
  BM_TRY(const auto found, head(Type::unsigned_int));
  BM_CHECK(scalar(found));
  return found.value;
}

Result<std::int64_t> Reader::integer() {
  BM_TRY(const auto found, head());
  if (found.type != Type::unsigned_int && found.type != Type::negative_int) {
    return refuse("item has another type");
  }
  if (found.value > kInt64Max) {
    return refuse("integer does not fit 64 bits");
  }
  BM_CHECK(scalar(found));
  const auto value = static_cast<std::int64_t>(found.value);
  return found.type == Type::unsigned_int ? value : -1 - value;
}

Result<BytesView> Reader::string(Type type) {
  BM_TRY(const auto found, head(type));
  if (found.value > input_.size() - position_ - found.size) {
    return refuse("the document ends early");
  }
  const auto content = input_.subspan(position_ + found.size, static_cast<std::size_t>(found.value));
  if (type == Type::text && !is_utf8(as_text(content))) {
    return refuse("text is not UTF-8");
  }
  BM_CHECK(scalar(found, content.size()));
  return content;
}

Result<BytesView> Reader::bytes() {
  return string(Type::bytes);
}

Result<std::string_view> Reader::text() {
  BM_TRY(const auto content, string(Type::text));
  return as_text(content);
}

Result<bool> Reader::boolean() {
  BM_TRY(const auto found, head(Type::simple));
  if (found.value != kTrue && found.value != kFalse) {
    return refuse("item has another type");
  }
  BM_CHECK(scalar(found));
  return found.value == kTrue;
}

Result<void> Reader::null() {
  BM_TRY(const auto found, head(Type::simple));
  if (found.value != kNull) {
    return refuse("item has another type");
  }
  return scalar(found);
}

Result<std::uint64_t> Reader::tag() {
  BM_TRY(const auto found, head(Type::tag));
  const bool bignum = found.value == kPositiveBignum || found.value == kNegativeBignum;
  if (bignum && limits_.rule == Rule::deterministic) {
    return refuse("bignum");
  }
  BM_CHECK(open(1, false, found.size));
  return found.value;
}

Result<std::size_t> Reader::enter(Type type) {
  BM_TRY(const auto found, head(type));
  const bool is_map = type == Type::map;
  // Refused here so that doubling the pairs cannot overflow.
  if (found.value > limits_.items_max) {
    return refuse("too many items");
  }
  BM_CHECK(open(is_map ? found.value * 2 : found.value, is_map, found.size));
  return static_cast<std::size_t>(found.value);
}

Result<std::size_t> Reader::array() {
  return enter(Type::array);
}

Result<std::size_t> Reader::map() {
  return enter(Type::map);
}

/// Consumes the next scalar, or the head of the next container.
Result<void> Reader::step() {
  BM_TRY(const auto found, head());
  switch (found.type) {
    case Type::unsigned_int:
    case Type::negative_int:
    case Type::simple:
    case Type::floating:
      return scalar(found);
    case Type::bytes:
    case Type::text:
      BM_CHECK(string(found.type));
      return {};
    case Type::array:
    case Type::map:
      BM_CHECK(enter(found.type));
      return {};
    case Type::tag:
      BM_CHECK(tag());
      return {};
  }
  return refuse("item has no type");
}

Result<void> Reader::skip() {
  const auto level = open_.size();
  do {
    BM_CHECK(step());
  } while (open_.size() > level);
  return {};
}

Result<BytesView> Reader::raw() {
  const auto begin = position_;
  BM_CHECK(skip());
  return input_.subspan(begin, position_ - begin);
}

Result<void> Reader::finish() {
  if (error_) {
    return fail(*error_);
  }
  if (!done_) {
    return refuse("the document is not finished");
  }
  if (position_ != input_.size()) {
    return refuse("bytes are left over");
  }
  return {};
}

std::size_t Writer::begin() const {
  require(!done_, "item after the end of the document");
  return out_.size();
}

void Writer::head(std::uint8_t major, std::uint64_t value) {
  const auto first = static_cast<std::uint8_t>(major << 5);
  if (value < 24) {
    out_.push_back(static_cast<std::uint8_t>(first | value));
    return;
  }
  std::uint8_t info = 24;
  while (info < 27 && value >= smallest_argument(argument_size(static_cast<std::uint8_t>(info + 1)))) {
    ++info;
  }
  out_.push_back(static_cast<std::uint8_t>(first | info));
  for (auto shift = static_cast<int>(argument_size(info) * 8) - 8; shift >= 0; shift -= 8) {
    out_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

/// One whole item, which began at `begin`, has been written.
void Writer::complete(std::size_t begin) {
  while (!open_.empty()) {
    auto& frame = open_.back();
    if (frame.is_map && frame.at_key) {
      const BytesView written{out_};
      const auto key = written.subspan(begin);
      const auto last = written.subspan(frame.key_begin, frame.key_end - frame.key_begin);
      require(may_be_key(static_cast<Type>(key[0] >> 5)), "map key is neither integer, text nor bytes");
      require(last.empty() || less(last, key), "map keys are repeated or not in order");
      frame.key_begin = begin;
      frame.key_end = out_.size();
    }
    frame.at_key = frame.is_map && !frame.at_key;
    if (--frame.left != 0) {
      return;
    }
    begin = frame.key_begin;
    open_.pop_back();
  }
  done_ = true;
}

void Writer::open(std::uint64_t items, bool is_map) {
  require(open_.empty() || !open_.back().at_key, "map key is neither integer, text nor bytes");
  if (items == 0) {
    complete(out_.size());
    return;
  }
  open_.push_back({items, is_map, is_map, 0, 0});
}

Writer& Writer::unsigned_int(std::uint64_t value) {
  const auto at = begin();
  head(number(Major::unsigned_int), value);
  complete(at);
  return *this;
}

Writer& Writer::integer(std::int64_t value) {
  const auto at = begin();
  if (value >= 0) {
    head(number(Major::unsigned_int), static_cast<std::uint64_t>(value));
  } else {
    head(number(Major::negative_int), static_cast<std::uint64_t>(-1 - value));
  }
  complete(at);
  return *this;
}

Writer& Writer::bytes(BytesView value) {
  const auto at = begin();
  head(number(Major::bytes), value.size());
  append(out_, value);
  complete(at);
  return *this;
}

Writer& Writer::text(std::string_view value) {
  const auto at = begin();
  head(number(Major::text), value.size());
  append(out_, as_bytes(value));
  complete(at);
  return *this;
}

Writer& Writer::boolean(bool value) {
  const auto at = begin();
  head(number(Major::simple), value ? kTrue : kFalse);
  complete(at);
  return *this;
}

Writer& Writer::null() {
  const auto at = begin();
  head(number(Major::simple), kNull);
  complete(at);
  return *this;
}

Writer& Writer::tag(std::uint64_t number_of_tag) {
  static_cast<void>(begin());
  head(number(Major::tag), number_of_tag);
  open(1, false);
  return *this;
}

Writer& Writer::array(std::size_t items) {
  static_cast<void>(begin());
  head(number(Major::array), items);
  open(items, false);
  return *this;
}

Writer& Writer::map(std::size_t pairs) {
  static_cast<void>(begin());
  head(number(Major::map), pairs);
  open(std::uint64_t{pairs} * 2, true);
  return *this;
}

Writer& Writer::raw(BytesView item) {
  const auto at = begin();
  require(!item.empty(), "raw item is empty");
  append(out_, item);
  complete(at);
  return *this;
}

Bytes Writer::finish() {
  require(done_, "the document is not finished");
  done_ = false;
  return std::exchange(out_, {});
}

}  // namespace birthmark::cbor
