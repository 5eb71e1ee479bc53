// SPDX-License-Identifier: Apache-2.0
#include "daemon/deny_journal_place.h"

#include <sys/stat.h>

#include <optional>

namespace birthmark::daemon {
namespace {

constexpr const char* kPlaceFile = "journal-directory";
constexpr const char* kOwnerFile = "registry";
constexpr std::size_t kPathMax = 4096;

std::filesystem::path whole(const std::filesystem::path& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

/// A place inside the data directory goes where that goes: it is kept relative to it.
std::string as_kept(const std::filesystem::path& data, const std::filesystem::path& place) {
  const auto inside = place.lexically_relative(whole(data));
  return inside.empty() || inside.native().starts_with("..") ? place.string() : inside.string();
}

/// Where the last start had it; one that kept no place had it in the data directory. None: there was no start yet.
Result<std::optional<std::filesystem::path>> last_place(Files& files, const std::filesystem::path& data) {
  const auto bytes = files.read(data / kPlaceFile, kPathMax);
  if (!bytes) {
    if (bytes.error().code != Code::not_found) {
      return fail(bytes.error());
    }
    BM_TRY(const bool there, files.exists(data / "journal" / FileDenyJournal::kFileName));
    return there ? std::optional{whole(data / "journal")} : std::nullopt;
  }
  const auto text = as_text(*bytes);
  return std::optional{whole(data / text.substr(0, text.find('\n')))};
}

/// A cut leaves some of them in both: a deny that is recorded twice changes nothing the second time. Where `from` grew
/// by it, both are one file by two names: nothing is cleared.
Result<void> move_denies(FileDenyJournal& from, FileDenyJournal& to) {
  BM_TRY(const auto pending, from.pending());
  for (const auto& deny : pending) {
    BM_CHECK(to.append(deny));
  }
  BM_TRY(const auto left, from.pending());
  return pending.empty() || left.size() != pending.size() ? Result<void>{} : from.clear();
}

/// A place that was used has its file: one that is not there, as on a disk that is not mounted, may hold denies.
Result<void> check_there(Files& files, const std::filesystem::path& data, const std::filesystem::path& place) {
  BM_TRY(const bool there, files.exists(place / FileDenyJournal::kFileName));
  return there
             ? Result<void>{}
             : fail(Code::storage, "the journal of emergency denies was in " + place.string() +
                                       " and is not there now: bring it back for one start; if it is lost, so are its "
                                       "denies, then remove " +
                                       (data / kPlaceFile).string());
}

/// Whose the journal there is; none: nobody's yet.
Result<std::optional<std::string>> owner_of(Files& files, const std::filesystem::path& place) {
  const auto bytes = files.read(place / kOwnerFile, kPathMax);
  if (!bytes) {
    return bytes.error().code == Code::not_found ? Result<std::optional<std::string>>{std::nullopt}
                                                 : fail(bytes.error());
  }
  const auto text = as_text(*bytes);
  return std::optional{std::string{text.substr(0, text.find('\n'))}};
}

/// A registry that had the directory before may have left denies in it, of devices that this one does not know.
Result<void> own(Files& files, const std::filesystem::path& place, const std::string& registry) {
  BM_TRY(const auto owner, owner_of(files, place));
  if (!owner) {
    return write_atomically(files, place / kOwnerFile, as_bytes(registry + "\n"), Visibility::owner);
  }
  return *owner == registry ? Result<void>{}
                            : fail(Code::storage, "the journal of emergency denies in " + place.string() +
                                                      " is another registry's: name another directory with --journal");
}

/// Two names may lead to one place.
bool same(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  return a == b || std::filesystem::equivalent(a, b, error);
}

}  // namespace

Result<std::unique_ptr<FileDenyJournal>> open_journal(Files& files, const std::filesystem::path& data,
                                                      const std::filesystem::path& journal,
                                                      const std::string& registry) {
  const auto place = whole(journal);
  BM_TRY(const auto last, last_place(files, data));
  if (last) {
    BM_CHECK(check_there(files, data, *last));
  }
  BM_TRY(auto opened, FileDenyJournal::open(files, place));
  BM_CHECK(own(files, place, registry));
  if (last && !same(*last, place)) {
    BM_TRY(const auto from, FileDenyJournal::open(files, *last));
    BM_TRY(const auto owner, owner_of(files, *last));
    if (!owner || *owner == registry) {  // another registry took it over since, and may have left its own
      BM_CHECK(move_denies(*from, *opened));
    }
  }
  if (last != place) {
    BM_CHECK(write_atomically(files, data / kPlaceFile, as_bytes(as_kept(data, place) + "\n"), Visibility::owner));
  }
  return opened;
}

bool on_one_disk(const std::filesystem::path& a, const std::filesystem::path& b) {
  struct stat of_a {};
  struct stat of_b {};
  return ::stat(a.c_str(), &of_a) == 0 && ::stat(b.c_str(), &of_b) == 0 && of_a.st_dev == of_b.st_dev;
}

}  // namespace birthmark::daemon
