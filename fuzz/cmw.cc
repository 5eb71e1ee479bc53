// SPDX-License-Identifier: Apache-2.0
// Law: each record of a wrapper, in whichever form it came, is written as a record that is read as the same; and
// nothing that is read is larger than its input.
#include "codec/cmw.h"

#include <cstdlib>

namespace {

namespace cmw = birthmark::cmw;

std::size_t check(const cmw::Wrapper& wrapper) {
  if (const auto* const collection = std::get_if<cmw::Collection>(&wrapper)) {
    std::size_t size = 0;
    for (const auto& entry : collection->entries) {
      size += check(entry.message);
    }
    return size;
  }
  const auto& record = std::get<cmw::Record>(wrapper);
  const auto written = cmw::write(record);
  if (written.size() > cmw::kMaxBytes) {
    return record.value.size();
  }
  const auto read = cmw::read_cbor(written);
  const auto* const again = read ? std::get_if<cmw::Record>(&*read) : nullptr;
  if (again == nullptr || again->type != record.type || again->value != record.value ||
      again->indicators != record.indicators) {
    std::abort();
  }
  return record.value.size();
}

void check(const birthmark::Result<cmw::Wrapper>& read, std::size_t size) {
  if (read && check(*read) > size) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const birthmark::BytesView input{data, size};
  check(cmw::read_cbor(input), size);
  check(cmw::read_json(birthmark::as_text(input)), size);
  check(cmw::read_extension(input), size);
  return 0;
}
