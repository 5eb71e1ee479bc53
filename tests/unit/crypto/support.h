// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "codec/der.h"
#include "crypto/keys.h"
#include "crypto/openssl.h"
#include "support/paths.h"

extern char** environ;

namespace birthmark::crypto::test {

/// Published vectors live beside the repository; suites that need them skip where they are absent.
inline std::filesystem::path vectors() {
  return birthmark::test::shared_vectors();
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
inline Bytes read_bytes(const std::filesystem::path& path) {
  return to_bytes(as_bytes(read_text(path)));
}
inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream{path, std::ios::binary} << text;
}

inline Bytes hex(std::string_view text) {
  auto bytes = from_hex(text);
  EXPECT_TRUE(bytes) << text;
  return bytes.value_or(Bytes{});
}
inline Bytes hex_value(const boost::json::value& value) {
  const auto& text = value.as_string();
  return hex(std::string_view{text.data(), text.size()});
}

/// A directory of its own, removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "birthmark-crypto-XXXXXX").string();
    path_ = mkdtemp(name.data()) == nullptr ? "" : name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Runs a program without output and returns its exit code; -1 if it cannot be run.
inline int run(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (auto& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1 /* O_WRONLY */, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1 /* O_WRONLY */, 0);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failed != 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
    return -1;
  }
  return WEXITSTATUS(status);
}

inline PrivateKey generate(KeyType type) {
  auto key = PrivateKey::generate(type);
  EXPECT_TRUE(key);
  return std::move(*key);
}

/// The SubjectPublicKeyInfo that OpenSSL writes for its own key.
inline Bytes spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  EXPECT_GT(size, 0);
  Bytes out{der, der + std::max(size, 0)};
  OPENSSL_free(der);
  return out;
}

inline std::string pem(std::string_view label, BytesView der) {
  std::string base64(der.size() * 2 + 8, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), der.data(), static_cast<int>(der.size()));
  base64.resize(static_cast<std::size_t>(size));
  std::string out = "-----BEGIN " + std::string{label} + "-----\n";
  for (std::size_t at = 0; at < base64.size(); at += 64) {
    out += base64.substr(at, 64) + "\n";
  }
  return out + "-----END " + std::string{label} + "-----\n";
}

/// The plain PKCS#8 of an EC private number; OpenSSL computes the point.
inline std::string ec_pem(BytesView curve_oid, BytesView number) {
  der::Writer inner;
  inner.open(der::tag::sequence).unsigned_int(1).octet_string(number).close();
  const auto key = std::move(inner).finish();
  static constexpr std::uint8_t kEcPublicKey[] = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01};
  der::Writer outer;
  outer.open(der::tag::sequence).unsigned_int(0);
  outer.open(der::tag::sequence).oid(kEcPublicKey).oid(curve_oid).close();
  outer.octet_string(key).close();
  return pem("PRIVATE KEY", std::move(outer).finish());
}

}  // namespace birthmark::crypto::test
