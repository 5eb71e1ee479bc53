// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/message.h"

#include <algorithm>

namespace birthmark::http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const auto& header : headers) {
    if (same_name(header.name, name)) {
      if (found) {
        return std::nullopt;
      }
      found = header.value;
    }
  }
  return found;
}

}  // namespace birthmark::http
