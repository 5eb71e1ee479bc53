// SPDX-License-Identifier: Apache-2.0
// Law: a log that was read is written and read again to the same PCRs, and a label changes none of them.
#include "codec/tcg_event_log.h"

#include <cstdlib>

#include "attest/event_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace log = birthmark::tcg_log;
  using birthmark::attest::replay;
  auto read = log::read({data, size});
  if (!read) {
    return 0;
  }
  for (const auto& event : read->events) {
    if (event.pcr >= birthmark::tpm::kPcrCount || event.digests.size() != read->banks.size()) {
      std::abort();
    }
  }
  const auto pcrs = replay(*read, birthmark::tpm::Hash::sha256);
  if (read->format == log::Format::sha1_only) {
    if (pcrs) {
      std::abort();
    }
    return 0;
  }
  for (auto& event : read->events) {
    event.type = ~event.type;
  }
  const auto written = log::write(*read);
  const auto again = log::read(written);
  if (!again) {
    std::abort();
  }
  const auto replayed = replay(*again, birthmark::tpm::Hash::sha256);
  if (pcrs.has_value() != replayed.has_value() || (pcrs && *pcrs != *replayed)) {
    std::abort();
  }
  return 0;
}
