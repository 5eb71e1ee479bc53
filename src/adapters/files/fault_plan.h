// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/files/posix_io.h"
#include "app/ports/faults.h"
#include "base/result.h"

namespace birthmark {

/// What a power cut can fall on. Truncation counts as write; a removal counts as rename; the sync of a directory counts
/// as fsync. Opening, making and reading files are not counted.
enum class DurableOp : std::uint8_t { write, fsync, rename };

/// What is to happen to one durable operation.
struct Verdict {
  enum class Kind : std::uint8_t {
    proceed,
    refuse,  ///< nothing is done, errno is `error`
    halve,   ///< half of the bytes are written, then errno is `error`
    cut,     ///< the power goes before the operation; everything unsynced is dropped
    tear,    ///< the power goes before the operation; some unsynced sectors and all names survive
  };
  Kind kind = Kind::proceed;
  int error = 0;
};

/// The faults one process is told to have, and the one counter of durable operations over files and SQLite. Safe from
/// any thread. Exists only in the library birthmark_adapters_faults, which the CMake option BIRTHMARK_FAULTS adds (ON
/// by default, OFF in release builds); the server reads the plan from the environment variable of the same name.
///
/// The plan is a list of words, a comma between them:
///   kill@POINT#N           SIGKILL to itself the Nth time the named kill point is reached (#1 if left out)
///   hang@POINT:PATH        waits there for as long as PATH exists, as on a disk that does not answer
///   cut@N                  power cut in place of the Nth durable operation
///   cut@N:torn             the same, but unsynced sectors survive here and there, and so do unsynced names
///   fail@OP#N:ERRNO        the Nth write, fsync or rename fails; OP is one of these words, ERRNO is EIO, ENOSPC,
///                          EDQUOT or EROFS; #N+ means every one from the Nth
///   short@write#N          half of the Nth write is made, then it fails with ENOSPC
///   count@PATH             keeps the counts of operations and points in that file, for a test that enumerates them
///   volatile               what is not synced is lost at any death of the process; cut and count imply it
///   synchronous=off        SQLite without syncs, to prove that the tests would notice
class FaultPlan final : public Faults {
 public:
  /// @param spec as above; empty is a plan without faults.
  /// @error malformed words are bad_request; storage: the file of count@ cannot be made.
  static Result<std::unique_ptr<FaultPlan>> parse(std::string_view spec);

  /// Counts the point; ends the process or waits if the plan says so.
  void reached(std::string_view point) override;
  /// Counts one durable operation that is about to happen.
  Verdict next(DurableOp op);

  [[nodiscard]] bool loses_unsynced() const { return loses_unsynced_; }
  [[nodiscard]] bool synchronous_off() const { return synchronous_off_; }
  /// Durable operations so far.
  [[nodiscard]] std::uint64_t operations() const;

 private:
  struct Kill {
    std::string point;
    std::uint64_t nth;
  };
  struct Hang {
    std::string point;
    std::string path;
  };
  struct Fault {
    DurableOp op;
    std::uint64_t nth;
    bool and_after;
    Verdict verdict;
  };

  FaultPlan() = default;
  Result<void> add(std::string_view word);
  Result<void> add_cut(std::string_view rest);
  Result<void> add_fault(std::string_view rest, Verdict::Kind kind);
  void note_counts();

  std::vector<Kill> kills_;
  std::vector<Hang> hangs_;
  std::vector<Fault> faults_;
  std::uint64_t cut_at_ = 0;
  bool torn_ = false;
  bool loses_unsynced_ = false;
  bool synchronous_off_ = false;
  posix::Fd counts_;

  mutable std::mutex mutex_;
  std::uint64_t total_ = 0;
  std::array<std::uint64_t, 3> by_op_{};
  std::map<std::string, std::uint64_t, std::less<>> points_;
};

/// Ends this process at once, as nothing but a kill can.
[[noreturn]] void die_now();

}  // namespace birthmark
