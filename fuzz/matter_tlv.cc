// SPDX-License-Identifier: Apache-2.0
// Law: a document in shortest forms, written again element by element, is the same; and what is read in shortest forms
// is read in any.
#include "codec/matter_tlv.h"

#include <cstdlib>
#include <optional>
#include <vector>

namespace {

namespace tlv = birthmark::matter_tlv;
using birthmark::Bytes;
using birthmark::BytesView;

void write(tlv::Writer& out, const tlv::Element& element) {
  switch (element.type) {
    case tlv::Type::signed_int:
      out.signed_int(element.tag, element.signed_number());
      break;
    case tlv::Type::unsigned_int:
      out.unsigned_int(element.tag, element.number);
      break;
    case tlv::Type::boolean:
      out.boolean(element.tag, element.number != 0);
      break;
    case tlv::Type::text:
      out.text(element.tag, birthmark::as_text(element.octets));
      break;
    case tlv::Type::bytes:
      out.bytes(element.tag, element.octets);
      break;
    case tlv::Type::null:
      out.null(element.tag);
      break;
    case tlv::Type::structure:
    case tlv::Type::array:
    case tlv::Type::list:
      out.open(element.tag, element.type);
      break;
  }
}

/// The document again, or nothing if it is refused.
std::optional<Bytes> rewritten(BytesView input, tlv::Widths widths) {
  tlv::Reader in{input, {.widths = widths}};
  tlv::Writer out;
  do {
    const auto element = in.next();
    if (!element) {
      return std::nullopt;
    }
    if (*element) {
      write(out, **element);
    } else {
      out.close();
    }
  } while (in.depth() > 0);
  return in.finish() ? std::optional{std::move(out).finish()} : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input{data, size};
  const auto any = rewritten(input, tlv::Widths::any);
  const auto shortest = rewritten(input, tlv::Widths::shortest);
  if (shortest && (!any || *any != *shortest || !birthmark::equal(*shortest, input))) {
    std::abort();
  }
  if (any && rewritten(*any, tlv::Widths::shortest) != any) {
    std::abort();
  }
  return 0;
}
