// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "codec/crl.h"
#include "pki/path/host.h"
#include "pki/path/member.h"
#include "pki/path/policy_graph.h"
#include "pki/path/search.h"

// Certification path validation (RFC 5280 §6). Pure: time, trust and lists are arguments, nothing is fetched or kept.
namespace birthmark::pki::path {

/// Certificates between leaf and anchor if nobody says less.
inline constexpr std::size_t kIntermediatesMax = 16;
/// How old a list may be that does not say when the next one comes.
inline constexpr std::chrono::hours kCrlAgeMax{7 * 24};

enum class Purpose : std::uint8_t { any, server, client };
enum class RevocationScope : std::uint8_t { none, leaf, all };
/// What is asked of certificates beyond §6.1: `path` what any verifier must see to; `issuer` also what §4 and §5 oblige
/// issuers to and a verifier may ask for (key identifiers, time types, CRL numbers). Makers of TPMs fall short of that.
enum class Conformance : std::uint8_t { path, issuer };

struct Options {
  Instant at{};
  Purpose purpose = Purpose::any;
  std::optional<Host> host;
  PolicyInputs policies;
  std::size_t intermediates_max = kIntermediatesMax;
  RevocationScope revocation = RevocationScope::none;
  std::optional<std::chrono::seconds> crl_age_max;  ///< absent: until nextUpdate; kCrlAgeMax where there is none
  Conformance conformance = Conformance::path;
  /// What the CA/Browser Forum asks of certificates of public servers; for `Purpose::server` with a host.
  bool server_profile = false;
};

enum class Outcome : std::uint8_t { passed, failed, not_reached };

/// What one step found of one certificate of the path.
struct Finding {
  std::size_t certificate = 0;  ///< its place in the path: 0 is the anchor
  std::string_view check;       ///< stable name, "path.validity"
  std::string_view clause;      ///< where it is demanded
  Outcome outcome = Outcome::not_reached;
  std::string detail;  ///< for people
};

struct Judgement {
  Path path;                      ///< the one that was accepted, else the likeliest; empty: there was none
  std::vector<Finding> findings;  ///< of that path in the order of the steps; never empty
  unsigned signatures = 0;        ///< that were verified
  bool exhausted = false;         ///< the effort ran out: a path may exist that was not found

  /// Every step passed; a list that is empty proves nothing.
  [[nodiscard]] bool accepted() const;
  /// The first step that failed; null if none did.
  [[nodiscard]] const Finding* failure() const;
};

/// Judges a certificate: looks for paths to an anchor and walks the steps of RFC 5280 §6.1 over each, until one holds.
/// The anchor's certificate is judged too: its dates, constraints and key usages bind as any issuer's (RFC 5937 §3).
/// The work is bounded by `Effort` whatever is given.
/// @param hints further certificates, unordered, no anchors. @param crls for `Options::revocation`.
Judgement judge(const Trust& trust, const MemberPtr& leaf, std::span<const MemberPtr> hints,
                std::span<const x509::Crl> crls, const Options& options);

}  // namespace birthmark::pki::path
