// SPDX-License-Identifier: Apache-2.0
#include "fleet/simulated_authority.h"

#include "codec/pem.h"

namespace birthmark::fleet {
namespace {

constexpr std::size_t kPemBytesMax = 16 * 1024;

}  // namespace

Result<void> write_authority(Files& files, const std::filesystem::path& stem, const Authority& authority) {
  BM_TRY(const auto key, authority.key.to_pem());
  BM_CHECK(write_atomically(files, std::filesystem::path{stem}.replace_extension(".key"), as_bytes(key)));
  const auto certificate = pem::write("CERTIFICATE", authority.certificate);
  return write_atomically(files, std::filesystem::path{stem}.replace_extension(".pem"), as_bytes(certificate),
                          Visibility::everyone);
}

Result<Authority> read_authority(Files& files, const std::filesystem::path& stem) {
  BM_TRY(const auto key_pem, files.read(std::filesystem::path{stem}.replace_extension(".key"), kPemBytesMax));
  BM_TRY(auto key, crypto::PrivateKey::from_pem(as_text(key_pem)));
  BM_TRY(const auto text, files.read(std::filesystem::path{stem}.replace_extension(".pem"), kPemBytesMax));
  BM_TRY(auto certificates, pem::read(as_text(text), "CERTIFICATE"));
  return Authority{std::move(key), std::move(certificates.front())};
}

}  // namespace birthmark::fleet
