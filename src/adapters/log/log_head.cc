// SPDX-License-Identifier: Apache-2.0
#include "adapters/log/log_head.h"

#include <algorithm>

#include "crypto/hash.h"

namespace birthmark {
namespace {

// Magic, sequence, synced, length of the checkpoint; the checkpoint; zeros; SHA-256 over all before.
constexpr std::string_view kMagic = "bm-head1";
constexpr std::size_t kFixedBytes = 8 + 8 + 8 + 4;
constexpr std::size_t kDigestAt = kHeadSlotBytes - 32;
static_assert(kFixedBytes + kHeadCheckpointMaxBytes <= kDigestAt);

void put_number(Bytes& out, std::uint64_t value, unsigned octets) {
  for (unsigned i = octets; i-- > 0;) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

std::uint64_t number(BytesView bytes) {
  std::uint64_t value = 0;
  for (const auto byte : bytes) {
    value = value << 8 | byte;
  }
  return value;
}

Bytes write_slot(const LogHead& head, std::uint64_t sequence) {
  Bytes out = to_bytes(as_bytes(kMagic));
  put_number(out, sequence, 8);
  put_number(out, head.synced, 8);
  put_number(out, head.checkpoint.size(), 4);
  append(out, as_bytes(head.checkpoint));
  out.resize(kDigestAt);
  append(out, crypto::sha256(out).get());
  return out;
}

struct Slot {
  std::uint64_t sequence;
  LogHead head;
};

std::optional<Slot> read_slot(BytesView slot) {
  if (slot.size() != kHeadSlotBytes || !equal(slot.first(8), as_bytes(kMagic)) ||
      !equal(slot.subspan(kDigestAt), crypto::sha256(slot.first(kDigestAt)).get())) {
    return std::nullopt;
  }
  const auto length = number(slot.subspan(24, 4));
  if (length > kHeadCheckpointMaxBytes) {
    return std::nullopt;
  }
  return Slot{number(slot.subspan(8, 8)),
              {number(slot.subspan(16, 8)), std::string{as_text(slot.subspan(kFixedBytes, length))}}};
}

/// @param slots both
std::optional<Slot> newest_slot(BytesView slots) {
  std::optional<Slot> newest;
  for (std::size_t i = 0; i < 2; ++i) {
    auto slot = read_slot(slots.subspan(i * kHeadSlotBytes, kHeadSlotBytes));
    if (slot && slot->sequence % 2 == i && (!newest || slot->sequence > newest->sequence)) {
      newest = std::move(slot);
    }
  }
  return newest;
}

bool is_blank(BytesView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

Result<std::optional<LogHead>> read_head(Files& files, const std::filesystem::path& path) {
  BM_TRY(const auto content, files.read(path, 2 * kHeadSlotBytes));
  auto newest = content.size() == 2 * kHeadSlotBytes ? newest_slot(content) : std::nullopt;
  return newest ? std::optional{std::move(newest->head)} : std::nullopt;
}

Result<std::unique_ptr<HeadFile>> HeadFile::open(Files& files, std::filesystem::path path) {
  std::unique_ptr<HeadFile> head{new HeadFile{files, std::move(path)}};
  BM_CHECK(head->load());
  return head;
}

Result<void> HeadFile::load() {
  BM_TRY(file_, files_.open(path_, OpenMode::update));
  BM_TRY(auto content, file_->read_at(0, 2 * kHeadSlotBytes));
  if (content.size() < 2 * kHeadSlotBytes) {
    // Only a cut before the very first head leaves it short: that head is written after this.
    if (!is_blank(content)) {
      return fail(Code::storage, path_.string() + ": is not a head file");
    }
    content.assign(2 * kHeadSlotBytes, 0);
    BM_CHECK(file_->write_at(0, content));
    BM_CHECK(file_->datasync());
    return files_.sync_directory(path_.parent_path());
  }
  const BytesView slots{content};
  auto newest = newest_slot(slots);
  // The first head goes to slot 1: while slot 0 is blank there was never a whole second one.
  if (!newest && !is_blank(slots.first(kHeadSlotBytes))) {
    return fail(Code::storage, path_.string() + ": no slot is intact; what was published is not known");
  }
  if (newest) {
    sequence_ = newest->sequence;
    head_ = std::move(newest->head);
  }
  return {};
}

Result<void> HeadFile::put(const LogHead& head) {
  if (head.checkpoint.size() > kHeadCheckpointMaxBytes) {
    return fail(Code::too_large, "the checkpoint does not fit into the head file");
  }
  if (!file_) {
    BM_TRY(file_, files_.open(path_, OpenMode::update));
  }
  const auto sequence = sequence_ + 1;
  auto written = file_->write_at(sequence % 2 * kHeadSlotBytes, write_slot(head, sequence));
  if (written) {
    written = file_->datasync();
  }
  if (!written) {
    file_.reset();
    return written;
  }
  sequence_ = sequence;
  head_ = head;
  return {};
}

}  // namespace birthmark
