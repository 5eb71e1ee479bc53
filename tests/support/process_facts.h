// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace birthmark::test {

inline std::filesystem::path facts_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

/// How many descriptors a process has open.
inline std::size_t open_files(pid_t pid) {
  const std::filesystem::directory_iterator files{facts_of(pid) / "fd"};
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

/// A number of KiB in /proc/<pid>/status; 0 if there is none.
inline std::size_t status_kib(pid_t pid, std::string_view of) {
  std::ifstream status{facts_of(pid) / "status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(of)) {
      return std::stoul(line.substr(of.size()));
    }
  }
  return 0;
}
inline std::size_t resident_kib(pid_t pid) {
  return status_kib(pid, "VmRSS:");
}
/// The most that was resident since the process began or since `forget_most_resident`.
inline std::size_t most_resident_kib(pid_t pid) {
  return status_kib(pid, "VmHWM:");
}
/// False if the mark cannot be set anew.
inline bool forget_most_resident(pid_t pid) {
  std::ofstream marks{facts_of(pid) / "clear_refs"};
  return static_cast<bool>(marks << 5 << std::flush);
}

}  // namespace birthmark::test
