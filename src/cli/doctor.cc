// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "adapters/files/passphrase.h"
#include "audit/entry.h"
#include "cli/log_verifier.h"
#include "codec/pem.h"
#include "codec/x509.h"

namespace birthmark::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileMax = std::size_t{256} * 1024;
/// How long before its end a certificate is told to end soon, and what helps then and afterwards.
struct Renewal {
  std::chrono::days before;
  std::string_view remedy;
};
constexpr Renewal kOfServer{std::chrono::days{30}, ": restart birthmark serve, it renews it"};
constexpr Renewal kOfOperator{std::chrono::days{7}, ""};

Diagnosis good(std::string check, std::string words) {
  return {std::move(check), Health::good, std::move(words)};
}
Diagnosis wrong(std::string check, std::string words) {
  return {std::move(check), Health::wrong, std::move(words)};
}
Diagnosis absent(std::string check, std::string words) {
  return {std::move(check), Health::absent, std::move(words)};
}

/// Whether anybody but the owner may touch it.
bool shared_with_others(const fs::path& path) {
  std::error_code ignored;
  const auto others = fs::perms::group_all | fs::perms::others_all;
  return (fs::status(path, ignored).permissions() & others) != fs::perms::none;
}

/// As the registry was made, by the file that its first start left.
bool is_production(Files& files, const fs::path& data) {
  const auto line = files.read(data / "environment", 64);
  return line && as_text(*line).starts_with("production");
}

Diagnosis passphrase(Files& files, const CredentialFiles& where, const fs::path& data) {
  const auto read = read_passphrase(files, where.passphrase);
  if (!read) {
    return wrong("passphrase", read.error().detail);
  }
  if (shared_with_others(where.passphrase)) {
    return wrong("passphrase", where.passphrase.string() + ": others may read it");
  }
  if (is_production(files, data) && lies_beside_keys(where.passphrase, data)) {
    return {"passphrase", Health::risky,
            "beside the keys: one copy of " + data.string() + " opens every key; " + kPassphraseElsewhere};
  }
  return good("passphrase", "there, for its owner alone");
}

Diagnosis keys(Files& files, const fs::path& directory) {
  const auto names = files.list(directory);
  if (!names) {
    return wrong("keys", directory.string() + ": " + names.error().detail);
  }
  std::size_t count = 0;
  for (const auto& name : *names) {
    if (shared_with_others(directory / name)) {
      return wrong("keys", (directory / name).string() + ": others may read it");
    }
    count += name.ends_with(".key") ? 1 : 0;
  }
  return count == 0 ? wrong("keys", "no keys: run `birthmark init`") : good("keys", std::to_string(count) + " keys");
}

Diagnosis valid(const std::string& check, const Bytes& leaf, Instant now, const Renewal& renewal) {
  const auto certificate = x509::Certificate::read(leaf);
  if (!certificate) {
    return wrong(check, certificate.error().detail);
  }
  const auto until = to_rfc3339(certificate->not_after());
  if (now < certificate->not_before()) {
    return wrong(check, "begins only at " + to_rfc3339(certificate->not_before()) + ": look at the clock");
  }
  if (now >= certificate->not_after()) {
    return wrong(check, "ended at " + until + std::string{renewal.remedy});
  }
  return now + renewal.before >= certificate->not_after()
             ? wrong(check, "ends soon, at " + until + std::string{renewal.remedy})
             : good(check, "valid until " + until);
}

Diagnosis server_certificate(Files& files, const fs::path& file, Instant now) {
  const auto text = files.read(file, kFileMax);
  if (!text) {
    return wrong("server_certificate", file.string() + ": " + text.error().detail);
  }
  const auto chain = pem::read(as_text(*text), "CERTIFICATE", {});
  return chain ? valid("server_certificate", chain->front(), now, kOfServer)
               : wrong("server_certificate", chain.error().detail);
}

Result<audit::Checkpoint> signed_head(Files& files, const fs::path& data, DirectoryLog& log) {
  BM_TRY(auto text, files.read(data / "log.vkey", 4096));
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  BM_TRY(const auto key, audit::VerifierKey::read(as_text(text)));
  BM_TRY(const auto note, log.checkpoint());
  BM_TRY(auto opened, audit::open_checkpoint(note, {key}));
  return std::move(opened.checkpoint);
}

/// When the newest entry of the log was written.
Result<Instant> newest_entry(DirectoryLog& log, std::uint64_t size) {
  BM_TRY(const auto name, audit::tile_at(audit::TileKind::entries, 0, size - 1, size));
  BM_TRY(const auto bundle, log.tile(name));
  BM_TRY(const auto entries, audit::read_entry_bundle(bundle, name.width));
  BM_TRY(const auto entry, audit::read_entry(entries.back()));
  return entry.at;
}

/// The head, and by it the clock: time does not go back behind what was logged (AC-10).
void log_and_clock(Files& files, const fs::path& data, Instant now, std::vector<Diagnosis>& out) {
  DirectoryLog log{files, data / "log"};
  const auto head = signed_head(files, data, log);
  if (!head) {
    out.push_back(wrong("log", head.error().detail));
    return;
  }
  out.push_back(good("log", std::to_string(head->size) + " entries, root " + to_hex(head->root.get())));
  if (head->size == 0) {
    return;
  }
  const auto newest = newest_entry(log, head->size);
  if (!newest) {
    out.push_back(wrong("log", newest.error().detail));
  } else if (*newest > now) {
    out.push_back(wrong("clock", "the log has an entry of " + to_rfc3339(*newest) + ", which is later than now"));
  } else {
    out.push_back(good("clock", to_rfc3339(now) + ", after the newest entry of the log"));
  }
}

Diagnosis listeners(const OperatorFlags& flags, const Credentials& credentials) {
  const auto client = ApiClient::open(flags.server, credentials);
  if (!client) {
    return wrong("listeners", client.error().detail);
  }
  const auto status = (*client)->get("/v1/status");
  if (!status) {
    const bool nobody = exit_code_of(status.error()) == kEnvironment;
    return nobody ? absent("listeners", flags.server + ": " + status.error().detail)
                  : wrong("listeners", status.error().detail);
  }
  const auto* const ready = status->is_object() ? status->as_object().if_contains("ready") : nullptr;
  return ready != nullptr && ready->is_bool() && ready->as_bool() ? good("listeners", flags.server + " is ready")
                                                                  : wrong("listeners", flags.server + " is not ready");
}

}  // namespace

std::vector<Diagnosis> diagnose(Files& files, const OperatorFlags& flags, Instant now) {
  const fs::path data{flags.data};
  const auto where = flags.credentials();
  std::error_code ignored;
  if (!fs::is_directory(data, ignored)) {
    return {absent("data", data.string() + ": no such directory; run `birthmark init`")};
  }
  std::vector<Diagnosis> out{good("data", data.string())};
  out.push_back(passphrase(files, where, data));
  out.push_back(keys(files, data / "keys"));
  out.push_back(server_certificate(files, data / "tls" / "server.pem", now));
  log_and_clock(files, data, now, out);
  const auto credentials = read_credentials(files, where);
  if (!credentials) {
    out.push_back(wrong("operator", credentials.error().detail));
    return out;
  }
  out.push_back(valid("operator", credentials->chain.front(), now, kOfOperator));
  out.push_back(listeners(flags, *credentials));
  return out;
}

}  // namespace birthmark::cli
