// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity.h"

#include "codec/pem.h"
#include "codec/x509.h"

namespace birthmark::daemon {
namespace {

constexpr std::size_t kFileMax = 256UL * 1024;

Result<crypto::PrivateKey> read_key(Files& files, const std::filesystem::path& path, const Secret& passphrase) {
  BM_TRY(const auto key, files.read(path, kFileMax));
  return crypto::PrivateKey::from_encrypted_pem(as_text(key), passphrase);
}

bool fits(const Result<crypto::PrivateKey>& key, BytesView spki) {
  return key && equal(key->public_key().spki(), spki);
}

/// Where a key waits for its certificate to be written.
std::filesystem::path waiting(const std::filesystem::path& key) {
  return {key.string() + ".new"};
}

}  // namespace

Result<Identity> read_identity(Files& files, const std::filesystem::path& directory, const std::string& name,
                               const Secret& passphrase) {
  const auto path = directory / (name + ".key");
  auto key = read_key(files, path, passphrase);
  BM_TRY(const auto certificates, files.read(directory / (name + ".pem"), kFileMax));
  BM_TRY(auto chain, pem::read(as_text(certificates), "CERTIFICATE", {}));
  BM_TRY(const auto leaf, x509::Certificate::read(chain.empty() ? BytesView{} : BytesView{chain.front()}));
  if (!fits(key, leaf.spki())) {
    auto next = read_key(files, waiting(path), passphrase);
    if (!fits(next, leaf.spki())) {
      return key ? fail(Code::key_attributes, path.string() + ": is not the key of the certificate")
                 : fail(key.error());
    }
    BM_CHECK(files.rename(waiting(path), path));  // making it was cut off behind the certificate
    BM_CHECK(files.sync_directory(directory));
    key = std::move(next);
  }
  return Identity{std::move(*key), std::move(chain)};
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
  // The certificate decides which key counts: at no moment is there one without the other.
  const auto path = directory / (name + ".key");
  BM_CHECK(write_atomically(files, waiting(path), as_bytes(pem)));
  BM_CHECK(write_atomically(files, directory / (name + ".pem"), as_bytes(text), Visibility::everyone));
  BM_CHECK(files.rename(waiting(path), path));
  BM_CHECK(files.sync_directory(directory));
  return std::move(issued.certificate);
}

}  // namespace birthmark::daemon
