// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/instant.h"
#include "lifecycle/state.h"

// What the registry says under its statement key, apart from all certificates (docs/wire/statements.md).
namespace birthmark::lifecycle {

/// The message of a signed time. @param nonce 16..32 bytes of whoever asked.
Bytes time_statement(BytesView nonce, Instant now);

/// A device in S6 whose TPM has shown that its owner hierarchy was cleared.
struct Retired {
  DeviceId device;
  Instant at;
  std::uint64_t clock_ms = 0;     ///< of the TPM when it said so: a clear sets it to zero
  std::uint32_t reset_count = 0;  ///< of the TPM
};
/// The message of a receipt of retirement: what was destroyed, and what the hardware can make again.
Bytes retire_statement(const Retired& retired);

/// The message of an emergency deny: from `at` on the device is in `state` (S4 or S5), whatever a status list says.
Bytes deny_statement(const DeviceId& device, State state, Instant at);

/// The message of a permit to retire: the device is in S6, out of which nothing leads, so it is good for ever.
Bytes retire_permit_statement(const DeviceId& device);

}  // namespace birthmark::lifecycle
