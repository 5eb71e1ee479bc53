// SPDX-License-Identifier: Apache-2.0
#include "cli/next_credential.h"

#include "adapters/files/passphrase.h"

namespace birthmark::cli {
namespace {

constexpr std::size_t kFileMax = std::size_t{64} * 1024;
constexpr std::string_view kKey = ".key", kCertificate = ".pem", kNextKey = ".next.key", kNextCertificate = ".next.pem";

}  // namespace

Result<crypto::PrivateKey> NextCredential::key() {
  BM_TRY(const auto passphrase, read_passphrase(files_, where_.passphrase));
  BM_TRY(const bool there, files_.exists(file(kNextKey)));
  if (there) {
    BM_TRY(const auto pem, files_.read(file(kNextKey), kFileMax));
    return crypto::PrivateKey::from_encrypted_pem(as_text(pem), passphrase);
  }
  BM_TRY(auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  BM_TRY(const auto pem, key.to_encrypted_pem(passphrase));
  BM_CHECK(write_atomically(files_, file(kNextKey), as_bytes(pem)));
  return key;
}

Result<void> NextCredential::adopt(std::string_view certificates) {
  BM_CHECK(write_atomically(files_, file(kNextCertificate), as_bytes(certificates), Visibility::everyone));
  return settle();
}

/// A certificate that waits has its key beside it, or in place already: the key goes first.
Result<void> NextCredential::settle() {
  BM_TRY(const bool waits, files_.exists(file(kNextCertificate)));
  if (!waits) {
    return {};
  }
  BM_TRY(const bool key_waits, files_.exists(file(kNextKey)));
  if (key_waits) {
    BM_CHECK(files_.rename(file(kNextKey), file(kKey)));
  }
  BM_CHECK(files_.rename(file(kNextCertificate), file(kCertificate)));
  return files_.sync_directory(where_.directory);
}

}  // namespace birthmark::cli
