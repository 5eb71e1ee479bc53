// SPDX-License-Identifier: Apache-2.0
#include "cli/audit_commands.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <thread>

#include "audit/proof.h"
#include "cli/log_verifier.h"
#include "cli/operator_call.h"

namespace birthmark::cli {
namespace {

constexpr std::chrono::milliseconds kLookEvery{10};
constexpr std::chrono::seconds kFilesMax{5};
constexpr std::chrono::seconds kTellEvery{2};

struct AuditFlags {
  std::string data = "run/birthmark";
  std::string log, key, database, out;
  std::vector<std::string> witnesses;
  std::uint64_t index = 0;
  bool as_json = false;

  [[nodiscard]] Form form() const { return as_json ? Form::json : Form::words; }
  [[nodiscard]] std::filesystem::path directory() const {
    return log.empty() ? std::filesystem::path{data} / "log" : std::filesystem::path{log};
  }
};

/// The key as it was given, or as `init` left it in the data directory.
Result<audit::VerifierKey> verifier_key(Files& files, const AuditFlags& flags) {
  if (!flags.key.empty() && flags.key.find('+') != std::string::npos) {
    return audit::VerifierKey::read(flags.key);
  }
  const auto file =
      flags.key.empty() ? std::filesystem::path{flags.data} / "log.vkey" : std::filesystem::path{flags.key};
  auto bytes = files.read(file, 4096);
  if (!bytes) {
    return fail(bytes.error().code, "no verifier key at " + file.string() + ": give it by --key");
  }
  while (!bytes->empty() && bytes->back() == '\n') {
    bytes->pop_back();
  }
  return audit::VerifierKey::read(as_text(*bytes));
}

/// Given, or beside the log where the whole data directory is at hand.
Result<std::optional<std::filesystem::path>> database_of(Files& files, const AuditFlags& flags) {
  if (!flags.database.empty()) {
    return std::optional<std::filesystem::path>{flags.database};
  }
  const auto beside = std::filesystem::path{flags.data} / "registry" / "registry.db";
  BM_TRY(const bool there, files.exists(beside));
  return flags.log.empty() && there ? std::optional{beside} : std::nullopt;
}

boost::json::object summary(const LogVerdict& verdict) {
  const auto& report = verdict.report;
  boost::json::object out{
      {"verified", report.sound()}, {"size", report.head.size}, {"root", to_hex(report.head.root.get())},
      {"entries", report.entries},  {"files", report.files},    {"rows", verdict.rows_compared}};
  if (report.finding) {
    boost::json::object finding{{"file", report.finding->file}, {"words", report.finding->words}};
    if (report.finding->index) {
      finding["index"] = *report.finding->index;
    }
    out["finding"] = std::move(finding);
  }
  return out;
}

int show_verdict(const LogVerdict& verdict, Form form) {
  const auto& report = verdict.report;
  if (form == Form::json) {
    print_line(summary(verdict));
  } else if (report.sound()) {
    print_line(std::string_view{"verified: " + std::to_string(report.entries) + " entries, " +
                                std::to_string(report.files) + " files, " + std::to_string(verdict.rows_compared) +
                                " rows, root " + to_hex(report.head.root.get())});
  }
  if (report.sound()) {
    return kDone;
  }
  const auto& finding = *report.finding;
  std::fprintf(stderr, "birthmark: the log is wrong: %s: %s%s\n", finding.file.c_str(), finding.words.c_str(),
               finding.index ? (", first bad index " + std::to_string(*finding.index)).c_str() : "");
  return kRefused;
}

/// The files of a running registry follow the log's head within kFilesBehind, on a machine that has time.
std::function<bool()> for_files_on_their_way() {
  return [until = std::chrono::steady_clock::now() + kFilesMax] {
    std::this_thread::sleep_for(kLookEvery);
    return std::chrono::steady_clock::now() < until;
  };
}

/// How far it is, once a while, on standard error: a log of millions of entries takes minutes.
std::function<void(std::uint64_t, std::uint64_t)> telling() {
  return [next = std::chrono::steady_clock::now() + kTellEvery](std::uint64_t entries, std::uint64_t of) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (now < next) {
      return;
    }
    next = now + kTellEvery;
    std::fprintf(stderr, "birthmark: %llu of %llu entries\n", static_cast<unsigned long long>(entries),
                 static_cast<unsigned long long>(of));
  };
}

int verify(const AuditFlags& flags) {
  PosixFiles files;
  const auto key = verifier_key(files, flags);
  if (!key) {
    return complain(key.error(), flags.form(), kEnvironment);
  }
  const auto database = database_of(files, flags);
  if (!database) {
    return complain(database.error(), flags.form(), kEnvironment);
  }
  const auto verdict = verify_log_directory(files, {.log = flags.directory(),
                                                    .key = *key,
                                                    .database = *database,
                                                    .witnesses = {flags.witnesses.begin(), flags.witnesses.end()},
                                                    .wait = for_files_on_their_way(),
                                                    .progress = telling()});
  return verdict ? show_verdict(*verdict, flags.form()) : complain(verdict.error(), flags.form(), kEnvironment);
}

struct Opened {
  std::string note;
  audit::Checkpoint checkpoint;
};

Result<Opened> open_log(Files& files, DirectoryLog& log, const AuditFlags& flags) {
  BM_TRY(const auto key, verifier_key(files, flags));
  BM_TRY(auto note, log.checkpoint());
  BM_TRY(auto opened, audit::open_checkpoint(note, {key}));
  return Opened{std::move(note), std::move(opened.checkpoint)};
}

/// A log that is not there is the environment's fault, as to `verify`; one whose head is wrong is wrong.
int complain_of_log(const Error& error, Form form) {
  return complain(error, form, error.code == Code::not_found ? kEnvironment : exit_code_of(error));
}

Result<std::string> proof_of(DirectoryLog& log, const Opened& opened, const AuditFlags& flags) {
  audit::TileHashes hashes{opened.checkpoint.size, [&](const audit::TileName& name) { return log.tile(name); }};
  BM_TRY(auto path, audit::prove_inclusion(flags.index, opened.checkpoint.size, hashes.reader()));
  return audit::write_proof({.index = flags.index, .extra = {}, .path = std::move(path), .checkpoint = opened.note});
}

int prove(const AuditFlags& flags) {
  PosixFiles files;
  DirectoryLog log{files, flags.directory()};
  auto opened = open_log(files, log, flags);
  if (!opened) {
    return complain_of_log(opened.error(), flags.form());
  }
  auto proof = proof_of(log, *opened, flags);
  for (const auto more = for_files_on_their_way(); !proof && proof.error().code == Code::not_found && more();) {
    opened = open_log(files, log, flags);
    proof = opened ? proof_of(log, *opened, flags) : fail(opened.error());
  }
  if (!proof) {
    return complain(proof.error(), flags.form());
  }
  if (flags.as_json) {
    print_line(boost::json::object{{"index", flags.index}, {"proof", *proof}});
  } else {
    std::fwrite(proof->data(), 1, proof->size(), stdout);
  }
  return kDone;
}

int checkpoint(const AuditFlags& flags) {
  PosixFiles files;
  DirectoryLog log{files, flags.directory()};
  const auto opened = open_log(files, log, flags);
  if (!opened) {
    return complain_of_log(opened.error(), flags.form());
  }
  if (!flags.out.empty()) {
    const auto kept = write_atomically(files, flags.out, as_bytes(opened->note), Visibility::everyone);
    if (!kept) {
      return complain(kept.error(), flags.form(), kEnvironment);
    }
  }
  if (flags.as_json) {
    print_line(boost::json::object{{"origin", opened->checkpoint.origin},
                                   {"size", opened->checkpoint.size},
                                   {"root", to_hex(opened->checkpoint.root.get())},
                                   {"checkpoint", opened->note}});
  } else {
    std::fwrite(opened->note.data(), 1, opened->note.size(), stdout);
  }
  return kDone;
}

std::shared_ptr<AuditFlags> add_log(CLI::App& command) {
  auto flags = std::make_shared<AuditFlags>();
  add_data_flag(command, flags->data);
  command.add_option("--log", flags->log, "directory of the log; <data>/log")->check(check_filled);
  command.add_option("--key", flags->key, "verifier key of the log (name+id+key), or a file with it; <data>/log.vkey")
      ->check(check_filled);
  command.add_flag("--json", flags->as_json, "one JSON object on standard output");
  return flags;
}

}  // namespace

