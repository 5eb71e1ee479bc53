// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "codec/der.h"
#include "codec/dice.h"
#include "codec/oid.h"
#include "codec/utf8.h"

namespace birthmark::dice {
namespace {

using der::tag::context;
using der::tag::context_constructed;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"DICE: "} + what);
}

struct HashRow {
  BytesView oid;
  std::size_t size;
};
constexpr auto kSha256 = oid<2, 16, 840, 1, 101, 3, 4, 2, 1>, kSha384 = oid<2, 16, 840, 1, 101, 3, 4, 2, 2>,
               kSha512 = oid<2, 16, 840, 1, 101, 3, 4, 2, 3>, kSha3_256 = oid<2, 16, 840, 1, 101, 3, 4, 2, 8>,
               kSha3_384 = oid<2, 16, 840, 1, 101, 3, 4, 2, 9>, kSha3_512 = oid<2, 16, 840, 1, 101, 3, 4, 2, 10>;
constexpr std::array<HashRow, 6> kHashes{HashRow{kSha256, 32},   HashRow{kSha384, 48},   HashRow{kSha512, 64},
                                         HashRow{kSha3_256, 32}, HashRow{kSha3_384, 48}, HashRow{kSha3_512, 64}};

/// The number or the bits behind an implicit tag, put behind their own so that the one reader of each judges them.
constexpr std::size_t kSmallMaxBytes = 9;  // u64 with a sign octet
Result<Bytes> retagged(std::uint8_t tag, BytesView contents) {
  if (contents.size() > kSmallMaxBytes) {
    return refuse("number or flags too long");
  }
  Bytes out{tag, static_cast<std::uint8_t>(contents.size())};
  append(out, contents);
  return out;
}

Result<std::optional<std::uint64_t>> optional_number(der::Reader& fields, std::uint8_t number) {
  BM_TRY(const auto contents, fields.optional(context(number)));
  if (!contents) {
    return std::optional<std::uint64_t>{};
  }
  BM_TRY(const auto whole, retagged(der::tag::integer, *contents));
  BM_TRY(const auto value, der::Reader{whole}.small_unsigned());
  return std::optional{value};
}

Result<std::optional<std::uint32_t>> optional_flags(der::Reader& fields, std::uint8_t number) {
  BM_TRY(const auto contents, fields.optional(context(number)));
  if (!contents) {
    return std::optional<std::uint32_t>{};
  }
  BM_TRY(const auto whole, retagged(der::tag::bit_string, *contents));
  BM_TRY(const auto bits, der::Reader{whole}.named_bits());
  return std::optional{bits};
}

Result<std::optional<std::string>> optional_text(der::Reader& fields, std::uint8_t number) {
  BM_TRY(const auto contents, fields.optional(context(number)));
  if (!contents) {
    return std::optional<std::string>{};
  }
  const auto text = as_text(*contents);
  if (text.empty() || text.size() > kTextMaxBytes || !is_utf8(text) || text.find('\0') != std::string_view::npos) {
    return refuse("text empty, too long or not UTF-8");
  }
  return std::optional{std::string{text}};
}

Result<std::optional<Bytes>> optional_octets(der::Reader& fields, std::uint8_t number) {
  BM_TRY(const auto contents, fields.optional(context(number)));
  if (contents && (contents->empty() || contents->size() > kOctetsMaxBytes)) {
    return refuse("octets empty or too long");
  }
  return contents ? std::optional{to_bytes(*contents)} : std::optional<Bytes>{};
}

Result<Fwid> read_fwid(der::Reader fields) {
  BM_TRY(const auto algorithm, fields.oid());
  BM_TRY(const auto digest, fields.expect(der::tag::octet_string));
  BM_CHECK(fields.finish());
  const auto* const row = std::ranges::find_if(kHashes, [&](const HashRow& one) { return equal(one.oid, algorithm); });
  if (row == kHashes.end() || row->size != digest.size()) {
    return refuse("fwid of an unknown hash, or of another size");
  }
  return Fwid{to_bytes(algorithm), to_bytes(digest)};
}

