// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "codec/distribution_point.h"
#include "codec/policies.h"
#include "codec/x509.h"
#include "crypto/keys.h"
#include "pki/path/match.h"
#include "pki/path/name_constraints.h"

namespace birthmark::pki::path {

/// A certificate with all that the steps ask of it, read once: what a path is made of. Immutable; share it between
/// paths and threads, so that issuers that come again and again cost nothing.
struct Member {
  explicit Member(x509::Certificate of) : certificate{std::move(of)} {}

  x509::Certificate certificate;
  MatchName subject, issuer;
  std::string subject_key, issuer_key;  ///< `MatchName::key` of them

  std::optional<crypto::SignatureScheme> scheme;  ///< of its own signature; nothing: not verified here

  std::optional<x509::BasicConstraints> basic_constraints;
  std::optional<std::uint32_t> key_usage;
  std::optional<std::vector<BytesView>> extended_key_usage;
  std::optional<x509::AuthorityKeyIdentifier> authority_key_id;
  std::optional<BytesView> subject_key_id;
  std::vector<x509::GeneralName> alt_names;  ///< of subjectAltName; empty: it has none
  std::vector<ConstrainedName> constrained;  ///< what name constraints of issuers hold for
  std::optional<Subtrees> name_constraints;
  std::optional<std::vector<x509::PolicyInformation>> policies;
  std::optional<std::vector<x509::PolicyMapping>> policy_mappings;
  std::optional<x509::PolicyConstraints> policy_constraints;
  std::optional<std::uint32_t> inhibit_any_policy;
  std::optional<std::vector<x509::DistributionPoint>> distribution_points;
  /// The first extension that RFC 5280 defines and whose value is not as it says; empty: all are.
  std::string form_problem;

  /// The public key. Checking a point costs a good part of a signature, so it is read when it is first asked for, once:
  /// certificates that lead nowhere cost nothing. Safe from any thread.
  [[nodiscard]] const Result<crypto::PublicKey>& key() const;

  [[nodiscard]] bool is_ca() const { return basic_constraints && basic_constraints->is_ca; }
  /// RFC 5280 §6.1: the same name as issuer and subject.
  [[nodiscard]] bool self_issued() const { return subject_key == issuer_key; }
  [[nodiscard]] bool valid_at(Instant at) const {
    return at >= certificate.not_before() && at <= certificate.not_after();
  }
  [[nodiscard]] bool is_critical(BytesView type) const {
    const auto* const found = certificate.extension(type);
    return found != nullptr && found->critical;
  }

 private:
  mutable std::once_flag key_read_;
  mutable std::optional<Result<crypto::PublicKey>> key_;
};
using MemberPtr = std::shared_ptr<const Member>;

/// Reads what the steps ask for. Never fails: a problem is kept, and fails the step that it concerns.
MemberPtr make_member(x509::Certificate certificate);

/// Key usages (RFC 5280 §4.2.1.3).
namespace usage {
inline constexpr std::uint32_t digital_signature = 1U << 0, key_encipherment = 1U << 2, key_agreement = 1U << 4,
                               key_cert_sign = 1U << 5, crl_sign = 1U << 6;
}

}  // namespace birthmark::pki::path
