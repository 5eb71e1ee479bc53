// SPDX-License-Identifier: Apache-2.0
#include "cli/station_enroll.h"

#include <charconv>

#include "cli/service_enroll.h"

namespace birthmark::cli {

std::optional<std::uint16_t> minutes_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at) -> std::optional<unsigned> {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, value);
    return error == std::errc{} && end == text.data() + at + 2 ? std::optional{value} : std::nullopt;
  };
  const auto hours = number(0);
  const auto minutes = number(3);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(*hours * 60 + *minutes);
}

Result<boost::json::value> enroll_station(ApiClient& client, Files& files, const StationOrder& order,
                                          const std::vector<Bytes>& anchors) {
  boost::json::object body{{"station", order.files.name}, {"role", order.role}, {"batch", order.batch}};
  if (!order.shift_from.empty()) {
    body["shift_from"] = minutes_of_day(order.shift_from).value_or(0);
    body["shift_to"] = minutes_of_day(order.shift_to).value_or(0);
  }
  BM_TRY(const auto issued, enroll_service(client, files,
                                           {.files = order.files.credentials(),
                                            .csr_file = {},
                                            .anew = order.anew,
                                            .target = "/v1/stations",
                                            .body = std::move(body)},
                                           anchors));
  boost::json::object out{{"station", order.files.name}, {"role", order.role}, {"batch", order.batch}};
  out.insert(issued.begin(), issued.end());
  return out;
}

}  // namespace birthmark::cli
