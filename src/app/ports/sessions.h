// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"

namespace birthmark::app {

/// Open connections of devices, wherever they are served.
class Sessions {
 public:
  virtual ~Sessions() = default;
  /// Ends every open connection of the device, idle and busy ones; returns how many. Never blocks on a peer.
  virtual std::size_t cut(DeviceRow device) = 0;
};

}  // namespace birthmark::app
