// SPDX-License-Identifier: Apache-2.0
#include "audit/entry.h"

#include <algorithm>
#include <array>
#include <limits>

#include "audit/text.h"
#include "codec/cbor.h"

namespace birthmark::audit {
namespace {

constexpr std::uint64_t kVersion = 1;

// The map's keys, in ascending order; with at most 23 each is one byte.
enum class Key : std::uint8_t {
  version = 0,
  kind = 1,
  at = 2,
  epoch = 3,
  device = 4,
  serial = 5,
  batch = 6,
  subject_hash = 7,
  spki_hash = 8,
  evidence_hash = 9,
  actor = 10,
  state_from = 11,
  state_to = 12,
  refusal = 13,
  reason = 14,
  count = 15,
};
constexpr std::size_t kKeys = 16;
constexpr std::size_t kKeysAlways = 4;

struct KindName {
  EntryKind kind;
  std::string_view name;
};
constexpr std::array kKindNames{
    KindName{EntryKind::ca_created, "ca_created"},
    KindName{EntryKind::batch_opened, "batch_opened"},
    KindName{EntryKind::batch_sealed, "batch_sealed"},
    KindName{EntryKind::station_enrolled, "station_enrolled"},
    KindName{EntryKind::intent_recorded, "intent_recorded"},
    KindName{EntryKind::certificate_registered, "certificate_registered"},
    KindName{EntryKind::intent_orphaned, "intent_orphaned"},
    KindName{EntryKind::transition, "transition"},
    KindName{EntryKind::hold_set, "hold_set"},
    KindName{EntryKind::hold_lifted, "hold_lifted"},
    KindName{EntryKind::credential_status, "credential_status"},
    KindName{EntryKind::refusal, "refusal"},
    KindName{EntryKind::refusals_aggregated, "refusals_aggregated"},
    KindName{EntryKind::appraisal, "appraisal"},
    KindName{EntryKind::receipt_retired, "receipt_retired"},
    KindName{EntryKind::emergency_deny_replayed, "emergency_deny_replayed"},
    KindName{EntryKind::epoch_started, "epoch_started"},
    KindName{EntryKind::operator_action, "operator_action"},
    KindName{EntryKind::clock_confirmed, "clock_confirmed"},
    KindName{EntryKind::incident, "incident"},
    KindName{EntryKind::request_repeated, "request_repeated"},
};
constexpr auto kKinds = [] {
  std::array<EntryKind, kKindNames.size()> kinds{};
  std::ranges::transform(kKindNames, kinds.begin(), &KindName::kind);
  return kinds;
}();

const KindName* row_of(EntryKind kind) {
  const auto* const row = std::ranges::find(kKindNames, kind, &KindName::kind);
  return row == kKindNames.end() ? nullptr : row;
}

tl::unexpected<Error> bad_entry(std::string why) {
  return fail(Code::bad_request, "audit entry: " + std::move(why));
}

bool is_actor(std::string_view actor) {
  const auto colon = actor.find(':');
  return actor.empty() || (colon != std::string_view::npos && colon != 0 && colon + 1 != actor.size());
}

// What the kind cannot be understood without.
bool has_needed_fields(const Entry& entry) {
  switch (entry.kind) {
    case EntryKind::batch_opened:
    case EntryKind::batch_sealed:
      return entry.batch.has_value();
    case EntryKind::intent_recorded:
    case EntryKind::certificate_registered:
    case EntryKind::intent_orphaned:
      return entry.serial.has_value();
    case EntryKind::transition:
      return entry.device && entry.state_from && entry.state_to;
    case EntryKind::refusal:
      return entry.refusal.has_value();
    case EntryKind::refusals_aggregated:
      return entry.refusal && entry.count != 0;
    case EntryKind::ca_created:
    case EntryKind::station_enrolled:
    case EntryKind::hold_set:
    case EntryKind::hold_lifted:
    case EntryKind::credential_status:
    case EntryKind::appraisal:
    case EntryKind::receipt_retired:
    case EntryKind::emergency_deny_replayed:
    case EntryKind::epoch_started:
    case EntryKind::operator_action:
    case EntryKind::clock_confirmed:
    case EntryKind::incident:
    case EntryKind::request_repeated:
      return true;
  }
  return false;
}

Result<void> check(const Entry& entry) {
  if (row_of(entry.kind) == nullptr) {
    return bad_entry("unknown kind");
  }
  if (to_ms(entry.at) < 0 || entry.at > kNoEnd) {
    return bad_entry("time before 1970 or after 9999");
  }
  if (entry.actor.size() > kActorMaxBytes || entry.reason.size() > kReasonMaxBytes) {
    return fail(Code::too_large, "audit entry: actor above 128 or reason above 256 bytes");
  }
  if (!is_plain_text(entry.actor) || !is_plain_text(entry.reason) || !is_actor(entry.actor)) {
    return bad_entry("actor is not role:name, or a text has control characters or is no UTF-8");
  }
  if (entry.state_from.has_value() != entry.state_to.has_value() || entry.state_from.value_or(0) > kStateMax ||
      entry.state_to.value_or(0) > kStateMax) {
    return bad_entry("one state without the other, or above 6");
  }
  if (!has_needed_fields(entry)) {
    return bad_entry("a field is missing that every " + std::string{name(entry.kind)} + " has");
  }
  return {};
}

class FieldWriter {
 public:
  explicit FieldWriter(std::size_t fields) { out_.map(fields); }
  FieldWriter& number(Key key, std::uint64_t value) {
    out_.unsigned_int(static_cast<std::uint64_t>(key)).unsigned_int(value);
    return *this;
  }
  template <class Id>
  FieldWriter& octets(Key key, const std::optional<Id>& id) {
    if (id) {
      out_.unsigned_int(static_cast<std::uint64_t>(key)).bytes(id->get());
    }
    return *this;
  }
  FieldWriter& number_if(Key key, const std::optional<std::uint64_t>& value) {
    return value ? number(key, *value) : *this;
  }
  FieldWriter& text_if(Key key, std::string_view text) {
    if (!text.empty()) {
      out_.unsigned_int(static_cast<std::uint64_t>(key)).text(text);
    }
    return *this;
  }
  Bytes finish() && { return std::move(out_).finish(); }

