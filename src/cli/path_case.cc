// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "cli/verify_path.h"
#include "codec/der.h"
#include "codec/pem.h"

namespace birthmark::cli {
namespace {

using pki::path::Conformance;
using pki::path::Host;
using pki::path::Options;
using pki::path::Purpose;
using pki::path::RevocationScope;

constexpr std::size_t kListMax = 512;
constexpr std::size_t kOidMaxBytes = 64;

tl::unexpected<Error> unknown(std::string_view what, std::string_view word) {
  return fail(Code::unsupported_media_type, std::string{what} + ": " + std::string{word});
}

template <class T>
struct Word {
  std::string_view text;
  T value;
};

template <class T, std::size_t N>
Result<T> one_of(const std::array<Word<T>, N>& words, std::string_view what, std::string_view text) {
  const auto found = std::ranges::find(words, pki::path::lower(text), &Word<T>::text);
  return found == words.end() ? Result<T>{unknown(what, text)} : Result<T>{found->value};
}

/// RFC 3339 with any offset; what is finer than a millisecond is cut.
Result<Instant> read_time(std::string_view text) {
  std::string utc{text};
  std::chrono::minutes offset{0};
  const auto sign = text.size() >= 6 ? text[text.size() - 6] : 'Z';
  if (sign == '+' || sign == '-') {
    const auto clock = text.substr(text.size() - 5);
    const auto digit = [&](std::size_t at) { return clock[at] - '0'; };
    const auto is_digit = [&](std::size_t at) { return digit(at) >= 0 && digit(at) <= 9; };
    if (clock[2] != ':' || !is_digit(0) || !is_digit(1) || !is_digit(3) || !is_digit(4)) {
      return fail(Code::bad_json, "time: offset");
    }
    offset = std::chrono::minutes{(digit(0) * 10 + digit(1)) * 60 + digit(3) * 10 + digit(4)};
    offset = sign == '-' ? -offset : offset;
    utc = std::string{text.substr(0, text.size() - 6)} + "Z";
  }
  if (const auto dot = utc.find('.'); dot != std::string::npos) {
    const auto end = std::min(utc.find_first_not_of("0123456789", dot + 1), utc.size());
    utc.erase(std::min(dot + 4, end), end - std::min(dot + 4, end));
  }
  const auto read = from_rfc3339(utc);
  return read ? Result<Instant>{*read - offset} : fail(Code::bad_json, "time: not RFC 3339");
}

/// Dotted decimal as the contents of an OBJECT IDENTIFIER.
Result<Bytes> read_oid(std::string_view text) {
  std::vector<std::uint64_t> arcs(1, 0);
  bool digit_seen = false;
  for (const char c : text) {
    if (c == '.' && digit_seen) {
      arcs.push_back(0);
      digit_seen = false;
    } else if (c >= '0' && c <= '9' && arcs.back() < (std::uint64_t{1} << 56)) {
      arcs.back() = arcs.back() * 10 + static_cast<std::uint64_t>(c - '0');
      digit_seen = true;
    } else {
      return fail(Code::bad_json, "policy: " + std::string{text});
    }
  }
  if (!digit_seen || arcs.size() < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] >= 40)) {
    return fail(Code::bad_json, "policy: " + std::string{text});
  }
  arcs[1] += 40 * arcs[0];
  Bytes out;
  for (auto arc = arcs.begin() + 1; arc != arcs.end(); ++arc) {
    int shift = 0;
    while (shift < 63 && (*arc >> (shift + 7)) != 0) {
      shift += 7;
    }
    for (; shift >= 0; shift -= 7) {
      out.push_back(static_cast<std::uint8_t>((*arc >> shift & 0x7F) | (shift == 0 ? 0 : 0x80)));
    }
  }
  return out.size() <= kOidMaxBytes ? Result<Bytes>{std::move(out)} : fail(Code::bad_json, "policy too long");
}

/// Blocks of PEM in a list of texts. A text that holds none is kept as bytes that nobody reads: it is judged, not
/// refused, for the question may be whether it is.
Result<std::vector<Bytes>> read_list(const boost::json::array* list, std::string_view label) {
  std::vector<Bytes> out;
  if (list == nullptr) {
    return out;
  }
  for (const auto& item : *list) {
    if (!item.is_string()) {
      return fail(Code::bad_json, "a list of PEM holds something else");
    }
    auto blocks = pem::read(item.as_string(), label, {.blocks_max = kListMax, .block_max_bytes = kPathCaseMaxBytes});
    if (blocks) {
      std::ranges::move(*blocks, std::back_inserter(out));
    } else {
      out.emplace_back();
    }
    if (out.size() > kListMax) {
      return fail(Code::too_large, "more than 512 certificates or lists");
    }
  }
  return out;
}

Result<Host> read_host(json::Object object) {
  constexpr std::array kKinds{Word<Host::Kind>{"dns", Host::Kind::dns}, Word<Host::Kind>{"ip", Host::Kind::ip},
                              Word<Host::Kind>{"email", Host::Kind::email},
                              Word<Host::Kind>{"rfc822", Host::Kind::email}};
  BM_TRY(const auto kind, object.text("kind"));
  BM_TRY(const auto value, object.text("value"));
  BM_CHECK(object.finish());
  Host host;
  BM_TRY(host.kind, one_of(kKinds, "kind of host", kind));
  host.value = std::string{value};
  return host;
}

