// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/pkcs10.h"
#include "crypto/keys.h"

namespace birthmark::pki {

/// What the registry knows of the device that sends a request. Views outlive the call.
struct CsrExpectation {
  BytesView subject;  ///< DER Name that the device is registered under; an empty Name is taken as well
  /// Whether Subject and SAN must equal a presented certificate's byte for byte (simplereenroll, protocols.md §1.4).
  enum class Names : std::uint8_t {
    registered_or_empty,
    exactly,
    exactly_but_alt_name_optional,  ///< for clients that cannot write our SAN (docs/adr/0003)
  } names = Names::registered_or_empty;
  std::optional<BytesView> subject_alt_name;  ///< extension value: the only SAN that may be asked for; empty: none
  /// Base64 of this connection's channel binding. None: this connection has none, and a request that claims one is
  /// refused. That a request without one is refused is the caller's policy.
  std::optional<std::string_view> channel_binding;
  /// The identifier that the device is registered under, where that is not a DER Name: then a subject of nothing but
  /// commonName and serialNumber that spell it is its name, and so is a SAN of nothing but the URI
  /// `urn:birthmark:<identifier>`.
  std::optional<std::string_view> identifier = std::nullopt;
  /// Which keys may be asked for.
  enum class Keys : std::uint8_t {
    device,  ///< P-256 and P-384: what products take
    /// Besides these every other key that is read here and has no known weakness: RSA and Ed25519. For the verdict on a
    /// file, which no product's policy stands behind.
    any_sound,
  } keys = Keys::device;
  /// Whether a challengePassword is compared with `channel_binding`. A file has come over no channel.
  enum class Channel : std::uint8_t { judged, not_judged } channel = Channel::judged;
  /// Whether the request may carry evidence (`csr_attestation`). What it proves is not judged here, nor does the
  /// certificate take anything of it.
  enum class Evidence : std::uint8_t { refused, passed_over } evidence = Evidence::refused;
};

/// Judges a request (AC-19): possession, key, names, and that it asks for nothing. The certificate takes the key and
/// nothing else from it.
/// @return the key, read strictly. That it lives in the device's hardware is for the evidence.
/// @error bad_request: the key cannot be read (point, size, exponent), is known to be weak (ROCA, factors that anybody
/// finds), or the signature over the request does not verify. @error csr_policy: a key of another kind, a name that is
/// not the device's, an extension or attribute that a device never gets. @error binding: challengePassword is there and
/// is not this channel's (protocols: RFC 7030 §3.5).
Result<crypto::PublicKey> judge_csr(const pkcs10::Request& request, const CsrExpectation& expected);

/// The clause behind a check of `judge_csr`; RFC 2986 §4 for a request that could not be read.
std::string_view csr_clause(std::string_view check);

}  // namespace birthmark::pki
