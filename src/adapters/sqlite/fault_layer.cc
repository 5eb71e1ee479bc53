// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/fault_layer.h"

#include <cstdlib>
#include <utility>

namespace birthmark {

Result<std::unique_ptr<FaultLayer>> FaultLayer::from_environment() {
  const char* spec = std::getenv("BIRTHMARK_FAULTS");
  if (spec == nullptr || *spec == '\0') {
    return nullptr;
  }
  return make(spec);
}

Result<std::unique_ptr<FaultLayer>> FaultLayer::make(std::string_view spec, std::string vfs) {
  BM_TRY(auto plan, FaultPlan::parse(spec));
  std::unique_ptr<FaultLayer> layer{new FaultLayer{std::move(plan)}};
  BM_TRY(layer->vfs_, sqlite::PowercutVfs::install(layer->disk_, std::move(vfs)));
  return layer;
}

sqlite::OpenOptions FaultLayer::database(sqlite::OpenOptions options) const {
  options.vfs = vfs_->name();
  if (plan_->synchronous_off()) {
    options.synchronous = sqlite::Synchronous::off;
  }
  return options;
}

}  // namespace birthmark