 private:
  cbor::Writer out_;
};

std::optional<std::uint64_t> number_of(const std::optional<std::uint8_t>& state) {
  return state ? std::optional<std::uint64_t>{*state} : std::nullopt;
}

std::size_t count_fields(const Entry& e) {
  const std::array present{e.device.has_value(),       e.serial.has_value(),     e.batch.has_value(),
                           e.subject_hash.has_value(), e.spki_hash.has_value(),  e.evidence_hash.has_value(),
                           !e.actor.empty(),           e.state_from.has_value(), e.state_to.has_value(),
                           e.refusal.has_value(),      !e.reason.empty(),        e.count != 0};
  return kKeysAlways + static_cast<std::size_t>(std::ranges::count(present, true));
}

template <class Id>
Result<void> read_octets(cbor::Reader& in, std::optional<Id>& out) {
  constexpr std::size_t kSize = std::tuple_size_v<typename Id::rep>;
  BM_TRY(const auto bytes, in.bytes());
  const auto value = octets<kSize>(bytes);
  if (!value) {
    return bad_entry("an id or hash of wrong length");
  }
  out = Id{*value};
  return {};
}

Result<std::uint64_t> read_number(cbor::Reader& in, std::uint64_t least, std::uint64_t most) {
  BM_TRY(const auto value, in.unsigned_int());
  if (value < least || value > most) {
    return bad_entry("a number out of range");
  }
  return value;
}

Result<void> read_state(cbor::Reader& in, std::optional<std::uint8_t>& out) {
  BM_TRY(const auto value, read_number(in, 0, kStateMax));
  out = static_cast<std::uint8_t>(value);
  return {};
}

// An absent text and an empty one must not be two spellings of the same entry.
Result<void> read_text(cbor::Reader& in, std::string& out) {
  BM_TRY(const auto text, in.text());
  if (text.empty()) {
    return bad_entry("an empty text");
  }
  out = std::string{text};
  return {};
}

Result<void> read_refusal(cbor::Reader& in, std::optional<Code>& out) {
  BM_TRY(const auto text, in.text());
  out = code_named(text);
  if (!out) {
    return bad_entry("unknown refusal");
  }
  return {};
}

Result<void> read_field(cbor::Reader& in, Key key, Entry& entry) {
  constexpr auto kAny = std::numeric_limits<std::uint64_t>::max();
  switch (key) {
    case Key::version: {
      BM_TRY([[maybe_unused]] const auto version, read_number(in, kVersion, kVersion));
      return {};
    }
    case Key::kind: {
      BM_TRY(const auto number, read_number(in, 0, std::numeric_limits<std::uint8_t>::max()));
      entry.kind = static_cast<EntryKind>(number);
      return {};
    }
    case Key::at: {
      BM_TRY(const auto ms, read_number(in, 0, static_cast<std::uint64_t>(to_ms(kNoEnd))));
      entry.at = from_ms(static_cast<std::int64_t>(ms));
      return {};
    }
    case Key::epoch: {
      BM_TRY(entry.epoch, read_number(in, 0, kAny));
      return {};
    }
    case Key::device:
      return read_octets(in, entry.device);
    case Key::serial:
      return read_octets(in, entry.serial);
    case Key::batch: {
      BM_TRY(const auto batch, read_number(in, 0, std::numeric_limits<std::uint32_t>::max()));
      entry.batch = BatchId{static_cast<std::uint32_t>(batch)};
      return {};
    }
    case Key::subject_hash:
      return read_octets(in, entry.subject_hash);
    case Key::spki_hash:
      return read_octets(in, entry.spki_hash);
    case Key::evidence_hash:
      return read_octets(in, entry.evidence_hash);
    case Key::actor:
      return read_text(in, entry.actor);
    case Key::state_from:
      return read_state(in, entry.state_from);
    case Key::state_to:
      return read_state(in, entry.state_to);
    case Key::refusal:
      return read_refusal(in, entry.refusal);
    case Key::reason:
      return read_text(in, entry.reason);
    case Key::count: {
      BM_TRY(entry.count, read_number(in, 1, kAny));
      return {};
    }
  }
  return bad_entry("unknown key");
}

Result<Entry> read_fields(cbor::Reader& in) {
  BM_TRY(const auto fields, in.map());
  if (fields < kKeysAlways || fields > kKeys) {
    return bad_entry("too few or too many fields");
  }
  Entry entry;
  for (std::size_t i = 0; i < fields; ++i) {
    BM_TRY(const auto key, in.unsigned_int());
    // The reader sees to it that keys ascend; so the first four are the ones that every entry has.
    if (key >= kKeys || (i < kKeysAlways && key != i)) {
      return bad_entry("unknown key, or version, kind, time or epoch is missing");
    }
    BM_CHECK(read_field(in, static_cast<Key>(key), entry));
  }
  BM_CHECK(in.finish());
  return entry;
}

}  // namespace

std::span<const EntryKind> all_entry_kinds() {
  return kKinds;
}

std::string_view name(EntryKind kind) {
  const auto* const row = row_of(kind);
  return row == nullptr ? "unknown" : row->name;
}

std::optional<EntryKind> entry_kind_named(std::string_view name) {
  const auto* const row = std::ranges::find(kKindNames, name, &KindName::name);
  return row == kKindNames.end() ? std::nullopt : std::optional{row->kind};
}

Result<Bytes> write_entry(const Entry& entry) {
  BM_CHECK(check(entry));
  const auto batch = entry.batch ? std::optional<std::uint64_t>{entry.batch->get()} : std::nullopt;
  FieldWriter out{count_fields(entry)};
  out.number(Key::version, kVersion)
      .number(Key::kind, static_cast<std::uint64_t>(entry.kind))
      .number(Key::at, static_cast<std::uint64_t>(to_ms(entry.at)))
      .number(Key::epoch, entry.epoch)
      .octets(Key::device, entry.device)
      .octets(Key::serial, entry.serial)
      .number_if(Key::batch, batch)
      .octets(Key::subject_hash, entry.subject_hash)
      .octets(Key::spki_hash, entry.spki_hash)
      .octets(Key::evidence_hash, entry.evidence_hash)
      .text_if(Key::actor, entry.actor)
      .number_if(Key::state_from, number_of(entry.state_from))
      .number_if(Key::state_to, number_of(entry.state_to))
      .text_if(Key::refusal, entry.refusal ? info(*entry.refusal).name : std::string_view{})
      .text_if(Key::reason, entry.reason)
      .number_if(Key::count, entry.count != 0 ? std::optional{entry.count} : std::nullopt);
  return std::move(out).finish();
}

Result<Entry> read_entry(BytesView bytes) {
  if (bytes.empty() || bytes.size() > kEntryMaxBytes) {
    return fail(bytes.empty() ? Code::bad_request : Code::too_large, "audit entry: length");
  }
  constexpr cbor::Limits kLimits{.bytes_max = kEntryMaxBytes, .depth_max = 1, .items_max = 1 + 2 * kKeys};
  cbor::Reader in{bytes, kLimits};
  auto entry = read_fields(in);
  if (!entry) {
    // The reader's own errors speak of evidence, which an audit entry is not.
    auto error = std::move(entry).error();
    if (error.code == Code::bad_evidence) {
      error.code = Code::bad_request;
    }
    return fail(std::move(error));
  }
  BM_CHECK(check(*entry));
  return entry;
}

}  // namespace birthmark::audit
