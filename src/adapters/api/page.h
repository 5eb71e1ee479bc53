// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>

#include "adapters/api/problem.h"
#include "adapters/api/router.h"

namespace birthmark::api {

/// Rows of a list in one answer.
inline constexpr std::size_t kPageMax = 500;

/// One page of a list that grows at its end: the rows behind the first `after` that the query names, and `next`, the
/// `after` of the next page, where there is one. @error bad_request: as after_in
template <class Row, class Summary>
Result<http::Response> page(const http::Request& request, std::string_view name, std::span<const Row> all,
                            const Summary& summary) {
  BM_TRY(const auto after, after_in(request.query, std::numeric_limits<std::uint32_t>::max()));
  const auto begin = std::min<std::size_t>(after, all.size());
  const auto end = begin + std::min(kPageMax, all.size() - begin);
  boost::json::array rows;
  for (const auto& row : all.subspan(begin, end - begin)) {
    rows.push_back(summary(row));
  }
  boost::json::object out{{name, std::move(rows)}};
  if (end < all.size()) {
    out["next"] = end;
  }
  return ok(out);
}

}  // namespace birthmark::api
