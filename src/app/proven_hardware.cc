// SPDX-License-Identifier: Apache-2.0
#include "app/proven_hardware.h"

#include "crypto/hash.h"

namespace birthmark::app {

lifecycle::RootClass root_class(attest::AnchorClass of) {
  return of == attest::AnchorClass::genuine ? lifecycle::RootClass::genuine : lifecycle::RootClass::simulated;
}

ProvenHardware proven_tpm(const attest::EndorsedChip& chip, Bytes ak_public, const Digest& ak_name) {
  return {.kind = lifecycle::RootKind::tpm,
          .root_class = root_class(chip.anchor_class),
          .id = lifecycle::device_id(lifecycle::RootKind::tpm, chip.spki),
          .vendor = chip.vendor,
          .hardware_serial = chip.hardware_serial,
          .listed_as = chip.certificate_hash,
          .marks = {{crypto::sha256(chip.spki), KnownKind::ek_spki}, {ak_name, KnownKind::ak_name}},
          .statement_key = std::move(ak_public),
          .ek_modulus = chip.rsa_modulus};
}

}  // namespace birthmark::app
