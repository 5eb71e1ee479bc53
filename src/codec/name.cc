// SPDX-License-Identifier: Apache-2.0
#include "codec/name.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "codec/der.h"
#include "codec/oid.h"
#include "codec/utf8.h"

namespace birthmark::x509 {
namespace {

constexpr std::uint8_t kNumericString = 0x12, kTeletexString = 0x14, kBmpString = 0x1E;
constexpr std::size_t kDisplayMax = 1024;
constexpr std::size_t kAttributesUsual = 8;

bool is_digit(std::uint8_t c) {
  return c >= '0' && c <= '9';
}

bool is_ascii(std::uint8_t c) {
  return c < 0x80;
}

/// X.680 §41.4, of each octet: asked of nearly every character that is read.
constexpr auto kPrintable = [] {
  std::array<bool, 256> printable{};
  for (const char c : std::string_view{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 '()+,-./:=?"}) {
    printable.at(static_cast<std::uint8_t>(c)) = true;
  }
  return printable;
}();

bool is_printable_string(std::uint8_t c) {
  return kPrintable[c];
}

/// UCS-2 without NUL and without surrogates, which are no characters of it.
bool is_bmp(BytesView contents) {
  if (contents.size() % 2 != 0) {
    return false;
  }
  for (std::size_t i = 0; i < contents.size(); i += 2) {
    const bool nul = contents[i] == 0 && contents[i + 1] == 0;
    if (nul || (contents[i] >= 0xD8 && contents[i] <= 0xDF)) {
      return false;
    }
  }
  return true;
}

bool characters_allowed(std::uint8_t tag, BytesView contents) {
  const auto has_nul = [&] { return std::ranges::find(contents, std::uint8_t{0}) != contents.end(); };
  switch (tag) {
    case der::tag::utf8_string:
      return !has_nul() && is_utf8(as_text(contents));
    case der::tag::printable_string:
      return std::ranges::all_of(contents, is_printable_string);
    case der::tag::ia5_string:
    case kTeletexString:
      return !has_nul() && std::ranges::all_of(contents, is_ascii);
    case kNumericString:
      return std::ranges::all_of(contents, [](std::uint8_t c) { return is_digit(c) || c == ' '; });
    case kBmpString:
      return is_bmp(contents);
  }
  return false;
}

/// Reads the attributes of one RDN into `out`.
Result<void> read_rdn(der::Reader rdn, std::size_t index, const NameRules& rules, std::vector<NameAttribute>& out) {
  BytesView previous;
  if (rdn.empty()) {
    return fail(Code::bad_request, "empty RDN");
  }
  while (!rdn.empty()) {
    if (out.size() == kNameAttributesMax) {
      return fail(Code::bad_request, "name with too many attributes");
    }
    BM_TRY(const auto element, rdn.any());
    if (rules.set_order == NameRules::SetOrder::sorted &&
        std::ranges::lexicographical_compare(element.whole, previous)) {
      return fail(Code::bad_request, "RDN not in DER order");
    }
    previous = element.whole;
    BM_TRY(auto fields, der::read_one(element.whole, der::tag::sequence));
    NameAttribute attribute;
    attribute.rdn = index;
    BM_TRY(attribute.type, fields.oid());
    BM_TRY(const auto value, fields.any());
    BM_CHECK(fields.finish());
    BM_CHECK(check_string(value.tag, value.contents, rules.value_max_bytes));
    attribute.tag = value.tag;
    attribute.value = value.contents;
    out.push_back(attribute);
  }
  return {};
}

struct ShortName {
  BytesView type;
  std::string_view text;
};

/// RFC 4514 §3, and the names that devices carry.
std::string type_text(BytesView type) {
  static constexpr std::array kShortNames{ShortName{oids::common_name, "CN"}, ShortName{oids::organization, "O"},
                                          ShortName{oids::organizational_unit, "OU"}, ShortName{oids::country, "C"},
                                          ShortName{oids::serial_number, "serialNumber"}};
  for (const auto& known : kShortNames) {
    if (equal(known.type, type)) {
      return std::string{known.text};
    }
  }
  // The dotted form may hold the mark of an unprintable arc, which is not ASCII.
  const auto dotted = oid_text(type);
  return std::ranges::all_of(dotted, [](char c) { return c == '.' || (c >= '0' && c <= '9'); }) ? dotted : "OID";
}

/// RFC 4514 §2.4, and everything outside printable ASCII as hex pairs.
std::string escaped(BytesView value) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::uint8_t c = value[i];
    if (c < 0x20 || c > 0x7E) {
      out.append({'\\', kHex[c >> 4], kHex[c & 0x0F]});
      continue;
    }
    const bool at_edge = (i == 0 && (c == ' ' || c == '#')) || (i + 1 == value.size() && c == ' ');
    if (at_edge || std::string_view{"\"+,;<>\\="}.find(static_cast<char>(c)) != std::string_view::npos) {
      out += '\\';
    }
    out += static_cast<char>(c);
  }
  return out;
}

}  // namespace

Result<void> check_string(std::uint8_t tag, BytesView contents, std::size_t value_max_bytes) {
  if (contents.empty() || contents.size() > value_max_bytes) {
    return fail(Code::bad_request, "string empty or too long");
  }
  if (!characters_allowed(tag, contents)) {
    return fail(Code::bad_request, "string type, or characters that its type does not have");
  }
  return {};
}

Result<std::vector<NameAttribute>> read_name(BytesView whole, NameRules rules) {
  BM_TRY(auto rdns, der::read_one(whole, der::tag::sequence));
  std::vector<NameAttribute> attributes;
  attributes.reserve(kAttributesUsual);
  for (std::size_t index = 0; !rdns.empty(); ++index) {
    BM_TRY(const auto rdn, rdns.enter(der::tag::set));
    BM_CHECK(read_rdn(rdn, index, rules, attributes));
  }
  return attributes;
}

std::optional<NameAttribute> find_only_attribute(std::span<const NameAttribute> attributes, BytesView type) {
  std::optional<NameAttribute> found;
  for (const auto& attribute : attributes) {
    if (!equal(attribute.type, type)) {
      continue;
    }
    if (found) {
      return std::nullopt;
    }
    found = attribute;
  }
  return found;
}

Result<Bytes> write_name(std::span<const NamePart> parts) {
  if (parts.size() > kNameAttributesMax) {
    return fail(Code::bad_request, "name with too many attributes");
  }
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto& part : parts) {
    BM_CHECK(check_string(part.tag, as_bytes(part.text), NameRules{}.value_max_bytes));
    out.open(der::tag::set).open(der::tag::sequence).oid(part.type).text(part.tag, part.text).close().close();
  }
  out.close();
  return std::move(out).finish();
}

std::string display_name(BytesView whole) {
  const auto attributes = read_name(whole);
  if (!attributes) {
    return "(unreadable name)";
  }
  // RFC 4514 §2.1: the last RDN first; the attributes of one RDN keep their order.
  std::string out;
  for (std::size_t end = attributes->size(); end > 0;) {
    std::size_t begin = end - 1;
    while (begin > 0 && (*attributes)[begin - 1].rdn == (*attributes)[end - 1].rdn) {
      --begin;
    }
    for (std::size_t i = begin; i < end; ++i) {
      const auto& attribute = (*attributes)[i];
      out.append(out.empty() ? "" : i == begin ? "," : "+").append(type_text(attribute.type)).append("=");
      out.append(escaped(attribute.value));
    }
    end = begin;
  }
  if (out.size() > kDisplayMax) {
    out.replace(kDisplayMax - 3, std::string::npos, "...");
  }
  return out;
}

}  // namespace birthmark::x509
