// SPDX-License-Identifier: Apache-2.0
#include "attest/event_log.h"

#include <algorithm>

#include "attest/tpm_hash.h"
#include "crypto/hash.h"

namespace birthmark::attest {
namespace {

constexpr std::size_t kFirstDynamic = 17, kLastDynamic = 22;
constexpr std::string_view kStartupLocality{"StartupLocality\0", 16};

bool is_zero(BytesView digest) {
  return std::ranges::all_of(digest, [](std::uint8_t octet) { return octet == 0; });
}

}  // namespace

Bytes untouched_pcr(std::size_t pcr, tpm::Hash bank) {
  return Bytes(tpm::digest_size(bank), pcr >= kFirstDynamic && pcr <= kLastDynamic ? 0xFF : 0x00);
}

Result<ReplayedPcrs> replay(const tcg_log::Log& log, tpm::Hash bank) {
  if (log.format == tcg_log::Format::sha1_only) {
    return fail(Code::bad_evidence, "the event log is of SHA-1 alone");
  }
  const auto at = std::ranges::find(log.banks, static_cast<std::uint16_t>(bank), &tcg_log::Bank::algorithm);
  if (at == log.banks.end()) {
    return fail(Code::bad_evidence, "the event log has no digests of this bank");
  }
  const auto place = static_cast<std::size_t>(at - log.banks.begin());
  ReplayedPcrs pcrs;
  std::uint8_t locality = 0;
  for (const auto& event : log.events) {
    const auto digest = event.digests[place];
    if (is_zero(digest)) {
      if (event.pcr == 0 && !pcrs[0] && event.data.size() == kStartupLocality.size() + 1 &&
          as_text(event.data.first(kStartupLocality.size())) == kStartupLocality) {
        locality = event.data.back();
      }
      continue;
    }
    auto& pcr = pcrs[event.pcr];
    if (!pcr) {
      pcr = untouched_pcr(event.pcr, bank);
      pcr->back() = event.pcr == 0 ? locality : pcr->back();
    }
    pcr = crypto::hash(algorithm_of(bank), {*pcr, digest});
  }
  return pcrs;
}

}  // namespace birthmark::attest
