// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "attest/appraisal.h"
#include "attest/token_trust.h"
#include "codec/cose.h"

namespace birthmark::attest {

// The steps that all kinds of signed tokens have; each fills in what the next one needs.

/// A token on its way through them.
struct SignedToken {
  BytesView bytes;  ///< as it came
  std::optional<cose::Sign1> message = {};
  std::optional<cose::Algorithm> algorithm = {};
  std::optional<TokenKey> signer = {};
};

/// One COSE_Sign1 with the tags that the format has (RFC 9052 §4.2).
Failure token_is_sign1(SignedToken& token, cose::Tags tags);

/// The protected header names an algorithm of the list.
Failure token_algorithm_is_allowed(SignedToken& token, std::span<const cose::Algorithm> allowed);

/// The key is the one that was delivered for the instance id; else that of an x5chain to a pinned vendor root, whose
/// first certificate is no CA, may sign, is the one of x5t if that is there, and neither it nor its key is denied or on
/// its issuer's CRL. A delivered key decides alone: a chain beside it is not looked at.
Failure token_key_is_trusted(SignedToken& token, BytesView instance_id, const TokenRoots& roots, Instant now);

/// The signature verifies under that key, by the algorithm of the key.
Failure token_signature_holds(const SignedToken& token);

/// The policy says that keys of this environment live in the secure world; and, where only that world may ask for
/// tokens, that it did. @param caller who asked for this one, as far as the token says
Failure keys_are_secure(BytesView environment, TokenCaller caller, const EvidencePolicy& policy);

/// What the signer says of the hardware: vendor and class of whoever vouches for its key, the SPKI of the key as public
/// identity (design §2), and SHA-256 of it as what it is listed under. @param model, instance_id shown in hex
HardwareIdentity hardware_of(const TokenKey& signer, BytesView model, BytesView instance_id);

}  // namespace birthmark::attest
