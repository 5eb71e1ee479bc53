// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace birthmark {

/// Named kill points: a use case says where it is ("issue.after_signature"), so that a test can end the process
/// exactly there. Production composes NoFaults; the other implementation is FaultPlan, which exists only in the library
/// birthmark_adapters_faults (CMake option BIRTHMARK_FAULTS: ON by default, OFF in release builds).
class Faults {
 public:
  virtual ~Faults() = default;
  /// The flow has come to `point`: lower-case words, a dot between the flow and the place. May not return.
  virtual void reached(std::string_view point) = 0;
};

/// Nothing ever goes wrong on purpose.
class NoFaults final : public Faults {
 public:
  void reached(std::string_view /*point*/) override {}
};

}  // namespace birthmark
