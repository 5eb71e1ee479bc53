// SPDX-License-Identifier: Apache-2.0
#include "adapters/journal/file_deny_journal.h"

#include <algorithm>
#include <optional>

#include "codec/cbor.h"
#include "crypto/hash.h"

namespace birthmark {
namespace {

using app::DenyKind;
using app::EmergencyDeny;

// A record: SHA-256 over the rest, the length of the entry in two octets, the entry, zeros.
constexpr std::size_t kRecordBytes = FileDenyJournal::kRecordBytes;
constexpr std::size_t kFileBytes = kRecordBytes * FileDenyJournal::kRecordsMax;
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kEntryAt = kDigestBytes + 2;
constexpr std::size_t kActorMaxBytes = 128;

Result<Bytes> write_record(const EmergencyDeny& deny) {
  if (deny.actor.size() > kActorMaxBytes) {
    return fail(Code::bad_request, "an actor has at most 128 bytes");
  }
  cbor::Writer writer;
  writer.array(5)
      .unsigned_int(static_cast<std::uint64_t>(deny.kind))
      .bytes(deny.device.get())
      .unsigned_int(static_cast<std::uint64_t>(deny.cause))
      .integer(to_ms(deny.at))
      .text(deny.actor);
  const auto entry = std::move(writer).finish();
  Bytes record(kDigestBytes);
  record.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
  record.push_back(static_cast<std::uint8_t>(entry.size()));
  append(record, entry);
  record.resize(kRecordBytes);
  const auto digest = crypto::sha256(BytesView{record}.subspan(kDigestBytes));
  std::ranges::copy(digest.get(), record.begin());
  return record;
}

Result<EmergencyDeny> read_entry(BytesView entry) {
  cbor::Reader reader{entry};
  BM_TRY(const auto members, reader.array());
  BM_TRY(const auto kind, reader.unsigned_int());
  BM_TRY(const auto device, reader.bytes());
  BM_TRY(const auto cause, reader.unsigned_int());
  BM_TRY(const auto at, reader.integer());
  BM_TRY(const auto actor, reader.text());
  BM_CHECK(reader.finish());
  const auto id = octets<32>(device);
  if (members != 5 || kind > static_cast<std::uint64_t>(DenyKind::revoke) || !id ||
      cause >= lifecycle::kHoldRules.size()) {
    return fail(Code::storage, "a deny that this version does not know");
  }
  return EmergencyDeny{.kind = static_cast<DenyKind>(kind),
                       .device = DeviceId{*id},
                       .cause = static_cast<lifecycle::HoldCause>(cause),
                       .at = from_ms(at),
                       .actor = std::string{actor}};
}

/// Nothing: the record is torn.
std::optional<EmergencyDeny> read_record(BytesView record) {
  if (!equal(record.first(kDigestBytes), crypto::sha256(record.subspan(kDigestBytes)).get())) {
    return std::nullopt;
  }
  const std::size_t length = static_cast<std::size_t>(record[kDigestBytes]) << 8 | record[kDigestBytes + 1];
  if (length > kRecordBytes - kEntryAt) {
    return std::nullopt;
  }
  auto entry = read_entry(record.subspan(kEntryAt, length));
  return entry ? std::optional{std::move(*entry)} : std::nullopt;
}

bool is_blank(BytesView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

Result<std::unique_ptr<FileDenyJournal>> FileDenyJournal::open(Files& files, const std::filesystem::path& directory) {
  BM_CHECK(files.make_directory(directory));
  auto lock = files.lock(directory / kLockName);
  if (!lock) {
    return lock.error().code != Code::unavailable
               ? fail(lock.error())
               : fail(Code::unavailable, directory.string() +
                                             ": another registry has this journal, or this one has it "
                                             "by another name of the directory");
  }
  std::unique_ptr<FileDenyJournal> journal{new FileDenyJournal{files, directory / kFileName, std::move(*lock)}};
  BM_TRY(const bool there, files.exists(journal->path_));
  if (!there) {
    BM_CHECK(journal->lay_out());
  }
  BM_CHECK(journal->load());
  return journal;
}

Result<void> FileDenyJournal::lay_out() {
  file_.reset();
  used_ = 0;
  return write_atomically(files_, path_, Bytes(kFileBytes));
}

/// A torn record can only be the one whose append was cut off, which was never acknowledged: nothing stands behind it.
Result<std::vector<EmergencyDeny>> FileDenyJournal::load() {
  file_.reset();
  BM_TRY(auto file, files_.open(path_, OpenMode::update));
  BM_TRY(const auto content, file->read_at(0, kFileBytes + 1));
  if (content.size() != kFileBytes) {
    return fail(Code::storage, path_.string() + ": has another size than a journal");
  }
  std::vector<EmergencyDeny> denies;
  BytesView rest{content};
  while (!rest.empty()) {
    auto deny = read_record(rest.first(kRecordBytes));
    if (!deny) {
      break;
    }
    denies.push_back(std::move(*deny));
    rest = rest.subspan(kRecordBytes);
  }
  if (!rest.empty() && !is_blank(rest.subspan(kRecordBytes))) {
    return fail(Code::storage, path_.string() + ": damaged; a suspension or revocation may be lost");
  }
  file_ = std::move(file);
  used_ = denies.size();
  return denies;
}

Result<void> FileDenyJournal::append(const EmergencyDeny& deny) {
  BM_TRY(const auto record, write_record(deny));
  const std::scoped_lock lock{mutex_};
  if (!file_) {
    BM_CHECK(load());
  }
  if (used_ == kRecordsMax) {
    return fail(Code::storage, "the journal of emergency denies is full");
  }
  auto written = file_->write_at(used_ * kRecordBytes, record);
  if (written) {
    written = file_->datasync();
  }
  if (!written) {
    file_.reset();
    return written;
  }
  ++used_;
  return {};
}

Result<std::vector<EmergencyDeny>> FileDenyJournal::pending() {
  const std::scoped_lock lock{mutex_};
  return load();
}

Result<void> FileDenyJournal::clear() {
  const std::scoped_lock lock{mutex_};
  BM_CHECK(lay_out());
  return without_value(load());
}

}  // namespace birthmark
