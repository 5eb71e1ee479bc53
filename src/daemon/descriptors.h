// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace birthmark::daemon {

/// Descriptors that connections leave to the database, the log's tiles, the key files and the journal.
inline constexpr std::size_t kDescriptorsOfOurs = 256;

/// Raises this process's soft limit of open files to the hard one, as the usual soft limit of 1,024 is less than one
/// listener may have connections. @return what it may open now.
std::size_t raise_descriptor_limit();

/// How many connections each listener may have: together never more than the process can open beside its own files, so
/// that no listener takes from another or from the storage (AC-26). The public one, open to all, has a small share.
struct ConnectionShares {
  std::size_t device, operators, open;
};
ConnectionShares connection_shares(std::size_t descriptors);

}  // namespace birthmark::daemon
