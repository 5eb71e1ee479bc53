// SPDX-License-Identifier: Apache-2.0
#include "codec/cmw.h"

#include <algorithm>
#include <boost/json.hpp>
#include <limits>

#include "codec/base64.h"
#include "codec/cbor.h"
#include "codec/der.h"
#include "codec/json.h"

namespace birthmark::cmw {
namespace {

constexpr std::string_view kCollectionType = "__cmwc_t";
constexpr std::uint64_t kFirstTag = 1668546817;  // RFC 9277 §4.3
constexpr std::uint64_t kFormatsMax = 65025;     // content formats that have a tag: 0 to 65024
constexpr std::size_t kTypeMaxBytes = 256;
constexpr std::uint64_t kAllIndicators =
    reference_values | endorsements | evidence | attestation_results | appraisal_policy;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_evidence, std::string{"CMW: "} + what);
}

/// type "/" subtype, and whatever parameters behind (RFC 9110 §8.3.1), in visible ASCII; looser than its grammar, since
/// nothing is chosen by a type that is not known exactly.
bool is_media_type(std::string_view text) {
  const auto slash = text.find('/');
  return text.size() <= kTypeMaxBytes && slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

Result<Type> type_named(std::string_view text) {
  if (!is_media_type(text)) {
    return refuse("the type is no media type");
  }
  return Type{std::string{text}};
}

Result<std::uint8_t> indicators_of(std::uint64_t number) {
  if (number == 0 || (number & ~kAllIndicators) != 0) {
    return refuse("ind says nothing, or what is not known");
  }
  return static_cast<std::uint8_t>(number);
}

// --- CBOR ---

Result<Type> read_type(cbor::Reader& in) {
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::text) {
    BM_TRY(const auto text, in.text());
    return type_named(text);
  }
  BM_TRY(const auto number, in.unsigned_int());
  if (number > std::numeric_limits<std::uint16_t>::max()) {
    return refuse("no content format of CoAP");
  }
  return Type{static_cast<std::uint16_t>(number)};
}

Result<Record> read_record(cbor::Reader& in) {
  BM_TRY(const auto fields, in.array());
  if (fields != 2 && fields != 3) {
    return refuse("a record has two or three fields");
  }
  Record out;
  BM_TRY(out.type, read_type(in));
  BM_TRY(const auto value, in.bytes());
  out.value = to_bytes(value);
  if (fields == 3) {
    BM_TRY(const auto number, in.unsigned_int());
    BM_TRY(out.indicators, indicators_of(number));
  }
  return out;
}

Result<Record> read_tagged(cbor::Reader& in) {
  BM_TRY(const auto tag, in.tag());
  const auto format = content_format_of(tag);
  if (!format) {
    return refuse("the tag stands for no content format");
  }
  BM_TRY(const auto value, in.bytes());
  return Record{*format, to_bytes(value)};
}

Result<Wrapper> read_any(cbor::Reader& in, std::size_t level);

Result<Entry> read_entry(cbor::Reader& in, std::variant<std::int64_t, std::string> label, std::size_t level) {
  BM_TRY(auto message, read_any(in, level));
  return Entry{std::move(label), std::move(message)};
}

Result<Collection> read_collection(cbor::Reader& in, std::size_t level) {
  BM_TRY(const auto pairs, in.map());
  if (pairs > kEntriesMax || level == kLevelsMax) {
    return refuse("a collection is too large or too deep");
  }
  Collection out;
  for (std::size_t i = 0; i < pairs; ++i) {
    BM_TRY(const auto type, in.peek());
    if (type != cbor::Type::text) {
      BM_TRY(const auto number, in.integer());
      BM_TRY(auto entry, read_entry(in, number, level + 1));
      out.entries.push_back(std::move(entry));
      continue;
    }
    BM_TRY(const auto text, in.text());
    if (text == kCollectionType) {
      BM_TRY(const auto named, in.text());
      out.type = std::string{named};
      continue;
    }
    BM_TRY(auto entry, read_entry(in, std::string{text}, level + 1));
    out.entries.push_back(std::move(entry));
  }
  return out.entries.empty() ? Result<Collection>{refuse("a collection is empty")} : Result<Collection>{std::move(out)};
}

Result<Wrapper> read_any(cbor::Reader& in, std::size_t level) {
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::map) {
    BM_TRY(auto collection, read_collection(in, level));
    return Wrapper{std::move(collection)};
  }
  BM_TRY(auto record, type == cbor::Type::tag ? read_tagged(in) : read_record(in));
  return Wrapper{std::move(record)};
}

