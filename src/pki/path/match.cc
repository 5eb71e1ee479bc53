// SPDX-License-Identifier: Apache-2.0
#include "pki/path/match.h"

#include <algorithm>

#include "codec/der.h"
#include "codec/name.h"

namespace birthmark::pki::path {
namespace {

constexpr std::uint8_t kBmpString = 0x1E;

void put_utf8(std::string& out, std::uint32_t character) {
  if (character < 0x80) {
    out += static_cast<char>(character);
  } else if (character < 0x800) {
    out += static_cast<char>(0xC0 | character >> 6);
    out += static_cast<char>(0x80 | (character & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | character >> 12);
    out += static_cast<char>(0x80 | (character >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (character & 0x3F));
  }
}

std::string as_utf8(std::uint8_t tag, BytesView value) {
  if (tag != kBmpString) {
    return std::string{as_text(value)};
  }
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i + 1 < value.size(); i += 2) {
    put_utf8(out, static_cast<std::uint32_t>(value[i] << 8 | value[i + 1]));
  }
  return out;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// RFC 4518 §2.2, §2.6.1, for what is ASCII.
std::string prepared(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_space(c)) {
      if (!out.empty() && out.back() != ' ') {
        out += ' ';
      }
      continue;
    }
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (!out.empty() && out.back() == ' ') {
    out.pop_back();
  }
  return out;
}

/// A length before each part keeps parts from running into each other.
void put_part(std::string& out, std::string_view part) {
  out += static_cast<char>(part.size() >> 8);
  out += static_cast<char>(part.size() & 0xFF);
  out += part;
}

std::string one_rdn(std::vector<std::string> attributes) {
  std::ranges::sort(attributes);
  std::string out;
  for (const auto& attribute : attributes) {
    out += attribute;
  }
  return out;
}

}  // namespace

Result<MatchName> MatchName::of(BytesView whole) {
  BM_TRY(const auto attributes, x509::read_name(whole));
  MatchName name;
  std::vector<std::string> same_rdn;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    std::string one;
    put_part(one, as_text(attributes[i].type));
    put_part(one, prepared(as_utf8(attributes[i].tag, attributes[i].value)));
    same_rdn.push_back(std::move(one));
    if (i + 1 == attributes.size() || attributes[i + 1].rdn != attributes[i].rdn) {
      name.rdns_.push_back(one_rdn(std::exchange(same_rdn, {})));
    }
  }
  return name;
}

Result<MatchName> MatchName::with(BytesView rdn) const {
  der::Writer wrapped{rdn.size() + 16};
  wrapped.open(der::tag::sequence).primitive(der::tag::set, rdn).close();
  BM_TRY(const auto last, of(std::move(wrapped).finish()));
  MatchName name = *this;
  name.rdns_.insert(name.rdns_.end(), last.rdns_.begin(), last.rdns_.end());
  return name;
}

bool MatchName::is_within(const MatchName& base) const {
  return base.rdns_.size() <= rdns_.size() && std::equal(base.rdns_.begin(), base.rdns_.end(), rdns_.begin());
}

std::string MatchName::key() const {
  std::string out;
  for (const auto& rdn : rdns_) {
    put_part(out, rdn);
  }
  return out;
}

}  // namespace birthmark::pki::path
