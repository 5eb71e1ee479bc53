// SPDX-License-Identifier: Apache-2.0
#include "daemon/bootstrap.h"

#include "adapters/files/passphrase.h"
#include "codec/pem.h"

namespace birthmark::daemon {
namespace {

/// Leaves an identity where there is none.
Result<void> ensure_identity(Files& files, const std::filesystem::path& directory, const std::string& name,
                             const Secret& passphrase, app::Hierarchy& hierarchy, app::ServiceOrder order) {
  BM_TRY(const bool there, files.exists(directory / (name + ".pem")));
  return there ? Result<void>{}
               : without_value(make_identity(files, directory, name, passphrase, hierarchy, std::move(order)));
}

}  // namespace

Result<void> bootstrap(const Config& config, const Registry::Paths& paths, const ServerCertificatePorts& ports) {
  auto& files = ports.files;
  auto& hierarchy = ports.hierarchy;
  BM_TRY(const auto passphrase, read_passphrase(files, paths.passphrase));
  BM_CHECK(hierarchy.init());
  // What cannot be renewed stays: `serve` goes on with it, and says so.
  if (const auto server = ensure_server_certificate(config, paths.tls, passphrase, ports);
      !server && !read_identity(files, paths.tls, "server", passphrase)) {
    return fail(server.error());
  }
  BM_CHECK(ensure_identity(files, paths.operators, config.operator_name, passphrase, hierarchy,
                           {.profile = pki::ProfileId::operator_person,
                            .common_name = config.operator_name,
                            .spki = {},
                            .dns_names = {},
                            .ip_addresses = {},
                            .actor = "server:init"}));
  BM_TRY(const auto chain, hierarchy.service_chain());
  return write_atomically(files, paths.tls / "service-root.pem", as_bytes(pem::write("CERTIFICATE", chain.back())),
                          Visibility::everyone);
}

}  // namespace birthmark::daemon
