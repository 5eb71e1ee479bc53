// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "base/secret.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace birthmark::test {

/// SoftHSM with tokens of its own, in a directory that goes away with it. The module reads where they are from the
/// environment of this process when it is loaded: one at a time, made before the module.
class SoftHsm {
 public:
  static constexpr const char* kPin = "4711";

  SoftHsm() {
    std::filesystem::create_directory(directory_ / "tokens");
    std::ofstream{directory_ / "softhsm2.conf"} << "directories.tokendir = " << (directory_ / "tokens").string()
                                                << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", (directory_ / "softhsm2.conf").c_str(), 1);
  }
  ~SoftHsm() { ::unsetenv("SOFTHSM2_CONF"); }
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;

  static std::filesystem::path library() { return "/usr/lib/softhsm/libsofthsm2.so"; }
  static Secret pin() {
    const std::string text{kPin};
    return Secret{Bytes{text.begin(), text.end()}};
  }

  /// A new token with that label and the PIN above. Throws where SoftHSM does not make it.
  void add_token(const std::string& label) const {
    tool({"--init-token", "--free", "--label", label, "--so-pin", "0815", "--pin", kPin});
  }
  /// Puts a key of the test's into a token, as somebody does who wants to pass it off as the token's own.
  /// @param pkcs8_pem unencrypted
  void import_key(const std::string& token, const std::string& label, const std::string& pkcs8_pem) const {
    std::ofstream{directory_ / "import.pem"} << pkcs8_pem;
    tool({"--import", (directory_ / "import.pem").string(), "--token", token, "--label", label, "--id", "01", "--pin",
          kPin});
  }

 private:
  static void tool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "softhsm2-util");
    const auto done = run({.argv = std::move(arguments)});
    if (done.exit_code != 0) {
      throw std::runtime_error{"softhsm2-util: " + done.out + done.err};
    }
  }

  TempDir directory_;
};

}  // namespace birthmark::test
