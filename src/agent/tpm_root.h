// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "agent/hardware/tpm_root.h"
#include "agent/idevid_template.h"
#include "app/ports/files.h"

namespace birthmark::agent {

/// How to reach a TPM 2.0 and what it asks for. Empty authorizations are the rule on embedded devices.
struct TpmOptions {
  std::string tcti;  ///< "device:/dev/tpmrm0", "swtpm:path=/run/tpm.sock"
  std::filesystem::path
      state_directory;  ///< for the wrapped operational keys; made (0700) if absent; none: no such keys
  std::optional<IdevidTemplate> idevid = {};  ///< nothing: as the key at its persistent handle; without one birthmark's
  Secret owner_auth = {};
  Secret endorsement_auth = {};
  Secret lockout_auth = {};
};

/// Connects to a TPM. If the chip is in dictionary-attack lockout, tries once to leave it: power cuts alone bring a
/// healthy device there, because the identity keys are subject to that protection.
/// @param files must outlive the root.
/// @return a root that talks to the chip until it is destroyed; other programs need a resource manager beside it.
/// @error unavailable: no TPM answers at `tcti`, or the state directory cannot be used.
Result<std::unique_ptr<TpmRoot>> open_tpm_root(TpmOptions options, Files& files);

}  // namespace birthmark::agent
