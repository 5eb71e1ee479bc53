// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"

namespace birthmark::crypto {

/// A path as OpenSSL's own verifier is asked for it, with every parameter spelt out: no default store, no default
/// purpose, no clock, nothing fetched. The second opinion: at import of anchors, in `birthmark verify path` and in
/// tests; never on a hot path, since its decoder is slow and lenient.
struct OpensslQuestion {
  BytesView leaf;
  std::span<const BytesView> trusted, untrusted, crls;  ///< DER, each
  Instant at{};
  enum class Purpose : std::uint8_t { any, server, client } purpose = Purpose::any;
  std::optional<std::string> dns_name = {}, email = {};
  std::optional<Bytes> ip_address = {};  ///< 4 or 16 octets
  int intermediates_max = 16;
  enum class CrlCheck : std::uint8_t { none, leaf, all } crl_check = CrlCheck::none;
  /// Contents of OIDs; absent: any policy (RFC 5280 §6.1.1(c)).
  std::optional<std::vector<Bytes>> policies = {};
  bool explicit_policy = false, inhibit_any_policy = false, inhibit_policy_mapping = false;
  /// X509_V_FLAG_X509_STRICT: also what RFC 5280 §4 asks of issuers.
  bool strict = true;
};

struct OpensslAnswer {
  bool accepted = false;
  int error = 0;       ///< an X509_V_ERR_ number; 0 where it accepted, or could not read something
  std::string reason;  ///< in the library's words
  int depth = 0;       ///< of the certificate that it complains of, the leaf being 0
};

/// What a question may hold at most: more is answered no, so that the work is bounded.
inline constexpr std::size_t kOpensslCertificatesMax = 64;
inline constexpr std::size_t kOpensslCrlsMax = 32;

/// Never fails: what OpenSSL cannot read, it does not accept. Leaves nothing in the thread's error queue.
OpensslAnswer ask_openssl(const OpensslQuestion& question);

/// Whether OpenSSL reads these bytes as one CRL and nothing behind it; how many entries it sees. For tests and fuzzing.
std::optional<std::size_t> openssl_crl_entries(BytesView der);

}  // namespace birthmark::crypto
