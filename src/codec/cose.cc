// SPDX-License-Identifier: Apache-2.0
#include "codec/cose.h"

#include <algorithm>
#include <array>

#include "codec/cbor.h"

namespace birthmark::cose {
namespace {

constexpr std::uint64_t kSign1Tag = 18;
constexpr std::uint64_t kCwtTag = 61;

/// RFC 9052 §3.1, RFC 9360 §2.
namespace label {
constexpr std::int64_t alg = 1, crit = 2, content_type = 3, kid = 4, x5chain = 33, x5t = 34;
}

tl::unexpected<Error> refuse(std::string what) {
  return fail(Code::bad_evidence, "COSE: " + std::move(what));
}

/// What is tagged so (RFC 9052 §2), for the refusal.
std::string tag_words(std::uint64_t tag) {
  switch (tag) {
    case 16:
      return "a COSE_Encrypt0";
    case 17:
      return "a COSE_Mac0: a shared secret is no identity";
    case kSign1Tag:
      return "a COSE_Sign1 within another tag";
    case kCwtTag:
      return "a CWT (tag 61)";
    case 96:
      return "a COSE_Encrypt";
    case 97:
      return "a COSE_Mac: a shared secret is no identity";
    case 98:
      return "a COSE_Sign";
  }
  return "tag " + std::to_string(tag);
}

cbor::Limits limits_of(const Profile& profile) {
  return {.bytes_max = profile.bytes_max, .rule = cbor::Rule::definite};
}

Result<Label> read_label(cbor::Reader& in) {
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::text) {
    BM_TRY(const auto text, in.text());
    return Label{text};
  }
  BM_TRY(const auto number, in.integer());
  return Label{number};
}

bool same(const Label& label, std::int64_t number) {
  const auto* const own = std::get_if<std::int64_t>(&label);
  return own != nullptr && *own == number;
}

/// Adds the parameters of one header to the list. A label that the other header has is refused (RFC 9052 §3).
Result<void> read_parameters(cbor::Reader& in, bool is_protected, std::vector<Parameter>& out) {
  BM_TRY(const auto pairs, in.map());
  for (std::size_t i = 0; i < pairs; ++i) {
    BM_TRY(const auto found, read_label(in));
    if (out.size() == kParametersMax) {
      return refuse("more than 32 header parameters");
    }
    if (std::ranges::find(out, found, &Parameter::label) != out.end()) {
      return refuse("a header parameter stands twice");
    }
    BM_TRY(const auto value, in.raw());
    out.push_back({found, value, is_protected});
  }
  return {};
}

/// The protected header is a map in a byte string; without parameters it may be an empty string (RFC 9052 §3).
Result<void> read_protected(BytesView encoded, std::vector<Parameter>& out) {
  if (encoded.empty()) {
    return {};
  }
  cbor::Reader in{encoded, limits_of({})};
  BM_CHECK(read_parameters(in, true, out));
  return in.finish();
}

/// RFC 9052 §3.1: protected, not empty, and each label one that is processed, in the protected header.
Result<void> check_critical(const Parameter& critical, const Header& header, const Profile& profile) {
  if (!critical.is_protected) {
    return refuse("crit is not protected");
  }
  cbor::Reader in{critical.value, limits_of(profile)};
  BM_TRY(const auto count, in.array());
  if (count == 0) {
    return refuse("crit is empty");
  }
  for (std::size_t i = 0; i < count; ++i) {
    BM_TRY(const auto named, read_label(in));
    const auto* const number = std::get_if<std::int64_t>(&named);
    constexpr std::array kOwn{label::alg, label::content_type, label::kid, label::x5chain, label::x5t};
    const bool understood =
        number != nullptr && (std::ranges::find(kOwn, *number) != kOwn.end() ||
                              std::ranges::find(profile.understood, *number) != profile.understood.end());
    if (!understood) {
      return refuse("crit names a parameter that is not understood here");
    }
    const auto* const parameter = header.find(*number);
    if (parameter == nullptr || !parameter->is_protected) {
      return refuse("crit names a parameter that is not in the protected header");
    }
  }
  return in.finish();
}

Result<std::vector<BytesView>> read_x5chain(cbor::Reader& in) {
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::bytes) {
    BM_TRY(const auto only, in.bytes());
    return std::vector<BytesView>{only};
  }
  BM_TRY(const auto count, in.array());
  // RFC 9360 §2: a single certificate is a byte string, never an array of one.
  if (count < 2 || count > kCertificatesMax) {
    return refuse("x5chain is not one certificate, nor an array of two to nine");
  }
  std::vector<BytesView> out;
  for (std::size_t i = 0; i < count; ++i) {
    BM_TRY(const auto certificate, in.bytes());
    out.push_back(certificate);
  }
  return out;
}

