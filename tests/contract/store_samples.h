// SPDX-License-Identifier: Apache-2.0
// Rows that the store's tests write: every field has a value of its own.
#pragma once

#include <string>

#include "app/ports/store.h"
#include "crypto/hash.h"

namespace birthmark::test {

inline Digest digest_of(std::uint32_t number, std::uint8_t salt = 0) {
  Octets<32> out{};
  out.fill(static_cast<std::uint8_t>(0xA0 + salt));
  for (std::size_t i = 0; i < 4; ++i) {
    out[i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return Digest{out};
}

inline Octets<16> octets_of(std::uint32_t number) {
  Octets<16> out{};
  out[0] = 0x4B;
  out[1] = static_cast<std::uint8_t>(number);
  out[2] = static_cast<std::uint8_t>(number >> 8);
  return out;
}

inline Instant at_second(std::int64_t second) {
  return from_ms(1'767'225'600'000 + second * 1000);
}

inline app::CaRecord sample_ca(std::string name = "acme/plant-1") {
  return {.id = {},
          .profile = pki::ProfileId::batch_ca,
          .name = std::move(name),
          .parent = CaId{7},
          .batch = BatchId{3},
          .state = app::CaState::held,
          .generation = 2,
          .list_bits = 20,
          .assigned = 9,
          .key = "key-of-it",
          .key_destroyed = true,
          .issues_until = at_second(1),
          .certificate = {1, 0, 2}};
}

inline app::BatchRecord sample_batch(std::string name = "B-1") {
  app::BatchRecord batch;
  batch.budget.product = ProductId{4};
  batch.budget.factory = "plant-1";
  batch.budget.quantity = 1000;
  batch.budget.issued = 5;
  batch.budget.reserved = 6;
  batch.budget.opens = at_second(0);
  batch.budget.closes = at_second(9);
  batch.budget.rate = lifecycle::Rate{100, 10};
  batch.budget.plan = lifecycle::PlanOfHardware::present;
  batch.budget.state = lifecycle::BatchState::sealed;
  batch.budget.credit = 0xFFFF'FFFF'FFFF'FFF0ULL;
  batch.budget.credited_at = at_second(2);
  batch.name = std::move(name);
  batch.manufacturing_ca = CaId{11};
  batch.list = {.first = 0xFFFF'0000, .count = 0xFFFF};
  batch.operational_ca = CaId{12};
  return batch;
}

inline app::StationRecord sample_station(std::string name = "line-1", std::uint32_t key = 1) {
  return {.id = {},
          .name = std::move(name),
          .role = app::StationRole::lock_check,
          .batch = BatchId{2},
          .spki = digest_of(key, 1),
          .not_after = at_second(5),
          .shift_from = 360,
          .shift_to = 840,
          .strikes = 2,
          .suspended = true};
}

inline lifecycle::DeviceRecord sample_device(std::uint32_t number) {
  lifecycle::DeviceRecord device;
  device.id = DeviceId{digest_of(number, 2).get()};
  device.root = lifecycle::RootKind::tpm;
  device.root_class = lifecycle::RootClass::genuine;
  device.product = ProductId{4};
  device.batch = BatchId{2};
  device.state = lifecycle::State::operational;
  device.version = 1;
  device.epoch = Epoch{1};
  device.holds = lifecycle::HoldSet{0x85};
  device.suspended_for = lifecycle::HoldCause::policy;
  device.restrained_at = at_second(3);
  device.provisioned_at = at_second(1);
  device.appraised_at = at_second(4);
  device.firmware = lifecycle::FirmwareVersion{0xFFFF'0000'0000'0001ULL};
  device.enrolled_once = true;
  return device;
}

/// To-be-signed bytes as long as real ones, of which a fifth differs from one certificate to the next.
inline Bytes sample_tbs(std::uint32_t number) {
  Bytes tbs;
  for (std::uint32_t i = 0; i < 520; ++i) {
    const bool own = i % 130 >= 104;
    tbs.push_back(static_cast<std::uint8_t>(own ? (number * 2654435761U + i * 40503U) >> 11 : i * 7));
  }
  return tbs;
}

inline app::CertificateRecord sample_certificate(std::uint32_t number, DeviceRow device, CaId ca = CaId{1}) {
  app::CertificateRecord record;
  record.ca = ca;
  record.index = number;
  record.serial = Serial{octets_of(number)};
  record.profile = pki::ProfileId::ldevid;
  record.device = device;
  record.kind = lifecycle::CredentialKind::ldevid;
  record.purpose = lifecycle::Purpose::enroll;
  record.counted = true;
  record.spki = digest_of(number, 3);
  record.profile_hash = digest_of(0, 4);
  record.not_before = at_second(10);
  record.not_after = at_second(20);
  record.appraised_at = at_second(5);
  record.tbs = sample_tbs(number);
  return record;
}

/// One whose to-be-signed bytes have the form of a certificate's, for the key `number`.
inline app::CertificateRecord sample_with_key(std::uint8_t number) {
  auto record = sample_certificate(number, DeviceRow{1});
  const Bytes spki{0x30, 0x03, 0x02, 0x01, number};
  record.tbs = {0x30, 0x15, 0xA0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x05};
  record.tbs.insert(record.tbs.end(), {0x30, 0x00, 0x30, 0x00, 0x30, 0x00, 0x30, 0x00});
  append(record.tbs, spki);
  record.spki = crypto::sha256(spki);
  return record;
}

inline audit::Entry sample_entry(std::uint32_t number) {
  audit::Entry entry{.kind = audit::EntryKind::transition, .at = at_second(number)};
  entry.device = DeviceId{digest_of(number, 2).get()};
  entry.state_from = std::uint8_t{0};
  entry.state_to = std::uint8_t{1};
  entry.actor = "station:line-1";
  entry.reason = "number " + std::to_string(number);
  return entry;
}

inline app::Publication sample_publication(std::uint32_t number) {
  return {.ca = CaId{1},
          .index = number,
          .status = lifecycle::Status::admitted,
          .state = lifecycle::State::operational,
          .product = ProductId{4},
          .device = DeviceRow{number},
          .appraised_at = at_second(number)};
}

}  // namespace birthmark::test
