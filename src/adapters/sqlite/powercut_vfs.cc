// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/powercut_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <span>

// SQLite's file and VFS objects are C structs of function pointers (sqlite.org, "The SQLite OS Interface"): the first
// member of ours is theirs, and the VFS that does the real work follows ours in the memory that SQLite allocates.
namespace birthmark::sqlite {

struct VfsContext {
  VolatileDisk* disk;
  sqlite3_vfs* real;
};

namespace {

struct OverlaidFile {
  sqlite3_file base;
  VfsContext context;
  std::unique_ptr<VolatileDisk::Handle> handle;  // null: a temporary file, left to the real VFS
  std::string path;
  sqlite3_file* real;
};

OverlaidFile& self(sqlite3_file* file) {
  return *reinterpret_cast<OverlaidFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return self(file).real;
}
const sqlite3_io_methods& real_methods(sqlite3_file* file) {
  return *real(file)->pMethods;
}
VfsContext& context_of(sqlite3_vfs* vfs) {
  return *static_cast<VfsContext*>(vfs->pAppData);
}

int code_of(int error, int otherwise) {
  if (error == 0) {
    return SQLITE_OK;
  }
  return error == ENOSPC || error == EDQUOT ? SQLITE_FULL : otherwise;
}

int close_file(sqlite3_file* file) {
  auto& mine = self(file);
  // The real file first: its locks must be gone before the overlay may close its own descriptor.
  const int code = mine.real->pMethods != nullptr ? mine.real->pMethods->xClose(mine.real) : SQLITE_OK;
  mine.~OverlaidFile();
  return code;
}

int read_file(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
  auto& mine = self(file);
  if (!mine.handle) {
    return real_methods(file).xRead(mine.real, out, count, offset);
  }
  const std::span wanted{static_cast<std::uint8_t*>(out), static_cast<std::size_t>(count)};
  std::size_t got = 0;
  if (mine.handle->read(static_cast<std::uint64_t>(offset), wanted, got) != 0) {
    return SQLITE_IOERR_READ;
  }
  if (got == wanted.size()) {
    return SQLITE_OK;
  }
  std::ranges::fill(wanted.subspan(got), std::uint8_t{0});  // the interface demands it of a short read
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  auto& mine = self(file);
  if (!mine.handle) {
    return real_methods(file).xWrite(mine.real, from, count, offset);
  }
  const BytesView bytes{static_cast<const std::uint8_t*>(from), static_cast<std::size_t>(count)};
  return code_of(mine.handle->write(static_cast<std::uint64_t>(offset), bytes), SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  auto& mine = self(file);
  if (!mine.handle) {
    return real_methods(file).xTruncate(mine.real, size);
  }
  return code_of(mine.handle->truncate(static_cast<std::uint64_t>(size)), SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* file, int flags) {
  auto& mine = self(file);
  if (!mine.handle) {
    return real_methods(file).xSync(mine.real, flags);
  }
  if (mine.handle->sync() != 0) {
    return SQLITE_IOERR_FSYNC;
  }
  mine.context.disk->settle(mine.path);
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  auto& mine = self(file);
  if (!mine.handle) {
    return real_methods(file).xFileSize(mine.real, size);
  }
  *size = static_cast<sqlite3_int64>(mine.handle->size());
  return SQLITE_OK;
}

int lock_file(sqlite3_file* file, int level) {
  return real_methods(file).xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return real_methods(file).xUnlock(real(file), level);
}
int check_reserved(sqlite3_file* file, int* out) {
  return real_methods(file).xCheckReservedLock(real(file), out);
}
int file_control(sqlite3_file* file, int operation, void* argument) {
  if (self(file).handle) {
    // These would change the size of the real file, or map it, behind the overlay.
    if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE) {
      return SQLITE_OK;
    }
    if (operation == SQLITE_FCNTL_MMAP_SIZE) {
      return SQLITE_NOTFOUND;
    }
  }
  return real_methods(file).xFileControl(real(file), operation, argument);
}
int sector_size(sqlite3_file* file) {
  return real_methods(file).xSectorSize(real(file));
}
int device_characteristics(sqlite3_file* file) {
  return real_methods(file).xDeviceCharacteristics(real(file));
}
int shm_map(sqlite3_file* file, int page, int page_bytes, int extend, void volatile** out) {
  return real_methods(file).xShmMap(real(file), page, page_bytes, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real_methods(file).xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) {
  real_methods(file).xShmBarrier(real(file));
}
int shm_unmap(sqlite3_file* file, int remove) {
  return real_methods(file).xShmUnmap(real(file), remove);
}

// Version 2: with the wal-index, without memory-mapped reads, which would not see the overlay.
constexpr sqlite3_io_methods kMethods{
    2,           close_file,     read_file,    write_file,  truncate_file,          sync_file, file_size, lock_file,
    unlock_file, check_reserved, file_control, sector_size, device_characteristics, shm_map,   shm_lock,  shm_barrier,
    shm_unmap,   nullptr,        nullptr};

constexpr int kOverlaid = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;

int attach(OverlaidFile& mine, const char* name, bool existed) {
  if (!existed) {
    mine.context.disk->created(name);
  }
  mine.path = name;
  return mine.context.disk->attach(name, mine.handle) == 0 ? SQLITE_OK : SQLITE_CANTOPEN;
}

int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  auto& context = context_of(vfs);
  auto* behind = reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + sizeof(OverlaidFile));
  auto& mine = *new (file) OverlaidFile{{}, context, nullptr, {}, behind};
  behind->pMethods = nullptr;
  const bool overlaid = name != nullptr && (flags & kOverlaid) != 0;
  const bool existed = overlaid && context.disk->size_of(name).has_value();
  int code = context.real->xOpen(context.real, name, behind, flags, out_flags);
  if (code == SQLITE_OK && overlaid) {
    code = attach(mine, name, existed);
  }
  if (code != SQLITE_OK) {
    static_cast<void>(close_file(file));
    file->pMethods = nullptr;  // tells SQLite not to close it again
    return code;
  }
  mine.base.pMethods = &kMethods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  auto& disk = *context_of(vfs).disk;
  if (const int error = disk.remove(name); error != 0) {
    return error == ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  }
  if (sync_directory != 0 && disk.sync_directory(posix::directory_of(name)) != 0) {
    return SQLITE_IOERR_DIR_FSYNC;
  }
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  auto& context = context_of(vfs);
  if (flags == SQLITE_ACCESS_EXISTS) {
    // As the real one: an empty journal is no journal; but the size is the one the process sees.
    const auto size = context.disk->size_of(name);
    *out = size && *size != 0 ? 1 : 0;
    return SQLITE_OK;
  }
  return context.real->xAccess(context.real, name, flags, out);
}

int full_pathname(sqlite3_vfs* vfs, const char* name, int capacity, char* out) {
  auto* behind = context_of(vfs).real;
  return behind->xFullPathname(behind, name, capacity, out);
}
int randomness(sqlite3_vfs* vfs, int count, char* out) {
  auto* behind = context_of(vfs).real;
  return behind->xRandomness(behind, count, out);
}
int sleep_microseconds(sqlite3_vfs* vfs, int microseconds) {
  auto* behind = context_of(vfs).real;
  return behind->xSleep(behind, microseconds);
}
int current_time(sqlite3_vfs* vfs, double* out) {
  auto* behind = context_of(vfs).real;
  return behind->xCurrentTime(behind, out);
}
int current_time_int64(sqlite3_vfs* vfs, sqlite3_int64* out) {
  auto* behind = context_of(vfs).real;
  return behind->xCurrentTimeInt64(behind, out);
}
int last_error(sqlite3_vfs* vfs, int count, char* out) {
  auto* behind = context_of(vfs).real;
  return behind->xGetLastError(behind, count, out);
}

}  // namespace

PowercutVfs::PowercutVfs(std::unique_ptr<VfsContext> context, std::string name)
    : name_{std::move(name)}, context_{std::move(context)}, vfs_{std::make_unique<sqlite3_vfs>()} {}

Result<std::unique_ptr<PowercutVfs>> PowercutVfs::install(VolatileDisk& disk, std::string name) {
  auto* behind = sqlite3_vfs_find(nullptr);
  if (behind == nullptr || sqlite3_vfs_find(name.c_str()) != nullptr) {
    return fail(Code::storage, "SQLite VFS \"" + name + "\": cannot be installed");
  }
  std::unique_ptr<PowercutVfs> installed{
      new PowercutVfs{std::make_unique<VfsContext>(VfsContext{&disk, behind}), std::move(name)}};
  auto& vfs = *installed->vfs_;
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(OverlaidFile)) + behind->szOsFile;
  vfs.mxPathname = behind->mxPathname;
  vfs.zName = installed->name_.c_str();
  vfs.pAppData = installed->context_.get();
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_pathname;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep_microseconds;
  vfs.xCurrentTime = current_time;
  vfs.xCurrentTimeInt64 = current_time_int64;
  vfs.xGetLastError = last_error;
  if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK) {
    return fail(Code::storage, "SQLite VFS: not registered");
  }
  return installed;
}

PowercutVfs::~PowercutVfs() {
  sqlite3_vfs_unregister(vfs_.get());
}

}  // namespace birthmark::sqlite
