// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/merkle.h"
#include "audit/tile.h"
#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::audit {

/// One audit entry as the database keeps it beside the log.
struct LogRow {
  std::uint64_t index = 0;
  Bytes entry;
};

/// Where a log is read from: a directory, a server, memory. Nothing it returns is believed.
class LogSource {
 public:
  virtual ~LogSource() = default;
  /// The signed checkpoint. @error not_found; storage, unavailable
  virtual Result<std::string> checkpoint() = 0;
  /// The bytes of one tile or bundle. @error not_found; storage, unavailable
  virtual Result<Bytes> tile(const TileName& name) = 0;
  /// Whether a database is compared with the log as well.
  [[nodiscard]] virtual bool has_rows() const { return false; }
  /// The rows with an index of at least `first`, at most `most` of them, by index. @error storage, unavailable
  virtual Result<std::vector<LogRow>> rows(std::uint64_t first, std::size_t most);
};

struct LogCheckOptions {
  CheckpointTrust trust;
  /// Older checkpoints of this log that somebody else has kept (witness, gate, receipt), in any order. The log must
  /// continue every one of them. They come from the caller's own store and carry what he has verified of them.
  std::vector<Checkpoint> witnessed = {};
  /// Called for each entry in order; an error becomes the finding (an entry that cannot be read, for instance).
  std::function<Result<void>(std::uint64_t index, BytesView entry)> entry_check = {};
};

/// The first thing that is wrong.
struct LogFinding {
  std::string file;  ///< path below the log's prefix, "rows", or "witness"
  std::optional<std::uint64_t>
      index;  ///< the first entry that is wrong or no longer vouched for, where one can be named
  std::string words;
};

/// What was read, and what was found. `finding` empty: every entry, tile, row and signature up to `head.size` is good.
struct LogReport {
  Checkpoint head;
  std::vector<Cosignature> cosignatures;
  std::uint64_t entries = 0;          ///< hashed
  std::uint64_t files = 0;            ///< bundles and tiles compared
  std::uint64_t rows = 0;             ///< compared
  std::uint64_t rows_after_head = 0;  ///< rows that no checkpoint covers yet
  std::optional<LogFinding> finding;

  [[nodiscard]] bool sound() const { return !finding; }
};

/// Verifies a whole log from its entries upwards: the checkpoint's signatures, the log's line before the witnesses' and
/// no known key twice; each leaf, each hash of each tile at
/// every level and the root, recomputed from the entry bundles; the database's rows; the witnessed checkpoints (a log
/// that was cut back, and one that shows two histories). Memory: one bundle and one tile a level; time: linear.
/// Not seen: files that a log of this size does not have, entries that no checkpoint covers, the order of the
/// witnesses' lines among each other, and lines of unknown keys.
/// @return the report, also where the log is wrong. @error only the source's own failures: storage, unavailable ...
Result<LogReport> verify_log(LogSource& source, const LogCheckOptions& options);

/// Whether the log whose stored hashes `read` returns leads from `older` to `newer`, by a consistency proof made from
/// them: a cheap check between two checkpoints that reads a few tiles and no entry.
/// @error bad_evidence, check "log.origin" or "log.consistency"; behind_checkpoint: `newer` is the smaller one; else
/// the reader's.
Result<void> verify_extends(const Checkpoint& older, const Checkpoint& newer, const HashReader& read);

}  // namespace birthmark::audit
