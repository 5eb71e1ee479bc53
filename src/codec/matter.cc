// SPDX-License-Identifier: Apache-2.0
#include "codec/matter.h"

#include <algorithm>
#include <limits>

#include "codec/der.h"
#include "codec/matter_tlv.h"
#include "codec/oid.h"

namespace birthmark::matter {
namespace {

using matter_tlv::context;
using matter_tlv::Element;
using matter_tlv::Type;

constexpr std::size_t kIdDigits = 4;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_evidence, std::string{"Matter: "} + what);
}

// --- names ---

bool is_text(const x509::NameAttribute& attribute) {
  return attribute.tag == der::tag::utf8_string || attribute.tag == der::tag::printable_string;
}

/// The only attribute of that type.
Result<std::optional<Id>> from_attribute(std::span<const x509::NameAttribute> subject, BytesView type) {
  std::optional<Id> found;
  for (const auto& attribute : subject) {
    if (!equal(attribute.type, type)) {
      continue;
    }
    const auto id = is_text(attribute) ? id_from_text(as_text(attribute.value)) : std::nullopt;
    if (!id || found) {
      return refuse("vendor or product id twice, or no four upper-case hex digits");
    }
    found = id;
  }
  return found;
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/// What stands behind the prefix in any commonName; a fifth digit would leave two readings.
Result<std::optional<Id>> from_common_name(std::span<const x509::NameAttribute> subject, std::string_view prefix) {
  std::optional<Id> found;
  for (const auto& attribute : subject) {
    if (!equal(attribute.type, oids::common_name) || !is_text(attribute)) {
      continue;
    }
    const auto text = as_text(attribute.value);
    for (auto at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
      const auto behind = text.substr(at + prefix.size());
      const auto id = id_from_text(behind.substr(0, kIdDigits));
      const bool goes_on = behind.size() > kIdDigits && is_hex_digit(behind[kIdDigits]);
      if (!id || goes_on || found) {
        return refuse("Mvid: or Mpid: twice, or without four upper-case hex digits");
      }
      found = id;
    }
  }
  return found;
}

// --- numbers of a declaration ---

template <class Number>
Result<Number> number(matter_tlv::Reader& in, std::uint8_t tag) {
  BM_TRY(const auto element, in.next());
  if (!element || element->tag != context(tag) || !element->is_natural()) {
    return refuse("a number is missing, or of another form");
  }
  return element->number <= std::numeric_limits<Number>::max() ? Result<Number>{static_cast<Number>(element->number)}
                                                               : Result<Number>{refuse("a number out of range")};
}

Result<std::vector<Id>> read_products(matter_tlv::Reader& in) {
  BM_CHECK(in.expect(context(2), Type::array));
  std::vector<Id> products;
  for (;;) {
    BM_TRY(const auto element, in.next());
    if (!element) {
      break;
    }
    if (!element->is_natural() || element->number > std::numeric_limits<Id>::max() || products.size() == kProductsMax) {
      return refuse("product ids of another form, or too many");
    }
    const auto product = static_cast<Id>(element->number);
    if (std::ranges::find(products, product) != products.end()) {
      return refuse("a product id twice");
    }
    products.push_back(product);
  }
  return products.empty() ? Result<std::vector<Id>>{refuse("no product id")} : std::move(products);
}

Result<std::vector<Octets<20>>> read_paas(matter_tlv::Reader& in) {
  std::vector<Octets<20>> ids;
  for (;;) {
    BM_TRY(const auto element, in.next());
    if (!element) {
      break;
    }
    const auto id = element->type == Type::bytes ? octets<20>(element->octets) : std::nullopt;
    if (!id || ids.size() == kAuthorizedPaasMax) {
      return refuse("authorized PAAs of another form, or too many");
    }
    ids.push_back(*id);
  }
  return ids.empty() ? Result<std::vector<Octets<20>>>{refuse("no authorized PAA in the list")} : std::move(ids);
}

/// Tags 9 to 11, all optional: what stands where the structure might end.
Result<void> read_options(matter_tlv::Reader& in, Declaration& out) {
  std::optional<Id> origin_vendor, origin_product;
  for (;;) {
    BM_TRY(const auto element, in.next());
    if (!element) {
      break;
    }
    const bool is_id = element->is_natural() && element->number <= std::numeric_limits<Id>::max();
    if (element->tag == context(9) && is_id) {
      origin_vendor = static_cast<Id>(element->number);
    } else if (element->tag == context(10) && is_id) {
      origin_product = static_cast<Id>(element->number);
    } else if (element->tag == context(11) && element->type == Type::array) {
      BM_TRY(out.authorized_paas, read_paas(in));
    } else {
      return refuse("a field that a declaration has not");
    }
  }
  if (origin_vendor.has_value() != origin_product.has_value()) {
    return refuse("one half of the DAC's origin");
  }
  if (origin_vendor) {
    out.dac_origin = VendorProduct{origin_vendor, origin_product};
  }
  return {};
}

Result<std::string> read_certificate_id(matter_tlv::Reader& in) {
  BM_TRY(const auto element, in.expect(context(4), Type::text));
  const auto text = as_text(element.octets);
  const bool printable = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
  return text.size() == kCertificateIdBytes && printable ? Result<std::string>{std::string{text}}
                                                         : Result<std::string>{refuse("certificate id")};
}

}  // namespace

std::string id_text(Id id) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (int shift = 12; shift >= 0; shift -= 4) {
    out += kDigits[static_cast<std::size_t>(id >> shift) & 0xF];
  }
  return out;
}

