// SPDX-License-Identifier: Apache-2.0
#include "cli/input_file.h"

#include <array>
#include <cstdio>

#include "adapters/files/posix_files.h"
#include "codec/pem.h"

namespace birthmark::cli {
namespace {

Result<Bytes> read_standard_input(std::size_t max_bytes) {
  Bytes out;
  std::array<std::uint8_t, 65536> buffer{};
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), stdin)) {
    append(out, BytesView{buffer}.first(got));
    if (out.size() > max_bytes) {
      return fail(Code::too_large, "standard input is longer than " + std::to_string(max_bytes) + " bytes");
    }
  }
  return std::ferror(stdin) == 0 ? Result<Bytes>{std::move(out)} : fail(Code::storage, "standard input");
}

}  // namespace

Result<Bytes> read_input(const std::string& file, std::size_t max_bytes) {
  if (file == "-") {
    return read_standard_input(max_bytes);
  }
  PosixFiles files;
  auto bytes = files.read(file, max_bytes);
  return bytes ? std::move(bytes) : fail(bytes.error().code, file + ": " + bytes.error().detail);
}

Result<Bytes> der_of(BytesView input, std::initializer_list<std::string_view> labels) {
  // A long SEQUENCE is no text, whatever stands in its strings: a block of PEM inside must not be judged in its place.
  constexpr std::uint8_t kSequence = 0x30, kLongLength = 0x80;
  if (input.size() > 1 && input[0] == kSequence && input[1] >= kLongLength) {
    return to_bytes(input);
  }
  const auto text = as_text(input);
  for (const auto label : labels) {
    if (text.find("-----BEGIN " + std::string{label} + "-----") == std::string_view::npos) {
      continue;
    }
    BM_TRY(auto blocks, pem::read(text, label, {.blocks_max = 2, .block_max_bytes = kInputMaxBytes}));
    if (blocks.size() != 1) {
      return fail(Code::bad_request, "more than one block of PEM");
    }
    return std::move(blocks.front());
  }
  return to_bytes(input);
}

}  // namespace birthmark::cli
