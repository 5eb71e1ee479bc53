// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "support/paths.h"

namespace birthmark::test {

/// Bytes written as hex; spaces are for the eye. Text that is no hex gives no bytes, which no reader takes.
inline Bytes hex(std::string_view text) {
  std::string packed;
  for (const char c : text) {
    if (c != ' ') {
      packed.push_back(c);
    }
  }
  return from_hex(packed).value_or(Bytes{});
}

/// Calls `law` with every proper prefix.
template <class Law>
void each_truncation(const Bytes& whole, Law law) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    law(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
  }
}

/// Calls `law` with every single bit flipped, and every byte set to 00 and FF.
template <class Law>
void each_damage(const Bytes& whole, Law law) {
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto damaged = whole;
    for (int bit = 0; bit < 8; ++bit) {
      damaged[at] = static_cast<std::uint8_t>(whole[at] ^ (1 << bit));
      law(damaged);
    }
    damaged[at] = 0;
    law(damaged);
    damaged[at] = 0xFF;
    law(damaged);
  }
}

inline std::filesystem::path vectors(std::string_view folder) {
  return test::shared_vectors() / folder;
}

/// The content of a file; empty if there is none.
inline Bytes file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace birthmark::test

#define BM_NEEDS_VECTORS(folder)                          \
  if (!std::filesystem::exists(test::vectors(folder))) {  \
    GTEST_SKIP() << "no test vectors here: " << (folder); \
  }
