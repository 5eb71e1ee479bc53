// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace birthmark::attest {

/// What a supplier says that a component must measure, for one environment.
struct ReferenceValue {
  Bytes environment = {};                     ///< PSA implementation id; DICE vendor and model; empty: any
  std::string component;                      ///< as `Measurement::component`
  std::vector<Bytes> digests = {};            ///< one of them; empty: any
  std::optional<std::uint64_t> svn_min = {};  ///< at least
  friend bool operator==(const ReferenceValue&, const ReferenceValue&) = default;
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
  friend bool operator==(const SecureKeys&, const SecureKeys&) = default;
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
  friend bool operator==(const EvidencePolicy&, const EvidencePolicy&) = default;
};

}  // namespace birthmark::attest
