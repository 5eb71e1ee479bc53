// SPDX-License-Identifier: Apache-2.0
// Law: a request has one encoding. What the reader takes, the writer writes byte for byte from its fields.
#include "codec/pkcs10.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace pkcs10 = birthmark::pkcs10;
  const birthmark::BytesView input{data, size};
  const auto request = pkcs10::Request::read(input);
  if (!request) {
    return 0;
  }
  const auto info = pkcs10::certification_request_info(request->subject(), request->spki(), request->attributes());
  if (!info || !birthmark::equal(*info, request->info()) ||
      !birthmark::equal(pkcs10::assemble(*info, request->signature_algorithm(), request->signature()), input)) {
    std::abort();
  }
  const auto password = request->challenge_password();
  if (password && (password->empty() || password->size() > pkcs10::kStringMaxBytes ||
                   password->find('\0') != std::string_view::npos)) {
    std::abort();
  }
  (void)birthmark::x509::subject_alt_name(request->extensions());
  (void)birthmark::x509::key_usage(request->extensions());
  return 0;
}
