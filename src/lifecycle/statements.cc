// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/statements.h"

#include "codec/cbor.h"

namespace birthmark::lifecycle {

Bytes time_statement(BytesView nonce, Instant now) {
  cbor::Writer out;
  out.array(3).text("birthmark/time/v1").bytes(nonce).unsigned_int(static_cast<std::uint64_t>(to_ms(now)));
  return std::move(out).finish();
}

Bytes retire_statement(const Retired& retired) {
  cbor::Writer out;
  out.array(7).text("birthmark/retire/v1").bytes(retired.device.get());
  out.unsigned_int(static_cast<std::uint64_t>(to_ms(retired.at)));
  if (const auto& tpm = retired.cleared) {
    out.array(1).text("operational keys under the owner hierarchy");
    out.array(3).text("endorsement key").text("IAK").text("IDevID key");
    out.unsigned_int(tpm->clock_ms).unsigned_int(tpm->reset_count);
  } else {
    out.array(0).array(1).text("key of the hardware").null().null();
  }
  return std::move(out).finish();
}

Bytes deny_statement(const DeviceId& device, State state, Instant at) {
  cbor::Writer out;
  out.array(4).text("birthmark/deny/v1").bytes(device.get());
  out.unsigned_int(static_cast<std::uint64_t>(state)).unsigned_int(static_cast<std::uint64_t>(to_ms(at)));
  return std::move(out).finish();
}

Bytes retire_permit_statement(const DeviceId& device) {
  cbor::Writer out;
  out.array(2).text("birthmark/retire-permit/v1").bytes(device.get());
  return std::move(out).finish();
}

}  // namespace birthmark::lifecycle
