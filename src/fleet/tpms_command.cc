// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "adapters/clock/system_clock.h"
#include "adapters/files/posix_files.h"
#include "agent/tpm_root.h"
#include "cli/output.h"
#include "codec/json.h"
#include "codec/pem.h"
#include "crypto/hash.h"
#include "fleet/commands.h"
#include "fleet/component_vendor.h"
#include "fleet/end_signals.h"
#include "fleet/software_tpm.h"

namespace birthmark::fleet {
namespace {

constexpr int kDone = 0, kEnvironment = 3;

Result<SiliconVendor> load_or_make_vendor(Files& files, const std::filesystem::path& directory, Instant now) {
  auto kept = SiliconVendor::load(files, directory);
  if (kept || kept.error().code != Code::not_found) {
    return kept;
  }
  BM_TRY(auto vendor, SiliconVendor::create(now));
  BM_CHECK(vendor.save(files, directory));
  BM_CHECK(write_vendors_file(files, directory));
  return vendor;
}

/// As anybody reads it who holds the chip.
Result<Bytes> read_endorsement_certificate(const SoftwareTpm& tpm, Files& files) {
  agent::TpmOptions options;
  options.tcti = tpm.tcti();
  BM_TRY(const auto chip, agent::open_tpm_root(std::move(options), files));
  BM_TRY(auto endorsement, chip->endorsement());
  return std::move(endorsement.certificate);
}

struct Made {
  std::unique_ptr<SoftwareTpm> tpm;
  Bytes certificate;
};

Result<std::vector<Made>> make_tpms(const TpmsFlags& flags, const std::filesystem::path& vendor_directory) {
  PosixFiles files;
  const auto now = SystemClock{}.now();
  BM_TRY(const auto vendor, load_or_make_vendor(files, vendor_directory, now));
  const auto tell = [&](std::size_t done) {
    std::fprintf(stderr, "birthmark-fleet: %zu of %zu chips\n", done, flags.count);
  };
  BM_TRY(auto tpms, manufacture_many(vendor, {}, now, flags.directory, flags.count, flags.workers, tell));
  std::vector<Made> out;
  for (auto& tpm : tpms) {
    BM_TRY(auto certificate, read_endorsement_certificate(*tpm, files));
    out.push_back({std::move(tpm), std::move(certificate)});
  }
  return out;
}

boost::json::object readiness(const std::vector<Made>& made, const std::filesystem::path& vendor_directory) {
  boost::json::array rows;
  for (const auto& one : made) {
    rows.push_back({{"directory", one.tpm->directory().string()},
                    {"tcti", one.tpm->tcti()},
                    {"pid", one.tpm->pid()},
                    {"ek_certificate_sha256", to_hex(crypto::sha256(one.certificate).get())}});
  }
  return {{"ready", true},
          {"class", "simulated"},
          {"vendor", std::filesystem::absolute(vendor_directory).string()},
          {"tpms", std::move(rows)}};
}

}  // namespace

int run_tpms(const TpmsFlags& flags) {
  const auto signals = block_end_signals();
  const std::filesystem::path vendor_directory =
      flags.vendor.empty() ? std::filesystem::path{flags.directory} / "vendor" : std::filesystem::path{flags.vendor};
  const auto made = make_tpms(flags, vendor_directory);
  if (!made) {
    return cli::complain(made.error(), flags.as_json ? cli::Form::json : cli::Form::words, kEnvironment);
  }
  std::printf("%s\n", json::write(readiness(*made, vendor_directory)).c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return kDone;
}

}  // namespace birthmark::fleet
