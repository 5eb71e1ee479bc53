// SPDX-License-Identifier: Apache-2.0
#include "pki/path/name_constraints.h"

#include <algorithm>

#include "codec/name.h"
#include "pki/path/host.h"

namespace birthmark::pki::path {
namespace {

using x509::GeneralName;
using x509::GeneralNameKind;

/// What is asked of a name and a base. A name that is a pattern stands for many: it is within a permitted base only if
/// all of them are, and within an excluded one if any is.
enum class Question : std::uint8_t { is_all_within, is_any_within };

/// `host` is `base`, or ends with "." and `base`. Both in lower case; an empty base is every host.
bool is_at_or_below(std::string_view host, std::string_view base) {
  return base.empty() || host == base ||
         (host.size() > base.size() && host.ends_with(base) && host[host.size() - base.size() - 1] == '.');
}

/// dNSName: the base and whatever has labels before it.
bool dns_within(std::string_view name, std::string_view base, Question question) {
  const auto host = lower(name), subtree = lower(base);
  if (!host.starts_with("*.")) {
    return is_at_or_below(host, subtree);
  }
  const auto parent = std::string_view{host}.substr(2);
  if (is_at_or_below(parent, subtree)) {
    return true;
  }
  // "*.example.com" stands for "foo.example.com" among others.
  const auto dot = subtree.find('.');
  return question == Question::is_any_within && dot != std::string::npos &&
         std::string_view{subtree}.substr(dot + 1) == parent;
}

/// uniformResourceIdentifier and the host of a mailbox: ".example.com" is every host below, "example.com" that host.
bool host_within(std::string_view host, std::string_view base) {
  const auto name = lower(host), subtree = lower(base);
  return subtree.starts_with('.') ? name.size() > subtree.size() && name.ends_with(subtree) : name == subtree;
}

/// rfc822Name: a mailbox, all mailboxes of a host, or those of every host below.
bool mailbox_within(std::string_view mailbox, std::string_view base) {
  const auto at = mailbox.rfind('@');
  if (at == std::string_view::npos || base.empty()) {
    return base.empty();
  }
  const auto base_at = base.rfind('@');
  if (base_at == std::string_view::npos) {
    return host_within(mailbox.substr(at + 1), base);
  }
  return mailbox.substr(0, at) == base.substr(0, base_at) &&
         lower(mailbox.substr(at + 1)) == lower(base.substr(base_at + 1));
}

/// iPAddress: address and mask, one behind the other.
bool ip_within(BytesView address, BytesView base) {
  if (base.size() != 2 * address.size()) {
    return false;
  }
  const auto network = base.first(address.size()), mask = base.last(address.size());
  for (std::size_t i = 0; i < address.size(); ++i) {
    if (((address[i] ^ network[i]) & mask[i]) != 0) {
      return false;
    }
  }
  return true;
}

/// A name that is malformed says nothing that could be compared. RFC 5280 §4.2.1.10: a URI constraint holds hosts that
/// are fully qualified names, so an address, or no host, cannot be compared.
bool is_comparable(const GeneralName& name) {
  switch (name.kind) {
    case GeneralNameKind::dns:
      return is_dns_pattern(as_text(name.value));
    case GeneralNameKind::rfc822:
      return is_mailbox(as_text(name.value));
    case GeneralNameKind::ip:
    case GeneralNameKind::directory:
      return true;
    case GeneralNameKind::uri: {
      const auto host = host_of_uri(as_text(name.value));
      return host && is_dns_name(*host) && !read_ip(*host);
    }
    case GeneralNameKind::other_name:
    case GeneralNameKind::x400:
    case GeneralNameKind::edi_party:
    case GeneralNameKind::registered_id:
      break;
  }
  return false;
}

bool is_good_host_base(std::string_view base) {
  return is_dns_name(base.starts_with('.') ? base.substr(1) : base);
}

bool is_good_base(const GeneralName& base) {
  const auto text = as_text(base.value);
  switch (base.kind) {
    case GeneralNameKind::dns:
      return text.empty() || is_dns_name(text);
    case GeneralNameKind::rfc822:
      return text.empty() || (text.find('@') == std::string_view::npos ? is_good_host_base(text) : is_mailbox(text));
    case GeneralNameKind::uri:
      return is_good_host_base(text);
    case GeneralNameKind::ip:
    case GeneralNameKind::directory:
    case GeneralNameKind::other_name:
    case GeneralNameKind::x400:
    case GeneralNameKind::edi_party:
    case GeneralNameKind::registered_id:
      break;
  }
  return true;
}

std::string shown(const GeneralName& name) {
  switch (name.kind) {
    case GeneralNameKind::dns:
    case GeneralNameKind::rfc822:
    case GeneralNameKind::uri:
      return std::string{as_text(name.value)};
    case GeneralNameKind::ip:
      return ip_text(name.value);
    case GeneralNameKind::directory:
      return x509::display_name(name.value);
    case GeneralNameKind::other_name:
    case GeneralNameKind::x400:
    case GeneralNameKind::edi_party:
    case GeneralNameKind::registered_id:
      break;
  }
  return "a name of a form that is not compared here";
}

}  // namespace

Result<std::vector<Subtrees::Base>> Subtrees::bases_of(const std::vector<GeneralName>& bases) {
  std::vector<Base> out;
  out.reserve(bases.size());
  for (const auto& base : bases) {
    if (!is_good_base(base)) {
      return fail(Code::bad_request, "base of a subtree: " + shown(base));
    }
    Base one{.name = base, .directory = {}};
    if (base.kind == GeneralNameKind::directory) {
      BM_TRY(one.directory, MatchName::of(base.value));
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<Subtrees> Subtrees::of(const x509::NameConstraints& constraints) {
  Subtrees subtrees;
  BM_TRY(subtrees.permitted_, bases_of(constraints.permitted));
  BM_TRY(subtrees.excluded_, bases_of(constraints.excluded));
  return subtrees;
}

std::optional<std::string> Subtrees::refuse(const std::vector<ConstrainedName>& names, std::size_t& comparisons) const {
  const auto within = [&](const ConstrainedName& name, const Base& base, Question question) {
    ++comparisons;
    const auto text = as_text(name.name.value), subtree = as_text(base.name.value);
    switch (name.name.kind) {
      case GeneralNameKind::dns:
        return dns_within(text, subtree, question);
      case GeneralNameKind::rfc822:
        return mailbox_within(text, subtree);
      case GeneralNameKind::uri:
        return host_within(host_of_uri(text).value_or(""), subtree);
      case GeneralNameKind::ip:
        return ip_within(name.name.value, base.name.value);
      case GeneralNameKind::directory:
        return name.directory.is_within(base.directory);
      case GeneralNameKind::other_name:
      case GeneralNameKind::x400:
      case GeneralNameKind::edi_party:
      case GeneralNameKind::registered_id:
        break;
    }
    return question == Question::is_any_within;
  };
  for (const auto& name : names) {
    const auto same_form = [&](const Base& base) { return base.name.kind == name.name.kind; };
    const bool constrained = std::ranges::any_of(permitted_, same_form) || std::ranges::any_of(excluded_, same_form);
    if (!constrained) {
      continue;
    }
    if (!is_comparable(name.name)) {
      return "constrained, and cannot be compared: " + shown(name.name);
    }
    if (std::ranges::any_of(excluded_, [&](const Base& base) {
          return same_form(base) && within(name, base, Question::is_any_within);
        })) {
      return "excluded: " + shown(name.name);
    }
    if (std::ranges::any_of(permitted_, same_form) && std::ranges::none_of(permitted_, [&](const Base& base) {
          return same_form(base) && within(name, base, Question::is_all_within);
        })) {
      return "not permitted: " + shown(name.name);
    }
  }
  return std::nullopt;
}

}  // namespace birthmark::pki::path
