// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/posix_files.h"
#include "contract/files_contract.h"
#ifdef BIRTHMARK_FAULTS
#include "adapters/sqlite/fault_layer.h"
#endif

namespace birthmark::test {
namespace {

struct Posix final : FilesUnderTest {
  Files& files() override { return real; }
  PosixFiles real;
};

std::string name_of(const testing::TestParamInfo<FilesMaker>& maker) {
  return maker.param.name;
}

INSTANTIATE_TEST_SUITE_P(Real, FilesContract,
                         testing::Values(FilesMaker{"posix", [] { return std::make_unique<Posix>(); }}), name_of);

#ifdef BIRTHMARK_FAULTS
struct Powercut final : FilesUnderTest {
  explicit Powercut(std::string_view spec) : layer{FaultLayer::make(spec).value()} {}
  Files& files() override { return layer->files(); }
  std::unique_ptr<FaultLayer> layer;
};

INSTANTIATE_TEST_SUITE_P(Fake, FilesContract,
                         testing::Values(FilesMaker{"powercut", [] { return std::make_unique<Powercut>("volatile"); }},
                                         FilesMaker{"faults_only", [] { return std::make_unique<Powercut>(""); }}),
                         name_of);
#endif

}  // namespace
}  // namespace birthmark::test
