// SPDX-License-Identifier: Apache-2.0
#include "adapters/signer/file_signer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <future>
#include <utility>

#include "adapters/files/posix_files.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

using app::KeyUse;
using crypto::KeyType;

/// Does something, once, at a step of somebody else's, as if the disk took its time there.
class SlowFiles final : public PosixFiles {
 public:
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode, Visibility visibility) override {
    auto file = PosixFiles::open(path, mode, visibility);
    if (mode == OpenMode::read) {
      std::exchange(while_reading, [] {})();
    }
    return file;
  }
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    std::exchange(before_renaming, [] {})();
    return PosixFiles::rename(from, to);
  }
  Result<void> remove(const std::filesystem::path& path) override {
    std::exchange(while_removing, [] {})();
    return PosixFiles::remove(path);
  }
  std::function<void()> while_reading = [] {}, before_renaming = [] {}, while_removing = [] {};
};

class FileSignerTest : public testing::Test {
 protected:
  std::unique_ptr<FileSigner> open(const std::string& passphrase = "correct horse") {
    return open_on(files_, passphrase);
  }
  std::unique_ptr<FileSigner> open_on(Files& files, const std::string& passphrase = "correct horse") {
    return FileSigner::open(files, directory_.path(), Secret{to_bytes(as_bytes(passphrase))}).value();
  }
  static Result<Bytes> sign(FileSigner& signer, const std::string& key, std::uint64_t epoch = 1,
                            KeyUse use = KeyUse::certificates) {
    static const Bytes message{1, 2, 3};
    return signer.sign({.key = key, .use = use, .epoch = Epoch{epoch}, .message = message, .profile_hash = {}});
  }
  static constexpr Epoch kEpoch{1};
  template <class T>
  static Code code_of(const Result<T>& result) {
    return result ? Code::bad_request : result.error().code;
  }

  TempDir directory_;
  PosixFiles files_;
};

TEST_F(FileSignerTest, signs_with_a_key_that_it_made_also_after_a_restart) {
  const Bytes message{1, 2, 3};
  const auto made = open()->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch).value();
  const auto signer = open();
  const auto signature = sign(*signer, "ca-1");
  ASSERT_TRUE(signature) << signature.error().detail;
  EXPECT_TRUE(made.verify(crypto::SignatureScheme::ecdsa_sha256, message, *signature));
  EXPECT_EQ(signer->public_key("ca-1")->spki_sha256(), made.spki_sha256());
}

TEST_F(FileSignerTest, making_a_key_again_finds_the_same_one) {
  const auto signer = open();
  const auto first = signer->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch).value();
  EXPECT_EQ(signer->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch)->spki_sha256(), first.spki_sha256());
}

TEST_F(FileSignerTest, AC15_a_key_has_one_use_and_one_type) {
  const auto signer = open();
  ASSERT_TRUE(signer->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch));
  EXPECT_EQ(code_of(signer->create("ca-1", KeyUse::receipts, KeyType::p256, kEpoch)), Code::key_attributes);
  EXPECT_EQ(code_of(signer->create("ca-1", KeyUse::certificates, KeyType::ed25519, kEpoch)), Code::key_attributes);
  EXPECT_EQ(code_of(sign(*signer, "ca-1", 1, KeyUse::receipts)), Code::scope);
}

TEST_F(FileSignerTest, AC31_an_older_epoch_stays_fenced_after_a_restart) {
  ASSERT_TRUE(open()->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch));
  {
    const auto signer = open();
    EXPECT_TRUE(sign(*signer, "ca-1", 5));
    EXPECT_EQ(code_of(sign(*signer, "ca-1", 4)), Code::fenced);
    EXPECT_TRUE(sign(*signer, "ca-1", 5));
  }
  const auto signer = open();
  EXPECT_EQ(code_of(sign(*signer, "ca-1", 4)), Code::fenced);
  EXPECT_TRUE(sign(*signer, "ca-1", 6));
}

TEST_F(FileSignerTest, AC31_a_paused_writer_is_fenced_by_another_process) {
  const auto paused = open();
  ASSERT_TRUE(paused->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch));
  for (int i = 0; i < 3; ++i) {  // until it goes by what it remembers
    EXPECT_TRUE(sign(*paused, "ca-1", 5));
  }
  EXPECT_TRUE(sign(*open(), "ca-1", 6));
  EXPECT_EQ(code_of(sign(*paused, "ca-1", 5)), Code::fenced);
}

TEST_F(FileSignerTest, AC31_a_paused_writer_makes_and_destroys_nothing) {
  const auto paused = open();
  ASSERT_TRUE(open()->create("ca-1", KeyUse::certificates, KeyType::p256, Epoch{2}));
  EXPECT_EQ(code_of(paused->create("ca-2", KeyUse::certificates, KeyType::p256, kEpoch)), Code::fenced);
  EXPECT_EQ(code_of(paused->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch)), Code::fenced);
  EXPECT_EQ(code_of(paused->destroy("ca-1", kEpoch)), Code::fenced);
  EXPECT_TRUE(sign(*open(), "ca-1", 2));
}

TEST_F(FileSignerTest, two_processes_never_make_two_keys_by_one_name) {
  const auto lock = files_.lock(directory_ / "making");
  ASSERT_TRUE(lock);
  EXPECT_EQ(code_of(open()->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch)), Code::unavailable);
  EXPECT_EQ(code_of(open()->public_key("ca-1")), Code::not_found);
}

