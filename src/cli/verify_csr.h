// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "cli/commands.h"
#include "codec/json.h"

namespace birthmark::cli {

/// Whether a request would be taken from the device that is registered under the subject name `device`.
struct CsrVerdict {
  bool accepted = false;
  /// verdict, device, subject, key, attestation; of a refusal: code, check, clause, detail; what a file cannot show
  /// stands under `not_judged`.
  boost::json::object said;
};

/// @param input PEM or DER. Which key types a product takes and which channel the request comes over are not in a file:
/// every sound key is taken, and a challengePassword is not compared with anything.
CsrVerdict judge_csr_file(BytesView input, std::string_view device);

/// `birthmark verify csr`.
void add_verify_csr(CLI::App& verify, int& exit_code);

}  // namespace birthmark::cli
