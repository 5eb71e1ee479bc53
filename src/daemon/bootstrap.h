// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/ports/files.h"
#include "base/secret.h"
#include "daemon/config.h"
#include "daemon/registry.h"
#include "daemon/server_certificate.h"

namespace birthmark::daemon {

/// Makes what a fresh installation lacks: roots, the server's TLS key and certificate, the first operator's key and
/// certificate (encrypted with the same passphrase). What is there stays, but for a server's certificate that is due
/// (`ensure_server_certificate`). @error of the hierarchy and the file layer
Result<void> bootstrap(const Config& config, const Registry::Paths& paths, const ServerCertificatePorts& ports);

}  // namespace birthmark::daemon
