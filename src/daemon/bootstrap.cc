// SPDX-License-Identifier: Apache-2.0
#include "daemon/bootstrap.h"

#include <array>
#include <charconv>

#include "codec/pem.h"

namespace birthmark::daemon {
namespace {

constexpr std::size_t kFileMax = 256 * 1024;

std::optional<Octets<4>> ipv4(const std::string& text) {
  Octets<4> out{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto [next, error] = std::from_chars(at, end, out[i]);
    const bool last = i + 1 == out.size();
    if (error != std::errc{} || (last ? next != end : next == end || *next != '.')) {
      return std::nullopt;
    }
    at = last ? next : next + 1;
  }
  return out;
}

/// Leaves `<name>.key` and `<name>.pem`; the certificate last, so that an interrupted run makes both again.
Result<void> ensure_identity(Files& files, const std::filesystem::path& directory, const std::string& name,
                             const Secret& passphrase, app::Hierarchy& hierarchy, app::ServiceOrder order) {
  BM_CHECK(files.make_directory(directory));
  BM_TRY(const bool there, files.exists(directory / (name + ".pem")));
  if (there) {
    return {};
  }
  BM_TRY(const auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  BM_TRY(const auto pem, key.to_encrypted_pem(passphrase));
  BM_CHECK(write_atomically(files, directory / (name + ".key"), as_bytes(pem)));
  order.spki = to_bytes(key.public_key().spki());
  BM_TRY(const auto issued, hierarchy.certify(order));
  BM_TRY(const auto chain, hierarchy.service_chain());
  std::string text = pem::write("CERTIFICATE", issued.certificate);
  for (const auto& certificate : chain) {
    text += pem::write("CERTIFICATE", certificate);
  }
  return write_atomically(files, directory / (name + ".pem"), as_bytes(text), Visibility::everyone);
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

Result<void> bootstrap(const Config& config, const Registry::Paths& paths, Files& files, app::Hierarchy& hierarchy) {
  BM_TRY(const auto passphrase, read_passphrase(files, paths.passphrase));
  BM_CHECK(hierarchy.init());
  app::ServiceOrder server{.profile = pki::ProfileId::server,
                           .common_name = config.server_names.front(),
                           .spki = {},
                           .dns_names = {},
                           .ip_addresses = {{127, 0, 0, 1}},
                           .actor = "server:init"};
  for (const auto& name : config.server_names) {
    if (const auto address = ipv4(name)) {
      server.ip_addresses.push_back(*address);
    } else {
      server.dns_names.push_back(name);
    }
  }
  BM_CHECK(ensure_identity(files, paths.tls, "server", passphrase, hierarchy, std::move(server)));
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

Result<Identity> read_identity(Files& files, const std::filesystem::path& directory, const std::string& name,
                               const Secret& passphrase) {
  BM_TRY(const auto key, files.read(directory / (name + ".key"), kFileMax));
  BM_TRY(const auto certificates, files.read(directory / (name + ".pem"), kFileMax));
  BM_TRY(auto opened, crypto::PrivateKey::from_encrypted_pem(as_text(key), passphrase));
  BM_TRY(auto chain, pem::read(as_text(certificates), "CERTIFICATE", {}));
  return Identity{std::move(opened), std::move(chain)};
}

}  // namespace birthmark::daemon
