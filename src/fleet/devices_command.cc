// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <array>
#include <cstdio>

#include "adapters/clock/system_clock.h"
#include "adapters/entropy/system_entropy.h"
#include "adapters/files/posix_files.h"
#include "cli/output.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "fleet/commands.h"
#include "fleet/emulator.h"
#include "fleet/end_signals.h"

namespace birthmark::fleet {
namespace {

constexpr int kDone = 0, kEnvironment = 3;
constexpr std::size_t kFirmwareBytesMax = std::size_t{64} * 1024 * 1024;
constexpr std::size_t kTellEach = 100;

using OpenDevice = Result<std::unique_ptr<EmulatedDevice>> (*)(Files&, const std::filesystem::path&,
                                                               const EmulatedFirmware&, const Birth&);

OpenDevice opener_of(lifecycle::RootKind kind) {
  return kind == lifecycle::RootKind::psa ? open_psa_device : open_dice_device;
}

/// As many open files as the system lets this process have: one for each device that is connected.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::string numbered(std::string_view kind, std::size_t number) {
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "-%05zu", number);
  return std::string{kind} + digits.data();
}

Result<EmulatedFirmware> firmware_of(Files& files, const DevicesFlags& flags) {
  EmulatedFirmware out{.boot_loader = crypto::sha256(as_bytes("birthmark simulated boot loader 1")),
                       .application = crypto::sha256(as_bytes("birthmark simulated application 1")),
                       .version = flags.firmware_version,
                       .svn = flags.svn,
                       .debug = flags.debug};
  if (!flags.firmware.empty()) {
    BM_TRY(const auto image, files.read(flags.firmware, kFirmwareBytesMax));
    out.application = crypto::sha256(image);
  }
  return out;
}

/// How often this directory's emulator was started, with this time.
Result<std::uint32_t> count_start(Files& files, const std::filesystem::path& file) {
  constexpr std::size_t kDigitsMax = 10;
  const auto kept = files.read(file, kDigitsMax);
  if (!kept && kept.error().code != Code::not_found) {
    return fail(kept.error());
  }
  const auto before = kept ? std::strtoul(std::string{as_text(*kept)}.c_str(), nullptr, 10) : 0UL;
  const auto now = static_cast<std::uint32_t>(before + 1);
  BM_CHECK(write_atomically(files, file, as_bytes(std::to_string(now))));
  return now;
}

class Fleet {
 public:
  explicit Fleet(const DevicesFlags& flags)
      : flags_{flags},
        kind_{lifecycle::name(flags.kind)},
        directory_{std::filesystem::absolute(flags.directory)},
        vendor_directory_{flags.vendor.empty() ? directory_ / "vendor" : std::filesystem::absolute(flags.vendor)} {}

  Result<std::unique_ptr<Emulator>> open() {
    BM_CHECK(files_.make_directory(directory_));
    BM_TRY(lock_, files_.lock(directory_ / (kind_ + ".lock")));
    BM_TRY(auto devices, make_devices());
    BM_TRY(const auto starts, count_start(files_, directory_ / (kind_ + ".starts")));
    return Emulator::listen(socket(), std::move(devices), starts);
  }

  [[nodiscard]] boost::json::object readiness(const Emulator& emulator) const {
    boost::json::array rows;
    for (std::size_t i = 0; i < emulator.devices().size(); ++i) {
      const auto identity = emulator.devices()[i]->root_key().public_key().spki();
      rows.push_back({{"root", kind_ + ":" + socket().string() + "#" + std::to_string(i)},
                      {"directory", (directory_ / numbered(kind_, i)).string()},
                      {"device", to_hex(lifecycle::device_id(flags_.kind, identity).get())},
                      {"listed_as", to_hex(crypto::sha256(identity).get())}});
    }
    boost::json::object out{{"ready", true},
                            {"class", "simulated"},
                            {"kind", kind_},
                            {"vendor", vendor_directory_.string()},
                            {"socket", socket().string()}};
    if (flags_.kind == lifecycle::RootKind::psa) {
      out["implementation_id"] = to_hex(psa_implementation_id().get());
    }
    out["devices"] = std::move(rows);
    return out;
  }

 private:
  [[nodiscard]] std::filesystem::path socket() const { return directory_ / (kind_ + ".sock"); }

  Result<ComponentVendor> vendor(Instant now) {
    BM_CHECK(files_.make_directory(vendor_directory_));
    BM_TRY(const auto lock, files_.lock(vendor_directory_ / "lock"));
    BM_TRY(auto out, ComponentVendor::load_or_make(files_, vendor_directory_, flags_.kind, now));
    BM_CHECK(write_vendors_file(files_, vendor_directory_));
    return out;
  }

  Result<std::vector<std::unique_ptr<EmulatedDevice>>> make_devices() {
    const auto now = SystemClock{}.now();
    BM_TRY(const auto maker, vendor(now));
    BM_TRY(const auto firmware, firmware_of(files_, flags_));
    SystemEntropy entropy;
    std::vector<std::unique_ptr<EmulatedDevice>> out;
    while (out.size() < flags_.count) {
      BM_TRY(auto device,
             opener_of(flags_.kind)(files_, directory_ / numbered(kind_, out.size()), firmware, {maker, entropy, now}));
      out.push_back(std::move(device));
      if (out.size() % kTellEach == 0 || out.size() == flags_.count) {
        std::fprintf(stderr, "birthmark-fleet: %zu of %zu devices\n", out.size(), flags_.count);
      }
    }
    return out;
  }

  const DevicesFlags& flags_;
  std::string kind_;
  std::filesystem::path directory_, vendor_directory_;
  PosixFiles files_;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace

int run_devices(const DevicesFlags& flags) {
  const auto signals = block_end_signals();
  const Descriptor stop{::signalfd(-1, &signals, SFD_CLOEXEC)};
  raise_descriptor_limit();
  Fleet fleet{flags};
  const auto emulator = fleet.open();
  if (!emulator) {
    return cli::complain(emulator.error(), flags.as_json ? cli::Form::json : cli::Form::words, kEnvironment);
  }
  std::printf("%s\n", json::write(fleet.readiness(**emulator)).c_str());
  std::fflush(stdout);
  (*emulator)->serve(stop.get());
  return kDone;
}

}  // namespace birthmark::fleet