Result<Thumbprint> read_x5t(cbor::Reader& in) {
  BM_TRY(const auto fields, in.array());
  if (fields != 2) {
    return refuse("x5t is no pair");
  }
  BM_TRY(const auto algorithm, read_label(in));
  BM_TRY(const auto hash, in.bytes());
  return Thumbprint{algorithm, hash};
}

Result<ContentType> read_content_type(cbor::Reader& in) {
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::text) {
    BM_TRY(const auto text, in.text());
    return ContentType{text};
  }
  BM_TRY(const auto number, in.unsigned_int());
  return ContentType{number};
}

Result<void> read_known(const Parameter& parameter, Header& header, const Profile& profile) {
  const auto* const number = std::get_if<std::int64_t>(&parameter.label);
  if (number == nullptr) {
    return {};
  }
  cbor::Reader in{parameter.value, limits_of(profile)};
  switch (*number) {
    case label::alg: {
      BM_TRY(const auto algorithm, read_label(in));
      header.algorithm_is_unprotected = !parameter.is_protected;
      if (parameter.is_protected) {
        header.algorithm = algorithm;
      }
      return in.finish();
    }
    case label::crit:
      return check_critical(parameter, header, profile);
    case label::content_type: {
      BM_TRY(header.content_type, read_content_type(in));
      header.content_type_is_protected = parameter.is_protected;
      return in.finish();
    }
    case label::kid: {
      BM_TRY(header.key_id, in.bytes());
      return in.finish();
    }
    case label::x5chain: {
      BM_TRY(header.x5chain, read_x5chain(in));
      return in.finish();
    }
    case label::x5t: {
      BM_TRY(header.x5t, read_x5t(in));
      return in.finish();
    }
  }
  return {};
}

Result<void> read_tags(cbor::Reader& in, Tags tags, Sign1& out) {
  BM_TRY(auto type, in.peek());
  if (type != cbor::Type::tag) {
    return tags == Tags::sign1_or_none ? Result<void>{} : refuse("no tag 18");
  }
  BM_TRY(auto tag, in.tag());
  if (tag == kCwtTag && tags == Tags::sign1_or_in_cwt) {
    out.in_cwt = true;
    BM_TRY(type, in.peek());
    if (type != cbor::Type::tag) {
      return refuse("no tag 18 within tag 61");
    }
    BM_TRY(tag, in.tag());
  }
  return tag == kSign1Tag ? Result<void>{} : refuse(tag_words(tag) + ", where a COSE_Sign1 (tag 18) is asked for");
}

Result<Algorithm> known_algorithm(std::int64_t number) {
  switch (static_cast<Algorithm>(number)) {
    case Algorithm::es256:
    case Algorithm::es384:
    case Algorithm::es512:
    case Algorithm::eddsa:
      return static_cast<Algorithm>(number);
  }
  if (number >= 4 && number <= 7) {  // RFC 9053 §3.1
    return refuse("algorithm " + std::to_string(number) + " is an HMAC: a shared secret is no identity");
  }
  return refuse("algorithm " + std::to_string(number) + " is not taken");
}

Bytes write_structure(BytesView protected_header, BytesView external_aad, BytesView payload) {
  cbor::Writer out;
  out.array(4).text("Signature1").bytes(protected_header).bytes(external_aad).bytes(payload);
  return out.finish();
}

