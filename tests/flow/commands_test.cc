// SPDX-License-Identifier: Apache-2.0
// Commands as a person types them: what they print and how they end, whatever was given or is missing.
#include <gtest/gtest.h>

#include <fstream>

#include "support/paths.h"
#include "support/server.h"

namespace birthmark::test {
namespace {

constexpr auto kBound = std::chrono::seconds{60};

/// The program without a server, in a directory of its own.
class Commands : public testing::Test {
 protected:
  static Finished birthmark(std::vector<std::string> arguments, Environment env = {}) {
    arguments.insert(arguments.begin(), (bin_dir() / "birthmark").string());
    return run({.argv = std::move(arguments), .env = only_these_of_ours(std::move(env))}, kBound);
  }
  /// By a shell, for redirections.
  static Finished shell(const std::string& line) {
    return run(
        {.argv = {"/bin/sh", "-c", (bin_dir() / "birthmark").string() + " " + line}, .env = only_these_of_ours()},
        kBound);
  }
  static boost::json::object object_in(const std::string& out) { return must(json::read(first_line(out))).as_object(); }
  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }
  [[nodiscard]] std::string path(const std::string& name) const { return (directory_ / name).string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream{directory_ / name} << text; }

  TempDir directory_;
};

TEST_F(Commands, say_their_version) {
  const auto said = birthmark({"--version"});
  EXPECT_EQ(said.exit_code, 0);
  EXPECT_TRUE(said.out.starts_with("birthmark 0.")) << said.out;
}

TEST_F(Commands, an_init_that_fails_says_so_in_json) {
  write("taken", "a file, not a directory");
  const auto failed = birthmark({"init", "--dev", "--json", "--data", path("taken")});
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_TRUE(object_in(failed.out).contains("code")) << failed.out;
  const auto usage = birthmark({"init", "--dev", "--json", "--data", path("d"), "--scope", "galaxy"});
  EXPECT_EQ(usage.exit_code, 2);
  EXPECT_EQ(object_in(usage.out).at("code").as_string(), "bad_request");
}

TEST_F(Commands, a_registry_keeps_the_scope_it_was_made_with) {
  ASSERT_EQ(birthmark({"init", "--dev", "--data", path("d"), "--scope", "factory"}).exit_code, 0);
  const auto other = birthmark({"init", "--dev", "--data", path("d"), "--scope", "batch", "--json"});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_EQ(object_in(other.out).at("code").as_string(), "scope");
  EXPECT_EQ(birthmark({"init", "--dev", "--data", path("d")}).exit_code, 0) << "as it was made";
  EXPECT_EQ(birthmark({"init", "--dev", "--data", path("d"), "--scope", "factory"}).exit_code, 0);
}

TEST_F(Commands, AC03_a_registry_made_in_development_is_not_served_in_production) {
  ASSERT_EQ(birthmark({"init", "--dev", "--data", path("d")}).exit_code, 0);
  const std::vector<std::string> listeners{"--device-listen", "127.0.0.1:0",     "--operator-listen",
                                           "127.0.0.1:0",     "--public-listen", "127.0.0.1:0"};
  for (const auto* const verb : {"init", "serve"}) {
    std::vector<std::string> line{verb, "--json", "--data", path("d"), "--environment", "production"};
    line.insert(line.end(), listeners.begin(), listeners.end());
    const auto refused = birthmark(line);
    EXPECT_EQ(refused.exit_code, 3) << verb << refused.out << refused.err;
    EXPECT_EQ(object_in(refused.out).at("code").as_string(), "test_anchor") << verb;
  }
  ASSERT_EQ(birthmark({"init", "--data", path("p")}).exit_code, 0);
  const auto other = birthmark({"init", "--dev", "--json", "--data", path("p")});
  EXPECT_EQ(object_in(other.out).at("code").as_string(), "conflict") << other.out;
}

TEST_F(Commands, an_empty_value_is_refused_and_not_passed_over) {
  EXPECT_EQ(birthmark({"init", "--dev", "--data", ""}).exit_code, 2);
  EXPECT_EQ(birthmark({"init", "--dev", "--data", path("d"), "--scope", ""}).exit_code, 2);
  EXPECT_EQ(birthmark({"init", "--dev", "--data", path("d"), "--config", ""}).exit_code, 2);
  EXPECT_EQ(birthmark({"status", "--data", ""}).exit_code, 2);
  EXPECT_EQ(birthmark({"audit", "prove", "--index", "0", "--log", ""}).exit_code, 2);
}

TEST_F(Commands, dev_goes_before_the_file_and_does_not_contradict_a_flag) {
  write("c.toml", "environment = \"production\"\nmetrics = true\n");
  write("vendors.toml", "");
  const auto both = birthmark({"init", "--dev", "--environment", "production", "--data", path("d"), "--json"});
  EXPECT_EQ(both.exit_code, 2) << both.err;
  const auto made = birthmark({"init", "--dev", "--config", path("c.toml"), "--data", path("d"), "--json"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
}

TEST_F(Commands, a_log_that_is_not_there_is_the_environments_fault) {
  ASSERT_EQ(birthmark({"init", "--dev", "--data", path("d")}).exit_code, 0);
  EXPECT_EQ(birthmark({"audit", "checkpoint", "--data", path("d"), "--log", path("none")}).exit_code, 3);
  EXPECT_EQ(birthmark({"audit", "verify", "--data", path("none")}).exit_code, 3);
  EXPECT_EQ(birthmark({"audit", "prove", "--index", "0", "--data", path("d"), "--log", path("none")}).exit_code, 3);
  EXPECT_EQ(birthmark({"audit", "prove", "--index", "0", "--data", path("d")}).exit_code, 0);
  EXPECT_EQ(birthmark({"audit", "prove", "--index", "99999", "--data", path("d")}).exit_code, 1);
}

TEST_F(Commands, what_nobody_could_read_is_not_done) {
  ASSERT_EQ(birthmark({"init", "--dev", "--data", path("d")}).exit_code, 0);
  EXPECT_EQ(shell("audit checkpoint --data " + path("d") + " >/dev/full").exit_code, 3);
  EXPECT_EQ(shell("completion bash >/dev/full").exit_code, 3);
}

TEST_F(Commands, a_server_that_is_not_there_is_no_case_for_retry_after_alone) {
  ASSERT_EQ(birthmark({"init", "--dev", "--data", path("d")}).exit_code, 0);
  const auto nobody = birthmark({"status", "--json", "--data", path("d"), "--server", "127.0.0.1:1"});
  EXPECT_EQ(nobody.exit_code, 3);
  EXPECT_NE(object_in(nobody.out).at("remedy").as_string().find("see that it runs"), std::string::npos) << nobody.out;
}

/// The passphrase lies elsewhere than in the data directory: where the server finds it, every command does.
TEST_F(Commands, find_the_passphrase_where_the_server_does) {
  const auto secret = path("birthmark-passphrase");
  ASSERT_EQ(birthmark({"init", "--dev", "--data", path("d"), "--passphrase-file", secret}).exit_code, 0);
  ASSERT_FALSE(std::filesystem::exists(directory_ / "d" / "passphrase"));
  Processes processes;
  std::string ready;
  processes.start(
      {.argv = {(bin_dir() / "birthmark").string(), "serve", "--dev", "--data", path("d"), "--device-listen",
                "127.0.0.1:0", "--operator-listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"},
       .env = only_these_of_ours({{"BIRTHMARK_PASSPHRASE_FILE", secret}})},
      "\"ready\":true", kBound, &ready);
  const auto port = std::to_string(object_in(ready).at("operator_port").to_number<int>());
  const std::vector<std::string> status{"status", "--data", path("d"), "--server", "127.0.0.1:" + port};
  EXPECT_EQ(birthmark(status).exit_code, 3) << "nobody says where it is";
  auto by_flag = status;
  by_flag.insert(by_flag.end(), {"--passphrase-file", secret});
  EXPECT_EQ(birthmark(by_flag).exit_code, 0);
  EXPECT_EQ(birthmark(status, {{"BIRTHMARK_PASSPHRASE_FILE", secret}}).exit_code, 0);
  EXPECT_EQ(birthmark(status, {{"CREDENTIALS_DIRECTORY", directory_.path().string()}}).exit_code, 0);

  const std::vector<std::string> server{"--data", path("d"), "--server", "127.0.0.1:" + port, "--passphrase-file",
                                        secret};
  const auto with_server = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), server.begin(), server.end());
    return birthmark(std::move(arguments));
  };
  std::vector<std::string> order{"batch", "open", "B1", "--product", "p", "--factory", "f", "--quantity", "3"};
  const auto opened = with_server(order);
  EXPECT_EQ(opened.exit_code, 0) << opened.err;
  const auto again = with_server(order);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out, opened.out) << "a window that was not given does not make another order of it";
  order.insert(order.end(), {"--days", "31"});
  EXPECT_EQ(with_server(order).exit_code, 1);
  const auto enrolled = with_server({"station", "enroll", "line-1", "--role", "provision", "--batch", "B1"});
  EXPECT_EQ(enrolled.exit_code, 0) << enrolled.err;
}

