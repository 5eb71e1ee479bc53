// SPDX-License-Identifier: Apache-2.0
#include "cli/audit_commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <vector>

#include "adapters/files/posix_files.h"
#include "adapters/sqlite/log_rows.h"
#include "audit/log_check.h"
#include "audit/proof.h"
#include "codec/json.h"

namespace birthmark::cli {
namespace {

constexpr int kDone = 0, kWrong = 1, kEnvironment = 3;
constexpr std::size_t kTileMax = 20 * 1024 * 1024;

/// A log's files, and optionally the rows of the database behind it.
class DirectoryLog final : public audit::LogSource {
 public:
  DirectoryLog(Files& files, std::filesystem::path directory) : files_{files}, directory_{std::move(directory)} {}
  void compare_with(std::unique_ptr<sqlite::LogRows> rows) { rows_ = std::move(rows); }

  Result<std::string> checkpoint() override {
    BM_TRY(const auto bytes, files_.read(directory_ / audit::kCheckpointPath, audit::kNoteMaxBytes));
    return std::string{as_text(bytes)};
  }
  Result<Bytes> tile(const audit::TileName& name) override {
    return files_.read(directory_ / audit::path_of(name), kTileMax);
  }
  [[nodiscard]] bool has_rows() const override { return rows_ != nullptr; }
  Result<std::vector<audit::LogRow>> rows(std::uint64_t first, std::size_t most) override {
    return rows_->read(first, most);
  }

 private:
  Files& files_;
  const std::filesystem::path directory_;
  std::unique_ptr<sqlite::LogRows> rows_;
};

struct Flags {
  std::string log, key, database;
  std::vector<std::string> witnesses;
  std::uint64_t index = 0;
  bool as_json = false;
};

int complain(const Error& error, int exit_code) {
  std::fprintf(stderr, "birthmark: %s: %s\nremedy: %s\n", std::string{info(error.code).name}.c_str(),
               error.detail.c_str(), std::string{info(error.code).remedy}.c_str());
  return exit_code;
}

/// Checkpoints that somebody else kept, each as a signed note of the same log.
Result<std::vector<audit::Checkpoint>> witnessed(Files& files, const Flags& flags,
                                                 const audit::CheckpointTrust& trust) {
  std::vector<audit::Checkpoint> out;
  for (const auto& path : flags.witnesses) {
    BM_TRY(const auto bytes, files.read(path, audit::kNoteMaxBytes));
    BM_TRY(const auto opened, audit::open_checkpoint(as_text(bytes), trust));
    out.push_back(opened.checkpoint);
  }
  return out;
}

boost::json::object summary(const audit::LogReport& report) {
  boost::json::object out{
      {"verified", report.sound()}, {"size", report.head.size}, {"root", to_hex(report.head.root.get())},
      {"entries", report.entries},  {"files", report.files},    {"rows", report.rows}};
  if (report.finding) {
    boost::json::object finding{{"file", report.finding->file}, {"words", report.finding->words}};
    if (report.finding->index) {
      finding["index"] = *report.finding->index;
    }
    out["finding"] = std::move(finding);
  }
  return out;
}

int verify(const Flags& flags) {
  PosixFiles files;
  const auto key = audit::VerifierKey::read(flags.key);
  if (!key) {
    return complain(key.error(), kEnvironment);
  }
  const audit::CheckpointTrust trust{*key};
  auto older = witnessed(files, flags, trust);
  if (!older) {
    return complain(older.error(), kEnvironment);
  }
  DirectoryLog log{files, flags.log};
  if (!flags.database.empty()) {
    auto rows = sqlite::LogRows::open(flags.database);
    if (!rows) {
      return complain(rows.error(), kEnvironment);
    }
    log.compare_with(std::move(*rows));
  }
  const auto report = audit::verify_log(log, {.trust = trust, .witnessed = std::move(*older)});
  if (!report) {
    return complain(report.error(), report.error().code == Code::not_found ? kWrong : kEnvironment);
  }
  if (flags.as_json) {
    std::printf("%s\n", json::write(summary(*report)).c_str());
  } else if (report->sound()) {
    std::printf("verified: %llu entries, %llu files, root %s\n", static_cast<unsigned long long>(report->entries),
                static_cast<unsigned long long>(report->files), to_hex(report->head.root.get()).c_str());
  }
  if (!report->sound()) {
    const auto& finding = *report->finding;
    std::fprintf(stderr, "birthmark: the log is wrong: %s: %s%s\n", finding.file.c_str(), finding.words.c_str(),
                 finding.index ? (", first bad index " + std::to_string(*finding.index)).c_str() : "");
    return kWrong;
  }
  return kDone;
}

Result<std::string> proof_of(Files& files, const Flags& flags) {
  BM_TRY(const auto key, audit::VerifierKey::read(flags.key));
  DirectoryLog log{files, flags.log};
  BM_TRY(auto note, log.checkpoint());
  BM_TRY(const auto opened, audit::open_checkpoint(note, {key}));
  audit::TileHashes hashes{opened.checkpoint.size, [&](const audit::TileName& name) { return log.tile(name); }};
  BM_TRY(auto path, audit::prove_inclusion(flags.index, opened.checkpoint.size, hashes.reader()));
  return audit::write_proof(
      {.index = flags.index, .extra = {}, .path = std::move(path), .checkpoint = std::move(note)});
}

int prove(const Flags& flags) {
  PosixFiles files;
  const auto proof = proof_of(files, flags);
  if (!proof) {
    return complain(proof.error(), kWrong);
  }
  if (flags.as_json) {
    std::printf("%s\n", json::write(boost::json::object{{"index", flags.index}, {"proof", *proof}}).c_str());
  } else {
    std::printf("%s", proof->c_str());
  }
  return kDone;
}

void add_log(CLI::App& command, Flags& flags) {
  command.add_option("--log", flags.log, "directory of the log")->required();
  command.add_option("--key", flags.key, "verifier key of the log, name+id+key")->required();
  command.add_flag("--json", flags.as_json, "one JSON object on standard output");
}

}  // namespace

void add_audit(CLI::App& program, int& exit_code) {
  const auto flags = std::make_shared<Flags>();
  auto* const audit = program.add_subcommand("audit", "the log: verify, prove");
  audit->require_subcommand(1);
  auto* const check =
      audit->add_subcommand("verify", "recompute every hash, compare with the database and with kept checkpoints");
  add_log(*check, *flags);
  check->add_option("--witness", flags->witnesses, "a checkpoint that was kept elsewhere: finds cuts and rollback");
  check->add_option("--database", flags->database, "registry.db, to compare its rows");
  check->callback([flags, &exit_code] { exit_code = verify(*flags); });
  auto* const show = audit->add_subcommand("prove", "print the proof that an entry is in the log");
  add_log(*show, *flags);
  show->add_option("--index", flags->index, "of the entry")->required();
  show->callback([flags, &exit_code] { exit_code = prove(*flags); });
}

}  // namespace birthmark::cli
