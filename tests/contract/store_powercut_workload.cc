// SPDX-License-Identifier: Apache-2.0
// What store_powercut_test cuts the power of: a registry with its published log, and a flow of a few writes. It says
// "ack N" once write N was acknowledged and "head SIZE" for the checkpoint that was given out by then. The fault plan
// comes from the environment. Arguments: flow, directory, the file of the log's private key.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "adapters/sqlite/fault_layer.h"
#include "contract/store_registry.h"
#include "support/manual_clock.h"

namespace birthmark::test {
namespace {

constexpr std::uint32_t kWrites = 6;

void say(const std::string& what, std::uint64_t number) {
  const auto line = what + " " + std::to_string(number) + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::abort();
  }
}

int fail_with(const Error& error) {
  std::fprintf(stderr, "%s\n", error.detail.c_str());
  return 1;
}

int flow(const std::string& name, FaultLayer& layer, const std::filesystem::path& directory, const LogKey& key) {
  ManualClock clock;
  // In the long flow the log's files stay behind until they are made durable, or the registry closes.
  const auto files_behind = name == "bulk" ? std::chrono::hours{1} : std::chrono::hours{0};
  // A short write-ahead log: checkpoints fall into the flow.
  auto registry = Registry::open(directory, key, {layer.files(), layer.faults(), clock},
                                 layer.database({.path = {}, .checkpoint_frames = 12}), files_behind);
  if (!registry) {
    return fail_with(registry.error());
  }
  for (std::uint32_t number = 1; number <= kWrites; ++number) {
    const auto done = registry->write(number, name == "bulk" && number == 2 ? 600 : 2);
    say(done ? "ack" : "refused", number);
    if (done) {
      say("head", registry->log->size());
    }
    if (name == "bulk" && number == 4) {
      const auto durable = registry->log->make_durable();
      if (durable) {
        say("durable", *durable);
        if (const auto pruned = registry->store->prune_log(*durable); !pruned) {
          say("refused", 100);
        }
      }
    }
  }
  // Two tries, as one sync may fail in the first.
  const auto last = registry->write(kWrites + 1, 1) ? kWrites + 1 : kWrites + 2;
  if (last == kWrites + 2 && !registry->write(last, 1)) {
    return fail_with({Code::storage, "the registry does not go on"});
  }
  say("ack", last);
  return 0;
}

int run(int count, char** arguments) {
  const auto layer = FaultLayer::from_environment();
  if (!layer) {
    return fail_with(layer.error());
  }
  if (!*layer || count != 4) {
    return fail_with({Code::bad_request, "usage: BIRTHMARK_FAULTS=... store_powercut_workload FLOW DIRECTORY KEY"});
  }
  std::ifstream file{arguments[3]};
  const auto key = LogKey::from_pem(std::string{std::istreambuf_iterator<char>{file}, {}});
  return key ? flow(arguments[1], **layer, arguments[2], *key) : fail_with(key.error());
}

}  // namespace
}  // namespace birthmark::test

int main(int count, char** arguments) {
  return birthmark::test::run(count, arguments);
}
