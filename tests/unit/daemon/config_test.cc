// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "daemon/registry.h"
#include "support/temp_dir.h"

namespace birthmark::daemon {
namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream{path} << text;
}

/// One variable, gone at the end of the test.
struct Variable {
  Variable(const char* variable, const std::string& value) : name{variable} { ::setenv(name, value.c_str(), 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name); }
  const char* name;
};

TEST(Config, drop_ins_follow_the_file_in_the_order_of_their_names) {
  const test::TempDir directory;
  const auto file = directory / "birthmark.toml";
  write(file, "data = \"from-file\"\nlog_origin = \"from-file\"\nscope = \"product\"\n");
  write(directory / "birthmark.toml.d" / "20-later.toml", "log_origin = \"from-20\"\n");
  write(directory / "birthmark.toml.d" / "10-first.toml", "log_origin = \"from-10\"\nscope = \"factory\"\n");
  write(directory / "birthmark.toml.d" / "30-not-toml.conf", "log_origin = \"from-30\"\n");
  const auto config = read_config(file, {});
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->data, "from-file");
  EXPECT_EQ(config->scope, app::Scope::factory);
  EXPECT_EQ(config->log_origin, "from-20");
}

TEST(Config, the_environment_goes_before_the_file) {
  const test::TempDir directory;
  write(directory / "c.toml", "device_listen = \"127.0.0.1:1\"\n");
  const Variable variable{"BIRTHMARK_DEVICE_LISTEN", "127.0.0.1:2"};
  const auto config = with_environment(read_config(directory / "c.toml", {}).value());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->device.port, 2);
}

TEST(Config, every_setting_can_be_given_in_the_environment) {
  for (const auto& setting : settings()) {
    std::string name = "BIRTHMARK_";
    for (const char c : setting.name) {
      name.push_back(c == '_' ? c : static_cast<char>(c - 'a' + 'A'));
    }
    // No setting takes this text but those that take any.
    const Variable variable{name.c_str(), "\x01"};
    const auto config = with_environment({});
    const auto direct = with_setting({}, setting.name, "\x01");
    EXPECT_EQ(config.has_value(), direct.has_value()) << setting.name;
    EXPECT_FALSE(setting.words.empty()) << setting.name;
  }
}

struct BadFile {
  const char* name;
  const char* text;
  Code code;
};
class ConfigRefuses : public testing::TestWithParam<BadFile> {};
TEST_P(ConfigRefuses, with_the_code_of_its_cause) {
  const test::TempDir directory;
  write(directory / "c.toml", GetParam().text);
  const auto config = read_config(directory / "c.toml", {});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, GetParam().code) << config.error().detail;
}
INSTANTIATE_TEST_SUITE_P(Files, ConfigRefuses,
                         testing::Values(BadFile{"unknown_key", "dta = \"x\"\n", Code::bad_request},
                                         BadFile{"no_text", "scope = 3\n", Code::bad_request},
                                         BadFile{"twice", "scope = \"batch\"\nscope = \"batch\"\n", Code::bad_request},
                                         BadFile{"no_toml", "scope\n", Code::bad_request},
                                         BadFile{"no_such_scope", "scope = \"galaxy\"\n", Code::bad_request},
                                         BadFile{"no_port", "device_listen = \"127.0.0.1\"\n", Code::bad_request},
                                         BadFile{"port_too_large", "device_listen = \"127.0.0.1:65536\"\n",
                                                 Code::bad_request},
                                         BadFile{"empty_name", "server_names = \"a,,b\"\n", Code::bad_request},
                                         BadFile{"environment", "environment = \"prod\"\n", Code::bad_request}),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Config, a_file_that_is_not_there_is_not_found) {
  const auto config = read_config("no-such-file.toml", {});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Code::not_found);
}

TEST(Config, a_switch_is_a_truth_or_a_word_and_nothing_else_is_a_truth) {
  const test::TempDir directory;
  write(directory / "c.toml", "metrics = true\n");
  const auto on = read_config(directory / "c.toml", {});
  ASSERT_TRUE(on) << on.error().detail;
  EXPECT_TRUE(on->metrics);
  write(directory / "c.toml", "data = true\n");
  EXPECT_FALSE(read_config(directory / "c.toml", {}));
}

TEST(Config, what_nothing_works_without_is_not_empty) {
  for (const auto* const name : {"data", "log_origin", "operator_name", "server_names", "scope"}) {
    EXPECT_FALSE(with_setting({}, name, "")) << name;
  }
  EXPECT_TRUE(with_setting({}, "public_url", "")) << "none";
}

TEST(Config, names_stand_between_commas) {
  const auto config = with_setting({}, "server_names", "birthmark.example,192.0.2.7");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->server_names, (std::vector<std::string>{"birthmark.example", "192.0.2.7"}));
}

TEST(Config, the_passphrase_is_the_file_that_was_named_then_the_credential_then_the_data) {
  const test::TempDir directory;
  Config config;
  config.data = "data";
  EXPECT_EQ(Registry::paths(config).passphrase, "data/passphrase");
  const Variable credentials{"CREDENTIALS_DIRECTORY", directory.path().string()};
  EXPECT_EQ(Registry::paths(config).passphrase, "data/passphrase") << "the credential is not there";
  write(directory / "birthmark-passphrase", "secret\n");
  EXPECT_EQ(Registry::paths(config).passphrase, directory / "birthmark-passphrase");
  config.passphrase_file = "named";
  EXPECT_EQ(Registry::paths(config).passphrase, "named");
}

}  // namespace
}  // namespace birthmark::daemon