void write_x5chain(cbor::Writer& out, const std::vector<Bytes>& chain) {
  out.unsigned_int(static_cast<std::uint64_t>(label::x5chain));
  if (chain.size() > 1) {
    out.array(chain.size());
  }
  for (const auto& certificate : chain) {
    out.bytes(certificate);
  }
}

}  // namespace

std::string_view name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::es256:
      return "ES256";
    case Algorithm::es384:
      return "ES384";
    case Algorithm::es512:
      return "ES512";
    case Algorithm::eddsa:
      return "EdDSA";
  }
  return "unknown";
}

const Parameter* Header::find(std::int64_t number) const {
  const auto found = std::ranges::find_if(parameters, [&](const Parameter& p) { return same(p.label, number); });
  return found == parameters.end() ? nullptr : &*found;
}

Result<Sign1> read_sign1(BytesView input, const Profile& profile) {
  cbor::Reader in{input, limits_of(profile)};
  Sign1 out;
  BM_CHECK(read_tags(in, profile.tags, out));
  BM_TRY(const auto fields, in.array());
  if (fields != 4) {
    return refuse("not the four fields of a COSE_Sign1");
  }
  BM_TRY(out.protected_header, in.bytes());
  BM_CHECK(read_protected(out.protected_header, out.header.parameters));
  if (out.header.parameters.empty()) {
    out.protected_header = {};  // signed as an empty string, however it came (RFC 9052 §4.4)
  }
  BM_CHECK(read_parameters(in, false, out.header.parameters));
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::simple) {
    return refuse("the payload is detached");
  }
  BM_TRY(out.payload, in.bytes());
  BM_TRY(out.signature, in.bytes());
  BM_CHECK(in.finish());
  if (out.signature.empty()) {
    return refuse("no signature");
  }
  for (const auto& parameter : out.header.parameters) {
    BM_CHECK(read_known(parameter, out.header, profile));
  }
  return out;
}

Result<Algorithm> algorithm_of(const Sign1& message, std::span<const Algorithm> allowed) {
  const auto& header = message.header;
  if (!header.algorithm) {
    return refuse(header.algorithm_is_unprotected ? "alg is not protected" : "no alg in the protected header");
  }
  const auto* const number = std::get_if<std::int64_t>(&*header.algorithm);
  if (number == nullptr) {
    return refuse("an algorithm with a private name");
  }
  BM_TRY(const auto algorithm, known_algorithm(*number));
  if (std::ranges::find(allowed, algorithm) == allowed.end()) {
    return refuse(std::string{name(algorithm)} + " is not allowed here");
  }
  return algorithm;
}

Bytes sig_structure(const Sign1& message, BytesView external_aad) {
  return write_structure(message.protected_header, external_aad, message.payload);
}

Bytes protected_header(const Draft& draft) {
  cbor::Writer out;
  out.map(1 + (draft.content_type ? 1U : 0U) + (draft.key_id.empty() ? 0U : 1U) + draft.more.size());
  out.unsigned_int(1).integer(static_cast<std::int64_t>(draft.algorithm));
  if (draft.content_type) {
    out.unsigned_int(3).text(*draft.content_type);
  }
  if (!draft.key_id.empty()) {
    out.unsigned_int(4).bytes(draft.key_id);
  }
  for (const auto& [number, value] : draft.more) {
    out.unsigned_int(number).raw(value);
  }
  return out.finish();
}

Bytes sig_structure(const Draft& draft, BytesView external_aad) {
  return write_structure(protected_header(draft), external_aad, draft.payload);
}

Bytes write_sign1(const Draft& draft, BytesView signature) {
  cbor::Writer out;
  out.tag(kSign1Tag).array(4).bytes(protected_header(draft));
  out.map(draft.x5chain.empty() ? 0 : 1);
  if (!draft.x5chain.empty()) {
    write_x5chain(out, draft.x5chain);
  }
  out.bytes(draft.payload).bytes(signature);
  return out.finish();
}

}  // namespace birthmark::cose
