// SPDX-License-Identifier: Apache-2.0
#include "app/proven_hardware.h"

#include "crypto/hash.h"

namespace birthmark::app {

lifecycle::RootClass root_class(attest::AnchorClass of) {
  return of == attest::AnchorClass::genuine ? lifecycle::RootClass::genuine : lifecycle::RootClass::simulated;
}

std::optional<lifecycle::RootKind> root_kind(attest::EvidenceKind of) {
  switch (of) {
    case attest::EvidenceKind::tpm:
      return lifecycle::RootKind::tpm;
    case attest::EvidenceKind::psa:
    case attest::EvidenceKind::eat:
      return lifecycle::RootKind::psa;
    case attest::EvidenceKind::dice:
      return lifecycle::RootKind::dice;
    case attest::EvidenceKind::secure_element:
      return lifecycle::RootKind::se;
    case attest::EvidenceKind::software:
      return lifecycle::RootKind::software;
    case attest::EvidenceKind::matter:
      return std::nullopt;
  }
  return std::nullopt;
}

namespace {

/// Of hardware whose evidence says none: a certificate names one (docs/wire/certificates.md).
std::string serial_of(const DeviceId& id) {
  return to_hex(BytesView{id.get()}.first(16));
}

}  // namespace

Result<ProvenHardware> proven(const attest::Claims& claims) {
  const auto kind = root_kind(claims.kind);
  if (!kind) {
    return fail(Code::policy, "no identity is rooted in evidence of kind " + std::string{attest::name(claims.kind)},
                "policy.root_kinds");
  }
  const auto& hardware = claims.hardware;
  // The key of a slot speaks for a chip that has no key of its own; every other identity is a key.
  const bool has_own_key = *kind != lifecycle::RootKind::se;
  auto statement_key = has_own_key ? hardware.public_identity : to_bytes(claims.key.spki());
  const auto id = lifecycle::device_id(*kind, hardware.public_identity);
  ProvenHardware out{.kind = *kind,
                     .root_class = root_class(hardware.anchor_class),
                     .id = id,
                     .vendor = hardware.vendor,
                     .hardware_serial = hardware.serial.empty() ? serial_of(id) : hardware.serial,
                     .listed_as = hardware.listed_as,
                     .marks = {{crypto::sha256(hardware.public_identity), KnownKind::ek_spki}},
                     .statement_key = std::move(statement_key)};
  if (!has_own_key) {
    out.marks.emplace_back(crypto::sha256(out.statement_key), KnownKind::ak_name);
  }
  return out;
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
