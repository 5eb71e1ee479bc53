// SPDX-License-Identifier: Apache-2.0
// The reader against two others: libcbor, which takes more than we do, and published examples with their verdicts.
#include <cbor.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <memory>

#include "codec/cbor.h"
#include "codec/json.h"
#include "support/inputs.h"

namespace birthmark::cbor {
namespace {

/// The argument of an item that is nothing but its head.
std::uint64_t argument(BytesView head) {
  std::uint64_t value = head.size() == 1 ? head[0] & 31U : 0;
  for (const auto octet : head.subspan(1)) {
    value = value << 8 | octet;
  }
  return value;
}

/// What a document says, as a text that is equal for equal structures.
Result<std::string> described(Reader& reader);

Result<std::string> described_items(Reader& reader, std::size_t items) {
  std::string out;
  for (std::size_t i = 0; i < items; ++i) {
    BM_TRY(const auto item, described(reader));
    out += item + ",";
  }
  return out;
}

Result<std::string> described(Reader& reader) {
  BM_TRY(const auto type, reader.peek());
  switch (type) {
    case Type::unsigned_int: {
      BM_TRY(const auto value, reader.unsigned_int());
      return "u" + std::to_string(value);
    }
    case Type::negative_int: {
      BM_TRY(const auto item, reader.raw());
      return "n" + std::to_string(argument(item));
    }
    case Type::bytes: {
      BM_TRY(const auto value, reader.bytes());
      return "b" + to_hex(value);
    }
    case Type::text: {
      BM_TRY(const auto value, reader.text());
      return "t" + to_hex(as_bytes(value));
    }
    case Type::array: {
      BM_TRY(const auto items, reader.array());
      BM_TRY(const auto inside, described_items(reader, items));
      return "[" + inside + "]";
    }
    case Type::map: {
      BM_TRY(const auto pairs, reader.map());
      BM_TRY(const auto inside, described_items(reader, pairs * 2));
      return "{" + inside + "}";
    }
    case Type::tag: {
      BM_TRY(const auto number, reader.tag());
      BM_TRY(const auto inside, described(reader));
      return "g" + std::to_string(number) + "(" + inside + ")";
    }
    case Type::simple:
    case Type::floating: {
      BM_TRY(const auto item, reader.raw());
      return "s" + to_hex(item);
    }
  }
  return fail(Code::bad_evidence, "no type");
}

Result<std::string> by_us(BytesView input, Rule rule = Rule::deterministic) {
  Reader reader{input, {.rule = rule}};
  BM_TRY(auto out, described(reader));
  BM_CHECK(reader.finish());
  return out;
}

std::string described(cbor_item_t* item) {
  switch (cbor_typeof(item)) {
    case CBOR_TYPE_UINT:
      return "u" + std::to_string(cbor_get_int(item));
    case CBOR_TYPE_NEGINT:
      return "n" + std::to_string(cbor_get_int(item));
    case CBOR_TYPE_BYTESTRING:
      return "b" + to_hex({cbor_bytestring_handle(item), cbor_bytestring_length(item)});
    case CBOR_TYPE_STRING:
      return "t" + to_hex({cbor_string_handle(item), cbor_string_length(item)});
    case CBOR_TYPE_ARRAY: {
      std::string out = "[";
      for (std::size_t i = 0; i < cbor_array_size(item); ++i) {
        out += described(cbor_array_handle(item)[i]) + ",";
      }
      return out + "]";
    }
    case CBOR_TYPE_MAP: {
      std::string out = "{";
      for (std::size_t i = 0; i < cbor_map_size(item); ++i) {
        out += described(cbor_map_handle(item)[i].key) + "," + described(cbor_map_handle(item)[i].value) + ",";
      }
      return out + "}";
    }
    case CBOR_TYPE_TAG: {
      cbor_item_t* inside = cbor_tag_item(item);
      auto out = "g" + std::to_string(cbor_tag_value(item)) + "(" + described(inside) + ")";
      cbor_decref(&inside);
      return out;
    }
    case CBOR_TYPE_FLOAT_CTRL:
      return "s" + to_hex(Bytes{static_cast<std::uint8_t>(0xE0 | cbor_ctrl_value(item))});
  }
  return "?";
}

struct Release {
  void operator()(cbor_item_t* item) const { cbor_decref(&item); }
};

/// What libcbor makes of the whole input; "refused" if it does not take it or stops before its end.
std::string by_libcbor(BytesView input) {
  cbor_load_result result{};
  const std::unique_ptr<cbor_item_t, Release> item{cbor_load(input.data(), input.size(), &result)};
  if (!item || result.error.code != CBOR_ERR_NONE || result.read != input.size()) {
    return "refused";
  }
  return described(item.get());
}

/// libcbor 0.8 refuses the tags 6 to 20, which were not assigned when it was written.
bool has_tag_unknown_to_libcbor(const std::string& structure) {
  for (int tag = 6; tag <= 20; ++tag) {
    if (structure.find("g" + std::to_string(tag) + "(") != std::string::npos) {
      return true;
    }
  }
  return false;
}

/// Whether libcbor sees the structure that we saw; true if it cannot tell.
bool libcbor_agrees(const std::string& ours, BytesView document) {
  return has_tag_unknown_to_libcbor(ours) ? by_libcbor(document) == "refused" : by_libcbor(document) == ours;
}

/// A random document: keys are ascending integers, so that maps are in order.
void write_any(Writer& writer, int depth) {
  const auto kind = *rc::gen::inRange(0, depth > 0 ? 9 : 6);
  const auto items = depth > 0 ? *rc::gen::inRange<std::size_t>(0, 4) : 0;
  switch (kind) {
    case 0:
      writer.unsigned_int(*rc::gen::arbitrary<std::uint64_t>());
      return;
    case 1:
      writer.integer(*rc::gen::arbitrary<std::int64_t>());
      return;
    case 2:
      writer.bytes(*rc::gen::arbitrary<Bytes>());
      return;
    case 3:
      writer.text(*rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~')));
      return;
    case 4:
      writer.boolean(*rc::gen::arbitrary<bool>());
      return;
    case 5:
      writer.null();
      return;
    case 6:
      writer.array(items);
      for (std::size_t i = 0; i < items; ++i) {
        write_any(writer, depth - 1);
      }
      return;
    case 7:
      writer.map(items);
      for (std::size_t i = 0; i < items; ++i) {
        writer.unsigned_int(i * 7);
        write_any(writer, depth - 1);
      }
      return;
    default:
      writer.tag(*rc::gen::inRange<std::uint64_t>(4, 70000));
      write_any(writer, depth - 1);
      return;
  }
}

Bytes any_document() {
  Writer writer;
  write_any(writer, 4);
  return std::move(writer).finish();
}

RC_GTEST_PROP(CborOracle, what_we_write_both_read_alike, ()) {
  const auto document = any_document();
  const auto ours = by_us(document);
  RC_ASSERT(ours.has_value());
  RC_ASSERT(libcbor_agrees(*ours, document));
}

RC_GTEST_PROP(CborOracle, what_we_accept_libcbor_accepts_alike, ()) {
  auto document = any_document();
  const auto changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes; ++i) {
    document[*rc::gen::inRange<std::size_t>(0, document.size())] = *rc::gen::arbitrary<std::uint8_t>();
  }
  if (const auto ours = by_us(document)) {
    RC_ASSERT(libcbor_agrees(*ours, document));
  }
}

/// A head of any size that holds its argument.
void loose_head(Bytes& out, std::uint8_t major, std::uint64_t value) {
  const int least = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 3 : 4;
  const auto form = *rc::gen::inRange(least, 5);
  const auto first = static_cast<std::uint8_t>(major << 5);
  out.push_back(static_cast<std::uint8_t>(form == 0 ? first | value : first | (23U + static_cast<unsigned>(form))));
  for (int shift = form == 0 ? -8 : (8 << (form - 1)) - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

/// The same document with heads of any size and the pairs of each map backwards.
Bytes loosened(Reader& in) {
  Bytes out;
  switch (in.peek().value()) {
    case Type::unsigned_int:
      loose_head(out, 0, in.unsigned_int().value());
      return out;
    case Type::negative_int:
      loose_head(out, 1, argument(in.raw().value()));
      return out;
    case Type::bytes: {
      const auto content = in.bytes().value();
      loose_head(out, 2, content.size());
      append(out, content);
      return out;
    }
    case Type::text: {
      const auto content = as_bytes(in.text().value());
      loose_head(out, 3, content.size());
      append(out, content);
      return out;
    }
    case Type::array: {
      const auto items = in.array().value();
      loose_head(out, 4, items);
      for (std::size_t i = 0; i < items; ++i) {
        append(out, loosened(in));
      }
      return out;
    }
    case Type::map: {
      const auto pairs = in.map().value();
      Bytes content;
      for (std::size_t i = 0; i < pairs; ++i) {
        auto pair = loosened(in);
        append(pair, loosened(in));
        content.insert(content.begin(), pair.begin(), pair.end());
      }
      loose_head(out, 5, pairs);
      append(out, content);
      return out;
    }
    case Type::tag:
      loose_head(out, 6, in.tag().value());
      append(out, loosened(in));
      return out;
    case Type::simple:
    case Type::floating:
      return to_bytes(in.raw().value());
  }
  return out;
}

RC_GTEST_PROP(CborOracle, of_loose_documents_both_read_the_same, ()) {
  const auto document = any_document();
  Reader reader{document};
  const auto loose = loosened(reader);
  const auto ours = by_us(loose, Rule::definite);
  RC_ASSERT(ours.has_value());
  RC_ASSERT(libcbor_agrees(*ours, loose));
  RC_ASSERT(by_us(loose).has_value() == (loose == document));
}

RC_GTEST_PROP(CborOracle, of_a_written_document_no_prefix_and_no_extension_is_one, ()) {
  const auto document = any_document();
  test::each_truncation(document, [](const Bytes& cut) { RC_ASSERT_FALSE(by_us(cut).has_value()); });
  auto longer = document;
  longer.push_back(*rc::gen::arbitrary<std::uint8_t>());
  RC_ASSERT_FALSE(by_us(longer).has_value());
}

TEST(CborOracle, every_document_of_two_bytes_that_we_accept) {
  std::size_t accepted = 0;
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const Bytes document{static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)};
      if (const auto ours = by_us(document)) {
        ++accepted;
        EXPECT_TRUE(libcbor_agrees(*ours, document)) << to_hex(document) << " " << *ours;
      }
    }
  }
  EXPECT_GT(accepted, 1000u);
}

/// RFC 8949 Appendix A: examples of everything; floats, bignums, other simple values and indefinite lengths are not
/// ours.
TEST(CborVectors, appendix_a_within_our_subset) {
  BM_NEEDS_VECTORS("cbor/appendix_a/appendix_a.json");
  const auto examples = json::read(test::file(test::vectors("cbor/appendix_a/appendix_a.json")));
  ASSERT_TRUE(examples) << examples.error().detail;
  std::size_t accepted = 0;
  for (const auto& example : examples->as_array()) {
    const auto document = test::hex(std::string_view{example.at("hex").as_string()});
    const auto first = document.at(0);
    const auto ours = by_us(document);
    if (ours) {
      ++accepted;
      EXPECT_TRUE(libcbor_agrees(*ours, document)) << to_hex(document) << " " << *ours;
    }
    const bool simple = first >> 5 == 7 && (first < 0xF4 || first > 0xF6);
    const bool bignum = first == 0xC2 || first == 0xC3;
    const bool indefinite = (first & 31) == 31;
    if (simple || bignum || indefinite) {
      EXPECT_FALSE(ours) << to_hex(document);
    }
  }
  EXPECT_GT(accepted, 40u);
}

TEST(CborVectors, what_is_not_well_formed_or_not_deterministic_is_refused) {
  BM_NEEDS_VECTORS("cbor/made/reject.json");
  const auto cases = json::read(test::file(test::vectors("cbor/made/reject.json")));
  ASSERT_TRUE(cases) << cases.error().detail;
  for (const auto& text : cases->at("not_well_formed").as_array()) {
    EXPECT_FALSE(by_us(test::hex(std::string_view{text.as_string()}))) << text;
  }
  for (const auto& refused : cases->at("reject_in_deterministic_mode").as_array()) {
    const auto document = test::hex(std::string_view{refused.at("hex").as_string()});
    // Tags are the caller's to take or refuse: whoever expects none, and peeks, finds one.
    const auto ours = by_us(document);
    EXPECT_TRUE(!ours || Reader{document}.peek() == Type::tag) << refused;
  }
}

}  // namespace
}  // namespace birthmark::cbor
