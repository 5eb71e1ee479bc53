// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "support/paths.h"

namespace birthmark::test {

/// A page of docs/wire.
inline std::string document(const std::string& page) {
  std::ifstream in{source_dir() / "docs/wire" / page};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

/// The block that follows "<name>:" in a page of docs/wire; words that fit nothing if there is none.
inline std::string text_in_document(const std::string& page, const std::string& name) {
  const auto text = document(page);
  const auto at = text.find("\n" + name + ":\n");
  const auto begin = text.find("```text\n", at);
  const auto end = text.find("\n```", begin);
  if (at == std::string::npos || begin == std::string::npos || end == std::string::npos) {
    return "no block \"" + name + "\" in " + page;
  }
  return text.substr(begin + 8, end - begin - 8);
}

/// The same block as hex without its line breaks.
inline std::string in_document(const std::string& page, const std::string& name) {
  return std::regex_replace(text_in_document(page, name), std::regex{"\\s"}, "");
}

}  // namespace birthmark::test
