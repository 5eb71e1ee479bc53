// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/passphrase.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

namespace birthmark {
namespace {

constexpr std::size_t kPassphraseMax = 4096;
constexpr std::size_t kRandomBytes = 32;

/// Hexadecimal digits and a line end, without a copy that would linger.
Secret written_out(const Secret& random) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Bytes text;
  text.reserve(2 * random.reveal().size() + 1);
  for (const auto octet : random.reveal()) {
    text.push_back(static_cast<std::uint8_t>(kDigits[octet >> 4U]));
    text.push_back(static_cast<std::uint8_t>(kDigits[octet & 0x0FU]));
  }
  text.push_back('\n');
  return Secret{std::move(text)};
}

}  // namespace

std::filesystem::path passphrase_file(const std::filesystem::path& data, const std::filesystem::path& named) {
  if (!named.empty()) {
    return named;
  }
  if (const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY"); credentials != nullptr) {
    auto path = std::filesystem::path{credentials} / "birthmark-passphrase";
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
      return path;
    }
  }
  return data / "passphrase";
}

Result<Secret> read_passphrase(Files& files, const std::filesystem::path& file) {
  auto bytes = files.read(file, kPassphraseMax);
  if (!bytes) {
    const bool missing = bytes.error().code == Code::not_found;
    return fail(bytes.error().code, missing ? "no passphrase at " + file.string() + ": `birthmark init` makes one"
                                            : file.string() + ": " + bytes.error().detail);
  }
  while (!bytes->empty() && (bytes->back() == '\n' || bytes->back() == '\r')) {
    bytes->pop_back();
  }
  if (bytes->empty()) {
    return fail(Code::key_attributes, file.string() + ": the passphrase is empty");
  }
  return Secret{std::move(*bytes)};
}

Result<void> ensure_passphrase(Files& files, const std::filesystem::path& file, Entropy& entropy) {
  BM_TRY(const bool there, files.exists(file));
  if (there) {
    return {};
  }
  Bytes octets(kRandomBytes);
  entropy.fill(octets);
  const Secret random{std::move(octets)};
  const auto text = written_out(random);
  BM_CHECK(files.make_directory(file.parent_path()));
  return write_atomically(files, file, text.reveal());
}

bool lies_beside_keys(const std::filesystem::path& passphrase, const std::filesystem::path& data) {
  std::error_code no_file, no_directory;
  const auto file = std::filesystem::weakly_canonical(passphrase, no_file);
  const auto directory = std::filesystem::weakly_canonical(data, no_directory);
  // What cannot be told apart is told: nobody is warned once too often.
  return no_file || no_directory || std::ranges::mismatch(directory, file).in1 == directory.end();
}

}  // namespace birthmark
