// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/merkle.h"
#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::audit {

inline constexpr std::size_t kProofPathMax = 63;
inline constexpr std::size_t kProofExtraMaxBytes = 64 * 1024;

/// Everything that shows, without asking anybody, that an entry is in a log (C2SP tlog-proof@v1).
struct LogProof {
  std::uint64_t index = 0;
  Bytes extra;  ///< opaque and NOT covered by any signature; empty: no such line
  std::vector<Digest> path;
  std::string checkpoint;  ///< the signed note, verbatim

  friend bool operator==(const LogProof&, const LogProof&) = default;
};

/// The proof as text. @error bad_request: index above 2^63 - 1, path above 63 hashes, checkpoint that is no signed
/// checkpoint; too_large: extra data above 64 KiB.
Result<std::string> write_proof(const LogProof& proof);
/// Reads a proof, which must be exactly what `write_proof` makes of the result.
/// @error bad_request: form; too_large
Result<LogProof> read_proof(std::string_view text);

/// Checks that `entry` is in the log at the proof's index, under a checkpoint signed as `trust` demands; returns that
/// checkpoint. Proves nothing about the extra data, nor that the entry is the newest of its kind.
/// @error as `open_checkpoint` and `verify_inclusion`
Result<TrustedCheckpoint> verify_proof(const LogProof& proof, BytesView entry, const CheckpointTrust& trust);

/// The same for a proof as text and the log's vkey alone, without witnesses. @error as above, and the readers'
Result<TrustedCheckpoint> verify_proof(std::string_view proof, BytesView entry, std::string_view vkey);

}  // namespace birthmark::audit
