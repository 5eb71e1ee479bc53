// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/access.h"
#include "app/attestation.h"
#include "app/enrollment.h"
#include "app/hierarchy.h"
#include "app/key_check.h"
#include "app/operations.h"
#include "app/provisioning.h"
#include "app/refusals.h"
#include "app/retirement.h"
#include "app/revalidation.h"
#include "app/sealing.h"
#include "app/software_root.h"

namespace birthmark::api {

/// What the log can show of itself; the adapter that publishes it implements this.
class LogPublic {
 public:
  virtual ~LogPublic() = default;
  /// The newest signed checkpoint. @error storage
  virtual Result<std::string> checkpoint() = 0;
  /// A tile or bundle by its path below the log's prefix. @error not_found, storage
  virtual Result<Bytes> tile(std::string_view path) = 0;
  /// tlog-proof text of one entry under the newest checkpoint. @error not_found, storage
  virtual Result<std::string> proof(std::uint64_t index) = 0;
};

/// The use cases that the routes call. Everything outlives the listeners.
struct Services {
  app::Store& store;
  app::Access& access;
  app::Provisioning& provisioning;
  app::Sealing& sealing;
  app::Attestation& attestation;
  app::Enrollment& enrollment;
  app::Revalidation& revalidation;
  app::Retirement& retirement;
  app::Operations& operations;
  app::SoftwareRoots& software_roots;
  app::KeyCheck& key_check;
  app::Hierarchy& hierarchy;
  app::Catalog& catalog;
  app::CaDirectoryHolder& cas;
  app::Refusals& refusals;
  app::TimeGuard& time;
  app::Signer& signer;
  LogPublic& log;
  const Clock& clock;
  std::string statement_key;             ///< the signer's name of the key that signs time and receipts of retirement
  std::function<std::string()> metrics;  ///< Prometheus text
  std::function<Result<void>()> ready;   ///< the refusal says why not; of status 503
};

}  // namespace birthmark::api
