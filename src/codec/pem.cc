// SPDX-License-Identifier: Apache-2.0
#include "codec/pem.h"

#include <optional>

#include "codec/base64.h"

namespace birthmark::pem {
namespace {

constexpr std::size_t kColumns = 64;
constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kDashes = "-----";

/// The next line without its end; `text` goes on behind it.
std::string_view take_line(std::string_view& text) {
  const auto at = text.find('\n');
  auto line = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

/// The label between `begin` and the dashes, if that is all the line holds.
std::optional<std::string_view> label_of(std::string_view line, std::string_view begin) {
  if (!line.starts_with(begin) || !line.ends_with(kDashes) || line.size() < begin.size() + kDashes.size()) {
    return std::nullopt;
  }
  return line.substr(begin.size(), line.size() - begin.size() - kDashes.size());
}

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"PEM: "} + what);
}

/// The text up to the END line of this label, which is consumed as well.
Result<std::string_view> take_body(std::string_view& text, std::string_view label) {
  const auto start = text;
  while (!text.empty()) {
    const auto at = static_cast<std::size_t>(text.data() - start.data());
    const auto line = take_line(text);
    if (label_of(line, kEnd) == label) {
      return start.substr(0, at);
    }
    if (line.starts_with(kDashes)) {
      return refuse("block ends with another line than its own");
    }
  }
  return refuse("block without an end");
}

}  // namespace

std::string write(std::string_view label, BytesView der) {
  const auto digits = base64::encode(der);
  std::string out;
  out.append(kBegin).append(label).append(kDashes).append("\n");
  for (std::size_t at = 0; at < digits.size(); at += kColumns) {
    out.append(digits, at, kColumns).append("\n");
  }
  return out.append(kEnd).append(label).append(kDashes).append("\n");
}

Result<std::vector<Bytes>> read(std::string_view text, std::string_view label, Limits limits) {
  std::vector<Bytes> blocks;
  while (!text.empty()) {
    const auto found = label_of(take_line(text), kBegin);
    if (!found) {
      continue;
    }
    BM_TRY(const auto body, take_body(text, *found));
    if (*found != label) {
      continue;
    }
    if (blocks.size() == limits.blocks_max) {
      return refuse("too many blocks");
    }
    BM_TRY(auto der, base64::decode_lax_whitespace(body, limits.block_max_bytes));
    blocks.push_back(std::move(der));
  }
  if (blocks.empty()) {
    return refuse("no block of the expected label");
  }
  return blocks;
}

}  // namespace birthmark::pem
