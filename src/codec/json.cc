// SPDX-License-Identifier: Apache-2.0
#include "codec/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <limits>

#include "codec/base64.h"

namespace birthmark::json {
namespace {

using boost::json::error_code;

/// Builds the value while it counts. Boost's own parser lets the last of two members with one name win and rounds
/// numbers on its own; both are decided here instead.
class Handler {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  explicit Handler(const Limits& limits) : limits_{limits} { values_.reset(); }

  const char* refusal() const { return refusal_; }
  boost::json::value release() { return values_.release(); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code& error) { return count(error); }
  bool on_array_end(std::size_t items, error_code&) {
    values_.push_array(items);
    return true;
  }
  bool on_object_begin(error_code& error) {
    names_.emplace_back();
    return count(error);
  }
  bool on_object_end(std::size_t pairs, error_code& error) {
    // Sorted once at the end: a set of names that hash alike must not make this quadratic.
    auto& names = names_.back();
    std::ranges::sort(names);
    if (std::ranges::adjacent_find(names) != names.end()) {
      return refuse("a member is named twice", error);
    }
    names_.pop_back();
    values_.push_object(pairs);
    return true;
  }
  bool on_key_part(boost::json::string_view part, std::size_t size, error_code& error) {
    if (size > limits_.string_max) {
      return refuse("member name is too long", error);
    }
    name_.append(part.data(), part.size());
    values_.push_chars(part);
    return true;
  }
  bool on_key(boost::json::string_view part, std::size_t size, error_code& error) {
    if (size > limits_.string_max) {
      return refuse("member name is too long", error);
    }
    name_.append(part.data(), part.size());
    names_.back().push_back(std::exchange(name_, {}));
    values_.push_key(part);
    return true;
  }
  bool on_string_part(boost::json::string_view part, std::size_t size, error_code& error) {
    if (size > limits_.string_max) {
      return refuse("string is too long", error);
    }
    values_.push_chars(part);
    return true;
  }
  bool on_string(boost::json::string_view part, std::size_t size, error_code& error) {
    if (size > limits_.string_max) {
      return refuse("string is too long", error);
    }
    values_.push_string(part);
    return count(error);
  }
  bool on_number_part(boost::json::string_view part, error_code&) {
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, boost::json::string_view, error_code& error) {
    number_.clear();
    values_.push_int64(value);
    return count(error);
  }
  bool on_uint64(std::uint64_t value, boost::json::string_view, error_code& error) {
    number_.clear();
    values_.push_uint64(value);
    return count(error);
  }
  bool on_double(double, boost::json::string_view part, error_code& error) {
    number_.append(part.data(), part.size());
    const auto text = std::exchange(number_, {});
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size()) {
      return refuse("number is out of range", error);
    }
    values_.push_double(value);
    return count(error);
  }
  bool on_bool(bool value, error_code& error) {
    values_.push_bool(value);
    return count(error);
  }
  bool on_null(error_code& error) {
    values_.push_null();
    return count(error);
  }
  bool on_comment_part(boost::json::string_view, error_code&) { return false; }
  bool on_comment(boost::json::string_view, error_code&) { return false; }

 private:
  bool refuse(const char* why, error_code& error) {
    refusal_ = why;
    error = boost::json::error::syntax;
    return false;
  }
  bool count(error_code& error) { return ++items_ <= limits_.items_max || refuse("too many values", error); }

  Limits limits_;
  std::size_t items_ = 0;
  const char* refusal_ = nullptr;
  std::vector<std::vector<std::string>> names_;  ///< of the members seen so far, for each open object
  std::string name_;
  std::string number_;
  boost::json::value_stack values_;
};

/// Names in messages are the caller's text: shown only if they are plain.
std::string shown(std::string_view name) {
  constexpr std::size_t kShownMax = 64;
  const bool plain = !name.empty() && name.size() <= kShownMax && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return plain ? std::string{name} : std::string{"(not a plain name)"};
}

tl::unexpected<Error> bad(std::string_view name, const char* what) {
  return fail(Code::bad_json, shown(name) + ": " + what);
}

}  // namespace

Result<boost::json::value> read(std::string_view text, Limits limits) {
  if (text.empty() || text.size() > limits.bytes_max) {
    return fail(Code::bad_json, "document is empty or too long");
  }
  boost::json::parse_options options;
  options.max_depth = limits.depth_max;
  boost::json::basic_parser<Handler> parser{options, limits};
  error_code error;
  const auto consumed = parser.write_some(false, text.data(), text.size(), error);
  if (error) {
    const char* refusal = parser.handler().refusal();
    return fail(Code::bad_json, refusal != nullptr ? refusal : error.message());
  }
  if (consumed != text.size()) {
    return fail(Code::bad_json, "bytes are left over");
  }
  return parser.handler().release();
}

Result<boost::json::value> read(BytesView text, Limits limits) {
  return read(as_text(text), limits);
}

