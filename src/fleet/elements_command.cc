// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>

#include "adapters/clock/system_clock.h"
#include "adapters/entropy/system_entropy.h"
#include "adapters/files/posix_files.h"
#include "cli/output.h"
#include "codec/json.h"
#include "fleet/commands.h"
#include "fleet/element_maker.h"

namespace birthmark::fleet {
namespace {

constexpr int kDone = 0, kEnvironment = 3;
constexpr std::size_t kTellEach = 100;

std::string numbered(std::size_t number) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "se-%05zu", number);
  return text.data();
}

Result<ComponentVendor> vendor_in(Files& files, const std::filesystem::path& directory, Instant now) {
  BM_CHECK(files.make_directory(directory));
  BM_TRY(const auto lock, files.lock(directory / "lock"));
  BM_TRY(auto out, ComponentVendor::load_or_make(files, directory, lifecycle::RootKind::se, now));
  BM_CHECK(write_vendors_file(files, directory));
  return out;
}

Result<boost::json::object> make(const ElementsFlags& flags) {
  PosixFiles files;
  SystemEntropy entropy;
  const auto now = SystemClock{}.now();
  const auto directory = std::filesystem::absolute(flags.directory);
  const auto vendor_directory = flags.vendor.empty() ? directory / "vendor" : std::filesystem::absolute(flags.vendor);
  BM_CHECK(files.make_directory(directory));
  BM_TRY(const auto lock, files.lock(directory / "se.lock"));
  BM_TRY(const auto vendor, vendor_in(files, vendor_directory, now));
  boost::json::array rows;
  while (rows.size() < flags.count) {
    const auto name = numbered(rows.size());
    BM_TRY(const auto made, software_element(files, entropy, directory / name, vendor, "SIM-" + name, now));
    rows.push_back({{"root", made.root()},
                    {"environment", {{"SOFTHSM2_CONF", made.configuration().string()}}},
                    {"directory", made.directory.string()},
                    {"device", to_hex(made.device.get())}});
    if (rows.size() % kTellEach == 0 || rows.size() == flags.count) {
      std::fprintf(stderr, "birthmark-fleet: %zu of %zu elements\n", rows.size(), flags.count);
    }
  }
  return boost::json::object{{"ready", true},
                             {"class", "simulated"},
                             {"kind", "se"},
                             {"vendor", vendor_directory.string()},
                             {"devices", std::move(rows)}};
}

}  // namespace

int run_elements(const ElementsFlags& flags) {
  const auto made = make(flags);
  if (!made) {
    return cli::complain(made.error(), flags.as_json ? cli::Form::json : cli::Form::words, kEnvironment);
  }
  std::printf("%s\n", json::write(*made).c_str());
  return kDone;
}

}  // namespace birthmark::fleet
