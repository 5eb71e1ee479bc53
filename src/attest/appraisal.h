// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// What a supplier says that a component must measure, for one environment.
struct ReferenceValue {
  Bytes environment = {};                     ///< PSA implementation id; DICE vendor and model; empty: any
  std::string component;                      ///< as `Measurement::component`
  std::vector<Bytes> digests = {};            ///< one of them; empty: any
  std::optional<std::uint64_t> svn_min = {};  ///< at least
};

/// Whether a device whose debug state is open, or not reported, may pass.
enum class DebugGate : std::uint8_t { closed_required, not_judged };
/// Whether everything that was measured must be listed, or only what is listed must agree.
enum class MeasurementRule : std::uint8_t { listed_must_agree, all_must_be_listed };

/// Who may have asked a token's attester for it, where the fresh value that he gave is all that names the key.
enum class TokenCaller : std::uint8_t { secure_world, any };

/// An environment whose device keys live in the secure world. A PSA token and an EAT name no key: that the fresh value
/// which they sign binds one to the hardware (KeyBinding::freshness) holds only where whoever asked for the token
/// vouches for the key, and the maker's documents, not the token, say where such keys live (attestation.md §2.1).
struct SecureKeys {
  Bytes environment;  ///< as `ReferenceValue::environment`: PSA implementation id, hwmodel of an EAT; never empty
  TokenCaller caller = TokenCaller::secure_world;  ///< `any`: the non-secure world too, because its keys are as safe
};

/// What a product's policy asks of evidence of any kind. A default is the strict choice where both are sound.
struct EvidencePolicy {
  DebugGate debug = DebugGate::closed_required;
  MeasurementRule measurements = MeasurementRule::listed_must_agree;
  std::vector<ReferenceValue> reference_values = {};
  std::vector<std::string> vendors = {};     ///< empty: every one that is pinned for the kind
  std::vector<std::string> models = {};      ///< empty: every one
  std::vector<SecureKeys> secure_keys = {};  ///< whose tokens may bind a key by freshness; empty: nobody's
  std::vector<std::string> submodules = {};  ///< of an EAT: each must say itself that its debug is closed
};

}  // namespace birthmark::attest
