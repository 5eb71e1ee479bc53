// SPDX-License-Identifier: Apache-2.0
#include "adapters/signer/file_signer.h"

#include <algorithm>
#include <array>

namespace birthmark {
namespace {

using app::KeyUse;

constexpr std::size_t kKeyFileMax = 16 * 1024;
constexpr std::size_t kNameMax = 120;

struct UseRow {
  KeyUse use;
  std::string_view name;
};
constexpr std::array kUses{UseRow{KeyUse::certificates, "certificates"}, UseRow{KeyUse::receipts, "receipts"},
                           UseRow{KeyUse::checkpoints, "checkpoints"}, UseRow{KeyUse::statements, "statements"}};

std::string_view name_of(KeyUse use) {
  const auto* const row = std::ranges::find(kUses, use, &UseRow::use);
  return row == kUses.end() ? std::string_view{"unknown"} : row->name;
}

Result<void> check_name(std::string_view name) {
  const bool good =
      !name.empty() && name.size() <= kNameMax && name.front() != '.' && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
      });
  return good ? Result<void>{} : fail(Code::key_attributes, "key name: 1 to 120 of a-z, 0-9, '.', '_', '-'");
}

}  // namespace

Result<std::unique_ptr<FileSigner>> FileSigner::open(Files& files, std::filesystem::path directory, Secret passphrase) {
  BM_CHECK(files.make_directory(directory));
  BM_TRY(auto epoch, EpochFile::open(files, directory / "epoch"));
  return std::unique_ptr<FileSigner>{
      new FileSigner{files, std::move(directory), std::move(passphrase), std::move(epoch)}};
}

Result<crypto::PublicKey> FileSigner::create(const std::string& key, KeyUse use, crypto::KeyType type, Epoch epoch) {
  BM_CHECK(check_name(key));
  // From the look for the file until it is there no other process makes one: two writers never have two keys by one
  // name, and who was paused meanwhile is fenced.
  const std::scoped_lock alone{making_};
  BM_TRY(const auto lock, files_.lock(directory_ / "making"));
  BM_CHECK(fence(epoch));
  if (const auto there = find(key)) {
    if ((*there)->use != use || (*there)->key.public_key().type() != type) {
      return fail(Code::key_attributes, "key " + key + " is there with another use or type");
    }
    return (*there)->key.public_key();
  } else if (there.error().code != Code::not_found) {
    return fail(there.error());
  }
  BM_TRY(auto made, crypto::PrivateKey::generate(type));
  BM_TRY(const auto pem, made.to_encrypted_pem(passphrase_));
  BM_CHECK(write_atomically(files_, path_of(key), as_bytes("use: " + std::string{name_of(use)} + "\n" + pem)));
  BM_TRY(const auto entry, load(key));
  // In the place of whatever a slow load of a destroyed key by this name may have left.
  const std::scoped_lock guard{mutex_};
  destroyed_.erase(key);
  entries_.insert_or_assign(key, entry);
  return entry->key.public_key();
}

Result<crypto::PublicKey> FileSigner::public_key(const std::string& key) {
  BM_TRY(const auto entry, find(key));
  return entry->key.public_key();
}

Result<Bytes> FileSigner::make_signature(const app::SigningIntent& intent) {
  BM_CHECK(fence(intent.epoch));
  BM_TRY(const auto entry, find(intent.key));
  if (entry->use != intent.use) {
    return fail(Code::scope, "key " + intent.key + " is for " + std::string{name_of(entry->use)});
  }
  return entry->key.sign(intent.message);
}

Result<void> FileSigner::destroy(const std::string& key, Epoch epoch) {
  BM_CHECK(check_name(key));
  // The file is not removed under the lock that every signature takes: the disk may hang. Nor is a key made by this
  // name meanwhile, here or in another process.
  const std::scoped_lock alone{making_};
  BM_TRY(const auto lock, files_.lock(directory_ / "making"));
  BM_CHECK(fence(epoch));
  {
    const std::scoped_lock guard{mutex_};
    entries_.erase(key);
    destroyed_.insert(key);
  }
  const auto path = path_of(key);
  if (auto removed = files_.remove(path); !removed && removed.error().code != Code::not_found) {
    return removed;
  }
  return files_.sync_directory(directory_);
}

Result<std::shared_ptr<const FileSigner::Entry>> FileSigner::find(const std::string& key) {
  {
    const std::scoped_lock lock{mutex_};
    if (const auto at = entries_.find(key); at != entries_.end()) {
      return at->second;
    }
  }
  // Opening takes scrypt's time: not under the lock. Two threads that race load the same key.
  BM_TRY(auto entry, load(key));
  const std::scoped_lock lock{mutex_};
  if (destroyed_.contains(key)) {
    return fail(Code::not_found, "key " + key + " was destroyed");
  }
  return entries_.emplace(key, std::move(entry)).first->second;
}

Result<std::shared_ptr<const FileSigner::Entry>> FileSigner::load(const std::string& key) {
  BM_CHECK(check_name(key));
  BM_TRY(const auto bytes, files_.read(path_of(key), kKeyFileMax));
  const auto text = as_text(bytes);
  const auto line = text.substr(0, text.find('\n'));
  const auto* const use =
      std::ranges::find_if(kUses, [&](const UseRow& row) { return line == "use: " + std::string{row.name}; });
  if (use == kUses.end()) {
    return fail(Code::key_attributes, "key " + key + " does not say what it is for");
  }
  BM_TRY(auto opened, crypto::PrivateKey::from_encrypted_pem(text.substr(line.size() + 1), passphrase_));
  return std::make_shared<const Entry>(Entry{use->use, std::move(opened)});
}

Result<void> FileSigner::fence(Epoch epoch) {
  const std::scoped_lock lock{mutex_};
  // Read anew each time: a writer that was paused must see what another process has signed under since.
  BM_TRY(const auto seen, epoch_.get());
  if (epoch < seen) {
    return fail(Code::fenced, "the signer has seen epoch " + std::to_string(seen.get()));
  }
  return epoch > seen ? epoch_.put(epoch) : Result<void>{};
}

}  // namespace birthmark
