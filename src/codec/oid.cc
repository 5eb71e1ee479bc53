// SPDX-License-Identifier: Apache-2.0
#include "codec/oid.h"

#include <limits>
#include <optional>

namespace birthmark {
namespace {

std::string arc_text(std::optional<std::uint64_t> arc) {
  return arc ? std::to_string(*arc) : "…";
}

/// X.690 §8.19.4: the first subidentifier holds the first two arcs.
std::string first_arcs_text(std::optional<std::uint64_t> value) {
  const std::uint64_t root = !value || *value >= 80 ? 2 : *value / 40;
  return std::to_string(root) + "." + arc_text(value ? std::optional{*value - 40 * root} : std::nullopt);
}

}  // namespace

std::string oid_text(BytesView contents) {
  std::string text;
  std::optional<std::uint64_t> arc = 0;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const bool overflows = !arc || *arc > (std::numeric_limits<std::uint64_t>::max() >> 7);
    arc = overflows ? std::nullopt : std::optional{*arc << 7 | (contents[i] & 0x7FU)};
    const bool ends = (contents[i] & 0x80) == 0;
    if (!ends && i + 1 < contents.size()) {
      continue;
    }
    if (!ends) {
      arc = std::nullopt;  // the last arc is cut off
    }
    text += text.empty() ? first_arcs_text(arc) : "." + arc_text(arc);
    arc = 0;
  }
  return text;
}

}  // namespace birthmark
