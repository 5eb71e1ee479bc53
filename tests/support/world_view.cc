// SPDX-License-Identifier: Apache-2.0
// What a test sees of a World, and the promises that hold whatever happened.
#include <algorithm>
#include <set>

#include "codec/x509.h"
#include "crypto/hash.h"
#include "lifecycle/serial.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using app::CertificateRecord;
using app::IssuanceState;
using audit::EntryKind;

/// Everything that the registry says of certificates of devices and of intents.
struct Books {
  std::vector<app::BatchRecord> batches;
  std::vector<lifecycle::DeviceRecord> devices;
  std::vector<CertificateRecord> certificates;  ///< of devices
  std::vector<app::CaRecord> cas;
};

Books books_of(const app::Store& store) {
  return must(store.read_for<Books>([](app::Tx& tx) -> Result<Books> {
    Books out;
    BM_TRY(out.batches, tx.batches());
    BM_TRY(out.devices, tx.devices(DeviceRow{0}, 1U << 20));
    BM_TRY(out.cas, tx.cas());
    for (const auto& device : out.devices) {
      BM_TRY(auto rows, tx.certificates_of(device.row));
      out.certificates.insert(out.certificates.end(), rows.begin(), rows.end());
    }
    return out;
  }));
}

std::string wrong_budget(const Books& books) {
  for (const auto& batch : books.batches) {
    std::uint32_t issued = 0, reserved = 0;
    for (const auto& row : books.certificates) {
      const auto device = std::ranges::find(books.devices, row.device, &lifecycle::DeviceRecord::row);
      if (row.counted && device->batch == batch.budget.id) {
        ++(row.issuance == IssuanceState::intended ? reserved : issued);
      }
    }
    if (issued != batch.budget.issued || reserved != batch.budget.reserved) {
      return "batch " + batch.name + " counts " + std::to_string(batch.budget.issued) + "+" +
             std::to_string(batch.budget.reserved) + ", its certificates " + std::to_string(issued) + "+" +
             std::to_string(reserved);
    }
    if (issued + reserved > batch.budget.quantity) {
      return "batch " + batch.name + " is over its quantity";
    }
  }
  return "";
}

std::string wrong_certificate(const CertificateRecord& row, const UseCases& cases) {
  const auto serial = to_hex(row.serial.get());
  if (lifecycle::index_of(row.serial) != row.index) {
    return "the serial " + serial + " is not of its index";
  }
  const auto directory = cases.cas.get();
  const auto* const ca = directory->find(row.ca);
  const bool is_signed = ca != nullptr && !row.signature.empty() &&
                         ca->certificate.key.verify(crypto::SignatureScheme::ecdsa_sha256, row.tbs, row.signature);
  if ((row.issuance == IssuanceState::registered) != is_signed) {
    return "the state of " + serial + " and its signature do not fit";
  }
  return "";
}

std::string wrong_serials(const Books& books, const std::vector<audit::Entry>& entries) {
  std::set<Serial> serials, intended, registered;
  for (const auto& entry : entries) {
    if (entry.kind == EntryKind::intent_recorded && !intended.insert(*entry.serial).second) {
      return "two intents for the serial " + to_hex(entry.serial->get());
    }
    if (entry.kind == EntryKind::certificate_registered && !registered.insert(*entry.serial).second) {
      return "registered twice: " + to_hex(entry.serial->get());
    }
  }
  for (const auto& row : books.certificates) {
    if (!serials.insert(row.serial).second) {
      return "a serial twice";
    }
    if (!intended.contains(row.serial) ||
        (row.issuance == IssuanceState::registered) != registered.contains(row.serial)) {
      return "the log and the row of " + to_hex(row.serial.get()) + " differ";
    }
  }
  return "";
}

/// Each signature of a CA key has an intent in the log (design rule 3).
std::string wrong_signatures(const FakeSigner& signer, const std::vector<audit::Entry>& entries) {
  std::set<Digest> intended;
  for (const auto& entry : entries) {
    if (entry.kind == EntryKind::intent_recorded) {
      intended.insert(*entry.subject_hash);
    }
  }
  const auto recorded = [&](const auto& done) { return intended.contains(done.message); };
  return std::ranges::all_of(signer.signed_certificates(), recorded) ? "" : "a signature without a record";
}

