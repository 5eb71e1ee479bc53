// SPDX-License-Identifier: Apache-2.0
#include "base/code.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace birthmark {
namespace {

TEST(CodeTable, has_one_row_for_each_code_in_order) {
  std::size_t at = 0;
  for (const auto& row : all_codes()) {
    EXPECT_EQ(static_cast<std::size_t>(row.code), at++);
    EXPECT_EQ(&info(row.code), &row);
  }
  EXPECT_EQ(at, static_cast<std::size_t>(Code::unavailable) + 1);
}

TEST(CodeTable, names_are_unique_and_lead_back) {
  std::set<std::string_view> names;
  for (const auto& row : all_codes()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(code_named(row.name), row.code);
    EXPECT_EQ(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << row.name;
  }
}

TEST(CodeTable, unknown_names_lead_nowhere) {
  for (const auto* name : {"", "Bad_request", "bad_request ", "bad", "unavailabl", "ok"}) {
    EXPECT_EQ(code_named(name), std::nullopt) << name;
  }
}

TEST(CodeTable, every_row_says_cause_and_remedy) {
  for (const auto& row : all_codes()) {
    EXPECT_TRUE(row.cause.ends_with('.')) << row.name;
    EXPECT_TRUE(row.remedy.ends_with('.')) << row.name;
  }
}

struct Allowed {
  Errc errc;
  std::set<int> statuses;
};

TEST(CodeTable, statuses_fit_the_error_class) {  // design rule 9
  const Allowed kAllowed[] = {
      {Errc::malformed, {400, 405, 408, 413, 415, 431}},
      {Errc::untrusted, {400, 403}},
      {Errc::forbidden, {401, 403, 503}},
      {Errc::not_found, {404}},
      {Errc::conflict, {409}},
      {Errc::exhausted, {403, 429}},
      {Errc::unavailable, {500, 503}},
  };
  for (const auto& row : all_codes()) {
    for (const auto& allowed : kAllowed) {
      if (allowed.errc == row.errc) {
        EXPECT_TRUE(allowed.statuses.contains(row.http_status)) << row.name;
      }
    }
  }
}

TEST(CodeTable, what_clients_rely_on_stays) {
  EXPECT_EQ(info(Code::nonce_used).http_status, 409);
  EXPECT_EQ(info(Code::state_forbids).http_status, 403);
  EXPECT_EQ(info(Code::rate_limited).http_status, 429);
  EXPECT_EQ(info(Code::storage).http_status, 503);
  EXPECT_EQ(info(Code::bad_request).http_status, 400);
  EXPECT_EQ(info(Code::unauthenticated).http_status, 401);
}

}  // namespace
}  // namespace birthmark
