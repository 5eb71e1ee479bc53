// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "attest/appraisal.h"
#include "codec/corim.h"

namespace birthmark::attest {

/// Somebody whose manifests are taken.
struct RimSigner {
  std::string name;  ///< of ours, for the record; not what a manifest calls him
  crypto::PublicKey key;
};
inline constexpr std::size_t kRimSignersMax = 8;

/// One CoMID that was taken once: an older one is refused ever after, and another text under the same number.
struct KnownComid {
  std::uint64_t version = 0;
  Digest hash;  ///< SHA-256 of it as it came
};
/// By the id of the CoMID.
using KnownComids = std::map<std::string, KnownComid>;

/// An attestation key that a manifest says an instance has; what TokenTrust takes.
struct EndorsedInstance {
  Bytes instance_id;
  crypto::PublicKey key;
};

/// What one manifest brings.
struct RimContent {
  std::vector<ReferenceValue> values;
  std::vector<EndorsedInstance> instances;
  std::size_t left_out = 0;  ///< measurements and keys that say more than can be compared here
};

/// A manifest that was taken.
struct ImportedRim {
  std::string id;
  std::string signer;  ///< `RimSigner::name`
  KnownComids comids;  ///< to be kept with those that were known
  RimContent content;
};

/// Turns what a manifest says into reference values. The environment of a value is the class id where it is of bytes (a
/// PSA implementation id), else the deterministic CBOR array [vendor, model], as DICE has it. The component is the
/// measurement's name (a PSA component type), else its key, else "layer N". A security version, exact or not, is the
/// least that is taken. A measurement whose environment or value is narrower than can be compared here is left out, and
/// counted: it must not turn into a looser one.
/// @error bad_evidence with check "corim.profile": the profile is that of PSA tokens, and an implementation id is not
/// of 32 octets, an instance id no ueid of 33, or an instance has not exactly one key.
Result<RimContent> content_of(const corim::Rim& rim);

/// Takes a signed manifest from one of the signers. Draft; see codec/corim.h.
/// @param signers 1..kRimSignersMax; the signature tells which of them it is
/// @error bad_evidence with check "corim.structure", "corim.signature" (nobody of the list signed it), "corim.validity"
/// (manifest or signature not valid now), "corim.profile"; conflict with check "corim.version": a CoMID of it is older
/// than one that is known, or another one of the same version
Result<ImportedRim> import_rim(BytesView manifest, std::span<const RimSigner> signers, const KnownComids& known,
                               Instant now);

}  // namespace birthmark::attest
