// SPDX-License-Identifier: Apache-2.0
// Law: what is signed is one deterministic array of the context, both headers' octets and the payload, the same
// whichever tags are allowed; and a message that is put together anew from its parts is read as the same.
#include <array>
#include <cstdlib>

#include "codec/cbor.h"
#include "codec/cose.h"

namespace {

namespace cbor = birthmark::cbor;
namespace cose = birthmark::cose;
using birthmark::Bytes;
using birthmark::BytesView;
using birthmark::equal;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check_signed(const cose::Sign1& message) {
  const auto signed_bytes = cose::sig_structure(message, message.signature);
  cbor::Reader in{signed_bytes, {.bytes_max = signed_bytes.size()}};
  require(in.array() == 4u && in.text() == "Signature1");
  const auto header = in.bytes(), beside = in.bytes(), payload = in.bytes();
  require(header && beside && payload && in.finish());
  require(equal(*header, message.protected_header) && equal(*beside, message.signature) &&
          equal(*payload, message.payload));
}

/// The unprotected header is left out: nothing that is signed stands there.
void check_rebuilt(const cose::Sign1& message) {
  const auto rebuilt = cbor::Writer{}
                           .tag(18)
                           .array(4)
                           .bytes(message.protected_header)
                           .map(0)
                           .bytes(message.payload)
                           .bytes(message.signature)
                           .finish();
  const auto again = cose::read_sign1(rebuilt, {.bytes_max = rebuilt.size()});
  if (again) {  // crit may have named what was left out
    require(cose::sig_structure(*again) == cose::sig_structure(message));
    require(again->header.algorithm == message.header.algorithm);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input{data, size};
  const auto strict = cose::read_sign1(input);
  for (const auto tags : {cose::Tags::sign1_or_none, cose::Tags::sign1_or_in_cwt}) {
    const auto lax = cose::read_sign1(input, {.tags = tags});
    require(!strict || lax);
    if (lax) {
      check_signed(*lax);
      check_rebuilt(*lax);
      require(!strict || cose::sig_structure(*lax) == cose::sig_structure(*strict));
    }
  }
  static_cast<void>(cose::read_key(input));
  return 0;
}