/// Members are named as RFC 5280 §6.1.1 names its inputs, hyphens as underscores or not.
Result<pki::path::PolicyInputs> read_policy(const boost::json::object& members) {
  pki::path::PolicyInputs inputs;
  const std::array<Word<bool*>, 6> flags{{{"initial_policy_mapping_inhibit", &inputs.initial_policy_mapping_inhibit},
                                          {"initial_explicit_policy", &inputs.initial_explicit_policy},
                                          {"initial_any_policy_inhibit", &inputs.initial_any_policy_inhibit},
                                          {"inhibit_policy_mapping", &inputs.initial_policy_mapping_inhibit},
                                          {"explicit_policy", &inputs.initial_explicit_policy},
                                          {"inhibit_any_policy", &inputs.initial_any_policy_inhibit}}};
  for (const auto& [member, value] : members) {
    std::string name{member};
    std::ranges::replace(name, '-', '_');
    if (value.is_null()) {
      continue;
    }
    if (name == "user_initial_policy_set" && value.is_array()) {
      auto& set = inputs.user_initial_policy_set.emplace();
      for (const auto& policy : value.as_array()) {
        if (!policy.is_string()) {
          return fail(Code::bad_json, "a policy is a text");
        }
        const std::string_view text = policy.as_string();
        BM_TRY(auto oid, read_oid(text == "anyPolicy" ? std::string_view{"2.5.29.32.0"} : text));
        set.push_back(std::move(oid));
      }
      continue;
    }
    BM_TRY(auto* const flag, one_of(flags, "policy input", name));
    if (!value.is_bool()) {
      return fail(Code::bad_json, "policy input " + name + " is a boolean");
    }
    *flag = value.as_bool();
  }
  return inputs;
}

Result<Options> read_options(json::Object& object, Instant now) {
  constexpr std::array kPurposes{Word<Purpose>{"any", Purpose::any}, Word<Purpose>{"server", Purpose::server},
                                 Word<Purpose>{"client", Purpose::client}};
  constexpr std::array kScopes{Word<RevocationScope>{"none", RevocationScope::none},
                               Word<RevocationScope>{"leaf", RevocationScope::leaf},
                               Word<RevocationScope>{"all", RevocationScope::all}};
  Options options;
  BM_TRY(const auto time, object.optional_text("time"));
  options.at = now;
  if (time) {
    BM_TRY(options.at, read_time(*time));
  }
  BM_TRY(const auto purpose, object.optional_text("purpose"));
  BM_TRY(options.purpose, one_of(kPurposes, "purpose", purpose.value_or("any")));
  BM_TRY(const auto revocation, object.optional_text("revocation"));
  BM_TRY(options.revocation, one_of(kScopes, "revocation", revocation.value_or("none")));
  BM_TRY(const auto host, object.optional_object("host"));
  if (host) {
    BM_TRY(options.host, read_host(*host));
  }
  BM_TRY(const auto depth, object.optional_unsigned_int("max_depth"));
  options.intermediates_max =
      std::min<std::size_t>(depth.value_or(options.intermediates_max), pki::path::kIntermediatesMax);
  // What a purpose is asked for is a profile's certificate: its issuers owe what RFC 5280 §4 asks of them.
  options.conformance = options.purpose == Purpose::any ? Conformance::path : Conformance::issuer;
  options.server_profile = options.purpose == Purpose::server && options.host.has_value();
  return options;
}

}  // namespace

Result<PathCase> read_path_case(std::string_view text, Instant now) {
  BM_TRY(
      const auto value,
      json::read(text,
                 {.bytes_max = kPathCaseMaxBytes, .depth_max = 8, .items_max = 8192, .string_max = kPathCaseMaxBytes}));
  BM_TRY(auto object, json::Object::of(value));
  PathCase out;
  BM_TRY(const auto* const trusted, object.optional_array("trusted"));
  BM_TRY(const auto* const untrusted, object.optional_array("untrusted"));
  BM_TRY(const auto* const crls, object.optional_array("crls"));
  BM_TRY(out.trusted, read_list(trusted, "CERTIFICATE"));
  BM_TRY(out.untrusted, read_list(untrusted, "CERTIFICATE"));
  BM_TRY(out.crls, read_list(crls, "X509 CRL"));
  BM_TRY(const auto leaf, object.text("leaf"));
  auto block = pem::read(leaf, "CERTIFICATE", {.blocks_max = 1, .block_max_bytes = kPathCaseMaxBytes});
  if (block) {
    out.leaf = std::move(block->front());
  }
  BM_TRY(out.options, read_options(object, now));
  if (const auto* const policy = value.as_object().if_contains("policy"); policy != nullptr && !policy->is_null()) {
    if (!policy->is_object()) {
      return fail(Code::bad_json, "policy is an object or null");
    }
    BM_TRY(out.options.policies, read_policy(policy->as_object()));
  }
  return out;
}

}  // namespace birthmark::cli
