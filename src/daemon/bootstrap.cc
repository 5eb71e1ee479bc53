// SPDX-License-Identifier: Apache-2.0
#include "daemon/bootstrap.h"

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

Result<Secret> read_passphrase(Files& files, const std::filesystem::path& path) {
  auto bytes = files.read(path, 4096);
  if (!bytes) {
    return fail(bytes.error().code, "no passphrase at " + path.string() + ": run `birthmark init`");
  }
  while (!bytes->empty() && (bytes->back() == '\n' || bytes->back() == '\r')) {
    bytes->pop_back();
  }
  return bytes->empty() ? Result<Secret>{fail(Code::key_attributes, "the passphrase is empty")}
                        : Result<Secret>{Secret{std::move(*bytes)}};
}

Result<void> ensure_passphrase(Files& files, const std::filesystem::path& path, Entropy& entropy) {
  BM_TRY(const bool there, files.exists(path));
  if (there) {
    return {};
  }
  Octets<32> random{};
  entropy.fill(random);
  BM_CHECK(files.make_directory(path.parent_path()));
  return write_atomically(files, path, as_bytes(to_hex(random) + "\n"));
}

Result<void> bootstrap(const Config& config, const Registry::Paths& paths, const ServerCertificatePorts& ports) {
  auto& files = ports.files;
  auto& hierarchy = ports.hierarchy;
  BM_TRY(const auto passphrase, read_passphrase(files, paths.passphrase));
  BM_CHECK(hierarchy.init());
  BM_CHECK(ensure_server_certificate(config, paths.tls, passphrase, ports));
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
