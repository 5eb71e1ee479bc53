// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/commands.h"

namespace birthmark::cli {

/// `birthmark verify status`: what an OCSP response or a CRL says of a certificate, judged offline.
void add_verify_status(CLI::App& verify, int& exit_code);

}  // namespace birthmark::cli
