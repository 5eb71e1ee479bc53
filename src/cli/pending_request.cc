// SPDX-License-Identifier: Apache-2.0
#include "cli/pending_request.h"

#include "adapters/entropy/system_entropy.h"
#include "crypto/hash.h"

namespace birthmark::cli {

Result<PendingRequest> PendingRequest::of(Files& files, const std::filesystem::path& directory, BytesView key_public) {
  BM_CHECK(files.make_directory(directory));
  const auto file = directory / to_hex(crypto::sha256(key_public).get());
  BM_TRY(const bool there, files.exists(file));
  if (there) {
    BM_TRY(const auto text, files.read(file, 64));
    const auto bytes = from_hex(as_text(text));
    const auto id = bytes ? octets<16>(*bytes) : std::nullopt;
    if (!id) {
      return fail(Code::storage, file.string() + " holds no request id");
    }
    return PendingRequest{files, file, *id};
  }
  Octets<16> id{};
  SystemEntropy{}.fill(id);
  BM_CHECK(write_atomically(files, file, as_bytes(to_hex(id))));
  return PendingRequest{files, file, id};
}

Result<void> PendingRequest::forget() {
  const auto removed = files_->remove(file_);
  return removed || removed.error().code == Code::not_found ? Result<void>{} : removed;
}

}  // namespace birthmark::cli
