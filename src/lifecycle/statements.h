// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/instant.h"
#include "lifecycle/state.h"

// What the registry says under its statement key, apart from all certificates (docs/wire/statements.md).
namespace birthmark::lifecycle {

/// The message of a signed time. @param nonce 16..32 bytes of whoever asked.
Bytes time_statement(BytesView nonce, Instant now);

/// What a TPM showed when it said that its owner hierarchy was cleared.
struct ClearedTpm {
  std::uint64_t clock_ms = 0;  ///< a clear sets it to zero
  std::uint32_t reset_count = 0;
};
/// A device in S6 whose hardware has answered once more.
struct Retired {
  DeviceId device;
  Instant at;
  std::optional<ClearedTpm> cleared;  ///< nothing: a root that cannot show what it destroyed
};
/// The message of a receipt of retirement: what was destroyed, and what the hardware can make again.
Bytes retire_statement(const Retired& retired);

/// The message of an emergency deny: from `at` on the device is in `state` (S4 or S5), whatever a status list says.
Bytes deny_statement(const DeviceId& device, State state, Instant at);

/// The message of a permit to retire: the device is in S6, out of which nothing leads, so it is good for ever.
Bytes retire_permit_statement(const DeviceId& device);

}  // namespace birthmark::lifecycle
