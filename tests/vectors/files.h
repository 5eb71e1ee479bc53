// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "codec/pem.h"
#include "support/inputs.h"

namespace birthmark::test {

/// The files of a folder of vectors in the order of their names, but for the page that says where they are from.
inline std::vector<std::filesystem::path> files_of(std::string_view folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator{vectors(folder)}) {
    if (entry.is_regular_file() && entry.path().filename() != "SOURCE.txt") {
      out.push_back(entry.path());
    }
  }
  std::ranges::sort(out);
  return out;
}

/// The first block of a label, or the bytes as they are where there is none.
inline Bytes der_in(const Bytes& content, std::string_view label) {
  const auto blocks = pem::read(as_text(content), label);
  return blocks ? blocks->front() : content;
}

/// Calls `each` with every object of a file of JSON lines.
template <class Each>
void each_line(const std::filesystem::path& path, Each each) {
  const auto content = file(path);
  auto text = as_text(content);
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty()) {
      const auto value = json::read(line, {.bytes_max = std::size_t{1} << 20, .string_max = std::size_t{1} << 20});
      ASSERT_TRUE(value) << value.error().detail;
      each(value->as_object());
    }
  }
}

inline std::string text_of(const boost::json::object& object, std::string_view name) {
  return std::string{object.at(name).as_string()};
}

}  // namespace birthmark::test
