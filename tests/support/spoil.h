// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

// Random damage, for those who must notice it. Bytes and texts alike; what comes out may be what went in.
namespace birthmark::test {

/// A number below `bound`, which is above 0.
inline std::size_t below(std::size_t bound, std::mt19937_64& random) {
  return static_cast<std::size_t>(random() % bound);
}

/// One byte other, gone, more or moved; or the end cut off.
template <class Text>
Text spoilt(Text text, std::mt19937_64& random) {
  using Byte = typename Text::value_type;
  if (text.empty()) {
    return text;
  }
  const auto at = below(text.size(), random);
  const auto where = text.begin() + static_cast<std::ptrdiff_t>(at);
  switch (below(5, random)) {
    case 0:
      text.erase(where);
      break;
    case 1:
      text.resize(at);
      break;
    case 2:
      text.insert(where, static_cast<Byte>(random()));
      break;
    case 3:
      std::iter_swap(where, text.begin() + static_cast<std::ptrdiff_t>(below(text.size(), random)));
      break;
    default:
      *where = static_cast<Byte>(static_cast<unsigned char>(*where) ^ (1 + below(255, random)));
  }
  return text;
}

/// A line dropped, doubled or exchanged with another one. @param note of lines that all end
inline std::string other_lines(const std::string& note, std::mt19937_64& random) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < note.size();) {
    const auto end = note.find('\n', begin) + 1;
    lines.push_back(note.substr(begin, end - begin));
    begin = end;
  }
  auto& line = lines[below(lines.size(), random)];
  switch (below(3, random)) {
    case 0:
      line.clear();
      break;
    case 1:
      line += line;
      break;
    default:
      std::swap(line, lines[below(lines.size(), random)]);
  }
  std::string out;
  for (const auto& kept : lines) {
    out += kept;
  }
  return out;
}

}  // namespace birthmark::test