/// @param list over the contents of FWIDLIST
Result<std::vector<Fwid>> read_fwids(der::Reader list) {
  std::vector<Fwid> fwids;
  while (!list.empty()) {
    if (fwids.size() == kFwidsMax) {
      return refuse("too many fwids");
    }
    BM_TRY(const auto fields, list.enter(der::tag::sequence));
    BM_TRY(auto fwid, read_fwid(fields));
    fwids.push_back(std::move(fwid));
  }
  if (fwids.empty()) {
    return refuse("empty list of fwids");
  }
  return fwids;
}

Result<IntegrityRegister> read_register(der::Reader fields) {
  IntegrityRegister out;
  BM_TRY(out.name, optional_text(fields, 0));
  BM_TRY(out.number, optional_number(fields, 1));
  BM_TRY(const auto digests, fields.enter(context_constructed(2)));
  BM_TRY(out.digests, read_fwids(digests));
  BM_CHECK(fields.finish());
  if (!out.name && !out.number) {
    return refuse("an integrity register without name and number");
  }
  return out;
}

Result<std::vector<IntegrityRegister>> read_registers(der::Reader list) {
  std::vector<IntegrityRegister> registers;
  while (!list.empty()) {
    if (registers.size() == kRegistersMax) {
      return refuse("too many integrity registers");
    }
    BM_TRY(const auto fields, list.enter(der::tag::sequence));
    BM_TRY(auto one, read_register(fields));
    registers.push_back(std::move(one));
  }
  if (registers.empty()) {
    return refuse("empty list of integrity registers");
  }
  return registers;
}

Result<TcbInfo> read_fields(der::Reader fields) {
  TcbInfo out;
  BM_TRY(out.vendor, optional_text(fields, 0));
  BM_TRY(out.model, optional_text(fields, 1));
  BM_TRY(out.version, optional_text(fields, 2));
  BM_TRY(out.svn, optional_number(fields, 3));
  BM_TRY(out.layer, optional_number(fields, 4));
  BM_TRY(out.index, optional_number(fields, 5));
  if (fields.peek() == context_constructed(6)) {
    BM_TRY(const auto list, fields.enter(context_constructed(6)));
    BM_TRY(out.fwids, read_fwids(list));
  }
  BM_TRY(out.flags, optional_flags(fields, 7));
  BM_TRY(out.vendor_info, optional_octets(fields, 8));
  BM_TRY(out.type, optional_octets(fields, 9));
  // A constructed [10] is the integrityRegisters of an older draft: it stays unread, and `finish` refuses it.
  BM_TRY(out.flags_mask, optional_flags(fields, 10));
  if (fields.peek() == context_constructed(11)) {
    BM_TRY(const auto list, fields.enter(context_constructed(11)));
    BM_TRY(out.integrity_registers, read_registers(list));
  }
  BM_CHECK(fields.finish());
  return out;
}

/// SEQUENCE { OCTET STRING } of 1..size_max octets.
Result<Bytes> read_wrapped_octets(BytesView whole, std::size_t size_max) {
  BM_TRY(auto fields, der::read_one(whole, der::tag::sequence));
  BM_TRY(const auto octets, fields.expect(der::tag::octet_string));
  BM_CHECK(fields.finish());
  return octets.empty() || octets.size() > size_max ? Result<Bytes>{refuse("octets empty or too long")}
                                                    : to_bytes(octets);
}

Bytes wrapped_octets(BytesView octets) {
  der::Writer out;
  out.open(der::tag::sequence).octet_string(octets).close();
  return std::move(out).finish();
}

// --- writing ---

