// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/evidence_policy.h"
#include "attest/step.h"
#include "attest/vendor_trust.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "crypto/keys.h"

namespace birthmark::attest {

/// What evidence is made of. The root kind of an identity follows from it (design §2): psa and eat are one.
enum class EvidenceKind : std::uint8_t { tpm, psa, eat, dice, secure_element, software, matter };
/// "tpm", "secure_element"; "unknown" for a value outside the enumeration.
std::string_view name(EvidenceKind kind);

/// How the evidence ties the key that is to be certified to the hardware.
enum class KeyBinding : std::uint8_t {
  statement,   ///< a key of the hardware signed a statement that names it (TPM2_Certify)
  freshness,   ///< it stands in the fresh value, hashed, that the hardware signed (PSA token, EAT)
  chain,       ///< it is the key of a certificate that the hardware's own chain ends in (DICE, attestation slots)
  possession,  ///< it signed the challenge, and a vendor's record lists it (secure element with a manifest)
};

/// Where the private key was born.
enum class KeyOrigin : std::uint8_t { generated_inside, derived_inside, imported };

/// dbgstat of RFC 9711 §4.2.9, by its numbers.
enum class DebugState : std::uint8_t {
  enabled = 0,
  disabled = 1,
  disabled_since_boot = 2,
  disabled_permanently = 3,
  disabled_fully_and_permanently = 4,
};

/// The security lifecycle of RFC 9783 §4.3.1, by the high octet of its number.
enum class SecurityLifecycle : std::uint8_t {
  unknown = 0x00,
  assembly_and_test = 0x10,
  rot_provisioning = 0x20,
  secured = 0x30,
  non_rot_debug = 0x40,
  recoverable_rot_debug = 0x50,
  decommissioned = 0x60,
};

/// One thing that was measured: a software component, a layer, a PCR.
struct Measurement {
  std::string component;                  ///< as the evidence names it: "BL", "layer 1", "pcr 7"
  Bytes digest;                           ///< 32, 48 or 64 octets
  std::string version = {};               ///< empty: not said
  Bytes signer = {};                      ///< who signed the component; empty: not said
  std::optional<std::uint64_t> svn = {};  ///< security version number

  friend bool operator==(const Measurement&, const Measurement&) = default;
};

/// How often a TPM was started (TPM 2.0 Part 2, TPMS_CLOCK_INFO): for one attestation key neither ever goes back but
/// for an owner's clear. Whoever keeps the last ones judges that.
struct BootCounters {
  std::uint32_t resets = 0;
  std::uint32_t restarts = 0;
  friend bool operator==(const BootCounters&, const BootCounters&) = default;
};

/// Which piece of hardware it is.
struct HardwareIdentity {
  Bytes public_identity;  ///< what its DeviceId is made of (design §2)
  Digest listed_as;       ///< what a batch's plan and a supplier's manifest list it under
  std::string vendor;     ///< of the trust that vouches for it, as policies name it
  AnchorClass anchor_class = AnchorClass::simulated;
  std::string model = {};    ///< as the evidence says; empty: it does not
  std::string version = {};  ///< of the hardware or its firmware
  std::string serial = {};   ///< shown and searched; it authenticates nothing
};

/// A value that evidence may leave out. Absent is never "false" and never a default (attestation.md §0).
template <class T>
using Claim = std::optional<T>;

/// The claims of an appraisal, the same for every kind of evidence (RFC 9334 §8.4).
struct Claims {
  EvidenceKind kind{};
  HardwareIdentity hardware;
  crypto::PublicKey key;  ///< that is to be certified
  KeyBinding binding{};
  Claim<KeyOrigin> origin = {};
  Claim<DebugState> debug = {};
  Claim<SecurityLifecycle> lifecycle = {};
  Claim<std::vector<Measurement>> measurements = {};
  Claim<Digest> freshness = {};  ///< the value that the hardware signed; absent: nothing shows when it did
  Claim<BootCounters> boots = {};
};

/// What an appraisal found and, only if every step passed, what it concludes.
struct Appraisal {
  Findings findings;
  std::optional<Claims> claims;
};

/// What must be fresh and for which key: everything about a question that the answer must show.
struct Challenge {
  Digest freshness;          ///< `lifecycle::freshness_value` of the purpose, nonce, session, device and key
  BytesView requested_spki;  ///< SubjectPublicKeyInfo of the request; must be that of the attested key
  Instant now;
};

}  // namespace birthmark::attest
