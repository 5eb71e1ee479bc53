// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "support/paths.h"

namespace birthmark::test {

/// The hex of the block that follows "<name>:" in a page of docs/wire; a text that is no hex if there is none.
inline std::string in_document(const std::string& page, const std::string& name) {
  std::ifstream in{source_dir() / "docs/wire" / page};
  const std::string text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  const auto at = text.find("\n" + name + ":\n");
  const auto begin = text.find("```text\n", at);
  const auto end = text.find("\n```", begin);
  if (at == std::string::npos || begin == std::string::npos || end == std::string::npos) {
    return "no block \"" + name + "\" in " + page;
  }
  return std::regex_replace(text.substr(begin + 8, end - begin - 8), std::regex{"\\s"}, "");
}

}  // namespace birthmark::test
