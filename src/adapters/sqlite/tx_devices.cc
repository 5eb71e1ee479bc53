// SPDX-License-Identifier: Apache-2.0
// Devices, their roots, and what is known of hardware for ever.
#include <algorithm>
#include <string_view>

#include "adapters/sqlite/tx.h"

namespace birthmark::sqlite {

using app::Known;
using app::RootRecord;
using lifecycle::DeviceRecord;

namespace {

#define BM_DEVICE_COLUMNS                                                                                   \
  "row, id, root, root_class, product, batch, state, version, epoch, holds, suspended_for, restrained_at, " \
  "provisioned_at, appraised_at, firmware, enrolled_once"

Result<DeviceRecord> read_device(const Statement& row) {
  DeviceRecord device;
  Columns columns{row};
  columns.take(device.row, device.id, device.root, device.root_class, device.product, device.batch, device.state,
               device.version, device.epoch, device.holds, device.suspended_for, device.restrained_at,
               device.provisioned_at, device.appraised_at, device.firmware, device.enrolled_once);
  BM_CHECK(columns.intact("device"));
  return device;
}

#define BM_ROOT_SELECT                                                                            \
  "SELECT r.device, r.ak_public, m.name, r.hardware_serial, r.provisioned_by, r.ek_modulus FROM " \
  "root r JOIN maker m ON m.id = r.maker "

Result<RootRecord> read_root(const Statement& row) {
  RootRecord root;
  std::string of_maker;
  std::optional<Bytes> modulus;
  Columns columns{row};
  columns.take(root.device, root.ak_public, root.hardware_serial, of_maker, root.provisioned_by, modulus);
  BM_CHECK(columns.intact("root"));
  root.hardware_serial += of_maker;
  root.ek_modulus = std::move(modulus).value_or(Bytes{});
  return root;
}

/// The part of MANUF:AKI:SERIAL that all chips of one certificate authority share, its last colon included.
std::string_view maker_of(std::string_view hardware_serial) {
  return hardware_serial.substr(0, hardware_serial.rfind(':') + 1);
}

/// Digests of other devices' hardware cannot be met by half of one, and whoever finds two of the same has two of his
/// own, which are refused.
Octets<16> known_name(const Digest& digest) {
  Octets<16> out{};
  std::copy_n(digest.get().begin(), out.size(), out.begin());
  return out;
}

Result<Known> read_known(const Statement& row) {
  Known known;
  Columns columns{row};
  columns.take(known.kind, known.device);
  BM_CHECK(columns.intact("known"));
  return known;
}

Result<Bytes> read_findings(const Statement& row) {
  return to_bytes(row.blob(0));
}

/// One integer in place of (device, purpose), so that the row id is the key and no second tree is needed.
std::int64_t finding_key(DeviceRow device, lifecycle::Purpose purpose) {
  static_assert(lifecycle::kPurposes.size() <= 8);
  return static_cast<std::int64_t>(device.get()) << 3 | static_cast<std::int64_t>(purpose);
}

}  // namespace

Result<DeviceRow> SqliteTx::add_device(const DeviceRecord& device) {
  BM_CHECK(
      tell("INSERT INTO device(id, root, root_class, product, batch, state, version, epoch, holds, suspended_for, "
           "restrained_at, provisioned_at, appraised_at, firmware, enrolled_once) "
           "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
           device.id, device.root, device.root_class, device.product, device.batch, device.state, device.version,
           device.epoch, device.holds, device.suspended_for, device.restrained_at, device.provisioned_at,
           device.appraised_at, device.firmware, device.enrolled_once));
  return DeviceRow{static_cast<std::uint32_t>(connection_.last_insert_row())};
}

Result<void> SqliteTx::update_device(const DeviceRecord& after) {
  return change(Code::conflict,
                "UPDATE device SET root = ?2, root_class = ?3, product = ?4, batch = ?5, state = ?6, version = ?7, "
                "epoch = ?8, holds = ?9, suspended_for = ?10, restrained_at = ?11, provisioned_at = ?12, "
                "appraised_at = ?13, firmware = ?14, enrolled_once = ?15 WHERE row = ?1 AND version = ?7 - 1",
                after.row, after.root, after.root_class, after.product, after.batch, after.state, after.version,
                after.epoch, after.holds, after.suspended_for, after.restrained_at, after.provisioned_at,
                after.appraised_at, after.firmware, after.enrolled_once);
}

Result<std::optional<DeviceRecord>> SqliteTx::device(DeviceRow row) {
  return one(ask("SELECT " BM_DEVICE_COLUMNS " FROM device WHERE row = ?1", row), read_device);
}

Result<std::optional<DeviceRecord>> SqliteTx::device(const DeviceId& id) {
  return one(ask("SELECT " BM_DEVICE_COLUMNS " FROM device WHERE id = ?1", id), read_device);
}

Result<std::vector<DeviceRecord>> SqliteTx::devices(DeviceRow after, std::size_t limit) {
  return all(ask("SELECT " BM_DEVICE_COLUMNS " FROM device WHERE row > ?1 ORDER BY row LIMIT ?2", after,
                 static_cast<std::uint32_t>(limit)),
             read_device);
}

Result<void> SqliteTx::put_root(const RootRecord& root) {
  const std::string_view serial = root.hardware_serial;
  const auto maker = maker_of(serial);
  BM_CHECK(tell("INSERT INTO maker(name) VALUES(?1) ON CONFLICT(name) DO NOTHING", maker));
  return tell(
      "INSERT INTO root(device, ak_public, maker, hardware_serial, provisioned_by, ek_modulus) "
      "VALUES(?1, ?2, (SELECT id FROM maker WHERE name = ?3), ?4, ?5, ?6) ON CONFLICT(device) DO UPDATE SET "
      "ak_public = excluded.ak_public, maker = excluded.maker, hardware_serial = excluded.hardware_serial, "
      "provisioned_by = excluded.provisioned_by, ek_modulus = excluded.ek_modulus",
      root.device, root.ak_public, maker, serial.substr(maker.size()), root.provisioned_by,
      root.ek_modulus.empty() ? std::nullopt : std::optional{root.ek_modulus});
}

Result<std::optional<RootRecord>> SqliteTx::root(DeviceRow device) {
  return one(ask(BM_ROOT_SELECT "WHERE r.device = ?1", device), read_root);
}

Result<std::vector<RootRecord>> SqliteTx::rsa_roots(BatchId batch) {
  return all(ask(BM_ROOT_SELECT "JOIN device d ON d.row = r.device WHERE d.batch = ?1 AND r.ek_modulus IS NOT NULL "
                                "ORDER BY r.device",
                 batch),
             read_root);
}

Result<std::optional<Known>> SqliteTx::known(const Digest& digest) {
  return one(ask("SELECT kind, device FROM known WHERE digest = ?1", known_name(digest)), read_known);
}

Result<void> SqliteTx::add_known(const Digest& digest, const Known& known) {
  BM_TRY(const auto holder, this->known(digest));
  if (holder) {
    return holder->device == known.device ? Result<void>{} : fail(Code::conflict, "another device holds this digest");
  }
  return tell("INSERT INTO known(digest, kind, device) VALUES(?1, ?2, ?3)", known_name(digest), known.kind,
              known.device);
}

Result<void> SqliteTx::put_findings(DeviceRow device, lifecycle::Purpose purpose, Instant at, BytesView findings) {
  return tell(
      "INSERT INTO finding(key, at, findings) VALUES(?1, ?2, ?3) "
      "ON CONFLICT(key) DO UPDATE SET at = excluded.at, findings = excluded.findings",
      finding_key(device, purpose), at, findings);
}

Result<std::optional<Bytes>> SqliteTx::findings(DeviceRow device, lifecycle::Purpose purpose) {
  return one(ask("SELECT findings FROM finding WHERE key = ?1", finding_key(device, purpose)), read_findings);
}

}  // namespace birthmark::sqlite
