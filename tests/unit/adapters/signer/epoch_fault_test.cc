// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "adapters/files/fault_plan.h"
#include "adapters/files/powercut_files.h"
#include "adapters/signer/epoch_file.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

/// The file on a disk that fails some syncs; the first one is that of the directory.
struct Failing {
  explicit Failing(const char* words) : plan{FaultPlan::parse(words).value()} {}

  TempDir directory;
  std::unique_ptr<FaultPlan> plan;
  VolatileDisk disk{*plan};
  PowercutFiles files{disk};
  EpochFile file = EpochFile::open(files, directory / "epoch").value();
};

// What a failed sync left is still read, out of the system's memory.
TEST(EpochFileOnAFailingDisk, AC31_an_epoch_counts_only_when_it_was_synced) {
  Failing disk{"fail@fsync#2+:EIO"};
  EXPECT_EQ(disk.file.put(Epoch{5}).error().code, Code::storage);
  EXPECT_EQ(disk.file.get().error().code, Code::storage);
}

TEST(EpochFileOnAFailingDisk, AC31_an_epoch_is_put_again_when_the_disk_is_well) {
  Failing disk{"fail@fsync#2:EIO"};
  EXPECT_EQ(disk.file.put(Epoch{5}).error().code, Code::storage);
  EXPECT_EQ(disk.file.get(), Epoch{5});
  EXPECT_EQ(EpochFile::open(disk.files, disk.directory / "epoch").value().get(), Epoch{5});
}

}  // namespace
}  // namespace birthmark::test