void add_audit(CLI::App& program, int& exit_code) {
  auto* const audit = program.add_subcommand("audit", "the log: verify, prove, checkpoint");
  audit->require_subcommand(1);
  auto* const check =
      audit->add_subcommand("verify", "recompute every hash, compare with the database and with kept checkpoints");
  const auto verify_flags = add_log(*check);
  check->add_option("--witness", verify_flags->witnesses,
                    "a checkpoint that was kept elsewhere: finds cuts and rollback");
  check->add_option("--database", verify_flags->database, "registry.db, whose rows are compared; <data>/registry")
      ->check(check_filled);
  check->callback([verify_flags, &exit_code] { exit_code = verify(*verify_flags); });

  auto* const show = audit->add_subcommand("prove", "print the proof that an entry is in the log");
  const auto prove_flags = add_log(*show);
  show->add_option("--index", prove_flags->index, "of the entry")->required();
  show->callback([prove_flags, &exit_code] { exit_code = prove(*prove_flags); });

  auto* const head = audit->add_subcommand("checkpoint", "print the log's signed head, and keep it as a witness");
  const auto head_flags = add_log(*head);
  head->add_option("--out", head_flags->out, "file to keep it in, for `audit verify --witness`")->check(check_filled);
  head->callback([head_flags, &exit_code] { exit_code = checkpoint(*head_flags); });
}

}  // namespace birthmark::cli
