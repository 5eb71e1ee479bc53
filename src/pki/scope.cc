// SPDX-License-Identifier: Apache-2.0
#include "pki/scope.h"

#include <algorithm>

#include "codec/der.h"
#include "codec/oid.h"

namespace birthmark::pki {
namespace {

/// The attributes of our names, in the order in which they may stand.
enum class Part : std::uint8_t { organization, unit, common_name, serial_number, matter_vendor, matter_product };

std::optional<Part> part_of(const x509::NameAttribute& attribute) {
  const bool utf8 = attribute.tag == der::tag::utf8_string;
  if (equal(attribute.type, oids::organization) && utf8) {
    return Part::organization;
  }
  if (equal(attribute.type, oids::organizational_unit) && utf8) {
    return Part::unit;
  }
  if (equal(attribute.type, oids::common_name) && utf8) {
    return Part::common_name;
  }
  if (equal(attribute.type, oids::serial_number) && attribute.tag == der::tag::printable_string) {
    return Part::serial_number;
  }
  if (equal(attribute.type, oids::matter_vendor_id) && utf8) {
    return Part::matter_vendor;
  }
  if (equal(attribute.type, oids::matter_product_id) && utf8) {
    return Part::matter_product;
  }
  return std::nullopt;
}

BytesView contents_of(BytesView name) {
  const auto rdns = der::read_one(name, der::tag::sequence);
  return rdns ? rdns->rest() : BytesView{};
}

}  // namespace

Result<Name> place_of(std::span<const x509::NameAttribute> attributes) {
  Name place;
  std::optional<Part> before;
  for (std::size_t at = 0; at < attributes.size(); ++at) {
    const auto& attribute = attributes[at];
    const auto part = part_of(attribute);
    const bool follows = part && (before ? *part > *before || (*part == Part::unit && *before == Part::unit)
                                         : *part == Part::organization);
    if (!follows || attribute.rdn != at) {
      return fail(Code::scope, "a name of another form than ours", "name");
    }
    before = part;
    if (*part == Part::organization) {
      place.organization = as_text(attribute.value);
    } else if (*part == Part::unit) {
      place.organizational_units.emplace_back(as_text(attribute.value));
    }
  }
  const auto ids = matter::vendor_product(attributes);
  if (!ids) {
    return fail(Code::scope, ids.error().detail, "name");
  }
  place.matter = *ids;
  return before ? Result<Name>{std::move(place)} : fail(Code::scope, "a name without organization", "name");
}

bool lies_below(BytesView base, BytesView subject) {
  // A whole RDN cannot be the beginning of another one, so the beginning of the bytes is the beginning of the list.
  const auto outer = contents_of(base);
  const auto inner = contents_of(subject);
  return !outer.empty() && inner.size() >= outer.size() && equal(inner.first(outer.size()), outer);
}

}  // namespace birthmark::pki
