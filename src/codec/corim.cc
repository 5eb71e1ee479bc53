// SPDX-License-Identifier: Apache-2.0
#include "codec/corim.h"

#include <algorithm>

#include "codec/cbor.h"

namespace birthmark::corim {
namespace {

constexpr std::string_view kContentType = "application/rim+cbor";
constexpr std::int64_t kMetaLabel = 8;
constexpr std::array<std::int64_t, 1> kUnderstood{kMetaLabel};

namespace tag {
constexpr std::uint64_t epoch = 1, uri = 32, uuid = 37, oid = 111, rim = 501, comid = 506, ueid = 550, svn = 552,
                        min_svn = 553, pem_key = 554, bytes = 560;
}

tl::unexpected<Error> refuse(std::string what) {
  return fail(Code::bad_evidence, "CoRIM: " + std::move(what));
}

cbor::Limits limits() {
  return {.bytes_max = kMaxBytes, .depth_max = 24, .items_max = 65536, .rule = cbor::Rule::definite};
}

/// Calls `member` with the number of each pair whose key is a number it may know; it says whether it took the value.
template <class Member>
Result<void> each_member(cbor::Reader& in, Member member) {
  BM_TRY(const auto pairs, in.map());
  for (std::size_t i = 0; i < pairs; ++i) {
    BM_TRY(const auto type, in.peek());
    if (type != cbor::Type::unsigned_int) {  // extensions have negative keys and texts
      BM_CHECK(in.skip());
      BM_CHECK(in.skip());
      continue;
    }
    BM_TRY(const auto number, in.unsigned_int());
    BM_TRY(const bool taken, member(number));
    if (!taken) {
      BM_CHECK(in.skip());
    }
  }
  return {};
}

/// Calls `item` for each item of a list that is not empty.
template <class Item>
Result<void> each_item(cbor::Reader& in, const char* what, Item item) {
  BM_TRY(const auto count, in.array());
  if (count == 0) {
    return refuse(std::string{what} + ": an empty list");
  }
  for (std::size_t i = 0; i < count; ++i) {
    BM_CHECK(item());
  }
  return {};
}

Result<std::string> read_text(cbor::Reader& in) {
  BM_TRY(const auto text, in.text());
  if (text.size() > kTextMaxBytes) {
    return refuse("a text is longer than 1,024 octets");
  }
  return std::string{text};
}

Result<std::string> read_id(cbor::Reader& in) {
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::text) {
    BM_TRY(auto text, read_text(in));
    return text.empty() ? Result<std::string>{refuse("an empty id")} : Result<std::string>{std::move(text)};
  }
  BM_TRY(const auto uuid, in.bytes());
  return uuid.size() == 16 ? Result<std::string>{"uuid:" + to_hex(uuid)}
                           : Result<std::string>{refuse("an id is neither text nor UUID")};
}

Result<Instant> read_time(cbor::Reader& in) {
  BM_TRY(const auto number, in.tag());
  if (number != tag::epoch) {
    return refuse("a time without tag 1");
  }
  BM_TRY(const auto seconds, in.integer());
  constexpr std::int64_t kEnd = 253402300799;  // 9999-12-31T23:59:59Z
  if (seconds < 0 || seconds > kEnd) {
    return refuse("a time before 1970 or beyond 9999");
  }
  return from_ms(seconds * 1000);
}

Result<Validity> read_validity(cbor::Reader& in) {
  Validity out;
  bool ends = false;
  BM_CHECK(each_member(in, [&](std::uint64_t number) -> Result<bool> {
    if (number == 0) {
      BM_TRY(out.not_before, read_time(in));
    } else if (number == 1) {
      BM_TRY(out.not_after, read_time(in));
      ends = true;
    }
    return number <= 1;
  }));
  return ends ? Result<Validity>{out} : Result<Validity>{refuse("a validity without end")};
}

// --- environments ---

Result<void> read_class_id(cbor::Reader& in, Environment& out) {
  BM_TRY(const auto type, in.peek());
  if (type != cbor::Type::tag) {
    out.has_more = true;
    return in.skip();
  }
  BM_TRY(const auto number, in.tag());
  if (number != tag::uuid && number != tag::oid && number != tag::bytes) {
    out.has_more = true;
    return in.skip();
  }
  BM_TRY(const auto value, in.bytes());
  const auto kind = number == tag::uuid  ? ClassIdKind::uuid
                    : number == tag::oid ? ClassIdKind::oid
                                         : ClassIdKind::bytes;
  if (value.empty() || (kind == ClassIdKind::uuid && value.size() != 16)) {
    return refuse("a class id of another size");
  }
  out.class_id = ClassId{kind, to_bytes(value)};
  return {};
}

Result<void> read_class(cbor::Reader& in, Environment& out) {
  return each_member(in, [&](std::uint64_t number) -> Result<bool> {
    switch (number) {
      case 0:
        BM_CHECK(read_class_id(in, out));
        return true;
      case 1: {
        BM_TRY(out.vendor, read_text(in));
        return true;
      }
      case 2: {
        BM_TRY(out.model, read_text(in));
        return true;
      }
      case 3: {
        BM_TRY(out.layer, in.unsigned_int());
        return true;
      }
      case 4: {
        BM_TRY(out.index, in.unsigned_int());
        return true;
      }
    }
    return false;
  });
}

Result<void> read_instance(cbor::Reader& in, Environment& out) {
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::tag) {
    BM_TRY(const auto number, in.tag());
    if (number == tag::ueid) {
      BM_TRY(const auto value, in.bytes());
      out.ueid = to_bytes(value);
      return {};
    }
  }
  out.has_more = true;
  return in.skip();
}

