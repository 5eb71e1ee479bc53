// SPDX-License-Identifier: Apache-2.0
#include "support/swtpm.h"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace birthmark::support {
namespace {

/// TSS writes expected refusals to standard error unless told otherwise before its first use.
const bool kQuiet = ::setenv("TSS2_LOG", "all+none", 0) == 0;

}  // namespace

Instant made_at() {
  return *from_rfc3339("2026-11-23T10:00:00Z");
}

std::string verified_at() {
  return std::to_string(to_ms(*from_rfc3339("2027-06-01T00:00:00Z")) / 1000);
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "bm-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::abort();
  }
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

CommandResult run(const std::vector<std::string>& arguments) {
  std::string line;
  for (const auto& argument : arguments) {
    line += "'" + argument + "' ";
  }
  std::FILE* pipe = ::popen((line + "2>&1 </dev/null").c_str(), "r");
  if (pipe == nullptr) {
    return {};
  }
  CommandResult result;
  std::array<char, 4096> part{};
  for (std::size_t n = 0; (n = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
    result.output.append(part.data(), n);
  }
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_file(const std::filesystem::path& path, BytesView content) {
  std::ofstream out{path, std::ios::binary};
  out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
}

Bytes random_like(std::uint8_t seed, std::size_t size) {
  Bytes out(size);
  std::uint32_t state = 2166136261U ^ seed;
  for (auto& byte : out) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return out;
}

Digest digest_of(std::uint8_t fill) {
  Octets<32> bytes{};
  bytes.fill(fill);
  return Digest{bytes};
}

SwtpmTest::SwtpmTest() : vendor_{fleet::SiliconVendor::create(made_at()).value()} {
  EXPECT_TRUE(kQuiet);
  auto started = fleet::SoftwareTpm::start(directory_.path() / "tpm");
  if (!started) {
    throw std::runtime_error{started.error().detail};
  }
  tpm_ = std::move(*started);
  auto certificate = tpm_->manufacture(vendor_, {}, made_at());
  if (!certificate) {
    throw std::runtime_error{certificate.error().detail};
  }
  ek_certificate_ = std::move(*certificate);
}

std::unique_ptr<agent::TpmRoot> SwtpmTest::root() {
  auto opened = agent::open_tpm_root({.tcti = tpm_->tcti(), .state_directory = state()}, files_);
  if (!opened) {
    throw std::runtime_error{opened.error().detail};
  }
  return std::move(*opened);
}

CommandResult SwtpmTest::tool(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"-T", tpm_->tcti()});
  return run(arguments);
}

}  // namespace birthmark::support