// --- JSON ---

Result<Wrapper> from_json(const boost::json::value& value, std::size_t level);

Result<std::uint64_t> small_number(const boost::json::value& value) {
  if (value.is_int64() && value.get_int64() >= 0) {
    return static_cast<std::uint64_t>(value.get_int64());
  }
  return refuse("ind is no number");
}

Result<Record> record_from_json(const boost::json::array& fields) {
  if ((fields.size() != 2 && fields.size() != 3) || !fields[0].is_string() || !fields[1].is_string()) {
    return refuse("a record has a type, a value and perhaps ind");
  }
  Record out;
  BM_TRY(out.type, type_named(fields[0].get_string()));
  auto decoded = base64::decode_url(fields[1].get_string(), kMaxBytes);
  if (!decoded) {
    return refuse("the value is no base64url");
  }
  out.value = std::move(*decoded);
  if (fields.size() == 3) {
    BM_TRY(const auto number, small_number(fields[2]));
    BM_TRY(out.indicators, indicators_of(number));
  }
  return out;
}

Result<Collection> collection_from_json(const boost::json::object& members, std::size_t level) {
  if (members.size() > kEntriesMax || level == kLevelsMax) {
    return refuse("a collection is too large or too deep");
  }
  Collection out;
  for (const auto& member : members) {
    if (member.key() == kCollectionType) {
      if (!member.value().is_string()) {
        return refuse("the type of a collection is no text");
      }
      out.type = std::string{member.value().get_string()};
      continue;
    }
    BM_TRY(auto message, from_json(member.value(), level + 1));
    out.entries.push_back({std::string{member.key()}, std::move(message)});
  }
  return out.entries.empty() ? Result<Collection>{refuse("a collection is empty")} : Result<Collection>{std::move(out)};
}

Result<Wrapper> from_json(const boost::json::value& value, std::size_t level) {
  if (value.is_object()) {
    BM_TRY(auto collection, collection_from_json(value.get_object(), level));
    return Wrapper{std::move(collection)};
  }
  if (!value.is_array()) {
    return refuse("neither record nor collection");
  }
  BM_TRY(auto record, record_from_json(value.get_array()));
  return Wrapper{std::move(record)};
}

}  // namespace

std::uint64_t tag_of(std::uint16_t content_format) {
  return kFirstTag + content_format / 255 * 256U + content_format % 255;
}

std::optional<std::uint16_t> content_format_of(std::uint64_t tag) {
  if (tag < kFirstTag) {
    return std::nullopt;
  }
  const auto offset = tag - kFirstTag;
  const auto format = offset / 256 * 255 + offset % 256;
  // Each 256th tag is left out, so that every octet of it but the first differs from FF.
  if (offset % 256 == 255 || format >= kFormatsMax) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(format);
}

Result<Wrapper> read_cbor(BytesView input) {
  cbor::Reader in{input, {.bytes_max = kMaxBytes, .rule = cbor::Rule::definite}};
  BM_TRY(auto out, read_any(in, 0));
  BM_CHECK(in.finish());
  return out;
}

Result<Wrapper> read_json(std::string_view text) {
  const auto read = json::read(text, {.bytes_max = kMaxBytes});
  if (!read) {
    return fail(Code::bad_evidence, "CMW: " + read.error().detail);
  }
  return from_json(*read, 0);
}

Result<Wrapper> read_extension(BytesView value) {
  der::Reader in{value};
  const auto element = in.any();
  if (!element || !in.empty()) {
    return refuse("the extension is not one element");
  }
  if (element->tag == der::tag::utf8_string) {
    return read_json(as_text(element->contents));
  }
  if (element->tag == der::tag::octet_string) {
    return read_cbor(element->contents);
  }
  return refuse("the extension is neither UTF8String nor OCTET STRING");
}

Bytes write(const Record& record) {
  cbor::Writer out;
  out.array(record.indicators == 0 ? 2 : 3);
  if (const auto* const number = std::get_if<std::uint16_t>(&record.type)) {
    out.unsigned_int(*number);
  } else {
    out.text(std::get<std::string>(record.type));
  }
  out.bytes(record.value);
  if (record.indicators != 0) {
    out.unsigned_int(record.indicators);
  }
  return out.finish();
}

}  // namespace birthmark::cmw