std::string write(const boost::json::value& value) {
  return boost::json::serialize(value);
}

Result<Object> Object::of(const boost::json::value& value) {
  const auto* members = value.if_object();
  if (members == nullptr) {
    return fail(Code::bad_json, "not an object");
  }
  return Object{*members};
}

const boost::json::value* Object::find(std::string_view name) {
  known_.push_back(name);
  return members_->if_contains({name.data(), name.size()});
}

Result<const boost::json::value*> Object::value(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr) {
    return bad(name, "is missing");
  }
  return found;
}

Result<std::string_view> Object::text(std::string_view name) {
  BM_TRY(const auto* found, value(name));
  const auto* string = found->if_string();
  if (string == nullptr) {
    return bad(name, "is not a string");
  }
  return std::string_view{string->data(), string->size()};
}

Result<std::uint64_t> Object::unsigned_int(std::string_view name) {
  BM_TRY(const auto* found, value(name));
  if (found->is_uint64()) {
    return found->get_uint64();
  }
  if (found->is_int64() && found->get_int64() >= 0) {
    return static_cast<std::uint64_t>(found->get_int64());
  }
  return bad(name, "is not an unsigned integer");
}

Result<std::int64_t> Object::integer(std::string_view name) {
  BM_TRY(const auto* found, value(name));
  if (!found->is_int64()) {
    return bad(name, "is not an integer of 64 bits");
  }
  return found->get_int64();
}

Result<bool> Object::boolean(std::string_view name) {
  BM_TRY(const auto* found, value(name));
  if (!found->is_bool()) {
    return bad(name, "is neither true nor false");
  }
  return found->get_bool();
}

Result<Bytes> Object::hex(std::string_view name, std::size_t size) {
  BM_TRY(const auto string, text(name));
  if (string.size() != size * 2) {
    return bad(name, "has the wrong length");
  }
  auto decoded = from_hex(string);
  if (!decoded) {
    return bad(name, "is not hex");
  }
  return std::move(*decoded);
}

Result<Bytes> Object::base64(std::string_view name, std::size_t size_max) {
  BM_TRY(const auto string, text(name));
  auto decoded = birthmark::base64::decode(string, size_max);
  if (!decoded) {
    return bad(name, "is not base64, or too long");
  }
  return std::move(*decoded);
}

Result<Instant> Object::instant(std::string_view name) {
  BM_TRY(const auto string, text(name));
  const auto moment = from_rfc3339(string);
  if (!moment) {
    return bad(name, "is not a time of RFC 3339 in UTC");
  }
  return *moment;
}

Result<Object> Object::object(std::string_view name) {
  BM_TRY(const auto* found, value(name));
  if (!found->is_object()) {
    return bad(name, "is not an object");
  }
  return of(*found);
}

Result<const boost::json::array*> Object::array(std::string_view name) {
  BM_TRY(const auto* found, value(name));
  if (!found->is_array()) {
    return bad(name, "is not an array");
  }
  return &found->get_array();
}

template <class T, class Take>
Result<std::optional<T>> Object::optional(std::string_view name, Take take) {
  const auto* found = find(name);
  if (found == nullptr || found->is_null()) {
    return std::optional<T>{};
  }
  BM_TRY(auto taken, take());
  return std::optional<T>{std::move(taken)};
}

Result<std::optional<std::string_view>> Object::optional_text(std::string_view name) {
  return optional<std::string_view>(name, [&] { return text(name); });
}

Result<std::optional<std::uint64_t>> Object::optional_unsigned_int(std::string_view name) {
  return optional<std::uint64_t>(name, [&] { return unsigned_int(name); });
}

Result<std::optional<std::int64_t>> Object::optional_integer(std::string_view name) {
  return optional<std::int64_t>(name, [&] { return integer(name); });
}

Result<std::optional<bool>> Object::optional_boolean(std::string_view name) {
  return optional<bool>(name, [&] { return boolean(name); });
}

Result<std::optional<Bytes>> Object::optional_hex(std::string_view name, std::size_t size) {
  return optional<Bytes>(name, [&] { return hex(name, size); });
}

Result<std::optional<Bytes>> Object::optional_base64(std::string_view name, std::size_t size_max) {
  return optional<Bytes>(name, [&] { return base64(name, size_max); });
}

Result<std::optional<Instant>> Object::optional_instant(std::string_view name) {
  return optional<Instant>(name, [&] { return instant(name); });
}

Result<std::optional<Object>> Object::optional_object(std::string_view name) {
  return optional<Object>(name, [&] { return object(name); });
}

Result<const boost::json::array*> Object::optional_array(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr || found->is_null()) {
    return nullptr;
  }
  return array(name);
}

Result<void> Object::finish() const {
  for (const auto& member : *members_) {
    const std::string_view name{member.key().data(), member.key().size()};
    if (std::ranges::find(known_, name) == known_.end()) {
      return bad(name, "is not a member known here");
    }
  }
  return {};
}

}  // namespace birthmark::json
