// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace birthmark {

/// Whether a text is well-formed UTF-8 (RFC 3629 §4): shortest forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace birthmark
