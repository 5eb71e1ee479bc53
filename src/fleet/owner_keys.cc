// SPDX-License-Identifier: Apache-2.0
#include "fleet/owner_keys.h"

namespace birthmark::fleet {
namespace {

constexpr const char* kOperationalFile = "operational.key";
constexpr const char* kPendingFile = "pending.key";
constexpr std::size_t kPemBytesMax = 4096;

Result<std::optional<crypto::PrivateKey>> read_key(Files& files, const std::filesystem::path& path) {
  const auto pem = files.read(path, kPemBytesMax);
  if (!pem) {
    return pem.error().code == Code::not_found ? Result<std::optional<crypto::PrivateKey>>{std::nullopt}
                                               : fail(pem.error());
  }
  BM_TRY(auto key, crypto::PrivateKey::from_pem(as_text(*pem)));
  return std::optional{std::move(key)};
}

Result<void> remove_if_there(Files& files, const std::filesystem::path& path) {
  auto removed = files.remove(path);
  return removed || removed.error().code == Code::not_found ? Result<void>{} : removed;
}

}  // namespace

Result<OwnerKeys> OwnerKeys::open(Files& files, std::filesystem::path directory) {
  OwnerKeys keys{files, std::move(directory)};
  BM_TRY(keys.operational_, read_key(files, keys.directory_ / kOperationalFile));
  BM_TRY(keys.pending_, read_key(files, keys.directory_ / kPendingFile));
  return keys;
}

Result<void> OwnerKeys::make_pending() {
  BM_TRY(auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  BM_TRY(const auto pem, key.to_pem());
  BM_CHECK(write_atomically(*files_, directory_ / kPendingFile, as_bytes(pem)));
  pending_.emplace(std::move(key));
  return {};
}

Result<void> OwnerKeys::adopt_pending() {
  if (!pending_) {
    return fail(Code::not_found, "nothing is pending");
  }
  BM_CHECK(files_->rename(directory_ / kPendingFile, directory_ / kOperationalFile));
  operational_.emplace(std::move(*pending_));
  pending_.reset();
  return files_->sync_directory(directory_);
}

Result<void> OwnerKeys::clear() {
  BM_CHECK(remove_if_there(*files_, directory_ / kPendingFile));
  pending_.reset();
  BM_CHECK(remove_if_there(*files_, directory_ / kOperationalFile));
  operational_.reset();
  return files_->sync_directory(directory_);
}

}  // namespace birthmark::fleet
