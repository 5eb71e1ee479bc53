// SPDX-License-Identifier: Apache-2.0
#include "codec/hardware_answer.h"

#include <span>

#include "codec/der.h"

namespace birthmark::hardware_answer {
namespace {

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"answer: "} + what);
}

Result<BytesView> read_part(der::Reader& in, std::size_t max_bytes) {
  BM_TRY(const auto octets, in.expect(der::tag::octet_string));
  return octets.empty() || octets.size() > max_bytes ? Result<BytesView>{refuse("a part is empty or too long")}
                                                     : Result<BytesView>{octets};
}

Result<std::vector<BytesView>> read_parts(der::Reader& in) {
  BM_TRY(auto list, in.enter(der::tag::sequence));
  std::vector<BytesView> out;
  while (!list.empty()) {
    if (out.size() == kPartsMax) {
      return refuse("too many parts");
    }
    BM_TRY(const auto part, read_part(list, kPartMaxBytes));
    out.push_back(part);
  }
  return out.empty() ? Result<std::vector<BytesView>>{refuse("no part")} : std::move(out);
}

void write_parts(der::Writer& out, std::span<const BytesView> parts) {
  out.open(der::tag::sequence);
  for (const auto part : parts) {
    out.octet_string(part);
  }
  out.close();
}

/// What all answers end with.
Result<BytesView> read_signature(der::Reader& in) {
  BM_TRY(const auto signature, read_part(in, kSignatureMaxBytes));
  BM_CHECK(in.finish());
  return signature;
}

}  // namespace

Result<Dice> read_dice(BytesView value) {
  BM_TRY(auto in, der::read_one(value, der::tag::sequence));
  Dice out;
  BM_TRY(out.device, read_part(in, kPartMaxBytes));
  BM_TRY(out.layers, read_parts(in));
  BM_TRY(out.signature, read_signature(in));
  return out;
}

Result<Element> read_element(BytesView value) {
  BM_TRY(auto in, der::read_one(value, der::tag::sequence));
  Element out;
  BM_TRY(out.certificates, read_parts(in));
  BM_TRY(out.signature, read_signature(in));
  return out;
}

Result<Listed> read_listed(BytesView value) {
  BM_TRY(auto in, der::read_one(value, der::tag::sequence));
  Listed out;
  BM_TRY(out.chip_id, read_part(in, kChipIdMaxBytes));
  BM_TRY(out.signature, read_signature(in));
  return out;
}

Result<Software> read_software(BytesView value) {
  BM_TRY(auto in, der::read_one(value, der::tag::sequence));
  Software out;
  BM_TRY(out.spki, read_part(in, kPartMaxBytes));
  BM_TRY(out.signature, read_signature(in));
  return out;
}

Bytes write(const Dice& answer) {
  der::Writer out;
  out.open(der::tag::sequence).octet_string(answer.device);
  write_parts(out, answer.layers);
  out.octet_string(answer.signature).close();
  return std::move(out).finish();
}

Bytes write(const Element& answer) {
  der::Writer out;
  out.open(der::tag::sequence);
  write_parts(out, answer.certificates);
  out.octet_string(answer.signature).close();
  return std::move(out).finish();
}

Bytes write(const Listed& answer) {
  der::Writer out;
  out.open(der::tag::sequence).octet_string(answer.chip_id).octet_string(answer.signature).close();
  return std::move(out).finish();
}

Bytes write(const Software& answer) {
  der::Writer out;
  out.open(der::tag::sequence).octet_string(answer.spki).octet_string(answer.signature).close();
  return std::move(out).finish();
}

}  // namespace birthmark::hardware_answer
