// SPDX-License-Identifier: Apache-2.0
#include "adapters/log/published_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "adapters/files/posix_files.h"
#include "audit/proof.h"
#include "contract/store_registry.h"
#include "support/comes_true.h"
#include "support/fake_store.h"
#include "support/temp_dir.h"
#include "support/wire_document.h"

namespace birthmark::test {
namespace {

class PublishedLogTest : public testing::Test {
 protected:
  Result<std::unique_ptr<PublishedLog>> open() {
    return PublishedLog::open({.directory = directory_.path(),
                               .files = files_,
                               .faults = faults_,
                               .key = key_.verifier,
                               .sign = [this](BytesView message) -> Result<Bytes> {
                                 ++signatures_;
                                 return sign_ ? key_.signer()(message) : fail(Code::hsm_unavailable, "no token");
                               },
                               .files_behind = files_behind_});
  }
  /// Opened and compared with `store`.
  std::unique_ptr<PublishedLog> started(const app::Store& store) {
    auto log = open().value();
    const auto caught_up = log->catch_up(store);
    EXPECT_TRUE(caught_up) << caught_up.error().detail;
    return log;
  }
  /// Adds entries to the store alone.
  static void grow(FakeStore& store, std::uint32_t count, std::uint32_t salt = 0) {
    EXPECT_TRUE(store.write([&](app::Tx& tx) -> Result<void> {
      for (std::uint32_t i = 0; i < count; ++i) {
        BM_CHECK(tx.audit(sample_entry(i + salt)));
      }
      return {};
    }));
  }
  /// Gives the log what the store has and the log has not.
  static Result<std::string> follow(PublishedLog& log, const FakeStore& store) {
    return log.append(log.size(), store.entries(log.size(), 100'000).value());
  }
  std::string wrong(const FakeStore& store) { return wrong_with(files_, directory_.path(), key_, store); }

  TempDir directory_;
  PosixFiles files_;
  NoFaults faults_;
  LogKey key_ = LogKey::make().value();
  bool sign_ = true;
  int signatures_ = 0;
  std::chrono::milliseconds files_behind_{0};
};

// The worked vector of docs/wire/schema.md.
TEST_F(PublishedLogTest, a_slot_of_the_head_is_as_the_document_shows_it) {
  const LogHead shown{0, text_in_document("log.md", "Checkpoint") + "\n"};
  const auto path = directory_.path() / "head";
  const auto file = HeadFile::open(files_, path).value();
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(file->put(shown));
  }
  const auto content = files_.read(path, 2 * kHeadSlotBytes).value();
  const auto slot = BytesView{content}.last(kHeadSlotBytes);  // sequence number 7 is odd
  const auto begin = in_document("schema.md", "Slot up to the zeros");
  EXPECT_EQ(to_hex(slot.first(begin.size() / 2)), begin);
  EXPECT_EQ(to_hex(slot.last(32)), in_document("schema.md", "Last octets of the slot"));
}

TEST_F(PublishedLogTest, an_empty_log_has_a_checkpoint) {
  const FakeStore store;
  const auto log = started(store);
  const auto opened = audit::open_checkpoint(log->checkpoint(), {.log = key_.verifier});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->checkpoint.size, 0U);
  EXPECT_EQ(opened->checkpoint.root, audit::empty_root());
  EXPECT_EQ(wrong(store), "");
}

TEST_F(PublishedLogTest, nothing_is_appended_before_it_was_compared_with_the_registry) {
  const auto log = open().value();
  EXPECT_EQ(log->append(0, std::vector<Bytes>{{1}}).error().code, Code::unavailable);
}

TEST_F(PublishedLogTest, verifies_after_every_growth_across_tiles_and_bundles) {
  FakeStore store;
  const auto log = started(store);
  std::uint64_t size = 0;
  for (const std::uint32_t count : {1U, 1U, 253U, 1U, 1U, 255U, 256U, 700U, 3U}) {
    grow(store, count, static_cast<std::uint32_t>(size));
    size += count;
    const auto checkpoint = follow(*log, store);
    ASSERT_TRUE(checkpoint) << checkpoint.error().detail;
    EXPECT_EQ(*checkpoint, log->checkpoint());
    EXPECT_EQ(log->size(), size);
    ASSERT_EQ(wrong(store), "") << "at " << size;
  }
}

TEST_F(PublishedLogTest, one_signature_an_append_and_none_for_what_it_has) {
  FakeStore store;
  grow(store, 10);
  const auto log = started(store);
  EXPECT_EQ(signatures_, 1);
  const auto before = log->checkpoint();
  EXPECT_EQ(log->append(4, store.entries(4, 6).value()), before);
  EXPECT_EQ(signatures_, 1);
  grow(store, 2);
  ASSERT_TRUE(log->append(8, store.entries(8, 4).value())) << "the first two are known";
  EXPECT_EQ(log->size(), 12U);
  EXPECT_EQ(wrong(store), "");
  EXPECT_EQ(log->append(13, std::vector<Bytes>{{1}}).error().code, Code::conflict);
}

TEST_F(PublishedLogTest, a_signer_that_fails_leaves_the_log_as_it_was) {
  FakeStore store;
  const auto log = started(store);
  grow(store, 300);
  sign_ = false;
  EXPECT_EQ(follow(*log, store).error().code, Code::hsm_unavailable);
  EXPECT_EQ(log->size(), 0U);
  sign_ = true;
  ASSERT_TRUE(follow(*log, store));
  EXPECT_EQ(wrong(store), "");
}

TEST_F(PublishedLogTest, every_entry_has_a_proof_that_verifies_alone) {
  FakeStore store;
  grow(store, 515);
  const auto log = started(store);
  const auto vkey = key_.verifier.write();
  for (const std::uint64_t index : {0U, 1U, 255U, 256U, 511U, 512U, 514U}) {
    const auto proof = log->proof(index);
    ASSERT_TRUE(proof) << proof.error().detail;
    const auto entry = store.entries(index, 1).value().at(0);
    EXPECT_TRUE(audit::verify_proof(*proof, entry, vkey)) << index;
    EXPECT_FALSE(audit::verify_proof(*proof, store.entries(100, 1).value().at(0), vkey)) << index;
  }
  EXPECT_EQ(log->proof(515).error().code, Code::not_found);
}

TEST_F(PublishedLogTest, a_proof_from_a_tile_that_is_written_anew_leaves_nothing_behind) {
  FakeStore store;
  grow(store, 515);
  ASSERT_TRUE(started(store)) << "its tiles are written, and not synced";
  const auto tile = directory_.path() / "tile/0/000";
  auto content = files_.read(tile, 8192).value();
  ASSERT_EQ(content.size(), 8192U);
  content[200 * 32] ^= 1;
  ASSERT_TRUE(files_.open(tile, OpenMode::update, Visibility::everyone).value()->write_at(0, content));
  const auto log = open().value();
  const auto verified = [&] {
    return audit::verify_proof(log->proof(10).value(), store.entries(10, 1).value().at(0), key_.verifier.write());
  };
  EXPECT_FALSE(verified());
  ASSERT_TRUE(log->catch_up(store));
  EXPECT_TRUE(verified());
}

TEST_F(PublishedLogTest, a_restart_goes_on_where_the_registry_is) {
  FakeStore store;
  grow(store, 300);
  started(store);
  grow(store, 300);  // committed, but the process died before the log heard of it
  const auto log = started(store);
  EXPECT_EQ(log->size(), 600U);
  EXPECT_EQ(wrong(store), "");
  const auto before = signatures_;
  started(store);
  EXPECT_EQ(signatures_, before) << "nothing new to sign";
}

TEST_F(PublishedLogTest, a_registry_with_fewer_entries_than_were_published_is_refused) {  // AC-28
  FakeStore store;
  grow(store, 20);
  started(store);
  FakeStore restored;
  grow(restored, 19);
  const auto log = open().value();
  EXPECT_EQ(log->catch_up(restored).error().code, Code::behind_checkpoint);
  EXPECT_EQ(log->append(20, std::vector<Bytes>{{1}}).error().code, Code::unavailable);
  EXPECT_EQ(wrong(store), "") << "what was published stands";
}

TEST_F(PublishedLogTest, a_registry_with_other_entries_is_refused_and_nothing_is_overwritten) {  // AC-28
  FakeStore store;
  grow(store, 300);
  started(store);
  for (const std::uint32_t same : {0U, 255U, 299U}) {
    FakeStore forged;
    grow(forged, same);
    grow(forged, 400 - same, 9000);
    EXPECT_EQ(open().value()->catch_up(forged).error().code, Code::behind_checkpoint) << same;
    EXPECT_EQ(wrong(store), "") << same;
  }
}

TEST_F(PublishedLogTest, lost_tiles_are_made_again_from_the_registry) {
  FakeStore store;
  grow(store, 700);
  ASSERT_EQ(started(store)->make_durable().value(), 512U);
  std::filesystem::remove_all(directory_ / "tile");
  std::filesystem::remove(directory_ / "checkpoint");
  started(store);
  EXPECT_EQ(wrong(store), "");
  std::filesystem::remove(directory_ / "tile/0/001");
  const auto log = started(store);
  EXPECT_EQ(wrong(store), "");
  EXPECT_EQ(log->durable_size(), 0U) << "what was made again has to be synced again";
}

TEST_F(PublishedLogTest, full_bundles_become_durable_and_their_partial_ones_go) {
  FakeStore store;
  const auto log = started(store);
  for (int i = 0; i < 3; ++i) {
    grow(store, 100);
    ASSERT_TRUE(follow(*log, store));
  }
  EXPECT_EQ(log->durable_size(), 0U);
  EXPECT_TRUE(files_.exists(directory_ / "tile/entries/000.p/100").value());
  EXPECT_EQ(log->make_durable().value(), 256U);
  EXPECT_FALSE(files_.exists(directory_ / "tile/entries/000.p/100").value());
  EXPECT_TRUE(files_.exists(directory_ / "tile/entries/001.p/44").value());
  EXPECT_EQ(wrong(store), "");
  EXPECT_EQ(open().value()->durable_size(), 256U) << "it is remembered";
}

TEST_F(PublishedLogTest, what_is_given_out_is_the_newest_while_the_files_are_behind) {
  files_behind_ = std::chrono::hours{1};
  FakeStore store;
  grow(store, 10);
  const auto log = started(store);
  const auto in_files = [&] { return files_.read(directory_ / "checkpoint", 1UL << 16).value(); };
  const auto first = in_files();
  grow(store, 260, 10);
  ASSERT_TRUE(follow(*log, store));
  EXPECT_EQ(in_files(), first);
  EXPECT_FALSE(files_.exists(directory_ / "tile/entries/000").value());
  for (const auto& [width, index] : {std::pair{256U, 0U}, std::pair{14U, 1U}, std::pair{3U, 1U}}) {
    const auto bundle = log->read({.kind = audit::TileKind::entries, .index = index, .width = width});
    ASSERT_TRUE(bundle) << width;
    EXPECT_EQ(audit::read_entry_bundle(*bundle, width)->size(), width);
    const auto hashes = log->read({.index = index, .width = width});
    ASSERT_TRUE(hashes) << width;
    EXPECT_EQ(audit::read_hash_tile(*hashes, width)->size(), width);
  }
  EXPECT_EQ(log->read({.index = 1, .width = 15}).error().code, Code::not_found);
  for (const std::uint64_t index : {0U, 200U, 269U}) {
    EXPECT_TRUE(
        audit::verify_proof(log->proof(index).value(), store.entries(index, 1).value().at(0), key_.verifier.write()));
  }
}

TEST_F(PublishedLogTest, files_that_are_behind_come_with_the_sync_and_with_the_end) {
  files_behind_ = std::chrono::hours{1};
  FakeStore store;
  {
    const auto log = started(store);
    grow(store, 300);
    ASSERT_TRUE(follow(*log, store));
    EXPECT_EQ(log->make_durable(), 256U);
    EXPECT_EQ(wrong(store), "");
    grow(store, 3);
    ASSERT_TRUE(follow(*log, store));
    EXPECT_NE(wrong(store), "");
  }
  EXPECT_EQ(wrong(store), "");
}

TEST_F(PublishedLogTest, files_that_are_behind_follow_by_themselves) {
  files_behind_ = std::chrono::milliseconds{1};
  FakeStore store;
  const auto log = started(store);
  for (std::uint32_t i = 0; i < 5; ++i) {
    grow(store, 100, i);
    ASSERT_TRUE(follow(*log, store));
    EXPECT_TRUE(comes_true([&] { return wrong(store).empty(); })) << wrong(store);
  }
}

TEST_F(PublishedLogTest, a_directory_that_took_no_files_takes_no_more_entries_until_it_does) {
  files_behind_ = std::chrono::hours{1};
  FakeStore store;
  grow(store, 10);
  const auto log = started(store);
  std::filesystem::rename(directory_ / "tile", directory_ / "away");
  std::ofstream{directory_ / "tile"} << "in the way";
  grow(store, 300);
  ASSERT_TRUE(follow(*log, store));
  EXPECT_EQ(log->make_durable().error().code, Code::storage);
  grow(store, 1);
  EXPECT_EQ(follow(*log, store).error().code, Code::storage);
  std::filesystem::remove(directory_ / "tile");
  std::filesystem::rename(directory_ / "away", directory_ / "tile");
  ASSERT_TRUE(follow(*log, store));
  EXPECT_EQ(log->make_durable(), 256U);
  EXPECT_EQ(wrong(store), "");
}

TEST_F(PublishedLogTest, a_checkpoint_of_another_key_is_refused) {
  const FakeStore store;
  started(store);
  key_ = LogKey::make().value();
  EXPECT_EQ(open().error().code, Code::bad_evidence);
}

TEST_F(PublishedLogTest, a_head_that_is_lost_or_damaged_stops_the_start) {
  FakeStore store;
  grow(store, 3);
  {
    const auto log = started(store);
    grow(store, 1);
    ASSERT_TRUE(follow(*log, store));
  }
  const auto head = files_.read(directory_ / "head", 1UL << 16).value();
  const auto put = [&](const Bytes& bytes) {
    ASSERT_TRUE(files_.open(directory_ / "head", OpenMode::replace).value()->write_at(0, bytes));
  };
  auto one_torn = head;  // slot 0 holds the second head: the first one is found
  one_torn[100] ^= 1U;
  put(one_torn);
  EXPECT_EQ(open().value()->size(), 3U);
  auto both_torn = one_torn;
  both_torn[kHeadSlotBytes + 100] ^= 1U;
  put(both_torn);
  EXPECT_EQ(open().error().code, Code::storage);
  std::filesystem::remove(directory_ / "head");
  EXPECT_EQ(open().error().code, Code::storage) << "a checkpoint was given out";
}

}  // namespace
}  // namespace birthmark::test
