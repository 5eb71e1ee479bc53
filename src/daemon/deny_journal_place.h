// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/journal/file_deny_journal.h"

namespace birthmark::daemon {

/// Opens the journal of emergency denies, and keeps in `<data>/journal-directory` where it is: when the setting names
/// another place than the last start did, what waits in the journal there comes along, so that no deny stays behind.
/// @param journal made if there is none. @param files outlives the journal.
/// @param registry whose it is, in one line; kept in the file `registry` beside the denies
/// @error storage: as FileDenyJournal; or the journal of the last start is not there any more, as on a disk that is not
/// mounted: then nothing has moved, and none is made in its place; or it is another registry's
Result<std::unique_ptr<FileDenyJournal>> open_journal(Files& files, const std::filesystem::path& data,
                                                      const std::filesystem::path& journal,
                                                      const std::string& registry);

/// Whether both lie on one file system: what fails there fails the store and the journal. False where one is not there.
bool on_one_disk(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace birthmark::daemon
