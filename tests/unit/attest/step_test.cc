// SPDX-License-Identifier: Apache-2.0
#include "attest/step.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace birthmark::attest {
namespace {

struct Log {
  std::string ran;
  char fails_at = 0;
};
template <char Which>
Failure step(Log& log) {
  log.ran += Which;
  return log.fails_at == Which ? Failure{std::string{"no "} + Which} : std::nullopt;
}
constexpr std::array kSteps{Step<Log>{"a", "clause a", Code::ek_untrusted, step<'a'>},
                            Step<Log>{"b", "clause b", Code::key_not_attested, step<'b'>},
                            Step<Log>{"c", "clause c", Code::bad_evidence, step<'c'>}};

TEST(Steps, run_in_their_order_up_to_the_first_that_fails) {
  Log all;
  EXPECT_TRUE(trusted(walk(std::span<const Step<Log>>{kSteps}, all)));
  EXPECT_EQ(all.ran, "abc");
  Log some{.ran = {}, .fails_at = 'b'};
  const auto findings = walk(std::span<const Step<Log>>{kSteps}, some);
  EXPECT_EQ(some.ran, "ab");
  EXPECT_FALSE(trusted(findings));
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].outcome, Outcome::passed);
  EXPECT_EQ(findings[1], (Finding{"b", "clause b", Outcome::failed, Code::key_not_attested, "no b"}));
  EXPECT_EQ(findings[2].outcome, Outcome::not_reached);
}

TEST(Steps, the_verdict_is_the_first_failure_with_its_code_and_check) {
  Log log{.ran = {}, .fails_at = 'b'};
  const auto refusal = verdict(walk(std::span<const Step<Log>>{kSteps}, log));
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code, Code::key_not_attested);
  EXPECT_EQ(refusal.error().check, "b");
  EXPECT_EQ(refusal.error().detail, "no b");
}

TEST(Steps, an_empty_list_proves_nothing) {
  Log log;
  const auto nothing = walk(std::span<const Step<Log>>{}, log);
  EXPECT_FALSE(trusted(nothing));
  const auto refusal = verdict(nothing);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code, Code::bad_evidence);
}

TEST(Steps, what_was_not_reached_is_not_trusted) {
  Findings findings{{"a", "", Outcome::passed, Code::bad_evidence, ""},
                    {"b", "", Outcome::not_reached, Code::bad_evidence, ""}};
  EXPECT_FALSE(trusted(findings));
  EXPECT_FALSE(verdict(findings));
  findings[1].outcome = static_cast<Outcome>(7);
  EXPECT_FALSE(trusted(findings));
  EXPECT_FALSE(verdict(findings));
}

RC_GTEST_PROP(FindingsCodec, write_and_read_are_inverse, ()) {
  const auto text = rc::gen::container<std::string>(rc::gen::inRange<char>(0x20, 0x7F));
  const auto findings = *rc::gen::container<Findings>(
      rc::gen::map(rc::gen::tuple(text, text, rc::gen::inRange(0, 3),
                                  rc::gen::element(Code::bad_evidence, Code::ek_untrusted), text),
                   [](const auto& made) {
                     return Finding{std::get<0>(made), std::get<1>(made), static_cast<Outcome>(std::get<2>(made)),
                                    std::get<3>(made), std::get<4>(made)};
                   }));
  RC_PRE(findings.size() < 200);
  RC_ASSERT(read_findings(write(findings)).value() == findings);
}

TEST(FindingsCodec, later_findings_stand_behind) {
  const Finding first{"ek.path", "RFC 5280", Outcome::passed, Code::ek_untrusted, ""};
  const auto later = held("budget", "design rule 7", Code::quota_exhausted, "has its unit");
  EXPECT_EQ(write({first}, {later}), write({first, later}));
}

TEST(FindingsCodec, refuses_what_it_did_not_write) {
  const Findings one{{"ek.path", "RFC 5280", Outcome::failed, Code::ek_untrusted, "none"}};
  const auto good = write(one);
  ASSERT_EQ(read_findings(good).value(), one);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_findings(BytesView{good}.first(size))) << size;
  }
  auto longer = good;
  longer.push_back(0);
  EXPECT_FALSE(read_findings(longer));
  auto outcome = good;
  const auto at = std::ranges::search(outcome, as_bytes("RFC 5280")).end() - outcome.begin();
  ASSERT_EQ(outcome[static_cast<std::size_t>(at)], 1);
  outcome[static_cast<std::size_t>(at)] = 3;
  EXPECT_FALSE(read_findings(outcome));
  auto code = good;
  *std::ranges::search(code, as_bytes("ek_untrusted")).begin() = 'x';
  EXPECT_FALSE(read_findings(code));
}

}  // namespace
}  // namespace birthmark::attest
