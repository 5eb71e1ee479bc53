// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/appraisal.h"
#include "attest/vendor_trust.h"

namespace birthmark::attest {

inline constexpr std::size_t kDiceLayersMax = 10;

/// What a device with DICE shows, X.509 form.
struct DiceEvidence {
  /// Of the device key (UDS or IDevID layer): its certificate by a pinned CA; or a certificate or a PKCS#10 request
  /// that it signed itself, where the key is on the allow list. DER.
  Bytes device;
  /// 1..kDiceLayersMax certificates, DER, from the one that the device key signed to the one of the key that answers.
  std::vector<Bytes> layers;
  Bytes signature;  ///< of the last layer's key over the 32 octets of the freshness value
};

/// Whose device keys are believed, and what is known against any key of a chain. Immutable once made.
class DiceTrust {
 public:
  /// Pins a CA that signs certificates of device keys itself. A CA above it must not be pinned here: the certificate
  /// right below a pinned one is taken for the device's. @error bad_request
  Result<void> add_issuer(BytesView certificate, std::string vendor, AnchorClass anchor_class);
  /// Believes one device key, which the vendor or a supplier listed, or which was certified here before. @param
  /// spki_sha256 H(UDS_Public): of its SPKI.
  void allow_device(const Digest& spki_sha256, std::string vendor, AnchorClass anchor_class);
  /// Refuses a certificate or a key for ever. @param digest SHA-256 of the certificate or of its SPKI.
  void deny(const Digest& digest) { vendors_.deny(digest); }
  /// Takes what a pinned issuer's CRL lists. @error bad_request, ek_untrusted
  Result<void> add_crl(BytesView der) { return vendors_.add_crl(der); }
  void set_crl_rule(CrlRule rule) { vendors_.set_crl_rule(rule); }

  struct Device {
    std::string vendor;
    AnchorClass anchor_class = AnchorClass::simulated;
  };
  /// Null if the key is not on the list.
  [[nodiscard]] const Device* allowed(const Digest& spki_sha256) const;
  [[nodiscard]] const VendorTrust& vendors() const { return vendors_; }

 private:
  VendorTrust vendors_;
  std::map<Digest, Device> devices_;
};

/// Whether each certificate that tells of a TCB must say whether that is debugged, or one of the chain for all: silicon
/// whose first layer reports for those above it.
enum class LayerReports : std::uint8_t { every_layer, one_for_all };
/// Which key is to be certified: the device key at birth; the key that the chain ends in, which changes with each
/// update of the firmware, in the field. The identity is the device key's in either case.
enum class DiceKey : std::uint8_t { device, leaf };

struct DiceRules {
  LayerReports reports = LayerReports::every_layer;
  DiceKey key = DiceKey::device;
};

/// Walks the steps of docs/wire/evidence.md DICE, in their order.
Appraisal appraise_dice(const DiceEvidence& evidence, const DiceTrust& trust, const Challenge& challenge,
                        const EvidencePolicy& policy, DiceRules rules = {});

/// `ReferenceValue::environment` of DICE: the deterministic CBOR array [vendor, model], as the first DiceTcbInfo has
/// them; a text that is not said there is empty.
Bytes dice_environment(std::string_view vendor, std::string_view model);

/// Whether everybody knows the private half of this device key: the Open Profile derives it from a UDS that is all zero
/// (Ed25519, P-256, P-384), which is what a part gives that was never provisioned.
bool is_zero_uds_key(const Digest& spki_sha256);

}  // namespace birthmark::attest
