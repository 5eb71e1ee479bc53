// SPDX-License-Identifier: Apache-2.0
#include "daemon/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace birthmark::daemon {
namespace {

constexpr std::size_t kDeviceMax = 4096, kOthersMax = 1024, kLeast = 8;

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  const auto before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

ConnectionShares connection_shares(std::size_t descriptors) {
  const auto left = descriptors - std::min(descriptors, kDescriptorsOfOurs);
  const auto other = std::clamp(left / 8, kLeast, kOthersMax);
  return {
      .device = std::clamp(left - std::min(left, 2 * other), kLeast, kDeviceMax), .operators = other, .open = other};
}

}  // namespace birthmark::daemon
