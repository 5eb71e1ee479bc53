// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "base/instant.h"
#include "cli/commands.h"
#include "codec/json.h"
#include "pki/path/path.h"

namespace birthmark::cli {

/// One question about a path, as `--case` writes it (docs/wire/path-case.md).
struct PathCase {
  std::vector<Bytes> trusted, untrusted, crls;  ///< DER
  Bytes leaf;
  pki::path::Options options;
};

/// A case of more than this is not read: room for a whole list and its changes.
inline constexpr std::size_t kPathCaseMaxBytes = std::size_t{3} << 20;

/// @param now for a case without a time.
/// @error bad_json: not that form. @error unsupported_media_type: a member, purpose or kind of host that is not known
Result<PathCase> read_path_case(std::string_view text, Instant now);

enum class PathVerdict : std::uint8_t { accept, reject, not_supported };

struct PathAnswer {
  PathVerdict verdict = PathVerdict::reject;
  /// verdict, check, clause, certificate, detail, path, steps, openssl, disagreement.
  boost::json::object said;
};

/// Our verdict and OpenSSL's; the stricter one holds, and where they differ both are told.
PathAnswer judge_path_case(const PathCase& one);

/// `birthmark verify path`.
void add_verify_path(CLI::App& verify, int& exit_code);

}  // namespace birthmark::cli
