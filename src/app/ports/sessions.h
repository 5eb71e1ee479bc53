// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "base/ids.h"

namespace birthmark::app {

/// Open connections of devices, wherever they are served.
class Sessions {
 public:
  virtual ~Sessions() = default;
  /// Ends every open connection of these devices, idle and busy ones, in one pass over the connections; returns how
  /// many. Never blocks on a peer.
  virtual std::size_t cut(const std::set<DeviceRow>& devices) = 0;
};

}  // namespace birthmark::app
