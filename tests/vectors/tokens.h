// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/keys.h"
#include "support/diagnostic.h"
#include "support/inputs.h"
#include "support/vector_tally.h"

/// What the suites over tokens share: files by name, texts in diagnostic notation, keys in JSON.
namespace birthmark::test {

/// The files of a folder with that ending, by name.
inline std::vector<std::filesystem::path> files_of(std::string_view folder, std::string_view extension) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator{vectors(folder)}) {
    if (entry.path().extension() == extension) {
      out.push_back(entry.path());
    }
  }
  std::ranges::sort(out);
  return out;
}

/// A file in diagnostic notation, as CBOR.
inline Bytes diagnostic_file(const std::filesystem::path& path) {
  const auto text = file(path);
  auto bytes = from_diagnostic(as_text(text));
  EXPECT_TRUE(bytes) << path << " is not in the notation that is read here";
  return bytes.value_or(Bytes{});
}

inline boost::json::value json_file(const std::filesystem::path& path) {
  auto read = json::read(file(path), {.bytes_max = std::size_t{1} << 20});
  EXPECT_TRUE(read) << path;
  return read ? *read : boost::json::value{};
}

/// Coordinate of a key: base64url, or hex under the name with "_hex" behind; padded in front to `size`.
inline Bytes coordinate(const boost::json::object& key, const std::string& name, std::size_t size) {
  Bytes out;
  if (const auto* const text = key.if_contains(name + "_hex")) {
    out = hex(text->as_string());
  } else if (const auto* const encoded = key.if_contains(name)) {
    out = base64::decode_url(encoded->as_string(), 128).value_or(Bytes{});
  }
  if (out.size() < size) {
    out.insert(out.begin(), size - out.size(), 0);
  }
  return out;
}

/// The public key of a JSON Web Key, as the examples of COSE write them too. @error bad_request: a curve that we lack
inline Result<crypto::PublicKey> json_key(const boost::json::value& value) {
  const auto& key = value.as_object();
  const std::string_view curve = key.at("crv").as_string();
  if (curve == "Ed25519") {
    return crypto::PublicKey::from_ed25519(coordinate(key, "x", 32));
  }
  const auto ec = [&](crypto::KeyType type, std::size_t size) {
    return crypto::PublicKey::from_point(type, coordinate(key, "x", size), coordinate(key, "y", size));
  };
  if (curve == "P-256") {
    return ec(crypto::KeyType::p256, 32);
  }
  if (curve == "P-384") {
    return ec(crypto::KeyType::p384, 48);
  }
  if (curve == "P-521") {
    return ec(crypto::KeyType::p521, 66);
  }
  return fail(Code::bad_request, "a curve that nobody has here");
}

template <class T>
Verdict verdict_of(const Result<T>& result) {
  return result ? Verdict::accept : Verdict::reject;
}
template <class T>
std::string words_of(const Result<T>& result) {
  return result ? "" : result.error().detail;
}
/// Judges what a reader made of a file, by its name.
template <class T>
void judge(VectorTally& tally, const std::filesystem::path& path, Verdict expected, const Result<T>& ours) {
  tally.judge(path.filename().string(), expected, verdict_of(ours), words_of(ours));
}

}  // namespace birthmark::test
