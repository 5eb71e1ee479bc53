// SPDX-License-Identifier: Apache-2.0
#include "audit/entry.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>
#include <set>

#include "codec/cbor.h"
#include "memory_log.h"

namespace birthmark::audit {
namespace {

using testing::must;

template <std::size_t N>
Octets<N> filled(std::uint8_t value) {
  Octets<N> out;
  out.fill(value);
  return out;
}

// Every field set, every text at its bound.
Entry full_entry(EntryKind kind = EntryKind::transition) {
  Entry entry{.kind = kind, .at = kNoEnd, .epoch = ~std::uint64_t{0}};
  entry.device = DeviceId{filled<32>(1)};
  entry.serial = Serial{filled<16>(2)};
  entry.batch = BatchId{0xFFFFFFFF};
  entry.subject_hash = Digest{filled<32>(3)};
  entry.spki_hash = Digest{filled<32>(4)};
  entry.evidence_hash = Digest{filled<32>(5)};
  entry.actor = "operator:" + std::string(kActorMaxBytes - 9, 'x');
  entry.state_from = std::uint8_t{3};
  entry.state_to = std::uint8_t{4};
  entry.refusal = Code::second_person_required;
  entry.reason = std::string(kReasonMaxBytes, 'y');
  entry.count = ~std::uint64_t{0};
  return entry;
}

Entry small_entry(EntryKind kind = EntryKind::incident) {
  return {.kind = kind, .at = from_ms(0)};
}

template <class T>
rc::Gen<std::optional<T>> maybe(rc::Gen<T> gen) {
  return rc::gen::oneOf(rc::gen::just(std::optional<T>{}),
                        rc::gen::map(std::move(gen), [](T value) { return std::optional<T>{std::move(value)}; }));
}
template <class Id, std::size_t N>
rc::Gen<std::optional<Id>> maybe_id() {
  return maybe<Id>(
      rc::gen::map(rc::gen::arbitrary<std::array<std::uint8_t, N>>(), [](const auto& b) { return Id{b}; }));
}

Entry any_entry() {
  Entry entry;
  entry.kind = *rc::gen::elementOf(std::vector<EntryKind>(all_entry_kinds().begin(), all_entry_kinds().end()));
  entry.at = from_ms(*rc::gen::inRange<std::int64_t>(0, to_ms(kNoEnd) + 1));
  entry.epoch = *rc::gen::arbitrary<std::uint64_t>();
  entry.device = *maybe_id<DeviceId, 32>();
  entry.serial = *maybe_id<Serial, 16>();
  entry.batch = *maybe<BatchId>(rc::gen::map(rc::gen::arbitrary<std::uint32_t>(), [](auto b) { return BatchId{b}; }));
  entry.subject_hash = *maybe_id<Digest, 32>();
  entry.spki_hash = *maybe_id<Digest, 32>();
  entry.evidence_hash = *maybe_id<Digest, 32>();
  const auto words = *rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~'));
  entry.reason = words.substr(0, kReasonMaxBytes);
  entry.actor = *rc::gen::element<std::string>("", "gate:g1", "operator:Zoë");
  if (*rc::gen::arbitrary<bool>()) {
    entry.state_from = *rc::gen::inRange<std::uint8_t>(0, 7);
    entry.state_to = *rc::gen::inRange<std::uint8_t>(0, 7);
  }
  entry.refusal = *maybe<Code>(rc::gen::map(rc::gen::inRange<std::size_t>(0, all_codes().size()),
                                            [](std::size_t i) { return all_codes()[i].code; }));
  entry.count = *rc::gen::arbitrary<std::uint64_t>();
  return entry;
}

TEST(Entry, what_is_written_is_read_back) {
  ASSERT_TRUE(rc::check([] {
    const auto entry = any_entry();
    const auto bytes = write_entry(entry);
    RC_PRE(bytes.has_value());
    RC_ASSERT(bytes->size() <= kEntryMaxBytes);
    RC_ASSERT(must(read_entry(*bytes)) == entry);
    RC_ASSERT(must(write_entry(must(read_entry(*bytes)))) == *bytes);
  }));
}

TEST(Entry, the_largest_entry_stays_within_its_bound) {
  for (const auto kind : all_entry_kinds()) {
    const auto bytes = must(write_entry(full_entry(kind)));
    EXPECT_LE(bytes.size(), kEntryMaxBytes);
    EXPECT_EQ(must(read_entry(bytes)), full_entry(kind));
  }
}

TEST(Entry, its_bytes_are_fixed) {
  EXPECT_EQ(to_hex(must(write_entry(small_entry()))),
            "a4"
            "0001"
            "0114"
            "0200"
            "0300");
  auto entry = small_entry(EntryKind::refusals_aggregated);
  entry.refusal = Code::nonce_used;
  entry.count = 300;
  EXPECT_EQ(to_hex(must(write_entry(entry))),
            "a6"
            "0001"
            "010d"
            "0200"
            "0300"
            "0d6a6e6f6e63655f75736564"
            "0f19012c");
}

TEST(Entry, every_kind_has_one_name_and_one_number) {
  std::set<std::string_view> names;
  std::uint8_t number = 0;
  for (const auto kind : all_entry_kinds()) {
    EXPECT_EQ(static_cast<std::uint8_t>(kind), ++number);
    EXPECT_EQ(entry_kind_named(name(kind)), kind);
    EXPECT_TRUE(names.insert(name(kind)).second);
  }
  EXPECT_EQ(names.size(), 21U);
  EXPECT_FALSE(entry_kind_named(""));
  EXPECT_FALSE(entry_kind_named("Transition"));
  EXPECT_EQ(name(static_cast<EntryKind>(0)), "unknown");
  EXPECT_FALSE(entry_kind_named("unknown"));
}

struct BadField {
  const char* name;
  std::function<void(Entry&)> spoil;
  Code code = Code::bad_request;
};
const BadField kBadFields[] = {
    {"kind_0", [](Entry& e) { e.kind = static_cast<EntryKind>(0); }},
    {"kind_22", [](Entry& e) { e.kind = static_cast<EntryKind>(22); }},
    {"before_1970", [](Entry& e) { e.at = from_ms(-1); }},
    {"after_9999", [](Entry& e) { e.at = kNoEnd + std::chrono::milliseconds{1}; }},
    {"state_7", [](Entry& e) { e.state_to = std::uint8_t{7}; }},
    {"state_from_7", [](Entry& e) { e.state_from = std::uint8_t{7}; }},
    {"one_state", [](Entry& e) { e.state_from.reset(); }},
    {"other_state", [](Entry& e) { e.state_to.reset(); }},
    {"actor_without_role", [](Entry& e) { e.actor = "alice"; }},
    {"actor_with_empty_role", [](Entry& e) { e.actor = ":alice"; }},
    {"actor_without_name", [](Entry& e) { e.actor = "operator:"; }},
    {"actor_too_long", [](Entry& e) { e.actor += "x"; }, Code::too_large},
    {"actor_with_newline", [](Entry& e) { e.actor = "operator:a\nb"; }},
    {"reason_too_long", [](Entry& e) { e.reason += "x"; }, Code::too_large},
    {"reason_no_utf8", [](Entry& e) { e.reason = "\xFF"; }},
    {"reason_with_escape", [](Entry& e) { e.reason = "\x1B[2J"; }},
};

TEST(Entry, a_field_out_of_range_is_not_written) {
  for (const auto& test : kBadFields) {
    auto entry = full_entry();
    test.spoil(entry);
    const auto bytes = write_entry(entry);
    ASSERT_FALSE(bytes) << test.name;
    EXPECT_EQ(bytes.error().code, test.code) << test.name;
  }
}

TEST(Entry, what_a_kind_needs_must_be_there) {
  const std::map<EntryKind, std::vector<std::function<void(Entry&)>>> needed{
      {EntryKind::batch_opened, {[](Entry& e) { e.batch.reset(); }}},
      {EntryKind::batch_sealed, {[](Entry& e) { e.batch.reset(); }}},
      {EntryKind::intent_recorded, {[](Entry& e) { e.serial.reset(); }}},
      {EntryKind::certificate_registered, {[](Entry& e) { e.serial.reset(); }}},
      {EntryKind::intent_orphaned, {[](Entry& e) { e.serial.reset(); }}},
      {EntryKind::transition,
       {[](Entry& e) { e.device.reset(); },
        [](Entry& e) {
          e.state_from.reset();
          e.state_to.reset();
        }}},
      {EntryKind::refusal, {[](Entry& e) { e.refusal.reset(); }}},
      {EntryKind::refusals_aggregated, {[](Entry& e) { e.refusal.reset(); }, [](Entry& e) { e.count = 0; }}},
  };
  for (const auto kind : all_entry_kinds()) {
    const auto rules = needed.find(kind);
    EXPECT_EQ(write_entry(small_entry(kind)).has_value(), rules == needed.end()) << name(kind);
    if (rules == needed.end()) {
      continue;
    }
    for (const auto& remove : rules->second) {
      auto entry = full_entry(kind);
      remove(entry);
      EXPECT_FALSE(write_entry(entry)) << name(kind);
    }
  }
}

struct BadBytes {
  const char* name;
  const char* hex;
};
const BadBytes kBadBytes[] = {
    {"empty", ""},
    {"not_a_map", "8400011402"},
    {"empty_map", "a0"},
    {"version_2", "a40002011402000300"},
    {"version_0", "a40000011402000300"},
    {"kind_0", "a40001010002000300"},
    {"kind_22", "a40001011602000300"},
    {"kind_276_wraps_to_incident",
     "a40001011901140200"
     "0300"},
    {"no_epoch", "a3000101140200"},
    {"no_epoch_but_four",
     "a4000101140200"
     "0601"},
    {"no_version",
     "a4011402000300"
     "0601"},
    {"keys_out_of_order", "a40001020001140300"},
    {"key_twice", "a40001011402000200"},
    {"duplicate_key", "a500010114020003000300"},
    {"unknown_key",
     "a5000101140200030010"
     "00"},
    {"text_key",
     "a50001011402000300"
     "6161"
     "00"},
    {"negative_key",
     "a5000101140200030020"
     "00"},
    {"negative_time", "a40001011402200300"},
    {"time_after_9999",
     "a4000101140"
     "21b0000e677d21fdc19"
     "0300"},
    {"long_head", "a4000101140218000300"},
    {"indefinite_map", "bf0001011402000300ff"},
    {"trailing_byte", "a4000101140200030000"},
    {"short_device",
     "a50001011402000300"
     "0441aa"},
    {"device_as_text",
     "a50001011402000300"
     "0461"
     "61"},
    {"batch_above_32_bits",
     "a50001011402000300"
     "061b0000000100000000"},
    {"empty_actor",
     "a50001011402000300"
     "0a60"},
    {"empty_reason",
     "a50001011402000300"
     "0e60"},
    {"count_0",
     "a50001011402000300"
     "0f00"},
    {"unknown_refusal",
     "a50001011402000300"
     "0d6161"},
    {"actor_without_role",
     "a50001011402000300"
     "0a6161"},
    {"reason_with_newline",
     "a50001011402000300"
     "0e610a"},
    {"one_state",
     "a50001011402000300"
     "0b00"},
    {"state_7",
     "a60001011402000300"
     "0b000c07"},
    {"tagged", "c1a40001011402000300"},
    {"float_time",
     "a4000101140"
     "2f93c00"
     "0300"},
    {"refusal_without_code", "a40001010c02000300"},
    {"aggregate_without_count",
     "a50001010d02000300"
     "0d6a6e6f6e63655f75736564"},
};

TEST(Entry, other_bytes_are_refused) {
  ASSERT_TRUE(read_entry(*from_hex("a40001011402000300"))) << "the base of the table";
  for (const auto& test : kBadBytes) {
    const auto bytes = from_hex(test.hex);
    ASSERT_TRUE(bytes) << test.name << ": the table's own hex";
    const auto entry = read_entry(*bytes);
    ASSERT_FALSE(entry) << test.name;
    EXPECT_EQ(entry.error().code, Code::bad_request) << test.name << ": " << entry.error().detail;
  }
}

TEST(Entry, length_is_bounded_before_anything_is_read) {
  EXPECT_EQ(read_entry(Bytes(kEntryMaxBytes + 1)).error().code, Code::too_large);
  EXPECT_EQ(read_entry({}).error().code, Code::bad_request);
}

TEST(Entry, every_truncation_is_refused) {
  const auto bytes = must(write_entry(full_entry()));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read_entry(BytesView{bytes}.first(size))) << size;
  }
}

TEST(Entry, bytes_have_one_reading) {
  const auto bytes = must(write_entry(full_entry()));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int change : {0x01, 0x20, 0x80, 0xFF}) {
      auto other = bytes;
      other[i] = static_cast<std::uint8_t>(other[i] ^ change);
      if (const auto entry = read_entry(other)) {
        EXPECT_EQ(must(write_entry(*entry)), other) << i;
        EXPECT_NE(*entry, full_entry()) << i;
      }
    }
  }
}

}  // namespace
}  // namespace birthmark::audit
