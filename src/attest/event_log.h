// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/tcg_event_log.h"
#include "codec/tpm_attest.h"

namespace birthmark::attest {

/// The PCRs that a log leads to, by number; nothing for one that no event of it extends.
using ReplayedPcrs = std::array<std::optional<Bytes>, tpm::kPcrCount>;

/// Replays a log into one bank, by its digests alone: an event is extended if its digest is not zero, whatever type it
/// says it has (EV_NO_ACTION events have none, §10.4.5). So an attacker who relabels an event, or puts text into events
/// without a digest, changes nothing; who changes, drops or moves a digest ends at other values than the quoted ones.
/// PCR 0 begins at the locality that a StartupLocality event without a digest says (§10.4.5.3): a lie about it ends at
/// another value too. PCRs 17 to 22 begin at ones, and are replayed as if nobody had reset them.
/// @error bad_evidence: the log has SHA-1 alone, or not this bank
Result<ReplayedPcrs> replay(const tcg_log::Log& log, tpm::Hash bank);

/// The value of a PCR that nobody has extended: ones for 17 to 22, zeros for the others.
Bytes untouched_pcr(std::size_t pcr, tpm::Hash bank);

}  // namespace birthmark::attest
