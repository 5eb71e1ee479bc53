// SPDX-License-Identifier: Apache-2.0
#include "codec/matter_tlv.h"

#include <gtest/gtest.h>

#include "support/inputs.h"

namespace birthmark::matter_tlv {
namespace {

using test::hex;

/// Reads everything there is; how many elements, or nothing if something is refused.
std::optional<std::size_t> walked(BytesView input, Rules rules = {}) {
  Reader in{input, rules};
  std::size_t count = 0;
  do {
    const auto element = in.next();
    if (!element) {
      EXPECT_EQ(element.error().code, Code::bad_evidence);
      return std::nullopt;
    }
    count += *element ? 1 : 0;
  } while (in.depth() > 0);
  return in.finish() ? std::optional{count} : std::nullopt;
}

TEST(MatterTlv, every_type_is_read) {
  Writer out;
  out.open({}, Type::structure).unsigned_int(context(0), 0).unsigned_int(context(1), 0x1234);
  out.unsigned_int(context(2), 0x12345678).unsigned_int(context(3), 0x123456789AULL);
  out.signed_int(context(4), -1).signed_int(context(5), -129).signed_int(context(6), INT64_MIN);
  out.boolean(context(7), true).boolean(context(8), false).null(context(9)).text(context(10), "h\xC3\xA9");
  out.bytes(context(11), Bytes(300, 7)).open(context(12), Type::array).unsigned_int({}, 1).close();
  const Tag own{.form = Tag::Form::qualified, .number = 0, .qualified = 0xFFF1'0001, .tag = 2};
  out.open(context(13), Type::list).null({}).null(context(3)).null(context(1)).close().boolean(own, true).close();
  const auto document = std::move(out).finish();
  EXPECT_EQ(walked(document, {.widths = Widths::shortest}), 20U);

  Reader in{document};
  EXPECT_TRUE(in.expect({}, Type::structure));
  EXPECT_EQ(in.expect(context(0), Type::unsigned_int)->number, 0U);
  EXPECT_EQ(in.expect(context(1), Type::unsigned_int)->number, 0x1234U);
  EXPECT_EQ(in.expect(context(2), Type::unsigned_int)->number, 0x12345678U);
  EXPECT_EQ(in.expect(context(3), Type::unsigned_int)->number, 0x123456789AU);
  EXPECT_EQ(in.expect(context(4), Type::signed_int)->signed_number(), -1);
  EXPECT_EQ(in.expect(context(5), Type::signed_int)->signed_number(), -129);
  EXPECT_EQ(in.expect(context(6), Type::signed_int)->signed_number(), INT64_MIN);
  EXPECT_EQ(in.expect(context(7), Type::boolean)->number, 1U);
  EXPECT_EQ(in.expect(context(8), Type::boolean)->number, 0U);
  EXPECT_TRUE(in.expect(context(9), Type::null));
  EXPECT_EQ(as_text(in.expect(context(10), Type::text)->octets), "h\xC3\xA9");
  EXPECT_EQ(in.expect(context(11), Type::bytes)->octets.size(), 300U);
  EXPECT_TRUE(in.leave());
  EXPECT_TRUE(in.finish());
}

struct Wrong {
  const char* name;
  const char* tlv;
};
class WrongTlv : public ::testing::TestWithParam<Wrong> {};
TEST_P(WrongTlv, is_refused) {
  EXPECT_EQ(walked(hex(GetParam().tlv)), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(
    Table, WrongTlv,
    ::testing::Values(Wrong{"nothing", ""}, Wrong{"two_documents", "0808"}, Wrong{"bytes_behind", "151800"},
                      Wrong{"open_end", "15"}, Wrong{"end_of_nothing", "18"}, Wrong{"tagged_outside", "280108"},
                      Wrong{"anonymous_member", "150818"}, Wrong{"tag_in_an_array", "1628011818"},
                      Wrong{"tags_twice", "1528012801 18"}, Wrong{"tags_out_of_order", "1528022801 18"},
                      Wrong{"context_behind_qualified", "15 C8F1FF01000200 2801 18"}, Wrong{"float", "0A00000000"},
                      Wrong{"double", "0B0000000000000000"}, Wrong{"reserved_type", "19"},
                      Wrong{"common_profile_tag", "15 480100 18"}, Wrong{"implicit_profile_tag", "15 880100 18"},
                      Wrong{"cut_number", "0501"}, Wrong{"cut_text", "0C0241"}, Wrong{"cut_length", "0D01"},
                      Wrong{"claims_2_to_the_63", "13FFFFFFFFFFFFFF7F"}, Wrong{"not_utf8", "0C01FF"},
                      Wrong{"surrogate", "0C03EDA080"}, Wrong{"tag_cut_off", "1528"},
                      Wrong{"nested_too_deep", "161616161616161616 181818181818181818"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(MatterTlv, shortest_forms_are_asked_for_where_that_is_the_rule) {
  for (const auto* const longer :
       {"050100", "060100FFFF", "01FFFF", "0D010041", "11000000", "15 E8F1FF010002000000 18"}) {
    const auto bytes = hex(longer);
    if (bytes.size() < 5 || longer[1] != '6') {
      EXPECT_EQ(walked(bytes, {.widths = Widths::shortest}), std::nullopt) << longer;
    }
  }
  EXPECT_EQ(walked(hex("050100")), 1U);
  EXPECT_EQ(walked(hex("0D010041")), 1U);
  EXPECT_EQ(walked(hex("050001"), {.widths = Widths::shortest}), 1U);
}

TEST(MatterTlv, bounds_hold_before_memory_is_taken) {
  EXPECT_EQ(walked(Bytes(9000, 0x16)), std::nullopt);
  Bytes many{0x16};
  many.insert(many.end(), 2000, 0x14);
  many.push_back(0x18);
  EXPECT_EQ(walked(many), std::nullopt);
  EXPECT_EQ(walked(many, {.elements_max = 3000}), 2001U);
}

TEST(MatterTlv, an_error_sticks) {
  const auto document = hex("15 0A 18");
  Reader in{document};
  EXPECT_TRUE(in.next());
  EXPECT_FALSE(in.next());
  EXPECT_FALSE(in.next());
  EXPECT_FALSE(in.leave());
  EXPECT_FALSE(in.finish());
}

}  // namespace
}  // namespace birthmark::matter_tlv
