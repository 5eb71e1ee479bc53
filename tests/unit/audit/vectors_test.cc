// SPDX-License-Identifier: Apache-2.0
// Other implementations' test data, where it lies beside the repository; its SOURCE.txt says whose.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "audit/log_check.h"
#include "codec/base64.h"
#include "crypto/hash.h"
#include "memory_log.h"
#include "support/paths.h"

namespace birthmark::audit {
namespace {

using testing::must;

const std::filesystem::path kFolder = test::shared_vectors() / "tlog";

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string trimmed(std::string text) {
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  return text;
}

class TlogVectors : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kFolder)) {
      GTEST_SKIP() << "no test data at " << kFolder;
    }
  }
};

Bytes bytes_of(const boost::json::value& value) {
  return must(base64::decode(std::string_view{value.as_string()}, 1024));
}

// Some cases compare roots that are no SHA-256 values: a hash that nothing else has stands for them.
Digest digest_of(const boost::json::value& value) {
  const auto bytes = bytes_of(value);
  const auto exact = octets<32>(bytes);
  return exact ? Digest{*exact} : crypto::sha256({as_bytes("stand-in"), bytes});
}

std::vector<Digest> path_of_case(const boost::json::value& value) {
  std::vector<Digest> path;
  if (value.is_array()) {
    for (const auto& hash : value.as_array()) {
      path.push_back(digest_of(hash));
    }
  }
  return path;
}

TEST_F(TlogVectors, inclusion) {  // RFC 9162 §2.1.3.2
  const auto cases = boost::json::parse(text_of(kFolder / "rfc6962-inclusion.json")).as_array();
  EXPECT_EQ(cases.size(), 98U);
  for (const auto& test : cases) {
    // An empty root or leaf, which the check would have to refuse, does not even fit its type here.
    if (bytes_of(test.at("root")).empty() || bytes_of(test.at("leafHash")).empty()) {
      EXPECT_TRUE(test.at("wantErr").as_bool()) << test.at("name");
      continue;
    }
    const auto verdict =
        verify_inclusion(boost::json::value_to<std::uint64_t>(test.at("leafIdx")),
                         boost::json::value_to<std::uint64_t>(test.at("treeSize")), digest_of(test.at("leafHash")),
                         path_of_case(test.at("proof")), digest_of(test.at("root")));
    EXPECT_EQ(!verdict, test.at("wantErr").as_bool()) << test.at("name");
  }
}

TEST_F(TlogVectors, consistency) {  // RFC 9162 §2.1.4.2
  const auto cases = boost::json::parse(text_of(kFolder / "rfc6962-consistency.json")).as_array();
  EXPECT_EQ(cases.size(), 98U);
  for (const auto& test : cases) {
    const auto verdict = verify_consistency(
        boost::json::value_to<std::uint64_t>(test.at("size1")), boost::json::value_to<std::uint64_t>(test.at("size2")),
        path_of_case(test.at("proof")), digest_of(test.at("root1")), digest_of(test.at("root2")));
    EXPECT_EQ(!verdict, test.at("wantErr").as_bool()) << test.at("name");
  }
}

class FolderLog : public LogSource {
 public:
  std::string checkpoint_name = "checkpoint";
  std::filesystem::path root = kFolder / "tessera-log";

  Result<std::string> checkpoint() override { return text_of(root / checkpoint_name); }
  Result<Bytes> tile(const TileName& name) override {
    if (!std::filesystem::exists(root / audit::path_of(name))) {
      return fail(Code::not_found, audit::path_of(name));
    }
    return to_bytes(as_bytes(text_of(root / audit::path_of(name))));
  }
};

TEST_F(TlogVectors, another_implementations_log_verifies_at_each_of_its_sizes) {
  FolderLog log;
  const auto key = must(VerifierKey::read(trimmed(text_of(log.root / "log.vkey"))));
  EXPECT_EQ(key.write(), trimmed(text_of(log.root / "log.vkey")));
  std::vector<Checkpoint> heads;
  for (int size = 0; size <= 15; ++size) {
    log.checkpoint_name = "checkpoint." + std::to_string(size);
    const auto report = must(verify_log(log, {{key}, heads}));
    ASSERT_TRUE(report.sound()) << size << ": " << report.finding->words;
    EXPECT_EQ(report.head.size, static_cast<std::uint64_t>(size));
    heads.push_back(report.head);
  }
  log.checkpoint_name = "checkpoint";
  EXPECT_TRUE(must(verify_log(log, {{key}, heads})).sound());
  TileHashes tiles{15, [&](const TileName& name) { return log.tile(name); }};
  for (const auto& older : heads) {
    EXPECT_TRUE(verify_extends(older, heads.back(), tiles.reader())) << older.size;
  }
}

TEST_F(TlogVectors, the_specifications_own_note_verifies) {
  const auto key = must(VerifierKey::read(trimmed(text_of(kFolder / "c2sp-signed-note.vkey"))));
  const auto text = text_of(kFolder / "c2sp-signed-note.txt");
  const auto note = must(read_note(text));
  EXPECT_EQ(write_note(note), text);
  ASSERT_EQ(note.signatures.size(), 1U);
  EXPECT_EQ(note.signatures[0].key_id, key.id());
  EXPECT_TRUE(key.key().verify(crypto::SignatureScheme::ed25519, as_bytes(note.text), note.signatures[0].signature));
  EXPECT_FALSE(open_checkpoint(text, {key})) << "a note is not yet a checkpoint";
}

TEST_F(TlogVectors, the_specifications_cosigned_checkpoint_is_read) {
  const auto text = text_of(kFolder / "c2sp-cosigned-checkpoint.txt");
  const auto note = must(read_note(text));
  EXPECT_EQ(write_note(note), text);
  EXPECT_EQ(must(read_checkpoint(note.text)).size, 20'852'163U);
  ASSERT_EQ(note.signatures.size(), 2U);
  EXPECT_EQ(note.signatures[0].signature.size(), 64U);
  EXPECT_EQ(note.signatures[1].signature.size(), 72U);
}

}  // namespace
}  // namespace birthmark::audit
