// SPDX-License-Identifier: Apache-2.0
#include "fleet/component_vendor.h"

#include <array>

#include "agent/emulated/simulated_certificate.h"
#include "codec/x509.h"

namespace birthmark::fleet {
namespace {

using namespace emulated;

std::string root_name(lifecycle::RootKind kind) {
  return "birthmark simulated " + std::string{lifecycle::name(kind)} + " root";
}
std::string stem_of(lifecycle::RootKind kind) {
  return std::string{lifecycle::name(kind)} + "-root";
}

Result<Authority> make_root(lifecycle::RootKind kind, Instant now) {
  BM_TRY(auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  const auto name = simulated_name(root_name(kind));
  const auto& half = key.public_key();
  BM_TRY(
      auto certificate,
      certify(signer_of(key),
              {name, name, now, half, {ca_constraints({}), key_usage(kKeyCertSign | kCrlSign), subject_key_id(half)}}));
  return Authority{std::move(key), std::move(certificate)};
}

std::string anchor_row(std::string_view kind, std::string_view place, std::string_view file) {
  return "\n[[anchor]]\nvendor = \"" + std::string{kSimulatedVendor} + "\"\nroot = \"" + std::string{kind} +
         "\"\nkind = \"" + std::string{place} + "\"\nclass = \"simulated\"\nfile = \"" + std::string{file} + "\"\n";
}

}  // namespace

Result<ComponentVendor> ComponentVendor::load_or_make(Files& files, const std::filesystem::path& directory,
                                                      lifecycle::RootKind kind, Instant now) {
  BM_CHECK(files.make_directory(directory));
  const auto stem = directory / stem_of(kind);
  auto kept = read_authority(files, stem);
  if (!kept && kept.error().code != Code::not_found) {
    return fail(kept.error());
  }
  if (!kept) {
    BM_TRY(kept, make_root(kind, now));
    BM_CHECK(write_authority(files, stem, *kept));
  }
  return ComponentVendor{std::move(*kept)};
}

Result<Bytes> ComponentVendor::certify_attestation_key(const crypto::PublicKey& key, Instant now) const {
  BM_TRY(const auto issuer, x509::Certificate::read(root_.certificate));
  return certify(signer_of(root_.key),
                 {to_bytes(issuer.subject()),
                  simulated_name("attestation key"),
                  now,
                  key,
                  {not_a_ca(), key_usage(kDigitalSignature), authority_key_id(root_.key.public_key())}});
}

Result<Bytes> ComponentVendor::certify_issuing_key(const crypto::PublicKey& key, std::string_view name,
                                                   std::string_view serial, Instant now) const {
  BM_TRY(const auto issuer, x509::Certificate::read(root_.certificate));
  return certify(signer_of(root_.key), {to_bytes(issuer.subject()),
                                        simulated_name(name, serial),
                                        now,
                                        key,
                                        {ca_constraints({}), key_usage(kKeyCertSign), subject_key_id(key),
                                         authority_key_id(root_.key.public_key())}});
}

Result<void> write_vendors_file(Files& files, const std::filesystem::path& directory) {
  std::string text = "# Simulated silicon: for a server in development only.\n";
  BM_TRY(const bool has_tpm, files.exists(directory / "root.pem"));
  if (has_tpm) {
    text += anchor_row("tpm", "root", "root.pem") + anchor_row("tpm", "intermediate", "intermediate.pem");
  }
  for (const auto kind : {lifecycle::RootKind::psa, lifecycle::RootKind::dice, lifecycle::RootKind::se}) {
    BM_TRY(const bool has, files.exists(directory / (stem_of(kind) + ".pem")));
    if (has) {
      text += anchor_row(lifecycle::name(kind), "root", stem_of(kind) + ".pem");
    }
  }
  return write_atomically(files, directory / "vendors.toml", as_bytes(text), Visibility::everyone);
}

}  // namespace birthmark::fleet
