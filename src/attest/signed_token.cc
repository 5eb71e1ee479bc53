// SPDX-License-Identifier: Apache-2.0
#include "attest/signed_token.h"

#include <algorithm>

#include "codec/extensions.h"
#include "codec/oid.h"
#include "crypto/cose_signature.h"
#include "crypto/hash.h"

namespace birthmark::attest {
namespace {

constexpr std::uint32_t kDigitalSignature = 1U << 0;

/// A leaf that may vouch for a signature: no CA, digitalSignature where it says its usage (RFC 5280 §4.2.1.3), nothing
/// critical that is not processed here.
Failure is_signing_leaf(const x509::Certificate& leaf) {
  const auto constraints = x509::basic_constraints(leaf.extensions());
  if (!constraints || (*constraints && (*constraints)->is_ca)) {
    return "the certificate is a CA's";
  }
  const auto usage = x509::key_usage(leaf.extensions());
  if (!usage || (*usage && (**usage & kDigitalSignature) == 0)) {
    return "the certificate's key may not sign";
  }
  for (const auto& extension : leaf.extensions()) {
    const bool understood = equal(extension.type, oids::basic_constraints) || equal(extension.type, oids::key_usage) ||
                            equal(extension.type, oids::extended_key_usage) ||
                            equal(extension.type, oids::certificate_policies) ||
                            equal(extension.type, oids::subject_alt_name);
    if (extension.critical && !understood) {
      return "unknown critical extension " + oid_text(extension.type);
    }
  }
  return std::nullopt;
}

/// Whether an x5t, where there is one by SHA-256 (-16, RFC 9360 §2), is the hash of this certificate.
bool is_named_by(const x509::Certificate& leaf, const std::optional<cose::Thumbprint>& thumbprint) {
  constexpr std::int64_t kSha256 = -16;
  const auto* const number = thumbprint ? std::get_if<std::int64_t>(&thumbprint->algorithm) : nullptr;
  return number == nullptr || *number != kSha256 || equal(thumbprint->hash, crypto::sha256(leaf.der()).get());
}

struct Chain {
  x509::Certificate leaf;
  std::vector<x509::Certificate> hints;
};

Result<Chain> read_chain(std::span<const BytesView> certificates) {
  BM_TRY(auto leaf, x509::Certificate::read(certificates.front()));
  std::vector<x509::Certificate> hints;
  for (const auto der : certificates.subspan(1)) {
    // A hint that cannot be read helps nobody; it is not evidence.
    if (auto hint = x509::Certificate::read(der)) {
      hints.push_back(std::move(*hint));
    }
  }
  return Chain{std::move(leaf), std::move(hints)};
}

Failure key_of_chain(SignedToken& token, const TokenRoots& roots, Instant now) {
  const auto chain = read_chain(token.message->header.x5chain);
  if (!chain) {
    return chain.error().detail;
  }
  if (!is_named_by(chain->leaf, token.message->header.x5t)) {
    return "x5t is the hash of another certificate";
  }
  if (auto failure = is_signing_leaf(chain->leaf)) {
    return failure;
  }
  const auto& trust = roots.certificates;
  if (trust.denied(chain->leaf)) {
    return "the certificate or its key is on the deny list or on the issuer's CRL";
  }
  if (trust.lacks_crl(chain->leaf, now)) {
    return "no CRL of its issuer that is in date, and the rule asks for one";
  }
  auto key = crypto::PublicKey::from_spki(chain->leaf.spki());
  if (!key) {
    return key.error().detail;
  }
  SignatureBudget budget;
  const auto path = find_path(trust, chain->leaf, chain->hints, now, budget);
  if (!path) {
    return path.error().detail;
  }
  token.signer = TokenKey{std::move(*key), path->root->vendor, path->root->anchor_class};
  return std::nullopt;
}

}  // namespace

Failure token_is_sign1(SignedToken& token, cose::Tags tags) {
  auto message = cose::read_sign1(token.bytes, {.tags = tags});
  if (!message) {
    return message.error().detail;
  }
  token.message = std::move(*message);
  return std::nullopt;
}

Failure token_algorithm_is_allowed(SignedToken& token, std::span<const cose::Algorithm> allowed) {
  const auto algorithm = cose::algorithm_of(*token.message, allowed);
  if (!algorithm) {
    return algorithm.error().detail;
  }
  token.algorithm = *algorithm;
  return std::nullopt;
}

Failure token_key_is_trusted(SignedToken& token, BytesView instance_id, const TokenRoots& roots, Instant now) {
  if (const auto* const delivered = roots.instances.find(instance_id)) {
    token.signer = *delivered;
  } else if (token.message->header.x5chain.empty()) {
    return "no key was delivered for the instance id, and no certificate came with the token";
  } else if (auto failure = key_of_chain(token, roots, now)) {
    return failure;
  }
  return roots.instances.denied(token.signer->key) ? Failure{"the key is on the deny list"} : std::nullopt;
}

Failure token_signature_holds(const SignedToken& token) {
  // AC-21: the key says what algorithm it is for; the message can only agree.
  if (crypto::cose_algorithm(token.signer->key.type()) != token.algorithm) {
    return "the token names another algorithm than that of its key";
  }
  return crypto::verify(token.signer->key, *token.algorithm, *token.message) ? std::nullopt
                                                                             : Failure{"the signature does not verify"};
}

Failure keys_are_secure(BytesView environment, TokenCaller caller, const EvidencePolicy& policy) {
  const auto rule = std::ranges::find_if(policy.secure_keys, [&](const SecureKeys& keys) {
    return !keys.environment.empty() && equal(keys.environment, environment);
  });
  if (rule == policy.secure_keys.end()) {
    return "the policy does not say that device keys of this environment live in the secure world";
  }
  if (rule->caller == TokenCaller::secure_world && caller != TokenCaller::secure_world) {
    return "the non-secure world asked for the token, and the policy does not take its word for a key";
  }
  return std::nullopt;
}

HardwareIdentity hardware_of(const TokenKey& signer, BytesView model, BytesView instance_id) {
  return {.public_identity = to_bytes(signer.key.spki()),
          .listed_as = signer.key.spki_sha256(),
          .vendor = signer.vendor,
          .anchor_class = signer.anchor_class,
          .model = to_hex(model),
          .serial = to_hex(instance_id)};
}

}  // namespace birthmark::attest