/// @param denies of the journal that the store does not know yet: the read path is stricter then.
std::string wrong_read_path(const app::Store& store, const UseCases& cases, std::size_t denies) {
  if (denies != 0) {
    return "";
  }
  std::string wrong;
  const auto snapshot = cases.read_path.snapshots().get();
  must(store.each_publication([&](const app::Publication& row) {
    const auto* const issuer = snapshot->issuer(row.ca);
    const auto seen = issuer == nullptr ? policy::CredentialRecord{} : issuer->credentials->load(row.index);
    if (issuer == nullptr || seen.status != row.status || seen.device != row.device ||
        (row.status != lifecycle::Status::ended && seen.state != row.state)) {
      wrong = "the read path does not show place " + std::to_string(row.index) + " of CA " +
              std::to_string(row.ca.get()) + " as the registry has it";
    }
  }));
  return wrong;
}

}  // namespace

lifecycle::DeviceRecord World::record(const Device& device) const {
  const auto found =
      must(store().read_for<std::optional<lifecycle::DeviceRecord>>([&](app::Tx& tx) { return tx.device(device.id); }));
  if (!found) {
    throw std::runtime_error{"the registry does not know this device"};
  }
  return *found;
}

app::BatchRecord World::batch(const std::string& name) const {
  return must(store().read_for<std::optional<app::BatchRecord>>([&](app::Tx& tx) { return tx.batch_named(name); }))
      .value();
}

std::vector<CertificateRecord> World::certificates(const Device& device) const {
  const auto row = record(device).row;
  return must(store().read_for<std::vector<CertificateRecord>>([&](app::Tx& tx) { return tx.certificates_of(row); }));
}

std::size_t World::devices() const {
  return books_of(store()).devices.size();
}

std::vector<audit::Entry> World::entries() const {
  std::vector<audit::Entry> out;
  for (const auto& bytes : must(store().entries(0, 1U << 20))) {
    out.push_back(must(audit::read_entry(bytes)));
  }
  return out;
}

std::size_t World::count(EntryKind kind) const {
  const auto all = entries();
  return static_cast<std::size_t>(std::ranges::count(all, kind, &audit::Entry::kind));
}

std::size_t World::refusals(Code code) const {
  const auto all = entries();
  return static_cast<std::size_t>(std::ranges::count_if(
      all, [&](const audit::Entry& entry) { return entry.kind == EntryKind::refusal && entry.refusal == code; }));
}

policy::CredentialRecord World::published(BytesView certificate) const {
  const auto leaf = must(x509::Certificate::read(certificate));
  const auto serial = lifecycle::serial_from(leaf.serial()).value();
  const auto key = must(x509::authority_key_identifier(leaf.extensions()));
  const auto* const ca = cases->cas.get()->by_key_id(*key->key_id);
  const auto snapshot = cases->read_path.snapshots().get();
  const auto* const issuer = snapshot->issuer(ca->record.id);
  return issuer->credentials->load(lifecycle::index_of(serial).value());
}

policy::Decision World::decision(const Device& device) const {
  const auto shown = must(cases->access.present(device.ldevid));
  return cases->access.decide(shown, policy::Action::telemetry_publish, "telemetry").decision;
}

std::string World::wrong() const {
  const auto books = books_of(store());
  const auto log = entries();
  for (const auto& found : {wrong_budget(books), wrong_serials(books, log), wrong_signatures(signer, log),
                            wrong_read_path(store(), *cases, journal.size())}) {
    if (!found.empty()) {
      return found;
    }
  }
  for (const auto& row : books.certificates) {
    if (auto found = wrong_certificate(row, *cases); !found.empty()) {
      return found;
    }
  }
  return "";
}

std::string fail_every_call(const WorldOptions& options, FailedPort port, const Prepare& prepare, const Use& use) {
  for (std::uint64_t nth = 1;; ++nth) {
    World world{options};
    auto device = prepare(world);
    const auto arm = [&](std::uint64_t call) {
      port == FailedPort::store ? world.store_calls().arm(call) : world.signer.fail_call(call);
    };
    const auto said = [&](const std::string& what, const std::string& why) {
      return std::string{port == FailedPort::store ? "store" : "signer"} + " call " + std::to_string(nth) + ", " +
             what + ": " + why;
    };
    arm(nth);
    const auto failed = use(world, device);
    const auto calls = port == FailedPort::store ? world.store_calls().calls() : world.signer.calls();
    arm(0);
    if (auto wrong = world.wrong(); !wrong.empty()) {
      return said("afterwards", wrong);
    }
    if (calls < nth) {
      return failed ? "" : said("without a fault", failed.error().detail);
    }
    if (const auto again = use(world, device); !again) {
      return said("retry", std::string{info(again.error().code).name} + " " + again.error().detail);
    }
    if (auto wrong = world.wrong(); !wrong.empty()) {
      return said("after the retry", wrong);
    }
  }
}

}  // namespace birthmark::test
