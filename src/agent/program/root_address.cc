// SPDX-License-Identifier: Apache-2.0
#include "agent/program/root_address.h"

#include <algorithm>

#include "agent/device/platform.h"
#include "agent/emulated/emulated_root.h"

namespace birthmark::agent::program {

namespace {

constexpr const char* kForms =
    "a root is tpm:TCTI, psa:SOCKET, dice:SOCKET or pkcs11:token=...?module-path=...&pin-source=...";

/// What the attribute `name` says at the front of `rest`, up to `end`, which are both taken off.
Result<std::string> attribute(std::string_view& rest, std::string_view name, char end) {
  const auto wanted = std::string{name} + "=";
  const auto stop = std::min(rest.find(end), rest.size());
  const auto value = rest.substr(0, stop);
  if (!value.starts_with(wanted) || value.size() == wanted.size()) {
    return fail(Code::bad_request, "pkcs11:token=LABEL?module-path=LIBRARY&pin-source=FILE: " + wanted + " is missing");
  }
  rest.remove_prefix(std::min(stop + 1, rest.size()));
  return std::string{value.substr(wanted.size())};
}

}  // namespace

Result<TokenAddress> parse_token_address(std::string_view text) {
  TokenAddress out;
  BM_TRY(out.token, attribute(text, "token", '?'));
  BM_TRY(out.module_path, attribute(text, "module-path", '&'));
  BM_TRY(out.pin_source, attribute(text, "pin-source", '&'));
  return text.empty() ? Result<TokenAddress>{std::move(out)}
                      : fail(Code::bad_request, "pkcs11: an attribute that is not known here");
}

Result<RootAddress> parse_root_address(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return fail(Code::bad_request, kForms);
  }
  RootAddress out{std::string{text.substr(0, colon)}, std::string{text.substr(colon + 1)}};
  if (out.kind == "psa" || out.kind == "dice") {
    BM_CHECK(parse_emulated_address(out.place));
    return out;
  }
  if (out.kind == "pkcs11") {
    BM_CHECK(parse_token_address(out.place));
    out.kind = "se";
    return out;
  }
  return out.kind == "tpm" ? Result<RootAddress>{std::move(out)} : fail(Code::bad_request, kForms);
}

bool is_simulated(const RootAddress& address) {
  if (address.kind == "se") {
    return address.place.find("softhsm") != std::string::npos;
  }
  return address.kind == "tpm" ? is_software_tpm(address.place) : true;
}

}  // namespace birthmark::agent::program
