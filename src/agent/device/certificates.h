// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/x509.h"

namespace birthmark::agent {

/// Whether each certificate of `path` was issued by the next one: names, signature, and that the issuer is a CA.
/// Dates are not looked at: a device without a clock judges them by signed time, at the handshake.
/// @param path leaf first, at least one. @error bad_request, with the place
Result<void> check_issued_in_order(std::span<const x509::Certificate> path);

/// Reads all of them. @error bad_request
Result<std::vector<x509::Certificate>> read_certificates(std::span<const Bytes> ders);

}  // namespace birthmark::agent
