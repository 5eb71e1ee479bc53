// SPDX-License-Identifier: Apache-2.0
// RFC 8949 appendix A and F, and what a strict reader must refuse, by both rules of the reader.
#include "codec/cbor.h"
#include "vectors/tokens.h"

namespace birthmark {
namespace {

using test::Disagreement;
using test::VectorTally;
using test::Verdict;

Result<void> read(BytesView input, cbor::Rule rule) {
  cbor::Reader reader{input, {.rule = rule}};
  BM_CHECK(reader.skip());
  return reader.finish();
}

constexpr std::string_view kIndefinite = "an indefinite length: no format that is read here has them";
constexpr std::string_view kReserved = "simple(24) in two octets: RFC 8949 §3.3 made it malformed after RFC 7049";
constexpr Disagreement kDefinite[]{
    {"f818", kReserved},
    {"5f42010243030405ff", kIndefinite},
    {"7f657374726561646d696e67ff", kIndefinite},
    {"9fff", kIndefinite},
    {"9f018202039f0405ffff", kIndefinite},
    {"9f01820203820405ff", kIndefinite},
    {"83018202039f0405ff", kIndefinite},
    {"83019f0203ff820405", kIndefinite},
    {"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", kIndefinite},
    {"bf61610161629f0203ffff", kIndefinite},
    {"826161bf61626163ff", kIndefinite},
    {"bf6346756ef563416d7421ff", kIndefinite},
};

TEST(CborVectors, appendix_a_by_the_definite_rule) {
  BM_NEEDS_VECTORS("cbor/appendix_a/appendix_a.json");
  VectorTally tally{"cbor/appendix_a (definite rule)", kDefinite};
  const auto examples = test::json_file(test::vectors("cbor/appendix_a/appendix_a.json"));
  for (const auto& example : examples.as_array()) {
    const std::string id{example.at("hex").as_string()};
    const auto ours = read(test::hex(id), cbor::Rule::definite);
    tally.judge(id, Verdict::accept, test::verdict_of(ours), test::words_of(ours));
  }
}

TEST(CborVectors, what_is_not_well_formed) {
  BM_NEEDS_VECTORS("cbor/made/reject.json");
  const auto cases = test::json_file(test::vectors("cbor/made/reject.json"));
  for (const auto rule : {cbor::Rule::deterministic, cbor::Rule::definite}) {
    VectorTally tally{rule == cbor::Rule::definite ? "cbor/made not well-formed (definite rule)"
                                                   : "cbor/made not well-formed (deterministic rule)"};
    for (const auto& text : cases.at("not_well_formed").as_array()) {
      tally.judge(text.as_string(), Verdict::reject, test::verdict_of(read(test::hex(text.as_string()), rule)));
    }
  }
}

constexpr std::string_view kTag = "the reader hands tags on: whoever expects none refuses it by its type";
constexpr Disagreement kDeterministic[]{{"d90100a0", kTag}, {"d8184100", kTag}};

TEST(CborVectors, what_a_deterministic_reader_refuses) {
  BM_NEEDS_VECTORS("cbor/made/reject.json");
  const auto cases = test::json_file(test::vectors("cbor/made/reject.json"));
  VectorTally tally{"cbor/made reject (deterministic rule)", kDeterministic};
  for (const auto& one : cases.at("reject_in_deterministic_mode").as_array()) {
    const std::string id{one.at("hex").as_string()};
    tally.judge(id, Verdict::reject, test::verdict_of(read(test::hex(id), cbor::Rule::deterministic)));
  }
}

constexpr std::string_view kLongHead = "a longer head than needed: what this rule is for";
constexpr Disagreement kByDefinite[]{{"1800", kLongHead},
                                     {"190018", kLongHead},
                                     {"5801aa", kLongHead},
                                     {"a202010102", "keys in any order: what this rule is for"},
                                     {"f97e01", "a float: skipped, and read as nothing else"},
                                     {"fb3ff0000000000000", "a float: skipped, and read as nothing else"},
                                     {"c249000000000000000001", "a bignum: skipped, and read as nothing else"},
                                     {"d90100a0", kTag},
                                     {"d8184100", kTag}};

// The same list by the other rule: what it takes is what it is for, and nothing besides.
TEST(CborVectors, what_the_definite_rule_takes_of_it) {
  BM_NEEDS_VECTORS("cbor/made/reject.json");
  const auto cases = test::json_file(test::vectors("cbor/made/reject.json"));
  VectorTally tally{"cbor/made reject (definite rule)", kByDefinite};
  for (const auto& one : cases.at("reject_in_deterministic_mode").as_array()) {
    const std::string id{one.at("hex").as_string()};
    tally.judge(id, Verdict::reject, test::verdict_of(read(test::hex(id), cbor::Rule::definite)));
  }
}

}  // namespace
}  // namespace birthmark
