// SPDX-License-Identifier: Apache-2.0
// Writes a log as the server would, for the oracle to read: write_log DIR. Prints what the oracle must find.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <vector>

#include "audit/proof.h"
#include "unit/audit/memory_log.h"

namespace {

namespace fs = std::filesystem;
using birthmark::audit::LogProof;
using birthmark::audit::testing::Keys;
using birthmark::audit::testing::MemoryLog;
using birthmark::audit::testing::must;

void write(const fs::path& path, birthmark::BytesView bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file{path, std::ios::binary};
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file << birthmark::as_text(bytes);
  file.close();
}

// A file name that sorts and that no other proof has.
std::string proof_name(std::uint64_t size, std::uint64_t index) {
  return "proof-" + std::to_string(size) + "-" + std::to_string(index);
}

std::size_t write_proofs(const fs::path& folder, const MemoryLog& log, std::uint64_t size) {
  std::size_t written = 0;
  for (std::uint64_t index = 0; index < size; index += 29) {
    const auto path = must(birthmark::audit::prove_inclusion(index, size, log.hashes().reader()));
    const LogProof proof{index, index % 2 == 0 ? birthmark::Bytes{} : birthmark::Bytes{1, 2, 3}, path, log.note};
    write(folder / (proof_name(size, index) + ".tlog-proof"), birthmark::as_bytes(must(write_proof(proof))));
    write(folder / (proof_name(size, index) + ".entry"), log.table[index].entry);
    ++written;
  }
  return written;
}

int write_log(const fs::path& folder) {
  const Keys keys;
  MemoryLog log;
  const std::vector<std::uint64_t> sizes{1, 2, 3, 100, 255, 256, 257, 511, 512, 513, 700};
  std::size_t proofs = 0;
  for (const auto size : sizes) {
    log.grow(size, keys);
    write(folder / ("checkpoint." + std::to_string(size)), birthmark::as_bytes(log.note));
    proofs += write_proofs(folder, log, size);
  }
  write(folder / "checkpoint", birthmark::as_bytes(log.note));
  write(folder / "log.vkey", birthmark::as_bytes(keys.log.verifier.write() + "\n"));
  for (const auto& [path, bytes] : log.files) {
    write(folder / path, bytes);
  }
  std::printf("entries %zu heads %zu proofs %zu\n", log.table.size(), sizes.size(), proofs);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_log DIR\n");
    return 2;
  }
  try {
    return write_log(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "write_log: %s\n", error.what());
    return 1;
  }
}
