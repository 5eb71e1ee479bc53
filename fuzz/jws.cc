// SPDX-License-Identifier: Apache-2.0
// Law: a compact JWS that is read is written letter for letter; a flattened one is read again as the same.
#include "codec/jws.h"

#include <array>
#include <cstdlib>

namespace {

namespace jws = birthmark::jws;
constexpr std::array kAllowed{jws::Algorithm::es256, jws::Algorithm::es384};

std::optional<jws::Jws> flattened(std::string_view text) {
  const auto value = birthmark::json::read(text);
  auto read = value ? jws::read_flattened(*value, kAllowed) : jws::read_flattened(nullptr, kAllowed);
  return read ? std::optional{std::move(*read)} : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = birthmark::as_text({data, size});
  if (const auto read = jws::read_compact(text, kAllowed)) {
    if (jws::write_compact(read->signing_input, read->signature) != text) {
      std::abort();
    }
  }
  const auto read = flattened(text);
  if (!read) {
    return 0;
  }
  const auto again = flattened(jws::write_flattened(read->signing_input, read->signature, read->unprotected_header));
  if (!again || again->signing_input != read->signing_input || again->signature != read->signature ||
      again->payload != read->payload) {
    std::abort();
  }
  return 0;
}