Result<Environment> read_environment(cbor::Reader& in) {
  Environment out;
  bool some = false;
  BM_CHECK(each_member(in, [&](std::uint64_t number) -> Result<bool> {
    some = some || number <= 2;
    if (number == 0) {
      BM_CHECK(read_class(in, out));
    } else if (number == 1) {
      BM_CHECK(read_instance(in, out));
    } else {
      out.has_more = true;
    }
    return number <= 1;
  }));
  return some ? Result<Environment>{std::move(out)} : Result<Environment>{refuse("an environment that says nothing")};
}

// --- measurements ---

Result<std::string> read_key(cbor::Reader& in) {
  BM_TRY(const auto type, in.peek());
  switch (type) {
    case cbor::Type::text:
      return read_text(in);
    case cbor::Type::unsigned_int: {
      BM_TRY(const auto number, in.unsigned_int());
      return std::to_string(number);
    }
    case cbor::Type::tag: {
      BM_CHECK(in.tag());
      BM_TRY(const auto value, in.bytes());
      return to_hex(value);
    }
    case cbor::Type::negative_int:
    case cbor::Type::bytes:
    case cbor::Type::array:
    case cbor::Type::map:
    case cbor::Type::simple:
    case cbor::Type::floating:
      break;
  }
  return refuse("the key of a measurement has another type");
}

Result<SecurityVersion> read_svn(cbor::Reader& in) {
  BM_TRY(const auto type, in.peek());
  SecurityVersion out;
  if (type == cbor::Type::tag) {
    BM_TRY(const auto number, in.tag());
    if (number != tag::svn && number != tag::min_svn) {
      return refuse("a security version with another tag");
    }
    out.is_minimum = number == tag::min_svn;
  }
  BM_TRY(out.number, in.unsigned_int());
  return out;
}

Result<void> read_digest(cbor::Reader& in, std::vector<Digest>& out) {
  BM_TRY(const auto fields, in.array());
  if (fields != 2) {
    return refuse("a digest is no pair");
  }
  Digest one;
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::text) {
    BM_TRY(one.algorithm, read_text(in));
  } else {
    BM_TRY(one.algorithm, in.integer());
  }
  BM_TRY(const auto value, in.bytes());
  one.value = to_bytes(value);
  out.push_back(std::move(one));
  return {};
}

Result<std::string> read_version(cbor::Reader& in) {
  std::string out;
  BM_CHECK(each_member(in, [&](std::uint64_t number) -> Result<bool> {
    if (number == 0) {
      BM_TRY(out, read_text(in));
    }
    return number == 0;
  }));
  return out;
}

Result<void> read_flags(cbor::Reader& in, Measurement& out) {
  return each_member(in, [&](std::uint64_t number) -> Result<bool> {
    if (number >= kFlags) {
      return false;
    }
    BM_TRY(out.flags[static_cast<std::size_t>(number)], in.boolean());
    return true;
  });
}

