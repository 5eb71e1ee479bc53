// SPDX-License-Identifier: Apache-2.0
// A log in memory, made the way the server makes one: entries of the audit's own format, tiles by growth, a checkpoint
// with the log's signature and a witness's.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/log_check.h"
#include "audit/merkle.h"
#include "audit/tile.h"
#include "crypto/keys.h"

namespace birthmark::audit::testing {

/// The value, or the end of the test: for what a test only needs.
template <class T>
T must(Result<T> result) {
  if (!result) {
    throw std::runtime_error(result.error().detail);
  }
  return std::move(*result);
}

/// A key pair of a log or a witness.
struct Signer {
  std::shared_ptr<crypto::PrivateKey> key;
  VerifierKey verifier;

  static Signer make(SignatureType type, std::string name) {
    auto key = std::make_shared<crypto::PrivateKey>(must(crypto::PrivateKey::generate(crypto::KeyType::ed25519)));
    auto verifier = must(VerifierKey::make(type, std::move(name), key->public_key().point()));
    return {std::move(key), std::move(verifier)};
  }
  [[nodiscard]] NoteSigner signer() const {
    return [key = key](BytesView message) { return key->sign(message); };
  }
};

inline const std::string kOrigin = "birthmark.example/log";
inline const std::string kWitness = "witness.example/w1";

struct Keys {
  Signer log = Signer::make(SignatureType::ed25519, kOrigin);
  Signer witness = Signer::make(SignatureType::cosignature, kWitness);

  [[nodiscard]] CheckpointTrust trust() const { return {log.verifier, {witness.verifier}, 1}; }
};

inline Entry sample_entry(std::uint64_t i) {
  Octets<32> device{};
  device[0] = static_cast<std::uint8_t>(i);
  device[1] = static_cast<std::uint8_t>(i >> 8);
  Entry entry{.kind = EntryKind::transition, .at = from_ms(1'700'000'000'000 + static_cast<std::int64_t>(i))};
  entry.device = DeviceId{device};
  entry.state_from = std::uint8_t{0};
  entry.state_to = std::uint8_t{1};
  entry.actor = "station:line-" + std::to_string(i % 7);
  return entry;
}

inline Bytes sample_bytes(std::uint64_t i) {
  return must(write_entry(sample_entry(i)));
}

/// Every stored hash of a log, by (level, index).
class HashStore {
 public:
  [[nodiscard]] HashWriter writer() {
    return [this](unsigned level, std::uint64_t index, const Digest& hash) { hashes_[{level, index}] = hash; };
  }
  [[nodiscard]] HashReader reader() const {
    return [this](unsigned level, std::uint64_t index) -> Result<Digest> {
      const auto found = hashes_.find({level, index});
      return found == hashes_.end() ? Result<Digest>{fail(Code::not_found, "no such hash")} : found->second;
    };
  }

 private:
  std::map<std::pair<unsigned, std::uint64_t>, Digest> hashes_;
};

class MemoryLog : public LogSource {
 public:
  std::string note;
  std::map<std::string, Bytes> files;
  std::vector<LogRow> table;
  bool with_rows = true;

  Result<std::string> checkpoint() override { return note; }
  Result<Bytes> tile(const TileName& name) override {
    const auto found = files.find(path_of(name));
    if (found == files.end()) {
      return fail(Code::not_found, path_of(name));
    }
    return found->second;
  }
  [[nodiscard]] bool has_rows() const override { return with_rows; }
  Result<std::vector<LogRow>> rows(std::uint64_t first, std::size_t most) override {
    std::vector<LogRow> out;
    for (const auto& row : table) {
      if (row.index >= first && out.size() < most) {
        out.push_back(row);
      }
    }
    return out;
  }

  /// Adds entries and publishes: tiles that grew, then the checkpoint.
  void grow(std::uint64_t to, const Keys& keys) {
    const auto from = tree_.size();
    for (auto i = from; i < to; ++i) {
      append(sample_bytes(i));
    }
    publish(from, keys);
  }
  void append(Bytes entry) {
    tree_.append(leaf_hash(entry), hashes_.writer());
    table.push_back({tree_.size() - 1, std::move(entry)});
  }
  void publish(std::uint64_t from, const Keys& keys) {
    for (const auto& name : tiles_grown(from, tree_.size())) {
      files[path_of(name)] = bytes_of(name);
    }
    const auto text = must(write_checkpoint(head()));
    auto signed_note = must(read_note(must(sign_checkpoint(head(), keys.log.verifier, keys.log.signer()))));
    signed_note.signatures.push_back(must(cosign(text, keys.witness.verifier, 1'700'000'000, keys.witness.signer())));
    note = write_note(signed_note);
  }
  [[nodiscard]] Checkpoint head() const { return {kOrigin, tree_.size(), tree_.root(), {}}; }
  [[nodiscard]] const HashStore& hashes() const { return hashes_; }

 private:
  [[nodiscard]] Bytes bytes_of(const TileName& name) const {
    std::vector<Digest> hashes;
    std::vector<Bytes> entries;
    for (auto at = name.index * kTileWidth; at < name.index * kTileWidth + name.width; ++at) {
      if (name.kind == TileKind::entries) {
        entries.push_back(table.at(at).entry);
        continue;
      }
      hashes.push_back(must(hashes_.reader()(name.level, at)));
    }
    return name.kind == TileKind::entries ? must(write_entry_bundle(entries)) : write_hash_tile(hashes);
  }

  Tree tree_;
  HashStore hashes_;
};

}  // namespace birthmark::audit::testing
