// SPDX-License-Identifier: Apache-2.0
#include "attest/slot_attestation.h"

#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/oid.h"

namespace birthmark::attest {
namespace {

template <std::uint64_t Last>
constexpr auto kPiv = oid<1, 3, 6, 1, 4, 1, 41482, 3, Last>;
template <std::uint64_t Last>
constexpr auto kHsm = oid<1, 3, 6, 1, 4, 1, 41482, 4, Last>;

constexpr std::size_t kVersionOctets = 3;
constexpr std::size_t kChipIdOctetsMax = 32;
constexpr std::uint8_t kGenerated = 0x01;
constexpr std::size_t kCapabilityOctets = 8;
constexpr std::size_t kExportableOctet = 5;  // capability 16, exportable under wrap, of a big-endian u64
constexpr std::uint8_t kExportableBit = 0x01;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_evidence, std::string{"attestation certificate: "} + what);
}

std::string dotted(BytesView version) {
  std::string out;
  for (const auto part : version) {
    out += (out.empty() ? "" : ".") + std::to_string(part);
  }
  return out;
}

/// Three octets, as they are or as an OCTET STRING: the two forms differ in size.
Result<std::string> read_firmware(BytesView value) {
  if (value.size() == kVersionOctets) {
    return dotted(value);
  }
  der::Reader in{value};
  const auto octets = in.expect(der::tag::octet_string);
  if (!octets || octets->size() != kVersionOctets || !in.finish()) {
    return refuse("firmware version");
  }
  return dotted(*octets);
}

/// The magnitude of a positive INTEGER.
Result<Bytes> read_serial(BytesView value) {
  der::Reader in{value};
  const auto number = in.integer();
  if (!number || !in.finish() || (number->front() & 0x80) != 0) {
    return refuse("serial number");
  }
  const auto magnitude = number->front() == 0 ? number->subspan(1) : *number;
  return magnitude.empty() || magnitude.size() > kChipIdOctetsMax ? Result<Bytes>{refuse("serial number")}
                                                                  : to_bytes(magnitude);
}

Result<BytesView> read_bits(const x509::Extension& extension, std::size_t octets) {
  der::Reader in{extension.value};
  const auto bits = in.bit_octets();
  return bits && in.finish() && bits->size() == octets ? Result<BytesView>{*bits} : Result<BytesView>{refuse("flags")};
}

Result<SlotFacts> read_yubikey(const x509::Certificate& certificate) {
  SlotFacts facts{.maker = SlotMaker::yubikey_piv, .chip_id = {}, .firmware = {}};
  const auto* const serial = certificate.extension(kPiv<7>);
  if (serial == nullptr) {
    return refuse("it does not name its YubiKey");
  }
  BM_TRY(facts.chip_id, read_serial(serial->value));
  BM_TRY(facts.firmware, read_firmware(certificate.extension(kPiv<3>)->value));
  facts.origin = KeyOrigin::generated_inside;
  return facts;
}

Result<SlotFacts> read_yubihsm(const x509::Certificate& certificate) {
  SlotFacts facts{.maker = SlotMaker::yubihsm, .chip_id = {}, .firmware = {}};
  const auto* const serial = certificate.extension(kHsm<2>);
  const auto* const firmware = certificate.extension(kHsm<1>);
  const auto* const capabilities = certificate.extension(kHsm<5>);
  if (serial == nullptr || firmware == nullptr || capabilities == nullptr) {
    return refuse("serial number, firmware or capabilities of the YubiHSM are missing");
  }
  BM_TRY(facts.chip_id, read_serial(serial->value));
  BM_TRY(facts.firmware, read_firmware(firmware->value));
  BM_TRY(const auto origin, read_bits(*certificate.extension(kHsm<3>), 1));
  facts.origin = origin.front() == kGenerated ? KeyOrigin::generated_inside : KeyOrigin::imported;
  BM_TRY(const auto bits, read_bits(*capabilities, kCapabilityOctets));
  facts.exportable = (bits[kExportableOctet] & kExportableBit) != 0;
  return facts;
}

/// hwSerialNum of HardwareModuleName ::= SEQUENCE { hwType OBJECT IDENTIFIER, hwSerialNum OCTET STRING }.
Result<Bytes> read_hardware_serial(BytesView value) {
  BM_TRY(auto fields, der::read_one(value, der::tag::sequence));
  BM_CHECK(fields.oid());
  BM_TRY(const auto serial, fields.expect(der::tag::octet_string));
  BM_CHECK(fields.finish());
  return serial.empty() || serial.size() > kChipIdOctetsMax ? Result<Bytes>{refuse("hwSerialNum")} : to_bytes(serial);
}

Result<Bytes> named_chip(const x509::Certificate& certificate) {
  BM_TRY(const auto names, x509::subject_alt_name(certificate.extensions()));
  std::optional<BytesView> module;
  for (const auto& one : names.value_or(std::vector<x509::GeneralName>{})) {
    if (one.kind == x509::GeneralNameKind::other_name && equal(one.type, oids::hardware_module_name)) {
      if (module) {
        return refuse("two hardware modules");
      }
      module = one.value;
    }
  }
  if (module) {
    return read_hardware_serial(*module);
  }
  const auto serial = certificate.find_attribute(oids::serial_number);
  return serial && serial->value.size() <= kChipIdOctetsMax ? Result<Bytes>{to_bytes(serial->value)}
                                                            : Result<Bytes>{refuse("it names no chip")};
}

}  // namespace

Result<SlotFacts> read_slot_facts(const x509::Certificate& certificate) {
  if (certificate.extension(kPiv<3>) != nullptr) {
    return read_yubikey(certificate);
  }
  if (certificate.extension(kHsm<3>) != nullptr) {
    return read_yubihsm(certificate);
  }
  SlotFacts facts;
  BM_TRY(facts.chip_id, named_chip(certificate));
  return facts;
}

}  // namespace birthmark::attest
