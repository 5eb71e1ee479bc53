// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "adapters/files/fault_plan.h"
#include "adapters/files/powercut_files.h"
#include "adapters/files/volatile_disk.h"
#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/powercut_vfs.h"

namespace birthmark {

/// The fault plan with everything it acts on, put together: one counter over files and SQLite. A test build of a
/// program composes this in place of PosixFiles and NoFaults when the environment has a plan:
///
///   #ifdef BIRTHMARK_FAULTS
///   BM_TRY(const auto faults, FaultLayer::from_environment());   // null without the variable
///   #endif
///
/// Must outlive every file and connection that was opened through it.
class FaultLayer {
 public:
  /// Reads the environment variable BIRTHMARK_FAULTS. @return null if it is not set or empty.
  /// @error bad_request: not a plan; storage
  static Result<std::unique_ptr<FaultLayer>> from_environment();
  /// @param spec see FaultPlan. @param vfs the name that SQLite will know it by. @error as from_environment
  static Result<std::unique_ptr<FaultLayer>> make(std::string_view spec, std::string vfs = "powercut");

  [[nodiscard]] FaultPlan& plan() { return *plan_; }
  [[nodiscard]] Faults& faults() { return *plan_; }
  [[nodiscard]] Files& files() { return files_; }
  /// The options, on this layer's VFS and with the plan's `synchronous`.
  [[nodiscard]] sqlite::OpenOptions database(sqlite::OpenOptions options) const;

 private:
  explicit FaultLayer(std::unique_ptr<FaultPlan> plan) : plan_{std::move(plan)}, disk_{*plan_}, files_{disk_} {}

  std::unique_ptr<FaultPlan> plan_;
  VolatileDisk disk_;
  PowercutFiles files_;
  std::unique_ptr<sqlite::PowercutVfs> vfs_;
};

}  // namespace birthmark
