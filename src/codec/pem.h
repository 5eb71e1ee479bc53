// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::pem {

/// One block with 64 columns and LF (RFC 7468 §2). @param label as in "CERTIFICATE".
std::string write(std::string_view label, BytesView der);

struct Limits {
  std::size_t blocks_max = 16;
  std::size_t block_max_bytes = std::size_t{16} * 1024;  ///< of DER in each
};

/// The contents of all blocks of exactly that label, in order. Text outside blocks and whole blocks of other labels are
/// passed over; inside a block stand only base64 and whitespace (no RFC 1421 headers). Lines end with LF or CRLF.
/// Syntax only: what the DER holds is for its own reader.
/// @error bad_request: no such block, a block that does not end or ends otherwise, bad base64, a limit exceeded.
Result<std::vector<Bytes>> read(std::string_view text, std::string_view label, Limits limits = {});

}  // namespace birthmark::pem
