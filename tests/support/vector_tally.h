// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace birthmark::test {

/// What a published vector says of some bytes.
enum class Verdict : unsigned char { accept, reject };

/// A vector whose expected result we do not give, and why; docs/conformance.md has the same row.
struct Disagreement {
  std::string_view id;
  std::string_view reason;
};

/// Counts how many vectors of a folder we agree with. Every disagreement must have been explained before, and every
/// explanation must still be needed. Prints one line at its end: "folder: 58 of 60 agree, 2 explained".
class VectorTally {
 public:
  explicit VectorTally(std::string folder, std::span<const Disagreement> explained = {})
      : folder_{std::move(folder)}, explained_{explained} {}
  VectorTally(const VectorTally&) = delete;
  VectorTally& operator=(const VectorTally&) = delete;

  /// @param words what we say about it, for the message of a failure
  void judge(std::string_view id, Verdict expected, Verdict ours, const std::string& words = {}) {
    ++of_;
    const bool is_explained = explains(id);
    if (expected == ours) {
      ++agreed_;
      EXPECT_FALSE(is_explained) << folder_ << "/" << id << " agrees: its explanation is no longer needed";
      return;
    }
    used_.emplace(id);
    wrong_accepts_ += ours == Verdict::accept ? 1 : 0;
    EXPECT_TRUE(is_explained) << folder_ << "/" << id << (ours == Verdict::accept ? " was taken" : " was refused")
                              << (words.empty() ? "" : ": ") << words;
  }

  ~VectorTally() {
    EXPECT_GT(of_, 0U) << folder_ << ": no vector was found";
    EXPECT_EQ(used_.size(), explained_.size()) << folder_ << ": an explanation stands for no vector";
    std::printf("%s: %zu of %zu agree, %zu explained (%zu taken, %zu refused)\n", folder_.c_str(), agreed_, of_,
                used_.size(), wrong_accepts_, of_ - agreed_ - wrong_accepts_);
  }

 private:
  [[nodiscard]] bool explains(std::string_view id) const {
    for (const auto& row : explained_) {
      if (row.id == id) {
        return true;
      }
    }
    return false;
  }

  std::string folder_;
  std::span<const Disagreement> explained_;
  std::set<std::string, std::less<>> used_;
  std::size_t of_ = 0, agreed_ = 0, wrong_accepts_ = 0;
};

}  // namespace birthmark::test
