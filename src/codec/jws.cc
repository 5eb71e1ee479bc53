// SPDX-License-Identifier: Apache-2.0
#include "codec/jws.h"

#include <algorithm>
#include <array>

#include "codec/base64.h"

namespace birthmark::jws {
namespace {

struct AlgorithmRow {
  Algorithm algorithm;
  std::string_view name;
  std::size_t signature_bytes;  ///< RFC 7518 §3.4
};
constexpr std::array kAlgorithms{AlgorithmRow{Algorithm::es256, "ES256", 64},
                                 AlgorithmRow{Algorithm::es384, "ES384", 96}};

constexpr std::size_t encoded_size(std::size_t bytes) {
  return (bytes * 4 + 2) / 3;
}

tl::unexpected<Error> refuse(std::string what) {
  return fail(Code::bad_evidence, "JWS: " + std::move(what));
}

Result<Bytes> part(std::string_view text, std::size_t decoded_max, const char* what) {
  auto bytes = base64::decode_url(text, decoded_max);
  return bytes ? std::move(bytes) : Result<Bytes>{refuse(std::string{what} + " is no base64url, or too long")};
}

/// A member that is text where it is there.
Result<std::optional<std::string>> text_member(const boost::json::object& header, std::string_view name) {
  const auto* const found = header.if_contains({name.data(), name.size()});
  if (found == nullptr) {
    return std::optional<std::string>{};
  }
  if (!found->is_string()) {
    return refuse(std::string{name} + " is no text");
  }
  return std::optional{std::string{found->get_string().data(), found->get_string().size()}};
}

bool has(const boost::json::object& header, std::string_view name) {
  return header.if_contains({name.data(), name.size()}) != nullptr;
}

/// RFC 7515 §4.1: what the protected header says. Keys and certificates that it carries or points to are not looked at:
/// whose key it is, the caller knows.
Result<void> interpret(Jws& out, std::span<const Algorithm> allowed) {
  const auto& header = out.protected_header.get_object();
  if (has(header, "crit") || has(header, "b64")) {
    return refuse("crit and b64 are not understood here");
  }
  BM_TRY(const auto algorithm, text_member(header, "alg"));
  const auto* const row =
      std::ranges::find_if(kAlgorithms, [&](const AlgorithmRow& one) { return algorithm && one.name == *algorithm; });
  if (row == kAlgorithms.end() || std::ranges::find(allowed, row->algorithm) == allowed.end()) {
    return refuse("alg is missing, or not the expected one");
  }
  out.algorithm = row->algorithm;
  if (out.signature.size() != row->signature_bytes) {
    return refuse("size of the signature");
  }
  BM_TRY(out.type, text_member(header, "typ"));
  BM_TRY(out.key_id, text_member(header, "kid"));
  BM_TRY(const auto thumbprint, text_member(header, "x5t#S256"));
  if (thumbprint) {
    BM_TRY(const auto digest, part(*thumbprint, sizeof(Octets<32>), "x5t#S256"));
    out.x5t_s256 = octets<32>(digest);
    if (!out.x5t_s256) {
      return refuse("size of x5t#S256");
    }
  }
  return {};
}

struct Texts {
  std::string_view protected_header, payload, signature;
};

Result<Jws> read_parts(const Texts& texts, std::span<const Algorithm> allowed) {
  Jws out;
  BM_TRY(const auto header, part(texts.protected_header, kHeaderMaxBytes, "the protected header"));
  BM_TRY(out.payload, part(texts.payload, kPayloadMaxBytes, "the payload"));
  BM_TRY(out.signature, part(texts.signature, kSignatureMaxBytes, "the signature"));
  auto object = json::read(BytesView{header}, {.bytes_max = kHeaderMaxBytes, .depth_max = 4, .items_max = 64});
  if (!object || !object->is_object()) {
    return refuse("the protected header is no JSON object");
  }
  out.protected_header = std::move(*object);
  BM_CHECK(interpret(out, allowed));
  out.signing_input = std::string{texts.protected_header} + "." + std::string{texts.payload};
  return out;
}

Result<void> check_unprotected(const boost::json::object& members, const boost::json::object& protected_members) {
  for (const auto& member : members) {
    const std::string_view name{member.key().data(), member.key().size()};
    if (has(protected_members, name) || name == "alg" || name == "kid" || name == "crit" || name == "b64") {
      return refuse("a member of the unprotected header that belongs into the other one");
    }
  }
  return {};
}

}  // namespace

std::string_view name(Algorithm algorithm) {
  const auto* const row = std::ranges::find(kAlgorithms, algorithm, &AlgorithmRow::algorithm);
  return row == kAlgorithms.end() ? "unknown" : row->name;
}

Result<Jws> read_compact(std::string_view text, std::span<const Algorithm> allowed) {
  constexpr auto kTextMax =
      encoded_size(kHeaderMaxBytes) + encoded_size(kPayloadMaxBytes) + encoded_size(kSignatureMaxBytes) + 2;
  const auto first = text.find('.');
  const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (text.size() > kTextMax || second == std::string_view::npos) {
    return refuse("too long, or not three parts");
  }
  // A third dot is in the signature's part, and no character of base64url.
  return read_parts({text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)},
                    allowed);
}

Result<Jws> read_flattened(const boost::json::value& object, std::span<const Algorithm> allowed) {
  const auto* const members = object.if_object();
  if (members == nullptr || !has(*members, "payload") || !has(*members, "protected") || !has(*members, "signature")) {
    return refuse("no flattened form");
  }
  const auto* const unprotected = members->if_contains("header");
  if (members->size() != (unprotected != nullptr ? 4U : 3U)) {
    return refuse("a member that the flattened form has not");
  }
  BM_TRY(const auto header, text_member(*members, "protected"));
  BM_TRY(const auto payload, text_member(*members, "payload"));
  BM_TRY(const auto signature, text_member(*members, "signature"));
  BM_TRY(auto out, read_parts({*header, *payload, *signature}, allowed));
  if (unprotected != nullptr) {
    if (!unprotected->is_object()) {
      return refuse("the unprotected header is no object");
    }
    BM_CHECK(check_unprotected(unprotected->get_object(), out.protected_header.get_object()));
    out.unprotected_header = *unprotected;
  }
  return out;
}

std::string signing_input(std::string_view protected_header, BytesView payload) {
  return base64::encode_url(as_bytes(protected_header)) + "." + base64::encode_url(payload);
}

std::string write_compact(std::string_view input, BytesView signature) {
  return std::string{input} + "." + base64::encode_url(signature);
}

std::string write_flattened(std::string_view input, BytesView signature, const boost::json::value& unprotected_header) {
  const auto dot = input.find('.');
  const auto header = input.substr(0, dot), payload = input.substr(std::min(dot, input.size() - 1) + 1);
  boost::json::object out;
  out["payload"] = boost::json::string{payload.data(), payload.size()};
  out["protected"] = boost::json::string{header.data(), header.size()};
  out["signature"] = base64::encode_url(signature);
  if (!unprotected_header.is_null()) {
    out["header"] = unprotected_header;
  }
  return json::write(out);
}

}  // namespace birthmark::jws
