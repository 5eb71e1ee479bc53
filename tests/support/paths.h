// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace birthmark::test {

// Found from where this program lies, and not compiled in: the same object files serve in every checkout.

/// Where the programs of this build are.
inline std::filesystem::path bin_dir() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}
/// The root of the checkout: builds are in build/<preset>/bin of it.
inline std::filesystem::path source_dir() {
  return bin_dir().parent_path().parent_path().parent_path();
}
/// A folder of data from outside the repository; tests skip where it is absent.
inline std::filesystem::path shared_vectors() {
  return source_dir().parent_path() / "shared" / "vectors";
}

}  // namespace birthmark::test
