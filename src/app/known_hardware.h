// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <variant>

#include "app/catalog.h"
#include "app/challenges.h"
#include "app/ports/store.h"
#include "attest/appraise.h"
#include "attest/tpm_statement.h"

namespace birthmark::app {

/// A device with what is remembered of its root. @error not_found
struct KnownDevice {
  lifecycle::DeviceRecord device;
  RootRecord root;
};
Result<KnownDevice> known_device(Tx& tx, DeviceRow row);
Result<KnownDevice> known_device(Tx& tx, const DeviceId& id);

/// What the recorded AK of a TPM says of a key.
struct TpmKeyEvidence {
  Bytes key_public;     ///< TPMT_PUBLIC of the key
  Bytes parent_public;  ///< TPMT_PUBLIC of the storage key above it
  attest::TpmStatement statement;
};
/// The evidence of a root of any other kind, whole as at birth: one AttestationBundle (docs/wire/evidence.md BUNDLE).
struct BundledEvidence {
  Bytes bundle;  ///< DER
};
struct BundledKeyEvidence {
  Bytes key;  ///< SPKI of the key that it is about
  BundledEvidence evidence;
};

/// What known hardware sends about one of its keys, and about itself.
using KeyEvidence = std::variant<TpmKeyEvidence, BundledKeyEvidence>;
using SelfEvidence = std::variant<attest::TpmStatement, BundledEvidence>;

struct KeyAppraisal {
  crypto::PublicKey key;
  attest::Findings findings;
};
struct SelfAppraisal {
  attest::Findings findings;
  std::optional<attest::TpmClaims> tpm;  ///< of a TPM; no other kind counts its clears
};

/// Judges what the hardware of a known device signed, by what was remembered of it at its birth: a TPM by its AK, every
/// other kind by the trust and the policy of today, and by being the same hardware. Safe from any thread; does not
/// wait.
class KnownHardware {
 public:
  struct Ports {
    Catalog& catalog;
    const attest::Trust& trust;
    const Clock& clock;
  };
  explicit KnownHardware(Ports ports) : ports_{ports} {}

  /// That a key to be certified lives in it, by the freshness value of this challenge, device and key.
  /// @error bad_evidence with check "evidence.form": not what a root of this kind sends; "evidence.device": of other
  /// hardware; and as the steps of STATEMENT, or of its own kind, refuse (docs/wire/evidence.md)
  Result<KeyAppraisal> judge_key(const KeyEvidence& evidence, const KnownDevice& known,
                                 const Challenge& challenge) const;
  /// That it answers now, with the key that was recorded. @error as above
  Result<SelfAppraisal> judge_itself(const SelfEvidence& evidence, const KnownDevice& known,
                                     const Challenge& challenge) const;

 private:
  Result<KeyAppraisal> judge(const BundledEvidence& evidence, BytesView key, attest::DiceKey dice_key,
                             const KnownDevice& known, const Challenge& challenge) const;

  Ports ports_;
};

}  // namespace birthmark::app
