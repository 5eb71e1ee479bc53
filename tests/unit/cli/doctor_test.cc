// SPDX-License-Identifier: Apache-2.0
// What `birthmark doctor` says of an installation, and what it names as the remedy.
#include "cli/doctor.h"

#include <gtest/gtest.h>

#include <fstream>

#include "codec/pem.h"
#include "codec/x509.h"
#include "support/temp_dir.h"
#include "support/tls_identity.h"

namespace birthmark::cli {
namespace {

class Doctor : public testing::Test {
 protected:
  Doctor() {
    std::filesystem::create_directories(data_ / "tls");
    flags_.data = data_.string();
  }
  Diagnosis says(const std::string& check, Instant now) {
    for (auto& diagnosis : diagnose(files_, flags_, now)) {
      if (diagnosis.check == check) {
        return diagnosis;
      }
    }
    return {check, Health::absent, "nothing was said"};
  }
  void write(const std::filesystem::path& name, const std::string& text) { std::ofstream{data_ / name} << text; }

  test::TempDir directory_;
  const std::filesystem::path data_ = directory_ / "data";
  PosixFiles files_;
  OperatorFlags flags_;
};

TEST_F(Doctor, tells_thirty_days_before_that_a_restart_renews_the_servers_certificate) {
  const auto identity = test::make_identity({.common_name = "registry.example"});
  write("tls/server.pem", pem::write("CERTIFICATE", identity.certificate));
  const auto end = x509::Certificate::read(identity.certificate)->not_after();
  const auto soon = says("server_certificate", end - std::chrono::hours{20});
  EXPECT_EQ(soon.health, Health::wrong);
  EXPECT_NE(soon.words.find("restart birthmark serve"), std::string::npos) << soon.words;
  const auto over = says("server_certificate", end + std::chrono::days{1});
  EXPECT_EQ(over.health, Health::wrong);
  EXPECT_NE(over.words.find("restart birthmark serve"), std::string::npos) << over.words;
}

TEST_F(Doctor, says_in_production_that_a_passphrase_beside_the_keys_opens_every_copy_of_them) {
  const auto put = [](const std::filesystem::path& file) {
    std::ofstream{file} << "secret\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file.string();
  };
  write("environment", "production\n");
  flags_.passphrase = put(data_ / "passphrase");
  const auto beside = says("passphrase", Instant{});
  EXPECT_EQ(beside.health, Health::risky);
  EXPECT_NE(beside.words.find("opens every key"), std::string::npos) << beside.words;
  EXPECT_NE(beside.words.find("passphrase_file"), std::string::npos) << beside.words;
  EXPECT_NE(beside.words.find("systemd credential"), std::string::npos) << beside.words;
  flags_.passphrase = (data_ / "tls" / ".." / "passphrase").string();
  EXPECT_EQ(says("passphrase", Instant{}).health, Health::risky) << "by another way";
  flags_.passphrase = put(directory_ / "data-passphrase");
  EXPECT_EQ(says("passphrase", Instant{}).health, Health::good) << "elsewhere";
  write("environment", "development\n");
  flags_.passphrase = (data_ / "passphrase").string();
  EXPECT_EQ(says("passphrase", Instant{}).health, Health::good) << "in development nothing is said of it";
}

}  // namespace
}  // namespace birthmark::cli
