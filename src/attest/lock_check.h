// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "codec/cbor.h"

namespace birthmark::attest {

/// What a lock-check station found and signs (docs/wire/evidence.md, SEAL).
struct LockCheck {
  DeviceId device;
  Nonce nonce;
  Digest transcript;  ///< SHA-256 over every byte that went over the debug port, both ways, in the order of time
  bool debug_locked = false;
  bool secure_boot = false;
  bool lockdown_sealed = false;
};

/// The bytes that the station signs: a deterministic CBOR array with a context string. Station and registrar make them
/// by this one function.
inline Bytes lock_check_message(const LockCheck& record) {
  cbor::Writer out;
  out.array(7).text("birthmark/lock-check/v1").bytes(record.device.get()).bytes(record.nonce.get());
  out.bytes(record.transcript.get())
      .boolean(record.debug_locked)
      .boolean(record.secure_boot)
      .boolean(record.lockdown_sealed);
  return std::move(out).finish();
}

}  // namespace birthmark::attest
