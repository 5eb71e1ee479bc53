// SPDX-License-Identifier: Apache-2.0
#include "base/instant.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace birthmark {
namespace {

using std::chrono::days;
using std::chrono::floor;

std::optional<int> number(std::string_view text, std::size_t at, std::size_t digits) {
  if (text.size() < at + digits) {
    return std::nullopt;
  }
  int value = 0;
  for (const char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

/// ".f", ".ff" or ".fff" as milliseconds; nothing otherwise.
std::optional<int> fraction(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  if (text.front() != '.' || text.size() < 2 || text.size() > 4) {
    return std::nullopt;
  }
  const auto value = number(text, 1, text.size() - 1);
  constexpr std::array kScale{100, 10, 1};
  return value ? std::optional{*value * kScale.at(text.size() - 2)} : std::nullopt;
}

}  // namespace

std::string to_rfc3339(Instant t) {
  const auto day = floor<days>(t);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{floor<std::chrono::seconds>(t - day)};
  std::string text = "0000-00-00T00:00:00Z";
  const auto put = [&](std::size_t end, auto value) {
    for (auto left = static_cast<unsigned>(value); left != 0; left /= 10) {
      text[--end] = static_cast<char>('0' + left % 10);
    }
  };
  const int year{date.year()};
  const bool four_digits = year >= 0 && year <= 9999;
  put(4, four_digits ? year : 0);
  put(7, unsigned{date.month()});
  put(10, unsigned{date.day()});
  put(13, time.hours().count());
  put(16, time.minutes().count());
  put(19, time.seconds().count());
  return four_digits ? text : text.replace(0, 4, std::to_string(year));
}

std::optional<Instant> from_rfc3339(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
      text.back() != 'Z') {
    return std::nullopt;
  }
  const auto year = number(text, 0, 4), month = number(text, 5, 2), day = number(text, 8, 2);
  const auto hour = number(text, 11, 2), minute = number(text, 14, 2), second = number(text, 17, 2);
  const auto ms = fraction(text.substr(19, text.size() - 20));
  if (!year || !month || !day || !hour || !minute || !second || !ms || *year < 1 || *hour > 23 || *minute > 59 ||
      *second > 59) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) {
    return std::nullopt;
  }
  return Instant{std::chrono::sys_days{date}} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second} + std::chrono::milliseconds{*ms};
}

}  // namespace birthmark
