// SPDX-License-Identifier: Apache-2.0
#include "cli/pending_request.h"

#include "adapters/entropy/system_entropy.h"
#include "crypto/hash.h"

namespace birthmark::cli {

Result<PendingRequest> PendingRequest::of(Files& files, const std::filesystem::path& directory, BytesView key_public) {
  BM_TRY(auto file, KeptFile::of(files, directory / to_hex(crypto::sha256(key_public).get()), 64));
  if (file.content()) {
    const auto bytes = from_hex(as_text(*file.content()));
    const auto id = bytes ? octets<16>(*bytes) : std::nullopt;
    return id ? Result<PendingRequest>{PendingRequest{std::move(file), *id}}
              : fail(file.damaged("holds no request id"));
  }
  Octets<16> id{};
  SystemEntropy{}.fill(id);
  BM_CHECK(file.keep(as_bytes(to_hex(id))));
  return PendingRequest{std::move(file), id};
}

}  // namespace birthmark::cli
