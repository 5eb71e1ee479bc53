// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "attest/step.h"
#include "codec/pem.h"
#include "crypto/hash.h"
#include "support/inputs.h"
#include "support/vector_tally.h"

/// What the suites over published chains share.
namespace birthmark::attest {

using test::Disagreement;
using test::VectorTally;
using test::Verdict;
namespace fs = std::filesystem;

inline constexpr auto kAccept = Verdict::accept, kReject = Verdict::reject;

inline Verdict verdict_of(bool taken) {
  return taken ? kAccept : kReject;
}

inline Bytes der_in(const fs::path& path, std::string_view label = "CERTIFICATE") {
  const auto text = test::file(path);
  const auto blocks = pem::read(as_text(text), label, {});
  return blocks ? blocks->front() : text;
}

inline std::vector<fs::path> files_of(const fs::path& folder, std::string_view ending = "") {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator{folder}) {
    const auto name = entry.path().filename().string();
    if (entry.is_regular_file() && name != "SOURCE.txt" && name.ends_with(ending)) {
      out.push_back(entry.path());
    }
  }
  std::ranges::sort(out);
  return out;
}

inline std::string failed_step(const Findings& findings) {
  const auto found = std::ranges::find(findings, Outcome::failed, &Finding::outcome);
  return found == findings.end() ? "" : found->check;
}

inline const Instant kNow = from_rfc3339("2026-11-23T10:00:00Z").value();
inline const Digest kFresh = crypto::sha256(as_bytes("vectors"));

}  // namespace birthmark::attest