Result<bool> read_value(cbor::Reader& in, std::uint64_t number, Measurement& out) {
  switch (number) {
    case 0: {
      BM_TRY(out.version, read_version(in));
      return true;
    }
    case 1: {
      BM_TRY(out.svn, read_svn(in));
      return true;
    }
    case 2:
      BM_CHECK(each_item(in, "digests", [&] { return read_digest(in, out.digests); }));
      return true;
    case 3:
      BM_CHECK(read_flags(in, out));
      return true;
    case 11: {
      BM_TRY(out.name, read_text(in));
      return true;
    }
    case 13:  // cryptokeys: who signed the component; shown nowhere
      return false;
  }
  out.has_more = true;
  return false;
}

Result<void> read_measurement(cbor::Reader& in, std::vector<Measurement>& out) {
  Measurement one;
  bool has_values = false;
  BM_CHECK(each_member(in, [&](std::uint64_t number) -> Result<bool> {
    if (number == 0) {
      BM_TRY(one.key, read_key(in));
    } else if (number == 1) {
      has_values = true;
      BM_CHECK(each_member(in, [&](std::uint64_t value) { return read_value(in, value, one); }));
    } else if (number == 2) {
      one.has_more = true;  // it holds only where somebody else says so too
    }
    return number <= 1;
  }));
  if (!has_values) {
    return refuse("a measurement without values");
  }
  out.push_back(std::move(one));
  return {};
}

// --- triples ---

Result<void> read_triple(cbor::Reader& in, std::vector<Triple>& out) {
  BM_TRY(const auto fields, in.array());
  if (fields != 2) {
    return refuse("a triple of measurements has two fields");
  }
  Triple one;
  BM_TRY(one.environment, read_environment(in));
  BM_CHECK(each_item(in, "measurements", [&] { return read_measurement(in, one.measurements); }));
  out.push_back(std::move(one));
  return {};
}

Result<void> read_crypto_key(cbor::Reader& in, std::vector<CryptoKey>& out) {
  CryptoKey one;
  BM_TRY(one.tag, in.tag());
  if (one.tag == tag::pem_key) {
    BM_TRY(const auto text, in.text());
    one.value = to_bytes(as_bytes(text));
  } else {
    BM_TRY(const auto whole, in.raw());
    one.value = to_bytes(whole);
  }
  out.push_back(std::move(one));
  return {};
}

Result<void> read_key_triple(cbor::Reader& in, std::vector<KeyTriple>& out) {
  BM_TRY(const auto fields, in.array());
  if (fields != 2 && fields != 3) {
    return refuse("a triple of keys has two or three fields");
  }
  KeyTriple one;
  BM_TRY(one.environment, read_environment(in));
  BM_CHECK(each_item(in, "keys", [&] { return read_crypto_key(in, one.keys); }));
  one.has_conditions = fields == 3;
  if (one.has_conditions) {
    BM_CHECK(in.skip());
  }
  out.push_back(std::move(one));
  return {};
}

Result<bool> read_triples(cbor::Reader& in, std::uint64_t number, Comid& out) {
  switch (number) {
    case 0:
      BM_CHECK(each_item(in, "reference triples", [&] { return read_triple(in, out.reference); }));
      return true;
    case 1:
      BM_CHECK(each_item(in, "endorsed triples", [&] { return read_triple(in, out.endorsed); }));
      return true;
    case 2:
      BM_CHECK(each_item(in, "identity triples", [&] { return read_key_triple(in, out.identity); }));
      return true;
    case 3:
      BM_CHECK(each_item(in, "attest-key triples", [&] { return read_key_triple(in, out.attest_key); }));
      return true;
  }
  out.has_other_triples = true;
  return false;
}

Result<void> read_tag_identity(cbor::Reader& in, Comid& out) {
  return each_member(in, [&](std::uint64_t number) -> Result<bool> {
    if (number == 0) {
      BM_TRY(out.id, read_id(in));
    } else if (number == 1) {
      BM_TRY(out.version, in.unsigned_int());
    }
    return number <= 1;
  });
}

// --- the manifest ---

