// SPDX-License-Identifier: Apache-2.0
#include "fleet/software_tpm.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "agent/tpm_manufacture.h"
#include "fleet/unix_socket.h"

namespace birthmark::fleet {
namespace {

// The control socket's name must be that of the data socket and ".ctrl": TSS derives it.
constexpr const char* kDataSocket = "sock";
constexpr const char* kControlSocket = "sock.ctrl";
constexpr const char* kLockFile = "lock";
constexpr const char* kStateFile = "tpm2-00.permall";
constexpr std::size_t kPathBytesMax = 90;
constexpr int kBacklog = 8;

tl::unexpected<Error> system_failure(const std::filesystem::path& path) {
  return fail(Code::unavailable, path.string() + ": " + std::generic_category().message(errno));
}

/// Held while a TPM object lives: a second one would take its sockets away.
Result<Descriptor> lock_directory(const std::filesystem::path& directory) {
  const auto path = directory / kLockFile;
  Descriptor lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (lock.get() < 0 || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return system_failure(path);
  }
  return lock;
}

std::filesystem::path numbered(const std::filesystem::path& parent, std::size_t number) {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "tpm-%05zu", number);
  return parent / name.data();
}

}  // namespace

Result<std::unique_ptr<SoftwareTpm>> SoftwareTpm::start(const std::filesystem::path& directory) {
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(directory, failed);
  if (!failed) {
    std::filesystem::create_directories(absolute, failed);
  }
  if (failed || absolute.string().size() > kPathBytesMax) {
    return fail(Code::unavailable,
                absolute.string() + ": " + (failed ? failed.message() : "path longer than 90 bytes"));
  }
  BM_TRY(auto lock, lock_directory(absolute));
  std::unique_ptr<SoftwareTpm> tpm{new SoftwareTpm{absolute, std::move(lock)}};
  BM_CHECK(tpm->power_on());
  return tpm;
}

Result<void> SoftwareTpm::power_on() {
  BM_CHECK(start_process());
  // The sockets took connections before swtpm ran: one command tells whether it does. Ours are closed by now, so that
  // a process that could not start refuses instead of leaving us waiting.
  BM_CHECK(agent::TpmManufacture::open(tcti()));
  return {};
}

Result<void> SoftwareTpm::start_process() {
  BM_TRY(const auto data, listen_at(directory_ / kDataSocket, kBacklog));
  BM_TRY(const auto control, listen_at(directory_ / kControlSocket, kBacklog));
  // The directory must be absolute: with a relative one NV writes fail and the TPM enters its failure mode.
  const ChildProcess::Options options{
      .arguments = {"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + directory_.string(), "--server",
                    "type=unixio,fd=3", "--ctrl", "type=unixio,fd=4", "--flags", "startup-clear"},
      .descriptors = {data.get(), control.get()},
      .log_path = (directory_ / "log").string()};
  BM_TRY(process_, ChildProcess::start(options));
  return {};
}

std::string SoftwareTpm::tcti() const {
  return "swtpm:path=" + (directory_ / kDataSocket).string();
}

Result<Bytes> SoftwareTpm::manufacture(const SiliconVendor& vendor, const ChipModel& model, Instant now) {
  BM_TRY(auto chip, agent::TpmManufacture::open(tcti()));
  BM_TRY(const auto ek, chip.endorsement_key());
  BM_TRY(auto certificate, vendor.issue_endorsement(ek, model, now));
  BM_CHECK(chip.store_certificate(agent::kNvEkP256Certificate, certificate));
  BM_CHECK(chip.store_certificate(agent::kNvEkChain, vendor.intermediate_certificate()));
  return certificate;
}

void SoftwareTpm::power_off(Power how) {
  if (how == Power::orderly) {
    if (auto chip = agent::TpmManufacture::open(tcti())) {
      static_cast<void>(chip->shut_down());  // a TPM that does not answer is cut off all the same
    }
  }
  process_->signal(SIGKILL);
  process_->wait();
}

Result<void> SoftwareTpm::power_cycle(Power how) {
  power_off(how);
  return power_on();
}

Result<void> SoftwareTpm::clone_state_to(const std::filesystem::path& directory) const {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (!failed) {
    std::filesystem::copy_file(directory_ / kStateFile, directory / kStateFile,
                               std::filesystem::copy_options::overwrite_existing, failed);
  }
  return failed ? Result<void>{fail(Code::storage, directory.string() + ": " + failed.message())} : Result<void>{};
}

Result<std::vector<std::unique_ptr<SoftwareTpm>>> manufacture_many(
    const SiliconVendor& vendor, const ChipModel& model, Instant now, const std::filesystem::path& parent,
    std::size_t count, std::size_t workers, const std::function<void(std::size_t)>& made_so_far) {
  std::vector<std::unique_ptr<SoftwareTpm>> made(count);
  std::vector<std::optional<Error>> failures(count);
  std::atomic<std::size_t> next{0};
  std::mutex telling;
  std::size_t ready = 0;
  const auto make_one = [&](std::size_t i) -> Result<void> {
    BM_TRY(made[i], SoftwareTpm::start(numbered(parent, i)));
    BM_CHECK(made[i]->manufacture(vendor, model, now));
    const std::scoped_lock lock{telling};
    ++ready;
    if (made_so_far) {
      made_so_far(ready);
    }
    return {};
  };
  {
    std::vector<std::jthread> lines;
    for (std::size_t w = 0; w < std::max<std::size_t>(1, std::min(workers, count)); ++w) {
      lines.emplace_back([&] {
        for (std::size_t i = next++; i < count; i = next++) {
          if (const auto done = make_one(i); !done) {
            failures[i] = done.error();
            next = count;  // the others finish what they began
          }
        }
      });
    }
  }
  for (auto& failure : failures) {
    if (failure) {
      return fail(std::move(*failure));
    }
  }
  return made;
}

}  // namespace birthmark::fleet