TEST_F(Commands, a_start_makes_the_servers_certificate_anew_when_its_names_have_changed_and_only_then) {
  ASSERT_EQ(birthmark({"init", "--data", path("p")}).exit_code, 0);
  const auto certificate = [&] {
    std::ifstream in{directory_ / "p" / "tls" / "server.pem"};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  };
  const auto served = [&](const std::string& names) {
    Processes processes;
    auto& server = processes.start({.argv = {(bin_dir() / "birthmark").string(), "serve", "--data", path("p"),
                                             "--server-names", names, "--device-listen", "127.0.0.1:0",
                                             "--operator-listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"},
                                    .env = only_these_of_ours()},
                                   "\"ready\":true", kBound);
    return server.stop().err.find("server_certificate_made") != std::string::npos;
  };
  const auto first = certificate();
  EXPECT_FALSE(served("localhost"));
  EXPECT_EQ(certificate(), first);
  EXPECT_TRUE(served("registry.example,localhost"));
  const auto second = certificate();
  EXPECT_NE(second, first);
  EXPECT_FALSE(served("localhost,registry.example"));
  EXPECT_EQ(certificate(), second);
}

/// Whoever gets one copy of the directory has every key: in production the server says so, once, and how to mend it.
TEST_F(Commands, a_server_in_production_says_that_its_passphrase_lies_beside_its_keys) {
  const auto said = [&](std::vector<std::string> more) {
    std::vector<std::string> both{"--data", path("p")};
    both.insert(both.end(), more.begin(), more.end());
    auto init = both;
    init.insert(init.begin(), "init");
    EXPECT_EQ(birthmark(init).exit_code, 0);
    std::vector<std::string> serve{(bin_dir() / "birthmark").string(),
                                   "serve",
                                   "--device-listen",
                                   "127.0.0.1:0",
                                   "--operator-listen",
                                   "127.0.0.1:0",
                                   "--public-listen",
                                   "127.0.0.1:0"};
    serve.insert(serve.end(), both.begin(), both.end());
    Processes processes;
    auto& server = processes.start({.argv = serve, .env = only_these_of_ours()}, "\"ready\":true", kBound);
    std::string lines = server.stop().err;
    std::size_t count = 0;
    for (auto at = lines.find("passphrase_beside_keys"); at != std::string::npos;
         at = lines.find("passphrase_beside_keys", at + 1)) {
      ++count;
    }
    return count;
  };
  EXPECT_EQ(said({}), 1U);
  std::filesystem::rename(directory_ / "p" / "passphrase", directory_ / "secret");
  EXPECT_EQ(said({"--passphrase-file", path("secret")}), 0U);
}

