// SPDX-License-Identifier: Apache-2.0
// The CBOR form of the Open Profile for DICE.
#include <algorithm>

#include "codec/cbor.h"
#include "codec/dice.h"

namespace birthmark::dice {
namespace {

// Claims of the profile (Open Profile for DICE, CBOR certificates), besides iss and sub of RFC 8392 §3.1.
constexpr std::int64_t kIssuer = 1, kSubject = 2;
constexpr std::int64_t kCodeHash = -4670545, kCodeDescriptor = -4670546, kConfigurationHash = -4670547,
                       kConfigurationDescriptor = -4670548, kAuthorityHash = -4670549, kAuthorityDescriptor = -4670550,
                       kMode = -4670551, kSubjectPublicKey = -4670552, kKeyUsage = -4670553, kProfileName = -4670554;
constexpr std::size_t kIdDigits = 40, kKeyUsageMaxOctets = 2, kClaimsMax = 32;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_evidence, std::string{"Open Profile for DICE: "} + what);
}

Result<std::string> read_id(cbor::Reader& in) {
  BM_TRY(const auto text, in.text());
  const bool hex = std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return text.size() == kIdDigits && hex ? Result<std::string>{std::string{text}}
                                         : Result<std::string>{refuse("issuer or subject is no id")};
}

Result<Bytes> read_octets(cbor::Reader& in) {
  BM_TRY(const auto octets, in.bytes());
  return octets.empty() || octets.size() > kOctetsMaxBytes ? Result<Bytes>{refuse("octets empty or too long")}
                                                           : to_bytes(octets);
}

Result<Bytes> read_hash(cbor::Reader& in) {
  BM_TRY(auto octets, read_octets(in));
  const auto size = octets.size();
  return size == 32 || size == 48 || size == 64 ? Result<Bytes>{std::move(octets)}
                                                : Result<Bytes>{refuse("size of a hash")};
}

Result<std::uint8_t> read_mode(cbor::Reader& in) {
  BM_TRY(const auto octets, in.bytes());
  return octets.size() == 1 ? Result<std::uint8_t>{octets.front()} : Result<std::uint8_t>{refuse("mode")};
}

/// Little-endian, as the profile has it: keyCertSign, bit 5, is 0x20 of the first octet.
Result<std::uint32_t> read_key_usage(cbor::Reader& in) {
  BM_TRY(const auto octets, in.bytes());
  if (octets.empty() || octets.size() > kKeyUsageMaxOctets) {
    return refuse("key usage");
  }
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    bits |= static_cast<std::uint32_t>(octets[i]) << (8 * i);
  }
  return bits;
}

Result<std::string> read_profile_name(cbor::Reader& in) {
  BM_TRY(const auto text, in.text());
  return text.empty() || text.size() > kTextMaxBytes ? Result<std::string>{refuse("profile name")}
                                                     : Result<std::string>{std::string{text}};
}

Result<void> read_claim(std::int64_t claim, cbor::Reader& in, OpenCertificate& out) {
  auto& input = out.input;
  switch (claim) {
    case kIssuer: {
      BM_TRY(out.issuer, read_id(in));
      return {};
    }
    case kSubject: {
      BM_TRY(out.subject, read_id(in));
      return {};
    }
    case kCodeHash: {
      BM_TRY(input.code_hash, read_hash(in));
      return {};
    }
    case kCodeDescriptor: {
      BM_TRY(input.code_descriptor, read_octets(in));
      return {};
    }
    case kConfigurationHash: {
      BM_TRY(input.configuration_hash, read_hash(in));
      return {};
    }
    case kConfigurationDescriptor: {
      BM_TRY(input.configuration_descriptor, read_octets(in));
      return {};
    }
    case kAuthorityHash: {
      BM_TRY(input.authority_hash, read_hash(in));
      return {};
    }
    case kAuthorityDescriptor: {
      BM_TRY(input.authority_descriptor, read_octets(in));
      return {};
    }
    case kMode: {
      BM_TRY(input.mode, read_mode(in));
      return {};
    }
    case kSubjectPublicKey: {
      BM_TRY(out.subject_key, read_octets(in));
      return {};
    }
    case kKeyUsage: {
      BM_TRY(out.key_usage, read_key_usage(in));
      return {};
    }
    case kProfileName: {
      BM_TRY(input.profile_name, read_profile_name(in));
      return {};
    }
  }
  return in.skip();
}

/// One claim with its value, whole items.
using Claims = std::vector<std::pair<std::int64_t, Bytes>>;

void add_octets(Claims& claims, std::int64_t claim, const std::optional<Bytes>& value) {
  if (value) {
    cbor::Writer out;
    claims.emplace_back(claim, out.bytes(*value).finish());
  }
}
void add_text(Claims& claims, std::int64_t claim, std::string_view value) {
  cbor::Writer out;
  claims.emplace_back(claim, out.text(value).finish());
}

}  // namespace

Result<OpenCertificate> read_open_certificate(BytesView payload) {
  cbor::Reader in{payload, {.bytes_max = 8192, .rule = cbor::Rule::definite}};
  OpenCertificate out;
  BM_TRY(const auto count, in.map());
  if (count > kClaimsMax) {
    return refuse("too many claims");
  }
  for (std::size_t i = 0; i < count; ++i) {
    BM_TRY(const auto claim, in.integer());
    BM_CHECK(read_claim(claim, in, out));
  }
  BM_CHECK(in.finish());
  if (out.issuer.empty() || out.subject.empty() || out.subject_key.empty()) {
    return refuse("issuer, subject or key are missing");
  }
  return out;
}

Bytes write(const OpenCertificate& certificate) {
  const auto& input = certificate.input;
  Claims claims;
  add_text(claims, kIssuer, certificate.issuer);
  add_text(claims, kSubject, certificate.subject);
  add_octets(claims, kCodeHash, input.code_hash);
  add_octets(claims, kCodeDescriptor, input.code_descriptor);
  add_octets(claims, kConfigurationHash, input.configuration_hash);
  add_octets(claims, kConfigurationDescriptor, input.configuration_descriptor);
  add_octets(claims, kAuthorityHash, input.authority_hash);
  add_octets(claims, kAuthorityDescriptor, input.authority_descriptor);
  add_octets(claims, kMode, input.mode ? std::optional{Bytes{*input.mode}} : std::nullopt);
  add_octets(claims, kSubjectPublicKey, certificate.subject_key);
  Bytes usage{static_cast<std::uint8_t>(certificate.key_usage)};
  if (certificate.key_usage > 0xFF) {
    usage.push_back(static_cast<std::uint8_t>(certificate.key_usage >> 8));
  }
  add_octets(claims, kKeyUsage, usage);
  if (input.profile_name) {
    add_text(claims, kProfileName, *input.profile_name);
  }
  cbor::Writer out;
  out.map(claims.size());
  for (const auto& [claim, value] : claims) {
    out.integer(claim).raw(value);
  }
  return out.finish();
}

}  // namespace birthmark::dice
