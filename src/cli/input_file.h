// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::cli {

inline constexpr std::size_t kInputMaxBytes = std::size_t{1} << 20;

/// The bytes of a file, or of standard input for "-".
/// @error not_found, storage: the file; too_large: more than `max_bytes`
Result<Bytes> read_input(const std::string& file, std::size_t max_bytes = kInputMaxBytes);

/// The DER that was put in: the one block of one of these labels if `input` is PEM, else `input` itself. What has no
/// block of them is handed on as it is, for the reader of the DER to refuse.
/// @error bad_request: more than one block, or one that is not base64
Result<Bytes> der_of(BytesView input, std::initializer_list<std::string_view> labels);

}  // namespace birthmark::cli