/// README, "A first batch": where no operator gets in any more.
TEST_F(Commands, the_last_operator_is_replaced_by_init_with_the_flags_the_registry_was_made_with) {
  Processes processes;
  std::string ready;
  const auto serve = [&]() -> Process& {
    return processes.start(
        {.argv = {(bin_dir() / "birthmark").string(), "serve", "--dev", "--data", path("d"), "--device-listen",
                  "127.0.0.1:0", "--operator-listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"},
         .env = only_these_of_ours()},
        "\"ready\":true", kBound, &ready);
  };
  const auto as = [&](const std::string& name, std::vector<std::string> arguments) {
    const auto port = std::to_string(object_in(ready).at("operator_port").to_number<int>());
    arguments.insert(arguments.end(),
                     {"--data", path("d"), "--server", "127.0.0.1:" + port, "--operator", name, "--json"});
    return birthmark(std::move(arguments));
  };
  auto& first = serve();
  const auto people = directory_ / "d" / "operators";
  std::filesystem::copy(people / "admin.key", people / "lost.key");
  std::filesystem::rename(people / "admin.pem", people / "lost.pem");
  EXPECT_EQ(as("admin", {"status"}).exit_code, 3) << "nobody gets in";
  EXPECT_EQ(birthmark({"init", "--dev", "--data", path("d")}).exit_code, 3) << "while the server runs";
  EXPECT_EQ(first.stop().exit_code, 0);
  const auto production = birthmark({"init", "--data", path("d"), "--json"});
  EXPECT_EQ(production.exit_code, 3);
  EXPECT_EQ(object_in(production.out).at("code").as_string(), "test_anchor") << "made with --dev";
  EXPECT_FALSE(std::filesystem::exists(people / "admin.pem"));

  const auto made = birthmark({"init", "--dev", "--data", path("d")});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  serve();
  EXPECT_EQ(as("admin", {"status"}).exit_code, 0);
  EXPECT_EQ(as("lost", {"status"}).exit_code, 0) << "the one that was taken out is good until it is ended";
  const auto listed = as("admin", {"service", "list"});
  ASSERT_EQ(listed.exit_code, 0) << listed.err;
  const auto services = object_in(listed.out).at("services").as_array();
  ASSERT_EQ(services.size(), 2U) << listed.out;
  const std::string lost{services.front().at("serial").as_string()};
  const auto ended = as("admin", {"service", "end", lost});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_NE(as("lost", {"status"}).exit_code, 0);
  EXPECT_EQ(as("admin", {"status"}).exit_code, 0);
}

}  // namespace
}  // namespace birthmark::test
