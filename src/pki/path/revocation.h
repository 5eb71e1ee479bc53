// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "pki/path/path.h"

namespace birthmark::pki::path {

/// The status of certificates by the lists that were given (RFC 5280 §6.3.3). Asked for, it fails closed: a certificate
/// that no list covers for all reasons is refused.
class Revocation {
 public:
  /// Whether a certificate that signs lists and is in no path yet is good, up to the anchor of the path at hand.
  using GoodSigner = bool (*)(Revocation&, const MemberPtr& signer, const MemberPtr& anchor);

  /// All outlive this.
  Revocation(std::span<const x509::Crl> crls, Search& search, const Options& options, GoodSigner good_signer);

  /// Why a certificate is refused, or nothing. @param path from the anchor, good before `place`. @param place >= 1
  std::optional<std::string> refuse(const Path& path, std::size_t place);

  [[nodiscard]] Search& search() { return search_; }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  struct List {
    const x509::Crl* crl = nullptr;
    MatchName issuer;
    std::string issuer_key;
  };
  /// One distribution point as it is compared: names and issuers in the form for comparison.
  struct Point;
  struct Asked {
    const Path& path;
    const Member& certificate;
    std::string why;  ///< why the last list did not do
  };
  enum class Status : std::uint8_t { unknown, good, revoked };

  [[nodiscard]] static std::vector<Point> points_of(const Member& certificate);
  bool is_usable(const x509::Crl& crl, bool has_delta, std::string& why) const;
  static bool is_in_scope(const List& list, const Point& point, const Member& certificate);
  [[nodiscard]] const List* delta_of(const List& complete) const;
  bool is_signed(const List& list, Asked& asked);
  bool signed_by(const List& list, const Member& signer);
  Status look_up(const List& list, Asked& asked, std::string& revoked);
  static const x509::RevokedCertificate* entry_of(const List& list, const Member& certificate);

  std::vector<List> lists_;
  Search& search_;
  const Options& options_;
  GoodSigner good_signer_;
  std::map<std::pair<const x509::Crl*, const Member*>, bool> signed_;
  std::map<const Member*, bool> signers_;  ///< that are in no path; false while one is looked at
};

}  // namespace birthmark::pki::path
