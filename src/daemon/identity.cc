// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity.h"

#include "codec/pem.h"

namespace birthmark::daemon {
namespace {

constexpr std::size_t kFileMax = 256UL * 1024;

}  // namespace

Result<Identity> read_identity(Files& files, const std::filesystem::path& directory, const std::string& name,
                               const Secret& passphrase) {
  BM_TRY(const auto key, files.read(directory / (name + ".key"), kFileMax));
  BM_TRY(const auto certificates, files.read(directory / (name + ".pem"), kFileMax));
  BM_TRY(auto opened, crypto::PrivateKey::from_encrypted_pem(as_text(key), passphrase));
  BM_TRY(auto chain, pem::read(as_text(certificates), "CERTIFICATE", {}));
  return Identity{std::move(opened), std::move(chain)};
}

Result<Bytes> make_identity(Files& files, const std::filesystem::path& directory, const std::string& name,
                            const Secret& passphrase, app::Hierarchy& hierarchy, app::ServiceOrder order) {
  BM_CHECK(files.make_directory(directory));
  BM_TRY(const auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  BM_TRY(const auto pem, key.to_encrypted_pem(passphrase));
  order.spki = to_bytes(key.public_key().spki());
  BM_TRY(auto issued, hierarchy.certify(order));
  BM_TRY(const auto chain, hierarchy.service_chain());
  std::string text = pem::write("CERTIFICATE", issued.certificate);
  for (const auto& certificate : chain) {
    text += pem::write("CERTIFICATE", certificate);
  }
  BM_CHECK(write_atomically(files, directory / (name + ".key"), as_bytes(pem)));
  BM_CHECK(write_atomically(files, directory / (name + ".pem"), as_bytes(text), Visibility::everyone));
  return std::move(issued.certificate);
}

}  // namespace birthmark::daemon
