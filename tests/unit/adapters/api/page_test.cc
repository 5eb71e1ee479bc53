// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/page.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "codec/json.h"

namespace birthmark::api {
namespace {

/// What a caller gets who follows `next` to the end.
std::vector<std::int64_t> all_pages(std::size_t count, std::size_t& pages) {
  std::vector<int> rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<std::int64_t> got;
  http::Request request;
  for (pages = 1;; ++pages) {
    const auto answer = page(request, "rows", std::span<const int>{rows}, [](int row) { return row; });
    const auto body = json::read(std::string_view{answer->body}.substr(0, answer->body.size() - 1)).value().as_object();
    EXPECT_LE(body.at("rows").as_array().size(), kPageMax);
    for (const auto& row : body.at("rows").as_array()) {
      got.push_back(row.as_int64());
    }
    const auto* const next = body.if_contains("next");
    if (next == nullptr) {
      return got;
    }
    request.query = "after=" + json::write(*next);
  }
}

TEST(Page, every_row_comes_once_and_in_order) {
  for (const std::size_t count : {0U, 1U, 499U, 500U, 501U, 1000U, 1001U}) {
    std::size_t pages = 0;
    const auto got = all_pages(count, pages);
    std::vector<std::int64_t> want(count);
    std::iota(want.begin(), want.end(), 0);
    EXPECT_EQ(got, want);
    EXPECT_EQ(pages, std::max<std::size_t>(1, (count + kPageMax - 1) / kPageMax)) << count;
  }
}

TEST(Page, behind_the_end_nothing_comes_and_what_is_no_number_is_refused) {
  const std::vector<int> rows{1, 2};
  const auto at = [&](std::string query) {
    http::Request request;
    request.query = std::move(query);
    return page(request, "rows", std::span{rows}, [](int row) { return row; });
  };
  EXPECT_EQ(at("after=2")->body, "{\"rows\":[]}\n");
  EXPECT_EQ(at("after=4294967295")->body, "{\"rows\":[]}\n");
  for (const auto* const bad : {"after=", "after=x", "after=-1", "after=4294967296", "after=1&after=1"}) {
    EXPECT_EQ(at(bad).error().code, Code::bad_request) << bad;
  }
}

}  // namespace
}  // namespace birthmark::api
