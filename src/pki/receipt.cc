// SPDX-License-Identifier: Apache-2.0
#include "pki/receipt.h"

#include "codec/der.h"
#include "pki/arc.h"

namespace birthmark::pki {
namespace {

constexpr std::string_view kContext = "birthmark/registration-receipt/v1";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kSignatureMax = 72;  // DER Ecdsa-Sig-Value over P-256
constexpr std::size_t kHeads = 16;         // tags and lengths of three elements
constexpr auto kExtensionsTag = der::tag::context_constructed(3);

void append_u64(Bytes& out, std::uint64_t value) {
  Octets<8> octets{};
  for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet, value >>= 8) {
    *octet = static_cast<std::uint8_t>(value);
  }
  append(out, octets);
}

/// The fields of a TBSCertificate up to its extensions, and the extensions themselves.
struct Parts {
  BytesView before;
  BytesView extensions;
};

Result<Parts> split(BytesView tbs) {
  BM_TRY(auto fields, der::read_one(tbs, der::tag::sequence));
  const auto contents = fields.rest();
  while (!fields.empty() && fields.peek() != kExtensionsTag) {
    BM_CHECK(fields.any());
  }
  const auto before = contents.first(contents.size() - fields.rest().size());
  BM_TRY(auto wrapper, fields.enter(kExtensionsTag));
  BM_CHECK(fields.finish());
  BM_TRY(const auto extensions, wrapper.expect(der::tag::sequence));
  BM_CHECK(wrapper.finish());
  return Parts{before, extensions};
}

Bytes join(BytesView before, BytesView extensions, BytesView last) {
  der::Writer out{before.size() + extensions.size() + last.size() + kHeads};
  out.open(der::tag::sequence).raw(before).open(kExtensionsTag).open(der::tag::sequence);
  out.raw(extensions).raw(last).close().close().close();
  return std::move(out).finish();
}

Bytes encode(const Receipt& receipt) {
  Bytes value{kVersion};
  append(value, receipt.key_id);
  append_u64(value, static_cast<std::uint64_t>(to_ms(receipt.issued_at)));
  append(value, receipt.signature);
  der::Writer out;
  out.open(der::tag::sequence).oid(arc::registration_receipt).octet_string(value).close();
  return std::move(out).finish();
}

Result<Receipt> decode(BytesView extension) {
  BM_TRY(auto fields, der::read_one(extension, der::tag::sequence));
  BM_TRY(const auto type, fields.oid());
  BM_TRY(const auto value, fields.expect(der::tag::octet_string));
  BM_CHECK(fields.finish());
  if (!equal(type, arc::registration_receipt) || value.size() <= 13 || value.size() > 13 + kSignatureMax ||
      value[0] != kVersion) {
    return fail(Code::not_registered, "the last extension is no registration receipt");
  }
  std::uint64_t ms = 0;
  for (const auto byte : value.subspan(5, 8)) {
    ms = ms << 8 | byte;
  }
  if (ms > static_cast<std::uint64_t>(to_ms(kNoEnd))) {
    return fail(Code::not_registered, "receipt time out of range");
  }
  return Receipt{*octets<4>(value.subspan(1, 4)), from_ms(static_cast<std::int64_t>(ms)), to_bytes(value.subspan(13))};
}

/// Which of the extensions in a list are receipts, by their OID alone.
struct Found {
  std::size_t receipts = 0;
  BytesView last;  ///< the last extension of all, whole; empty if there is none
};

Result<Found> find_receipts(BytesView extensions) {
  der::Reader list{extensions};
  Found found;
  while (!list.empty()) {
    found.last = list.rest();
    BM_TRY(auto fields, list.enter(der::tag::sequence));
    BM_TRY(const auto type, fields.oid());
    found.receipts += equal(type, arc::registration_receipt) ? 1 : 0;
  }
  return found;
}

Result<Receipted> take(BytesView tbs) {
  BM_TRY(const auto parts, split(tbs));
  BM_TRY(const auto found, find_receipts(parts.extensions));
  if (found.receipts != 1) {
    return fail(Code::not_registered, found.receipts == 0 ? "no registration receipt" : "two registration receipts");
  }
  BM_TRY(auto receipt, decode(found.last));
  return Receipted{join(parts.before, parts.extensions.first(parts.extensions.size() - found.last.size()), {}),
                   std::move(receipt)};
}

}  // namespace

Bytes receipt_message(BytesView tbs_without_receipt, const Octets<4>& key_id, Instant issued_at) {
  Bytes message;
  message.reserve(kContext.size() + 14 + tbs_without_receipt.size());
  append(message, as_bytes(kContext));
  message.push_back(0);
  message.push_back(kVersion);
  append(message, key_id);
  append_u64(message, static_cast<std::uint64_t>(to_ms(issued_at)));
  append(message, tbs_without_receipt);
  return message;
}

Result<Bytes> append_receipt(BytesView tbs, const Receipt& receipt) {
  BM_TRY(const auto parts, split(tbs));
  BM_TRY(const auto found, find_receipts(parts.extensions));
  const bool in_range = !receipt.signature.empty() && receipt.signature.size() <= kSignatureMax &&
                        to_ms(receipt.issued_at) >= 0 && receipt.issued_at <= kNoEnd;
  if (found.receipts != 0 || !in_range) {
    return fail(Code::bad_request, in_range ? "there is a receipt already" : "the receipt's time or signature");
  }
  return join(parts.before, parts.extensions, encode(receipt));
}

Result<Receipted> take_receipt(BytesView tbs) {
  auto taken = take(tbs);
  if (!taken && taken.error().code != Code::not_registered) {
    return fail(Code::not_registered, taken.error().detail);
  }
  return taken;
}

}  // namespace birthmark::pki
