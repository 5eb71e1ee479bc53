// SPDX-License-Identifier: Apache-2.0
#include "codec/pkcs10.h"

#include <algorithm>

#include "codec/der.h"
#include "codec/oid.h"

namespace birthmark::pkcs10 {
namespace {

constexpr std::size_t kDepthMax = 24;
constexpr x509::NameRules kNameRules{.value_max_bytes = kStringMaxBytes,
                                     .set_order = x509::NameRules::SetOrder::sorted};

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"request: "} + what);
}

/// Tags of the universal character string types (X.680 table 8), known to `check_string` or not.
bool is_string_tag(std::uint8_t tag) {
  constexpr std::uint8_t kNumeric = 0x12, kBmp = 0x1E;
  const bool is_time = tag == der::tag::utc_time || tag == der::tag::generalized_time;
  return tag == der::tag::utf8_string || (tag >= kNumeric && tag <= kBmp && !is_time);
}

const Attribute* find(std::span<const Attribute> attributes, BytesView type) {
  const auto found = std::ranges::find_if(attributes, [&](const auto& one) { return equal(one.type, type); });
  return found == attributes.end() ? nullptr : &*found;
}

/// One Attribute (RFC 2986 §4.1) with exactly one value.
Result<Attribute> read_attribute(BytesView whole) {
  Attribute attribute;
  BM_TRY(auto fields, der::read_one(whole, der::tag::sequence));
  BM_TRY(attribute.type, fields.oid());
  BM_TRY(auto values, fields.enter(der::tag::set));
  BM_CHECK(fields.finish());
  BM_TRY(const auto value, values.any());
  BM_CHECK(values.finish());
  if (is_string_tag(value.tag)) {
    BM_CHECK(x509::check_string(value.tag, value.contents, kStringMaxBytes));
  }
  attribute.value = value.whole;
  return attribute;
}

/// @param list over the contents of the [0] field: a SET OF, so in ascending order of the encodings (X.690 §11.6).
Result<std::vector<Attribute>> read_attributes(der::Reader list) {
  std::vector<Attribute> attributes;
  BytesView previous;
  while (!list.empty()) {
    BM_TRY(const auto element, list.any());
    BM_TRY(const auto attribute, read_attribute(element.whole));
    if (find(attributes, attribute.type) != nullptr) {
      return refuse("an attribute twice");
    }
    if (std::ranges::lexicographical_compare(element.whole, previous)) {
      return refuse("attributes not in DER order");
    }
    if (attributes.size() == kAttributesMax) {
      return refuse("too many attributes");
    }
    previous = element.whole;
    attributes.push_back(attribute);
  }
  return attributes;
}

}  // namespace

Result<Request> Request::read(BytesView der) {
  if (der.empty() || der.size() > kRequestMaxBytes) {
    return refuse("empty or too long");
  }
  BM_CHECK(der::check_nesting(der, kDepthMax));
  const auto parts = std::make_shared<Parts>();
  parts->der = to_bytes(der);
  BM_TRY(auto request, der::read_one(parts->der, der::tag::sequence));
  BM_TRY(const auto info, request.any());
  BM_TRY(const auto algorithm, request.any());
  BM_TRY(parts->signature, request.bit_octets());
  BM_CHECK(request.finish());
  BM_TRY(parts->algorithm, x509::read_signature_algorithm(algorithm.whole));
  parts->info = info.whole;
  BM_CHECK(read_info(*parts));
  BM_CHECK(interpret(*parts));
  return Request{parts};
}

Result<void> Request::read_info(Parts& parts) {
  BM_TRY(auto info, der::read_one(parts.info, der::tag::sequence));
  BM_TRY(const auto version, info.small_unsigned());
  if (version != 0) {
    return refuse("version");
  }
  BM_TRY(const auto subject, info.any());
  BM_CHECK(x509::read_name(subject.whole, kNameRules));
  parts.subject = subject.whole;
  BM_TRY(const auto spki, info.any());
  BM_CHECK(x509::read_spki(spki.whole));
  parts.spki = spki.whole;
  BM_TRY(const auto list, info.enter(der::tag::context_constructed(0)));
  BM_TRY(parts.attributes, read_attributes(list));
  return info.finish();
}

/// Reads the attributes whose types are known.
Result<void> Request::interpret(Parts& parts) {
  if (const auto* found = find(parts.attributes, oids::challenge_password); found != nullptr) {
    der::Reader value{found->value};
    BM_TRY(const auto text, value.any());
    if (text.tag != der::tag::utf8_string && text.tag != der::tag::printable_string) {
      return refuse("type of the challenge password");
    }
    parts.challenge_password = as_text(text.contents);
  }
  if (const auto* found = find(parts.attributes, oids::extension_request); found != nullptr) {
    BM_TRY(parts.extensions, x509::read_extensions(found->value));
  }
  return {};
}

const Attribute* Request::attribute(BytesView type) const {
  return find(parts_->attributes, type);
}

std::optional<x509::NameAttribute> Request::find_subject_attribute(BytesView type) const {
  const auto attributes = x509::read_name(parts_->subject, kNameRules);
  return attributes ? x509::find_only_attribute(*attributes, type) : std::nullopt;
}

Result<Bytes> certification_request_info(BytesView subject, BytesView spki, std::span<const Attribute> attributes) {
  std::vector<Bytes> encoded;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const auto& [type, value] = attributes[i];
    if (i == kAttributesMax || find(attributes.first(i), type) != nullptr) {
      return refuse("an attribute twice, or too many");
    }
    der::Writer one;
    one.open(der::tag::sequence).oid(type).open(der::tag::set).raw(value).close().close();
    encoded.push_back(std::move(one).finish());
  }
  std::ranges::sort(encoded);
  der::Writer out;
  out.open(der::tag::sequence).unsigned_int(0).raw(subject).raw(spki).open(der::tag::context_constructed(0));
  for (const auto& one : encoded) {
    out.raw(one);
  }
  out.close().close();
  return std::move(out).finish();
}

Bytes assemble(BytesView info, x509::SignatureAlgorithm algorithm, BytesView signature) {
  der::Writer out;
  out.open(der::tag::sequence).raw(info).raw(x509::signature_algorithm_der(algorithm)).bit_string(signature).close();
  return std::move(out).finish();
}

Result<Bytes> write_request(BytesView subject, BytesView spki, std::span<const Attribute> attributes,
                            x509::SignatureAlgorithm algorithm, const Signer& sign) {
  BM_TRY(const auto info, certification_request_info(subject, spki, attributes));
  BM_TRY(const auto signature, sign(info));
  auto request = assemble(info, algorithm, signature);
  BM_CHECK(Request::read(request));
  return request;
}

Result<Bytes> challenge_password_value(std::string_view text) {
  BM_CHECK(x509::check_string(der::tag::utf8_string, as_bytes(text), kStringMaxBytes));
  der::Writer out;
  out.text(der::tag::utf8_string, text);
  return std::move(out).finish();
}

}  // namespace birthmark::pkcs10
