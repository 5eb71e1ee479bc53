// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "agent/hardware/hardware_root.h"
#include "attest/appraise.h"
#include "support/temp_dir.h"

namespace birthmark::test {

/// One implementation of the port, what it needs to live, and how a registry judges what it says.
struct RootUnderTest {
  virtual ~RootUnderTest() = default;
  virtual agent::HardwareRoot& root() = 0;
  /// Power off and on.
  virtual void restart() = 0;
  /// Evidence about a key. @param dice which key a chain has to end in: the device's at birth
  virtual attest::Appraisal judge(const agent::KeyProof& proof, const attest::Challenge& challenge,
                                  attest::DiceKey dice) = 0;
  /// The check at which evidence about the root itself fails; empty: it holds.
  virtual std::string judge_itself(const agent::SelfProof& proof, const attest::Challenge& challenge) = 0;
};

struct RootMaker {
  std::string name;
  std::function<std::unique_ptr<RootUnderTest>(const std::filesystem::path& directory)> make;
  friend std::ostream& operator<<(std::ostream& out, const RootMaker& maker) { return out << maker.name; }
};

/// What every implementation of HardwareRoot promises.
class RootContract : public testing::TestWithParam<RootMaker> {
 protected:
  agent::HardwareRoot& root() { return under_test_->root(); }
  RootUnderTest& under_test() { return *under_test_; }

 private:
  TempDir directory_;
  std::unique_ptr<RootUnderTest> under_test_ = GetParam().make(directory_.path());
};

}  // namespace birthmark::test