/// What `write_own` writes under its own tag, under an implicit one.
template <class WriteOwn>
void implicit(der::Writer& out, std::uint8_t number, const WriteOwn& write_own) {
  der::Writer inner{16};
  write_own(inner);
  auto bytes = std::move(inner).finish();
  bytes.front() = context(number);
  out.raw(bytes);
}

void number_field(der::Writer& out, std::uint8_t number, const std::optional<std::uint64_t>& value) {
  if (value) {
    implicit(out, number, [&](der::Writer& inner) { inner.unsigned_int(*value); });
  }
}
void flags_field(der::Writer& out, std::uint8_t number, const std::optional<std::uint32_t>& value) {
  if (value) {
    implicit(out, number, [&](der::Writer& inner) { inner.named_bits(*value); });
  }
}
void text_field(der::Writer& out, std::uint8_t number, const std::optional<std::string>& value) {
  if (value) {
    out.text(context(number), *value);
  }
}
void octets_field(der::Writer& out, std::uint8_t number, const std::optional<Bytes>& value) {
  if (value) {
    out.primitive(context(number), *value);
  }
}
void fwids_field(der::Writer& out, std::uint8_t number, const std::vector<Fwid>& fwids) {
  if (!fwids.empty()) {
    out.open(context_constructed(number));
    for (const auto& fwid : fwids) {
      out.open(der::tag::sequence).oid(fwid.algorithm).octet_string(fwid.digest).close();
    }
    out.close();
  }
}

void write_fields(der::Writer& out, const TcbInfo& info) {
  out.open(der::tag::sequence);
  text_field(out, 0, info.vendor);
  text_field(out, 1, info.model);
  text_field(out, 2, info.version);
  number_field(out, 3, info.svn);
  number_field(out, 4, info.layer);
  number_field(out, 5, info.index);
  fwids_field(out, 6, info.fwids);
  flags_field(out, 7, info.flags);
  octets_field(out, 8, info.vendor_info);
  octets_field(out, 9, info.type);
  flags_field(out, 10, info.flags_mask);
  if (!info.integrity_registers.empty()) {
    out.open(context_constructed(11));
    for (const auto& one : info.integrity_registers) {
      out.open(der::tag::sequence);
      text_field(out, 0, one.name);
      number_field(out, 1, one.number);
      fwids_field(out, 2, one.digests);
      out.close();
    }
    out.close();
  }
  out.close();
}

}  // namespace

Result<TcbInfo> read_tcb_info(BytesView whole) {
  BM_TRY(const auto fields, der::read_one(whole, der::tag::sequence));
  return read_fields(fields);
}

Bytes write(const TcbInfo& info) {
  der::Writer out;
  write_fields(out, info);
  return std::move(out).finish();
}

Result<std::vector<TcbInfo>> read_multi_tcb_info(BytesView whole) {
  BM_TRY(auto list, der::read_one(whole, der::tag::sequence));
  std::vector<TcbInfo> infos;
  while (!list.empty()) {
    if (infos.size() == kTcbInfosMax) {
      return refuse("too many TcbInfos");
    }
    BM_TRY(const auto fields, list.enter(der::tag::sequence));
    BM_TRY(auto info, read_fields(fields));
    infos.push_back(std::move(info));
  }
  if (infos.empty()) {
    return refuse("an empty MultiTcbInfo");
  }
  return infos;
}

Bytes write(std::span<const TcbInfo> infos) {
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto& info : infos) {
    write_fields(out, info);
  }
  out.close();
  return std::move(out).finish();
}

Result<Bytes> read_ueid(BytesView whole) {
  return read_wrapped_octets(whole, kUeidMaxBytes);
}
Bytes write_ueid(BytesView ueid) {
  return wrapped_octets(ueid);
}
Result<Bytes> read_freshness(BytesView whole) {
  return read_wrapped_octets(whole, kNonceMaxBytes);
}
Bytes write_freshness(BytesView nonce) {
  return wrapped_octets(nonce);
}

}  // namespace birthmark::dice
