// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "adapters/api/router.h"
#include "support/paths.h"

namespace birthmark::api {
namespace {

std::string caller_name(Caller caller) {
  switch (caller) {
    case Caller::anybody:
      return "anybody";
    case Caller::station:
      return "station";
    case Caller::device:
      return "device";
    case Caller::operator_person:
      return "operator";
    case Caller::service:
      return "service";
  }
  return {};
}

TEST(ApiPage, names_every_route_of_the_code_with_its_caller) {
  std::ifstream file{test::source_dir() / "docs/wire/api.md"};
  const std::string page{std::istreambuf_iterator<char>{file}, {}};
  for (const auto routes : {device_routes(), operator_routes(), public_routes()}) {
    ASSERT_FALSE(routes.empty());
    for (const auto& route : routes) {
      const auto row = std::string{route.method == http::Method::post ? "| POST | " : "| GET | "} +
                       std::string{route.pattern} + " | " + caller_name(route.caller) + " |";
      EXPECT_NE(page.find(row), std::string::npos) << row;
    }
  }
}

}  // namespace
}  // namespace birthmark::api