TEST_F(FileSignerTest, the_other_keys_sign_while_a_key_file_is_being_removed) {
  using namespace std::chrono_literals;
  SlowFiles files;
  const auto signer = open_on(files);
  for (const auto* const key : {"old", "other"}) {
    ASSERT_TRUE(signer->create(key, KeyUse::certificates, KeyType::p256, kEpoch));
  }
  std::future<Result<Bytes>> other, old;
  files.while_removing = [&] {
    other = std::async(std::launch::async, [&] { return sign(*signer, "other"); });
    EXPECT_EQ(other.wait_for(30s), std::future_status::ready);
    old = std::async(std::launch::async, [&] { return sign(*signer, "old"); });
    EXPECT_EQ(old.wait_for(30s), std::future_status::ready);
  };
  ASSERT_TRUE(signer->destroy("old", kEpoch));
  EXPECT_TRUE(other.get());
  EXPECT_EQ(code_of(old.get()), Code::not_found);
}

TEST_F(FileSignerTest, no_other_process_makes_a_key_while_one_by_its_name_is_being_removed) {
  SlowFiles files;
  const auto signer = open_on(files);
  const auto first = signer->create("k", KeyUse::certificates, KeyType::p256, kEpoch).value();
  files.while_removing = [&] {
    EXPECT_EQ(code_of(open()->create("k", KeyUse::certificates, KeyType::p256, kEpoch)), Code::unavailable);
  };
  ASSERT_TRUE(signer->destroy("k", kEpoch));
  const auto second = open()->create("k", KeyUse::certificates, KeyType::p256, kEpoch);
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_NE(second->spki_sha256(), first.spki_sha256());
  EXPECT_EQ(open()->public_key("k")->spki_sha256(), second->spki_sha256());
}

TEST_F(FileSignerTest, a_slow_load_of_a_destroyed_key_does_not_bring_it_back) {
  const auto first = open()->create("k", KeyUse::certificates, KeyType::p256, kEpoch).value();
  SlowFiles files;
  const auto signer = open_on(files);
  std::promise<void> about_to_be_there, loaded;
  std::future<Result<crypto::PublicKey>> second;
  files.while_reading = [&] {  // the first key's file is open: it is destroyed, and all but there anew
    ASSERT_TRUE(signer->destroy("k", kEpoch));
    files.before_renaming = [&] {
      about_to_be_there.set_value();
      loaded.get_future().wait();
    };
    second = std::async(std::launch::async,
                        [&] { return signer->create("k", KeyUse::certificates, KeyType::p256, kEpoch); });
    about_to_be_there.get_future().wait();
  };
  EXPECT_EQ(code_of(signer->public_key("k")), Code::not_found);
  loaded.set_value();
  const auto made = second.get();
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_NE(made->spki_sha256(), first.spki_sha256());
  EXPECT_EQ(signer->public_key("k")->spki_sha256(), made->spki_sha256());
  EXPECT_EQ(open()->public_key("k")->spki_sha256(), made->spki_sha256());
}

TEST_F(FileSignerTest, a_destroyed_key_is_gone_for_ever_and_destroying_it_again_is_no_error) {
  const auto signer = open();
  ASSERT_TRUE(signer->create("batch", KeyUse::certificates, KeyType::p256, kEpoch));
  ASSERT_TRUE(signer->destroy("batch", kEpoch));
  EXPECT_EQ(code_of(sign(*signer, "batch")), Code::not_found);
  EXPECT_EQ(code_of(sign(*open(), "batch")), Code::not_found);
  EXPECT_TRUE(signer->destroy("batch", kEpoch));
}

TEST_F(FileSignerTest, keys_lie_encrypted_and_for_the_owner_only) {
  ASSERT_TRUE(open()->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch));
  const auto path = directory_ / "ca-1.key";
  const auto bytes = files_.read(path, 16 * 1024).value();
  const auto text = as_text(bytes);
  EXPECT_NE(text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----"), std::string_view::npos);
  EXPECT_EQ(text.find("-----BEGIN PRIVATE KEY-----"), std::string_view::npos);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(FileSignerTest, the_wrong_passphrase_opens_nothing) {
  ASSERT_TRUE(open()->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch));
  EXPECT_EQ(code_of(sign(*open("wrong"), "ca-1")), Code::key_attributes);
}

TEST_F(FileSignerTest, damaged_files_are_refused_and_never_made_anew) {
  ASSERT_TRUE(open()->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch));
  ASSERT_TRUE(write_atomically(files_, directory_ / "ca-1.key", as_bytes("use: everything\n")));
  EXPECT_EQ(code_of(open()->create("ca-1", KeyUse::certificates, KeyType::p256, kEpoch)), Code::key_attributes);
  ASSERT_TRUE(write_atomically(files_, directory_ / "epoch", as_bytes("seven")));
  EXPECT_EQ(code_of(FileSigner::open(files_, directory_.path(), Secret{Bytes{1}})), Code::key_attributes);
}

TEST_F(FileSignerTest, a_name_never_leaves_the_directory) {
  const auto signer = open();
  for (const std::string name : {"", "../ca", "a/b", ".hidden", "UPPER", "with space"}) {
    EXPECT_EQ(code_of(signer->create(name, KeyUse::certificates, KeyType::p256, kEpoch)), Code::key_attributes) << name;
  }
  EXPECT_EQ(code_of(signer->create(std::string(121, 'a'), KeyUse::certificates, KeyType::p256, kEpoch)),
            Code::key_attributes);
  EXPECT_EQ(code_of(signer->destroy("../ca", kEpoch)), Code::key_attributes);
}

}  // namespace
}  // namespace birthmark::test
