// SPDX-License-Identifier: Apache-2.0
// The worked vectors of docs/wire/log.md, and its table of kinds; tests/vectors/wire computes the vectors from the
// page.
#include <gtest/gtest.h>

#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/merkle.h"
#include "crypto/hash.h"
#include "memory_log.h"
#include "support/wire_document.h"

namespace birthmark::audit {
namespace {

using testing::must;

Bytes shown(const std::string& name) {
  return from_hex(test::in_document("log.md", name)).value();
}
const Instant kAt = *from_rfc3339("2026-11-23T10:00:00Z");

Entry transition() {
  return {.kind = EntryKind::transition,
          .at = kAt,
          .epoch = 3,
          .device = DeviceId{*octets<32>(*from_hex(test::in_document("evidence.md", "DeviceId")))},
          .actor = "station:cage-2",
          .state_from = 0,
          .state_to = 1,
          .reason = "seal"};
}
Entry refusal() {
  return {.kind = EntryKind::refusal,
          .at = kAt + std::chrono::milliseconds{5},
          .epoch = 3,
          .subject_hash = crypto::sha256(*from_hex(test::in_document("evidence.md", "Public identity"))),
          .actor = "peer:192.0.2.7",
          .refusal = Code::nonce_used,
          .reason = "/v1/provision/evidence this challenge is not open"};
}

TEST(LogVectors, entries) {
  EXPECT_EQ(must(write_entry(transition())), shown("Transition"));
  EXPECT_EQ(must(read_entry(shown("Transition"))), transition());
  EXPECT_EQ(must(write_entry(refusal())), shown("Refusal"));
  EXPECT_EQ(must(read_entry(shown("Refusal"))), refusal());
}

TEST(LogVectors, tree_and_checkpoint) {
  EXPECT_EQ(to_bytes(leaf_hash(shown("Transition")).get()), shown("Leaf of the transition"));
  Tree tree;
  for (const auto* const name : {"Transition", "Refusal"}) {
    tree.append(leaf_hash(shown(name)));
  }
  EXPECT_EQ(to_bytes(tree.root().get()), shown("Root of both"));
  const auto key = must(VerifierKey::read(test::text_in_document("log.md", "Verifier key")));
  const auto note = test::text_in_document("log.md", "Checkpoint") + "\n";
  const auto opened = must(open_checkpoint(note, {.log = key}));
  EXPECT_EQ(opened.checkpoint, (Checkpoint{key.name(), 2, tree.root(), {}}));
  EXPECT_EQ(write_note(must(read_note(note))), note);
}

// An enumerator without a name could be given, and no entry of it written: only its declaration knows of it.
TEST(LogPage, every_enumerator_of_the_header_has_its_name) {
  std::ifstream in{test::source_dir() / "src/audit/entry.h"};
  const std::string header{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  const std::regex enumerator{"\n  (\\w+) = (\\d+),"};
  std::size_t found = 0;
  for (std::sregex_iterator at{header.begin(), header.end(), enumerator}, end; at != end; ++at, ++found) {
    EXPECT_EQ(name(static_cast<EntryKind>(std::stoi((*at)[2]))), (*at)[1].str());
  }
  EXPECT_EQ(found, all_entry_kinds().size());
}

TEST(LogPage, names_every_kind_with_its_number) {
  const auto page = test::document("log.md");
  for (const auto kind : all_entry_kinds()) {
    const auto row = "| " + std::to_string(static_cast<unsigned>(kind)) + " | `" + std::string{name(kind)} + "` | ";
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace birthmark::audit
