// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target's law over its seeds, so that the ordinary test run keeps what the fuzzer once found.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// A long seed is cut at evenly spaced places only: cutting at each would take time by the square of its length.
constexpr std::size_t kMaxCuts = 4096;

// Each input gets a heap block of exactly its size, so that AddressSanitizer sees a read past the end.
void run(std::span<const char> input) {
  const std::unique_ptr<std::uint8_t[]> copy{new std::uint8_t[input.size()]};
  std::ranges::transform(input, copy.get(), [](char c) { return static_cast<std::uint8_t>(c); });
  LLVMFuzzerTestOneInput(copy.get(), input.size());
}

// Runs the seed whole, then cut short; returns the number of runs.
std::size_t replay(std::span<const char> seed) {
  const std::size_t step = seed.size() / kMaxCuts + 1;
  std::size_t runs = 0;
  for (std::size_t length = seed.size(); length > 0; length -= std::min(step, length)) {
    run(seed.first(length));
    ++runs;
  }
  return runs;
}

// The files below each argument in a fixed order; nothing if an argument does not exist.
std::optional<std::vector<fs::path>> seeds_of(std::span<char* const> arguments) {
  std::vector<fs::path> files;
  for (const fs::path argument : arguments) {
    if (!fs::exists(argument)) {
      std::fprintf(stderr, "no such file or directory: %s\n", argument.c_str());
      return std::nullopt;
    }
    if (!fs::is_directory(argument)) {
      files.push_back(argument);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(argument)) {
      if (entry.is_regular_file()) {
        files.push_back(entry.path());
      }
    }
  }
  std::ranges::sort(files);
  return files;
}

int replay_all(std::span<char* const> arguments) {
  const auto files = seeds_of(arguments);
  if (!files || files->empty()) {
    std::fprintf(stderr, "nothing to replay: name seed files or directories that hold some\n");
    return 1;
  }
  run({});
  std::size_t runs = 1;
  for (const auto& path : *files) {
    std::ifstream file{path, std::ios::binary};
    const std::string seed{std::istreambuf_iterator<char>{file}, {}};
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", path.c_str());
      return 1;
    }
    // Named before it runs: if the law aborts, the last line says on which seed.
    std::printf("%s: %zu bytes\n", path.filename().c_str(), seed.size());
    std::fflush(stdout);
    runs += replay(seed);
  }
  std::printf("%zu seeds, %zu inputs with the empty one and the truncations: the law held\n", files->size(), runs);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return replay_all(std::span{argv, static_cast<std::size_t>(argc)}.subspan(1));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
