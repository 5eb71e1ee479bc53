// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "adapters/signer/epoch_file.h"
#include "app/ports/files.h"
#include "app/ports/signer.h"
#include "base/secret.h"

namespace birthmark {

/// Keys as encrypted PKCS#8 in one directory: development mode, and every installation without an HSM.
/// A key is `<name>.key` (its use and type in the first line, then the PEM); names are [a-z0-9._-], at most 120.
/// The highest epoch seen is kept in `epoch`, so that a fenced writer stays fenced over restarts.
class FileSigner final : public app::Signer {
 public:
  /// @param files must outlive the signer. @error key_attributes: the directory's epoch cannot be read; storage.
  static Result<std::unique_ptr<FileSigner>> open(Files& files, std::filesystem::path directory, Secret passphrase);

  Result<crypto::PublicKey> create(const std::string& key, app::KeyUse use, crypto::KeyType type, Epoch epoch) override;
  Result<crypto::PublicKey> public_key(const std::string& key) override;
  Result<void> destroy(const std::string& key, Epoch epoch) override;

 private:
  struct Entry {
    app::KeyUse use;
    crypto::PrivateKey key;
  };

  FileSigner(Files& files, std::filesystem::path directory, Secret passphrase, EpochFile epoch)
      : files_{files}, directory_{std::move(directory)}, passphrase_{std::move(passphrase)}, epoch_{std::move(epoch)} {}
  Result<Bytes> make_signature(const app::SigningIntent& intent) override;
  Result<std::shared_ptr<const Entry>> find(const std::string& key);
  Result<std::shared_ptr<const Entry>> load(const std::string& key);
  Result<void> fence(Epoch epoch);
  [[nodiscard]] std::filesystem::path path_of(const std::string& key) const { return directory_ / (key + ".key"); }

  Files& files_;
  const std::filesystem::path directory_;
  const Secret passphrase_;
  std::mutex making_;  ///< one key is made or destroyed at a time
  std::mutex mutex_;   ///< of everything below; never held while signing
  EpochFile epoch_;
  std::map<std::string, std::shared_ptr<const Entry>> entries_;
  std::set<std::string> destroyed_;  ///< a load that is under way brings none of them back
};

}  // namespace birthmark