std::optional<Id> id_from_text(std::string_view text) {
  if (text.size() != kIdDigits) {
    return std::nullopt;
  }
  unsigned value = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(c >= 'A' && c <= 'F')) {
      return std::nullopt;
    }
    value = value * 16 + static_cast<unsigned>(digit ? c - '0' : c - 'A' + 10);
  }
  return static_cast<Id>(value);
}

Result<VendorProduct> vendor_product(std::span<const x509::NameAttribute> subject) {
  VendorProduct by_attribute, by_name;
  BM_TRY(by_attribute.vendor, from_attribute(subject, oids::matter_vendor_id));
  BM_TRY(by_attribute.product, from_attribute(subject, oids::matter_product_id));
  BM_TRY(by_name.vendor, from_common_name(subject, "Mvid:"));
  BM_TRY(by_name.product, from_common_name(subject, "Mpid:"));
  const VendorProduct none;
  if (by_attribute != none && by_name != none) {
    return refuse("ids as attributes and in the commonName");
  }
  return by_attribute != none ? by_attribute : by_name;
}

Result<AttestationElements> read_elements(BytesView tlv) {
  matter_tlv::Reader in{tlv, {.bytes_max = kElementsMaxBytes}};
  AttestationElements out;
  BM_CHECK(in.expect({}, Type::structure));
  BM_TRY(const auto declaration, in.expect(context(1), Type::bytes));
  BM_TRY(const auto nonce, in.expect(context(2), Type::bytes));
  BM_TRY(out.timestamp, number<std::uint32_t>(in, 3));
  const auto nonce_octets = octets<32>(nonce.octets);
  if (declaration.octets.empty() || declaration.octets.size() > kDeclarationMaxBytes || !nonce_octets) {
    return refuse("size of the declaration or of the nonce");
  }
  out.certification_declaration = to_bytes(declaration.octets);
  out.nonce = *nonce_octets;
  for (;;) {
    BM_TRY(const auto element, in.next());
    if (!element) {
      break;
    }
    if (element->tag == context(4) && element->type == Type::bytes && !element->octets.empty() &&
        element->octets.size() <= kFirmwareInformationMaxBytes) {
      out.firmware_information = to_bytes(element->octets);
    } else if (element->tag.form != matter_tlv::Tag::Form::qualified || element->is_container()) {
      return refuse("an attestation element that is none");
    }
  }
  BM_CHECK(in.finish());
  return out;
}

Bytes write(const AttestationElements& elements) {
  matter_tlv::Writer out;
  out.open({}, Type::structure).bytes(context(1), elements.certification_declaration);
  out.bytes(context(2), elements.nonce).unsigned_int(context(3), elements.timestamp);
  if (elements.firmware_information) {
    out.bytes(context(4), *elements.firmware_information);
  }
  out.close();
  return std::move(out).finish();
}

std::string_view name(CertificationType type) {
  switch (type) {
    case CertificationType::test:
      return "test";
    case CertificationType::provisional:
      return "provisional";
    case CertificationType::official:
      return "official";
  }
  return "unknown";
}

Result<Declaration> read_declaration(BytesView tlv) {
  matter_tlv::Reader in{tlv, {.bytes_max = kDeclarationMaxBytes}};
  Declaration out;
  BM_CHECK(in.expect({}, Type::structure));
  BM_TRY(const auto format, number<std::uint16_t>(in, 0));
  if (format != 1) {
    return refuse("format of the declaration");
  }
  BM_TRY(out.vendor, number<Id>(in, 1));
  BM_TRY(out.products, read_products(in));
  BM_TRY(out.device_type, number<std::uint32_t>(in, 3));
  BM_TRY(out.certificate_id, read_certificate_id(in));
  BM_TRY(out.security_level, number<std::uint8_t>(in, 5));
  BM_TRY(out.security_information, number<std::uint16_t>(in, 6));
  BM_TRY(out.version_number, number<std::uint16_t>(in, 7));
  BM_TRY(const auto type, number<std::uint8_t>(in, 8));
  if (type > static_cast<std::uint8_t>(CertificationType::official)) {
    return refuse("certification type");
  }
  out.type = static_cast<CertificationType>(type);
  BM_CHECK(read_options(in, out));
  BM_CHECK(in.finish());
  return out;
}

Bytes write(const Declaration& declaration) {
  matter_tlv::Writer out;
  out.open({}, Type::structure).unsigned_int(context(0), 1).unsigned_int(context(1), declaration.vendor);
  out.open(context(2), Type::array);
  for (const auto product : declaration.products) {
    out.unsigned_int({}, product);
  }
  out.close().unsigned_int(context(3), declaration.device_type).text(context(4), declaration.certificate_id);
  out.unsigned_int(context(5), declaration.security_level).unsigned_int(context(6), declaration.security_information);
  out.unsigned_int(context(7), declaration.version_number);
  out.unsigned_int(context(8), static_cast<std::uint64_t>(declaration.type));
  if (declaration.dac_origin) {
    out.unsigned_int(context(9), declaration.dac_origin->vendor.value_or(0));
    out.unsigned_int(context(10), declaration.dac_origin->product.value_or(0));
  }
  if (!declaration.authorized_paas.empty()) {
    out.open(context(11), Type::array);
    for (const auto& id : declaration.authorized_paas) {
      out.bytes({}, id);
    }
    out.close();
  }
  out.close();
  return std::move(out).finish();
}

}  // namespace birthmark::matter