Result<void> read_tag_of_rim(cbor::Reader& in, Rim& out) {
  BM_TRY(const auto number, in.tag());
  if (number != tag::comid) {
    ++out.other_tags;
    return in.skip();
  }
  BM_TRY(const auto encoded, in.bytes());
  BM_TRY(auto comid, read_comid(encoded));
  out.comids.push_back(std::move(comid));
  return {};
}

Result<std::string> read_profile(cbor::Reader& in) {
  BM_TRY(const auto number, in.tag());
  if (number == tag::uri) {
    return read_text(in);
  }
  if (number != tag::oid) {
    return refuse("the profile is neither URI nor OID");
  }
  BM_TRY(const auto value, in.bytes());
  return "oid:" + to_hex(value);
}

Result<bool> read_rim_member(cbor::Reader& in, std::uint64_t number, Rim& out) {
  switch (number) {
    case 0: {
      BM_TRY(out.id, read_id(in));
      return true;
    }
    case 1:
      BM_CHECK(each_item(in, "tags", [&] { return read_tag_of_rim(in, out); }));
      return true;
    case 3: {
      BM_TRY(out.profile, read_profile(in));
      return true;
    }
    case 4: {
      BM_TRY(out.validity, read_validity(in));
      return true;
    }
  }
  return false;
}

Result<Meta> read_meta(BytesView encoded) {
  cbor::Reader in{encoded, {.bytes_max = 4096, .rule = cbor::Rule::definite}};
  Meta out;
  BM_CHECK(each_member(in, [&](std::uint64_t number) -> Result<bool> {
    if (number == 0) {
      BM_CHECK(each_member(in, [&](std::uint64_t part) -> Result<bool> {
        if (part == 0) {
          BM_TRY(out.signer, read_text(in));
        }
        return part == 0;
      }));
    } else if (number == 1) {
      BM_TRY(out.validity, read_validity(in));
    }
    return number <= 1;
  }));
  BM_CHECK(in.finish());
  return out.signer.empty() ? Result<Meta>{refuse("corim-meta names no signer")} : Result<Meta>{std::move(out)};
}

}  // namespace

Result<Comid> read_comid(BytesView input) {
  cbor::Reader in{input, limits()};
  Comid out;
  bool has_triples = false;
  BM_CHECK(each_member(in, [&](std::uint64_t number) -> Result<bool> {
    if (number == 1) {
      BM_CHECK(read_tag_identity(in, out));
    } else if (number == 4) {
      has_triples = true;
      BM_CHECK(each_member(in, [&](std::uint64_t kind) { return read_triples(in, kind, out); }));
    }
    return number == 1 || number == 4;
  }));
  BM_CHECK(in.finish());
  if (out.id.empty() || !has_triples) {
    return refuse("a CoMID without identity or triples");
  }
  out.encoded = to_bytes(input);
  return out;
}

Result<Rim> read_rim(BytesView input) {
  cbor::Reader in{input, limits()};
  BM_TRY(const auto type, in.peek());
  if (type != cbor::Type::tag) {
    return refuse("no tag 501");
  }
  BM_TRY(const auto number, in.tag());
  if (number != tag::rim) {
    return refuse("no tag 501");
  }
  Rim out;
  BM_CHECK(each_member(in, [&](std::uint64_t member) { return read_rim_member(in, member, out); }));
  BM_CHECK(in.finish());
  if (out.id.empty() || (out.comids.empty() && out.other_tags == 0)) {
    return refuse("no id or no tags");
  }
  return out;
}

Result<Signed> read_signed(BytesView input) {
  BM_TRY(auto message, cose::read_sign1(input, {.understood = kUnderstood, .bytes_max = kMaxBytes}));
  const auto& header = message.header;
  const auto* const type = header.content_type ? std::get_if<std::string_view>(&*header.content_type) : nullptr;
  if (type == nullptr || *type != kContentType || !header.content_type_is_protected) {
    return refuse("the content type is not application/rim+cbor, protected");
  }
  const auto* const meta = header.find(kMetaLabel);
  if (meta == nullptr || !meta->is_protected) {
    return refuse("no corim-meta in the protected header");
  }
  cbor::Reader in{meta->value, {.rule = cbor::Rule::definite}};
  BM_TRY(const auto encoded, in.bytes());
  BM_TRY(auto read, read_meta(encoded));
  return Signed{std::move(message), std::move(read)};
}

}  // namespace birthmark::corim
