// SPDX-License-Identifier: Apache-2.0
#include "pki/path/host.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace birthmark::pki::path {
namespace {

using x509::GeneralName;
using x509::GeneralNameKind;

constexpr std::size_t kDnsNameMax = 253, kLabelMax = 63;
constexpr std::size_t kIpv6Octets = 16, kIpv6Groups = 8;

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelMax && is_alnum(label.front()) && is_alnum(label.back()) &&
         std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
}

std::optional<std::uint8_t> decimal_octet(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || end != text.data() + text.size() || value > 0xFF || leading_zero) {
    return std::nullopt;
  }
  return static_cast<std::uint8_t>(value);
}

std::optional<Bytes> read_ipv4(std::string_view text) {
  Bytes out;
  while (out.size() < 4) {
    const auto dot = text.find('.');
    const bool last = out.size() == 3;
    const auto octet = decimal_octet(text.substr(0, dot));
    if (!octet || last != (dot == std::string_view::npos)) {
      return std::nullopt;
    }
    out.push_back(*octet);
    text.remove_prefix(last ? text.size() : dot + 1);
  }
  return out;
}

/// The groups of one side of "::". The last group of the right side may be an IPv4 address.
std::optional<Bytes> read_groups(std::string_view text) {
  Bytes out;
  while (!text.empty()) {
    const auto colon = text.find(':');
    const auto group = text.substr(0, colon);
    if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      const auto v4 = read_ipv4(group);
      if (!v4) {
        return std::nullopt;
      }
      append(out, *v4);
      return out;
    }
    unsigned value = 0;
    const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (group.empty() || group.size() > 4 || error != std::errc{} || end != group.data() + group.size() ||
        out.size() >= kIpv6Octets) {
      return std::nullopt;
    }
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value & 0xFF));
    if (colon == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(colon + 1);
    if (text.empty()) {
      return std::nullopt;  // ends with one colon
    }
  }
  return out;
}

std::optional<Bytes> read_ipv6(std::string_view text) {
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) {
    auto whole = read_groups(text);
    return whole && whole->size() == kIpv6Octets ? whole : std::nullopt;
  }
  const auto left = read_groups(text.substr(0, gap));
  const auto right = read_groups(text.substr(gap + 2));
  if (!left || !right || left->size() + right->size() > kIpv6Octets - 2) {
    return std::nullopt;
  }
  Bytes out = *left;
  out.resize(kIpv6Octets - right->size());
  append(out, *right);
  return out;
}

/// RFC 9525 §6.3: a pattern's "*" stands for exactly one label.
bool dns_matches(std::string_view presented, std::string_view wanted) {
  const auto pattern = lower(presented), host = lower(wanted);
  if (!pattern.starts_with("*.")) {
    return pattern == host;
  }
  const auto dot = host.find('.');
  return dot != std::string::npos && std::string_view{host}.substr(dot) == std::string_view{pattern}.substr(1);
}

/// The local part is compared as it is, the host without regard to case (RFC 5280 §7.5).
bool mailbox_matches(std::string_view presented, std::string_view wanted) {
  const auto a = presented.rfind('@'), b = wanted.rfind('@');
  return a != std::string_view::npos && b != std::string_view::npos && presented.substr(0, a) == wanted.substr(0, b) &&
         lower(presented.substr(a)) == lower(wanted.substr(b));
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > kDnsNameMax) {
    return false;
  }
  while (true) {
    const auto dot = name.find('.');
    if (!is_label(name.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    name.remove_prefix(dot + 1);
  }
}

bool is_dns_pattern(std::string_view name) {
  return is_dns_name(name.starts_with("*.") ? name.substr(2) : name);
}

bool is_mailbox(std::string_view text) {
  const auto at = text.find('@');
  return at != std::string_view::npos && at != 0 && is_dns_name(text.substr(at + 1));
}

bool is_absolute_uri(std::string_view text) {
  const auto colon = text.find(':');
  const auto scheme = text.substr(0, colon);
  const auto in_scheme = [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; };
  return colon != std::string_view::npos && colon != 0 && colon + 1 < text.size() && is_alnum(scheme.front()) &&
         !(scheme.front() >= '0' && scheme.front() <= '9') && std::ranges::all_of(scheme, in_scheme);
}

std::optional<std::string_view> host_of_uri(std::string_view uri) {
  const auto colon = uri.find(':');
  if (!is_absolute_uri(uri) || uri.substr(colon + 1, 2) != "//") {
    return std::nullopt;
  }
  auto authority = uri.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const auto user = authority.rfind('@'); user != std::string_view::npos) {
    authority.remove_prefix(user + 1);
  }
  // An address in brackets keeps them, and so is no host name.
  const auto port = authority.starts_with('[') ? authority.find(':', authority.find(']')) : authority.find(':');
  const auto host = authority.substr(0, port);
  return host.empty() ? std::nullopt : std::optional{host};
}

std::optional<Bytes> read_ip(std::string_view text) {
  return text.find(':') == std::string_view::npos ? read_ipv4(text) : read_ipv6(text);
}

std::string ip_text(BytesView address) {
  std::string out;
  if (address.size() == 4) {
    for (const auto octet : address) {
      out += (out.empty() ? "" : ".") + std::to_string(octet);
    }
    return out;
  }
  std::array<unsigned, kIpv6Groups> groups{};
  for (std::size_t i = 0; i < kIpv6Groups && 2 * i + 1 < address.size(); ++i) {
    groups.at(i) = static_cast<unsigned>(address[2 * i] << 8 | address[2 * i + 1]);
  }
  // §4.2.2, §4.2.3: the longest run of zeros, of two at least; the first of several.
  std::size_t gap = kIpv6Groups, gap_size = 1;
  for (std::size_t i = 0; i < kIpv6Groups; ++i) {
    std::size_t size = 0;
    while (i + size < kIpv6Groups && groups.at(i + size) == 0) {
      ++size;
    }
    if (size > gap_size) {
      gap = i;
      gap_size = size;
    }
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  for (std::size_t i = 0; i < kIpv6Groups; ++i) {
    if (i == gap) {
      out += "::";
      i += gap_size - 1;
      continue;
    }
    out += out.empty() || out.back() == ':' ? "" : ":";
    bool begun = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
      const auto digit = groups.at(i) >> shift & 0xF;
      begun = begun || digit != 0 || shift == 0;
      out += begun ? std::string{kHex[digit]} : std::string{};
    }
  }
  return out;
}

Result<bool> names_host(std::span<const GeneralName> names, const Host& host) {
  const auto any = [&](GeneralNameKind kind, auto matches) {
    return std::ranges::any_of(names, [&](const GeneralName& one) { return one.kind == kind && matches(one.value); });
  };
  switch (host.kind) {
    case Host::Kind::dns:
      if (!is_dns_name(host.value)) {
        return fail(Code::bad_request, "no host name: " + host.value);
      }
      return any(GeneralNameKind::dns, [&](BytesView one) { return dns_matches(as_text(one), host.value); });
    case Host::Kind::ip: {
      const auto address = read_ip(host.value);
      if (!address) {
        return fail(Code::bad_request, "no address: " + host.value);
      }
      return any(GeneralNameKind::ip, [&](BytesView one) { return equal(one, *address); });
    }
    case Host::Kind::email:
      if (!is_mailbox(host.value)) {
        return fail(Code::bad_request, "no mailbox: " + host.value);
      }
      return any(GeneralNameKind::rfc822, [&](BytesView one) { return mailbox_matches(as_text(one), host.value); });
  }
  return fail(Code::bad_request, "kind of host");
}

}  // namespace birthmark::pki::path
